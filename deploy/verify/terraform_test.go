package verify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// terraform runs it in a copy of the root, with the provider's stand-in.
func terraform(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	need(t, "terraform")
	need(t, "node") // it makes the schema
	return command(t, dir, []string{
		"TF_CLI_CONFIG_FILE=" + tools(t, "terraform.rc"), "TFSHIM_SCHEMA=" + tools(t, "google.json"),
		"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
	}, "terraform", args...)
}

func TestTerraform(t *testing.T) {
	t.Parallel()
	dir := copyOf(t, "terraform")
	for _, args := range [][]string{{"fmt", "-check", "-recursive", "-diff"}, {"validate", "-no-color"}, {"test", "-no-color"}} {
		if out, err := terraform(t, dir, args...); err != nil {
			t.Errorf("terraform %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// The plan rejects values that cannot work, and its message names the remedy.
func TestTerraformRefuses(t *testing.T) {
	t.Parallel()
	const project = `project_id = "example-project"` + "\n"
	for _, tt := range []struct {
		name, variables string
		want            []string
	}{
		{"no project", ``, []string{`a required variable "project_id" with no set value`}},
		{"seven mistakes at once", project + `
			name            = "a-name-of-twenty-one-x"
			zone            = "europe-west1-b"
			database        = { edition = "ENTERPRISE_PLUS" }
			nodes           = { min = 4, max = 2 }
			admin_cidrs     = { all = "0.0.0.0/0" }
			namespace       = "kube-system"
			service_account = "default"`, []string{
			"name must have 3 to 20 lower case letters",
			"zone must lie in region: for us-east1 it is us-east1-b",
			"for db-f1-micro, db-g1-small and db-custom-CPUS-MIB set edition to ENTERPRISE",
			"nodes must satisfy 1 <= min <= max <= 200",
			"not the whole internet",
			"one of its own: not default, keda, kube-*",
			"every pod without one of its own would have the workers' rights",
		}},
		{"a large tier with the small edition", project + `database = { tier = "db-perf-optimized-N-2" }`, []string{"for db-perf-optimized-N-CPUS set edition to ENTERPRISE_PLUS"}},
		{"three CPUs", project + `database = { tier = "db-custom-3-7680" }`, []string{"takes 1 or an even number of CPUs up to 96"}},
		{"seven workers on the smallest tier", project + `
			database = { tier = "db-f1-micro" }
			nodes    = { max = 7 }`, []string{"db-f1-micro has 25 connections. 11 are reserved and each worker takes two, so it has room for 6 workers and one more during an update. nodes.max, spot_max and sandbox_max allow 7: use the component pooler and set pooler = true"}},
		{"forty workers on the next", project + `
			database = { tier = "db-g1-small" }
			nodes    = { max = 38 }
			spot_max = 2`, []string{"db-g1-small has 50 connections. 11 are reserved and each worker takes two, so it has room for 18 workers", "sandbox_max allow 40"}},
		{"a hundred on one CPU", project + `
			database = { tier = "db-custom-1-3840" }
			nodes    = { max = 100 }`, []string{"db-custom-1-3840 has 100 connections. 11 are reserved and each worker takes two, so it has room for 43 workers"}},
		{"what is no machine, no currency, no name", project + `
			name         = "goog-x"
			zone         = "us-east1-"
			machine_type = "foo-bar"
			namespace    = "gmp-system"
			budget       = { billing_account = "012345-6789AB-CDEF01", amount = 5, currency = "dollars" }`, []string{
			"name must not begin with goog",
			"zone must lie in region: for us-east1 it is us-east1-b",
			"machine_type must be an x86 one that carries a worker of 1 GiB",
			"not default, keda, kube-*, gke-*, gmp-* or *-system",
			"budget.currency must be the billing account's, by its code of three letters",
		}},
		{"fractions", project + `
			nodes         = { max = 2.5 }
			node_disk_gb  = 30.5
			spot_max      = 1.5
			sandbox_max   = 1.5
			nat_addresses = 1.5
			database      = { disk_gb = 10.5 }`, []string{
			"nodes.min and nodes.max must be whole numbers of machines",
			"node_disk_gb must be a whole number from 20 to 500",
			"spot_max must be a whole number from 0 to 50",
			"sandbox_max must be a whole number from 0 to 50",
			"nat_addresses must be a whole number from 1 to 32",
			"database: disk_gb, backups and log_days must be whole numbers",
		}},
		{"an old Kubernetes", project + `kubernetes_version = "1.32"`, []string{"kubernetes_version must be 1.33 or later"}},
		{"a machine of 2 GB", project + `machine_type = "e2-small"`, []string{"not e2-small, which has 2 GB"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, "terraform")
			// One run that expects nothing to fail.
			write(t, filepath.Join(dir, "tests", "one.tftest.hcl"),
				"mock_provider \"google\" {\n  source = \"./tests/google\"\n}\nvariables {\n"+tt.variables+"\n}\nrun \"r\" {\n  command = plan\n}\n")
			out, err := terraform(t, dir, "test", "-no-color", "-filter=tests/one.tftest.hcl")
			for _, want := range tt.want {
				if err == nil || !strings.Contains(words(out), want) {
					t.Errorf("terraform test: %v, want %q in\n%s", err, want, out)
				}
			}
		})
	}
}

// Each planted mistake is found by its own assert. Mistakes for asserts are planted several at a
// time, because each assert has its own message and a Terraform run takes a second.
// SEINE_MUTATIONS=each plants them one by one.
func TestTerraformMutations(t *testing.T) {
	t.Parallel()
	if out, err := terraform(t, copyOf(t, "terraform"), "test", "-no-color"); err != nil {
		t.Fatalf("without a mistake: %v\n%s", err, out)
	}
	for _, round := range rounds(terraformMutations, os.Getenv("SEINE_MUTATIONS") == "each") {
		t.Run(round[0].name, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, "terraform")
			for _, m := range round {
				edit(t, filepath.Join(dir, m.file), m.from, m.to)
			}
			filter := "settings"
			if round[0].by == choices || round[0].by == alone {
				filter = "choices"
			}
			out, err := terraform(t, dir, "test", "-no-color", "-filter=tests/"+filter+".tftest.hcl")
			for _, m := range round {
				if err == nil || !strings.Contains(words(out), m.want) {
					t.Errorf("%s: terraform test: %v, want %q in\n%s", m.name, err, m.want, out)
				}
			}
		})
	}
}

// rounds groups mistakes that do not hide each other: in the same file of asserts, with different
// messages, in different lines.
func rounds(all []mutation, each bool) [][]mutation {
	var out [][]mutation
next:
	for _, m := range all {
		for i, round := range out {
			if !each && m.by != schema && m.by != alone && m.by == round[0].by && len(round) < 8 && !slices.ContainsFunc(round, func(o mutation) bool { return o.want == m.want || o.from == m.from }) {
				out[i] = append(round, m)
				continue next
			}
		}
		out = append(out, []mutation{m})
	}
	return out
}

// applied is the result of the root with only a project's ID.
type applied struct {
	Outputs   map[string]struct{ Value any } `json:"outputs"`
	Resources map[string]map[string]any      // by address
}

func apply(t *testing.T) applied {
	t.Helper()
	out, err := terraform(t, copyOf(t, "terraform"), "test", "-json", "-verbose", "-filter=tests/settings.tftest.hcl")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(out) {
		var event struct {
			Type  string `json:"type"`
			State struct {
				Outputs map[string]struct{ Value any } `json:"outputs"`
				Values  struct {
					Outputs map[string]struct{ Value any } `json:"outputs"`
				} `json:"values"`
				Root struct {
					Resources []struct {
						Address string         `json:"address"`
						Values  map[string]any `json:"values"`
					} `json:"resources"`
				} `json:"root_module"`
			} `json:"test_state"`
		}
		if json.Unmarshal([]byte(line), &event) != nil || event.Type != "test_state" {
			continue
		}
		a := applied{Outputs: event.State.Outputs, Resources: map[string]map[string]any{}}
		for _, r := range event.State.Root.Resources {
			a.Resources[r.Address] = r.Values
		}
		return a
	}
	t.Fatalf("no state in\n%s", out)
	return applied{}
}

// TestTerraformLock checks that the root uses the provider version under test, and that the
// checksums of its archives are committed.
func TestTerraformLock(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	proved := regexp.MustCompile(`# google ([0-9.]+)\n`).FindStringSubmatch(read("../verify.sh"))
	if proved == nil {
		t.Fatal("verify.sh does not say which version of google it proves")
	}
	if want := `version = "~> ` + proved[1] + `"`; !strings.Contains(read("../terraform/versions.tf"), want) {
		t.Errorf("versions.tf has not %s, the version that is proved", want)
	}
	lock := read("../terraform/.terraform.lock.hcl")
	for _, want := range []string{`version     = "` + proved[1] + `"`, `constraints = "~> ` + proved[1] + `"`} {
		if !strings.Contains(lock, want) {
			t.Errorf(".terraform.lock.hcl has not %s", want)
		}
	}
	// Linux, macOS, Windows and FreeBSD: an archive per platform.
	if n := len(regexp.MustCompile(`"zh:[0-9a-f]{64}"`).FindAllString(lock, -1)); n < 11 {
		t.Errorf(".terraform.lock.hcl has %d checksums of archives, want 11 at least", n)
	}
}
