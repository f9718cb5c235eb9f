package verify

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// cost multiplies, adds, and names the items without a price.
func TestCost(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../prices.env")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	table, err := command(t, "..", nil, "./cost")
	if err != nil {
		t.Fatalf("cost: %v\n%s", err, table)
	}
	for row := range strings.Lines(table) {
		if !strings.HasPrefix(row, "| sum") && !strings.Contains(string(readme), row) {
			t.Errorf("README.md has not the row %s", row)
		}
	}
	all := regexp.MustCompile(`(?m)^([A-Z0-9_]+)=`).ReplaceAllString(string(b), "$1=1@2026-11-24")
	for _, tt := range []struct{ name, prices, want string }{
		{"as it comes, a price that is not known is its name", string(b), "| nodes, node hours | NODE_HOUR | 730 x | 6570 x | 47450 x |"},
		// 730 h, 30 GB, 730 h, 730 h, 730 h, 10, 70, 100, 0, 9.
		{"every price is 1", all, "| sum, USD |  | 3139.00 |"},
		{"one is not known", strings.Replace(all, "CLUSTER_HOUR=1@2026-11-24", "CLUSTER_HOUR=", 1), "| sum, USD |  | 2409.00 and what has no price |"},
		{"a price without its date", strings.Replace(all, "NODE_HOUR=1@2026-11-24", "NODE_HOUR=1", 1), ":4: NODE_HOUR=1: write AMOUNT@YYYY-MM-DD"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "prices.env")
			write(t, path, tt.prices)
			if out, _ := command(t, "..", nil, "./cost", path); !strings.Contains(out, tt.want) {
				t.Errorf("cost:\n%s\nwant %q", out, tt.want)
			}
		})
	}
}

// TestQuota compares `cost --quota` with Terraform's defaults, the worker's requests, and a
// project's quota.
func TestQuota(t *testing.T) {
	t.Parallel()
	made := apply(t)
	pool := made.Resources[`google_container_node_pool.pool["workers"]`]
	node := pool["node_config"].([]any)[0].(map[string]any)
	number := func(block, name string) int {
		return int(pool[block].([]any)[0].(map[string]any)[name].(float64))
	}
	nodes := number("autoscaling", "total_max_node_count") + number("upgrade_settings", "max_surge")
	disk := nodes * int(node["disk_size_gb"].(float64))
	_, dir := variants[0].folder(t)
	requests := decode(t, render(t, dir)).deployment("worker").Spec.Template.Spec.Containers[0].Resources
	want := []string{
		fmt.Sprintf("%d nodes of %s", nodes, node["machine_type"]),
		fmt.Sprintf("INSTANCES needs %d", nodes), fmt.Sprintf("CPUS needs %d", 2*nodes), fmt.Sprintf("CPUS_ALL_REGIONS needs %d", 2*nodes),
		fmt.Sprintf("IN_USE_ADDRESSES needs %d", nodes), fmt.Sprintf("DISKS_TOTAL_GB needs %d", disk),
		fmt.Sprintf("a worker asks for %s and may use %d MiB: ok", requests.Requests.Cpu(), requests.Limits.Memory().Value()>>20),
	}
	const enough = `*"regions describe"*) printf 'CPUS,24,0\nIN_USE_ADDRESSES,16,1\nINSTANCES,100,0\nDISKS_TOTAL_GB,4096,0\nSTATIC_ADDRESSES,8,0\n' ;;
*project-info*) echo CPUS_ALL_REGIONS,32,2 ;;`
	for _, tt := range []struct {
		name, cases string
		env, want   []string
		code        int
	}{
		{name: "as it comes", want: want},
		{name: "a project that has enough", cases: enough, want: []string{"CPUS needs 20, has 24: ok", "IN_USE_ADDRESSES needs 10, has 15: ok", "CPUS_ALL_REGIONS needs 20, has 30: ok"}},
		{name: "a project that is new", cases: strings.Replace(enough, "ADDRESSES,16,1", "ADDRESSES,8,0", 1), want: []string{"IN_USE_ADDRESSES needs 10, has 8: FAIL, ask for more at https://console.cloud.google.com/iam-admin/quotas?project=example-project"}, code: 3},
		{name: "processors that others use", cases: strings.Replace(enough, "CPUS,24,0", "CPUS,24,6", 1), want: []string{"CPUS needs 20, has 18: FAIL"}, code: 3},
		{name: "addresses of NAT", cases: enough, env: []string{"EGRESS=nat"}, want: []string{"STATIC_ADDRESSES needs 2, has 8: ok"}},
		{name: "a machine that is too small", env: []string{"MACHINE=e2-small", "MIB=2048"}, want: []string{"a node leaves 1930m CPU and 1436 MiB to pods", "FAIL, take a larger machine_type"}, code: 3},
		{name: "no project", cases: `*"regions describe"*) exit 1 ;;`, want: []string{"gcloud can't read the quotas of us-east1: is compute.googleapis.com enabled in example-project?"}, code: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{"--quota"}
			env := tt.env
			if tt.cases != "" {
				args = append(args, "example-project", "us-east1")
				bin := t.TempDir()
				stand(t, bin, "gcloud", tt.cases)
				env = append(env, "PATH="+bin+":"+os.Getenv("PATH"), "LOG=/dev/null")
			}
			out, err := command(t, "..", env, "./cost", args...)
			code := 0
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				code = exit.ExitCode()
			}
			if code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			for _, w := range tt.want {
				if !strings.Contains(out, w) {
					t.Errorf("cost --quota:\n%s\nwant %q", out, w)
				}
			}
		})
	}
}
