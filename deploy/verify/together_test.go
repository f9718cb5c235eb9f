package verify

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// Terraform and the manifests agree: its output is the overlay's settings, and the overlay is
// rendered with them.
func TestTerraformAndManifestsAgree(t *testing.T) {
	t.Parallel()
	made := apply(t)
	text, _ := made.Outputs["overlay"].Value.(string)
	if text == "" {
		t.Fatalf("no output overlay in %v", made.Outputs)
	}
	kubernetes := copyOf(t, "kubernetes")
	dir := filepath.Join(kubernetes, "overlays", "gke")
	write(t, filepath.Join(dir, "settings.env"), strings.Replace(text, "sha256:DIGEST", digest, 1))
	if out, err := command(t, kubernetes, []string{"SEINE=" + tools(t, "seine")}, "./check", "gke"); err != nil {
		t.Errorf("check refuses what Terraform wrote: %v\n%s", err, out)
	}
	o := decode(t, render(t, dir))
	for _, complaint := range Check(o, Choice{OnePerNode: true}) {
		t.Error(complaint)
	}
	of := func(address, attribute string) string {
		t.Helper()
		s, ok := made.Resources[address][attribute].(string)
		if !ok {
			t.Errorf("Terraform makes no %s of %s", attribute, address)
		}
		return s
	}
	same := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: the manifests say %q, Terraform %q", what, got, want)
		}
	}
	account := o.Accounts[0]
	same("namespace and service account", "serviceAccount:example-project.svc.id.goog["+account.Namespace+"/"+account.Name+"]", of("google_service_account_iam_member.worker", "member"))
	same("Google service account", account.Annotations["iam.gke.io/gcp-service-account"], of("google_service_account.worker", "email"))
	same("bucket", o.setting("STORE"), of("google_storage_bucket.assets", "url"))
	same("frontier", o.setting("FRONTIER"), "cloudsql://"+of("google_sql_database_instance.queue", "connection_name")+"/"+of("google_sql_database.queue", "name")+"?private=1")
	image := o.deployment("worker").Spec.Template.Spec.Containers[0].Image
	same("image", strings.TrimSuffix(image, "/seine-chromium@"+digest), made.Outputs["repository"].Value.(string))

	// The NetworkPolicies open the database's range, and no node's, pod's or
	// service's address lies in it.
	opened := map[string]string{}
	for _, p := range o.Policies {
		if p.Name == "worker" {
			opened["database"] = p.Spec.Egress[0].To[0].IPBlock.CIDR
		}
	}
	if netip.MustParsePrefix(opened["database"]).Overlaps(netip.MustParsePrefix(of("google_compute_subnetwork.nodes", "ip_cidr_range"))) {
		t.Errorf("the database's range %s overlaps the nodes'", opened["database"])
	}
	same("first address of the database's range", strings.TrimSuffix(opened["database"], "/20"), of("google_compute_global_address.database", "address"))
	secondary, _ := made.Resources["google_compute_subnetwork.nodes"]["secondary_ip_range"].([]any)
	if len(secondary) != 2 {
		t.Fatalf("secondary ranges: %v", secondary)
	}
	for _, r := range secondary {
		other := netip.MustParsePrefix(r.(map[string]any)["ip_cidr_range"].(string))
		for what, cidr := range opened {
			if other.Overlaps(netip.MustParsePrefix(cidr)) {
				t.Errorf("the range of the %s, %s, overlaps %s", what, cidr, other)
			}
		}
	}

	// A node per worker, and one for the cluster's own pods.
	pool := made.Resources[`google_container_node_pool.pool["workers"]`]
	scaling := pool["autoscaling"].([]any)[0].(map[string]any)
	nodes := int32(scaling["total_max_node_count"].(float64)) - 1
	most := func(name string) *Objects {
		_, dir := byName(name).folder(t)
		return decode(t, render(t, dir))
	}
	for what, got := range map[string]int32{
		"the component fixed":    *o.deployment("worker").Spec.Replicas,
		"maxReplicas":            most("gke with GKE's metric").HPAs[0].Spec.MaxReplicas,
		"maxReplicas of adapter": most("gke with an adapter").HPAs[0].Spec.MaxReplicas,
		"KEDA's maxReplicaCount": *most("gke with KEDA").Scaled[0].Spec.MaxReplicaCount,
	} {
		if got != nodes {
			t.Errorf("%s is %d, the pool has %d nodes for workers", what, got, nodes)
		}
	}
}

// GKE gets the same rules as the tests.
func TestRules(t *testing.T) {
	t.Parallel()
	var file RuleFile
	b, err := os.ReadFile("../monitoring/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(b, &file); err != nil {
		t.Fatal(err)
	}
	_, dir := variants[0].folder(t)
	if rules := decode(t, render(t, dir)).Rules; len(rules) != 1 || !reflect.DeepEqual(rules[0].Spec, file) {
		t.Error("components/monitoring/rules.yaml holds other rules than monitoring/rules.yaml")
	}
	tests, err := os.ReadFile("../monitoring/rules_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range file.Groups[0].Rules {
		if r.Alert != "" && !strings.Contains(string(tests), "- alertname: "+r.Alert+"\n") {
			t.Errorf("no test has %s fire", r.Alert)
		}
		if r.Alert != "" && (r.Annotations["summary"] == "" || r.Annotations["remedy"] == "" || (r.Labels["severity"] != "page" && r.Labels["severity"] != "ticket")) {
			t.Errorf("%s lacks a summary, a remedy or a severity", r.Alert)
		}
	}
	for _, args := range [][]string{{"check", "rules", "rules.yaml"}, {"test", "rules", "rules_test.yaml"}} {
		if out, err := command(t, "../monitoring", nil, tools(t, "promtool"), args...); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// routed asks amtool for the receiver of each severity; "": the file is wrong.
func routed(t *testing.T, dir string) map[string]string {
	t.Helper()
	file := filepath.Join(dir, "alertmanager.example.yaml")
	if out, err := command(t, dir, nil, tools(t, "amtool"), "check-config", file); err != nil {
		t.Logf("amtool check-config: %v\n%s", err, out)
		return nil
	}
	got := map[string]string{}
	for _, severity := range []string{"page", "ticket"} {
		out, err := command(t, dir, nil, tools(t, "amtool"), "config", "routes", "test", "--config.file="+file, "severity="+severity, "alertname=SeineNoWorker")
		if err != nil {
			t.Fatalf("amtool config routes test: %v\n%s", err, out)
		}
		lines := strings.Fields(out) // after a warning of its own
		got[severity] = lines[len(lines)-1]
	}
	return got
}

// TestReceivers checks that the example configuration of Alertmanager is valid and
// routes each severity of the rules to a receiver of its own.
func TestReceivers(t *testing.T) {
	t.Parallel()
	want := map[string]string{"page": "page", "ticket": "ticket"}
	if got := routed(t, copyOf(t, "monitoring")); !reflect.DeepEqual(got, want) {
		t.Errorf("alerts go to %v, want %v", got, want)
	}
	for _, tt := range []struct{ name, from, to string }{
		{"a page that is a ticket", `severity="page"`, `severity="pager"`},
		{"a receiver that is not there", "receiver: page\n", "receiver: pager\n"},
		{"a key that is none", "repeat_interval: 1d", "repeat_every: 1d"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := copyOf(t, "monitoring")
			edit(t, filepath.Join(dir, "alertmanager.example.yaml"), tt.from, tt.to)
			if got := routed(t, dir); reflect.DeepEqual(got, want) {
				t.Error("amtool finds nothing wrong")
			}
		})
	}
}

// TestTestAlert checks that the test alert is a Rules object of GKE that fires at once, with a
// severity of the receivers.
func TestTestAlert(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../monitoring/test-alert.yaml")
	if err != nil {
		t.Fatal(err)
	}
	o := decode(t, b)
	if len(o.Rules) != 1 || len(o.Rules[0].Spec.Groups) != 1 || len(o.Rules[0].Spec.Groups[0].Rules) != 1 {
		t.Fatalf("test-alert.yaml is not one rule: %+v", o.Rules)
	}
	rule := o.Rules[0].Spec.Groups[0].Rules[0]
	if rule.Expr != "vector(1)" || rule.For != "" || rule.Labels["severity"] != "page" {
		t.Errorf("it does not fire at once as a page: %+v", rule)
	}
}

// Planted mistakes in the rules are found by their unit tests.
func TestRuleMutations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, from, to string }{
		{"the queue counted once a worker", "max by (exported_job) (seine_queue_ready)", "sum by (exported_job) (seine_queue_ready)"},
		{"an empty queue stands still", "seine_queue_oldest_due_seconds) > 0 unless", "seine_queue_oldest_due_seconds) >= 0 unless"},
		{"a job that never finished a task", "unless on (exported_job) (sum by (exported_job) (rate(seine_tasks_finished_total[15m])) > 0)", "and on (exported_job) (sum by (exported_job) (rate(seine_tasks_finished_total[15m])) == 0)"},
		{"what waits for its host stands still", "max by (exported_job) (seine_queue_oldest_due_seconds) > 0 unless", "seine:queue_ready > 0 unless"},
		{"calls at once", "(rate(seine_tasks_finished_total[15m])) > 0)\n        for: 15m", "(rate(seine_tasks_finished_total[15m])) > 0)\n        for: 0s"},
		{"a second for six hours", "> 21600", "> 360"},
		{"everybody's pods", `up{namespace="seine"} == 0`, "up == 0"},
		{"any error of the database", "seine_frontier_errors_total[5m])) > 0.05", "seine_frontier_errors_total[5m])) >= 0"},
		{"no error of the store", "seine_store_errors_total[5m])) > 0.05", "seine_store_errors_total[5m])) > 50"},
		{"one lost lease", "seine_leases_lost_total[30m])) > 5", "seine_leases_lost_total[30m])) > 0"},
		{"half for a fifth", "> 0.2 *", "> 0.5 *"},
		{"half a browser", "> 0.8 * 1073741824", "> 0.5 * 1073741824"},
		{"any version", "(seine_build_info)) > 1", "(seine_build_info)) > 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, "monitoring")
			edit(t, filepath.Join(dir, "rules.yaml"), tt.from, tt.to)
			if out, err := command(t, dir, nil, tools(t, "promtool"), "test", "rules", "rules_test.yaml"); err == nil {
				t.Errorf("promtool finds nothing wrong\n%s", out)
			}
		})
	}
}

// The commands of the page work from an empty project and from outside. Terraform's own
// requirements come first, and no command needs the database from a machine that cannot reach it.
func TestReadme(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	enable := strings.Index(page, "\ngcloud services enable cloudresourcemanager.googleapis.com serviceusage.googleapis.com")
	if enable < 0 || enable > strings.Index(page, "\nterraform apply") {
		t.Error("an empty project needs two APIs before terraform apply")
	}
	if project := strings.Index(page, "\nexport CLOUDSDK_CORE_PROJECT="); project < 0 || project > strings.Index(page, "\ngcloud ") {
		t.Error("gcloud's own project may be another one")
	}
	if strings.Contains(page, "docker buildx build ") != strings.Contains(page, "docker buildx build --platform linux/amd64 ") {
		t.Error("the nodes are x86, whatever the image is built on")
	}
	for _, order := range [][2]string{
		{"\n../cost --quota ", "\nterraform apply"},                                                  // a quota takes days to grow
		{"\nkubectl -n gmp-public create secret generic alertmanager ", "\n../kubernetes/apply gke"}, // which demands it
		{"\n../kubernetes/apply gke", "\nkubectl -n seine apply -f ../monitoring/test-alert.yaml"},
	} {
		if first, then := strings.Index(page, order[0]), strings.Index(page, order[1]); first < 0 || then < first {
			t.Errorf("the page must have %q before %q", order[0], order[1])
		}
	}
	if strings.Contains(page, "output -raw bucket)/") {
		t.Error("the administrator's SQL must not lie in the bucket that workers write to")
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "seine ") && !strings.HasPrefix(line, "seine  ") { // a table
			t.Errorf("from outside of the network the database is not there: %s", line)
		}
	}
	if !strings.Contains(page, "kubectl -n seine exec deploy/worker -- seine export ") {
		t.Error("nobody says how the data set is got out before the tear-down")
	}
}

// The dashboard asks for metrics that workers have, and each question parses.
func TestDashboard(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &board); err != nil {
		t.Fatal(err)
	}
	rules := "groups:\n- name: dashboard\n  rules:\n"
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			if unknown := unknownMetrics(target.Expr); len(unknown) > 0 || target.Expr == "" {
				t.Errorf("panel %s: no worker has %v", p.Title, unknown)
			}
			rules += fmt.Sprintf("  - record: dashboard:%d\n    expr: %q\n", strings.Count(rules, "record"), target.Expr)
		}
	}
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, path, rules)
	if out, err := command(t, ".", nil, tools(t, "promtool"), "check", "rules", path); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
