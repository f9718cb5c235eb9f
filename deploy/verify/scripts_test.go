package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stand replaces a program by a script that appends its arguments to the log and answers by cases.
func stand(t *testing.T, bin, name, cases string) {
	t.Helper()
	path := filepath.Join(bin, name)
	write(t, path, "#!/bin/bash\necho \""+name+" $*\" >>\"$LOG\"\ncase \" $* \" in\n"+cases+"\nesac\n")
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

// receivers is the answer of a cluster whose alerts somebody receives.
const receivers = `*" -n gmp-public get secret alertmanager "*) echo "route: {receiver: me}" | base64 ;;`

// apply lets the migration end before a worker is started or changed, and starts
// none when it does not end.
func TestApply(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, variant, cases, wantErr, last string }{
		{"a first time", "", "", "", "rollout status deployment/worker"},
		{"a first time with GKE's metric", "gke with GKE's metric", "", "", "rollout status deployment/worker"},
		{"a migration that fails", "", `*" wait "*) echo "timed out"; exit 1 ;;`, "the migration did not end: no worker was started or changed", "logs job/migrate"},
		{"a cluster that does not answer", "", `*" version "*) exit 1 ;;`, "no cluster answers: terraform output -raw credentials", "version"},
		{"a cluster without the metric", "gke with GKE's metric", `*" explain AutoscalingMetric "*) exit 1 ;;`, "use the component fixed or keda in place of gke-metric", "explain AutoscalingMetric"},
		{"a cluster whose metric has no promql", "gke with GKE's metric", `*" explain autoscalingmetric.spec.metrics.promql "*) exit 1 ;;`, "has no promql, which a newer GKE has: use the component fixed or keda", "explain autoscalingmetric.spec.metrics.promql"},
		{"a cluster without gVisor", "gke with gVisor", `*" get runtimeclass gvisor "*) exit 1 ;;`, "this cluster has no gVisor nodes: set sandbox_max in Terraform", "get runtimeclass gvisor"},
		{"alerts that nobody receives", "", `*" get secret alertmanager "*) exit 1 ;;`, "no receiver of alerts: the namespace gmp-public has no Secret alertmanager: cp deploy/monitoring/alertmanager.example.yaml", "get secret alertmanager"},
		{"alerts to the example", "", `*" get secret alertmanager "*) base64 <"$EXAMPLE" ;;`, "the Secret alertmanager in gmp-public still names example.org", "get secret alertmanager"},
		{"rights that are missing", "", `*" can-i create jobs.batch "*) exit 1 ;;`, "you may not create jobs.batch in seine: ask for roles/container.developer", "can-i create jobs.batch"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			need(t, "kubectl")
			root, _ := byName(tt.variant).folder(t)
			example, err := filepath.Abs("../monitoring/alertmanager.example.yaml")
			if err != nil {
				t.Fatal(err)
			}
			bin, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
			// Rendering is kubectl's own; a cluster there is none.
			stand(t, bin, "kubectl", tt.cases+"\n"+receivers+"\n*\" kustomize \"*) PATH=${PATH#*:} exec kubectl \"$@\" ;;")
			out, err := command(t, root, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "LOG=" + log, "EXAMPLE=" + example, "SEINE=" + tools(t, "seine")}, "./apply", "gke")
			if (err != nil) != (tt.wantErr != "") || !strings.Contains(out, tt.wantErr) {
				t.Errorf("apply: %v\n%s\nwant %q", err, out, tt.wantErr)
			}
			asked, readErr := os.ReadFile(log)
			if readErr != nil {
				t.Fatal(readErr)
			}
			lines := strings.Split(strings.TrimSpace(string(asked)), "\n")
			if got := lines[len(lines)-1]; !strings.Contains(got, tt.last) {
				t.Errorf("last asked %q, want %q", got, tt.last)
			}
			first, wait, all := strings.Index(string(asked), "-l seine.step=first"), strings.Index(string(asked), " wait "), strings.LastIndex(string(asked), "kubectl apply")
			if tt.wantErr == "" && (first < 0 || wait < first || all < wait) {
				t.Errorf("asked in another order:\n%s", asked)
			}
		})
	}
}

// If a component names missing Secrets, apply reports each of them once with the command that
// creates it, after it created their namespace.
func TestApplyNamesMissingSecrets(t *testing.T) {
	t.Parallel()
	need(t, "kubectl")
	for _, tt := range []struct{ component, want, how string }{
		{"key-secret", "lacks these Secrets: database google-key: make them", "kubectl -n seine create secret generic google-key --from-file=key.json"},
		{"keda", "lacks these Secrets: queue-reader: make them", "kubectl -n seine create secret generic queue-reader "},
		{"job-env", "lacks these Secrets: job-env: make them", "kubectl -n seine create secret generic job-env --from-env-file=job.env"},
	} {
		t.Run(tt.component, func(t *testing.T) {
			v := variant{overlay: "gke", add: []string{tt.component}}
			if tt.component == "keda" {
				v.drop = []string{"fixed"}
			}
			root, _ := v.folder(t)
			bin, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
			// In an empty cluster, apply creates everything.
			stand(t, bin, "kubectl", receivers+`
*" get secret "*) exit 1 ;;
*" kustomize "*) PATH=${PATH#*:} exec kubectl "$@" ;;
*" apply -f - "*) sed "s/^/applied /" >>"$LOG" ;;`)
			out, err := command(t, root, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "LOG=" + log, "SEINE=" + tools(t, "seine")}, "./apply", "gke")
			if err == nil || !strings.Contains(out, tt.want) || !strings.Contains(out, tt.how) {
				t.Errorf("apply: %v\n%s\nwant %q and %q", err, out, tt.want, tt.how)
			}
			asked, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			made, secret := strings.Index(string(asked), "applied kind: Namespace"), strings.Index(string(asked), "-n seine get secret")
			if made < 0 || secret < made || strings.Contains(string(asked), "applied kind: Deployment") || strings.Count(string(asked), "applied kind: ") != 1 {
				t.Errorf("the namespace alone must be made before its Secrets are asked for:\n%s", asked)
			}
		})
	}
}

// smoke.sh reports each check, in success and in failure.
func TestSmoke(t *testing.T) {
	t.Parallel()
	const account = "seine-worker@example-project.iam.gserviceaccount.com"
	const good = `*" -raw instance "*) echo seine-pg ;;
*" -raw project "*) echo example-project ;;
*" -raw bucket "*) echo gs://b ;;
*"(state)"*) echo RUNNABLE ;;
*ipv4Enabled*) echo False ;;
*"backups list"*) [ "$CLOUDSDK_CORE_PROJECT" = example-project ] && echo 1 ;;
*"buckets describe"*) echo enforced ;;
*" get job migrate "*) echo job.batch/migrate ;;
*metadata.name*) echo worker-a ;;
*nodeName*) echo "n1 n2" ;;
*hostIP*) echo 10.0.0.2 ;;
*averageValue*) echo 12 ;;
*" get secret alertmanager "*) echo "route: {receiver: me}" | base64 ;;
*computeMetadata*) echo ` + account + ` ;;
*/dev/tcp/1.1.1.1/443*) ;;
*" doctor "*) echo "ok browser /usr/bin/chromium, HeadlessChrome/156, confined: files, processes" ;;
*/dev/tcp/*) exit 1 ;;`
	for _, tt := range []struct{ name, answer, want string }{
		{"all of it holds", "", "smoke: all of it holds"},
		{"a confined browser", "", "ok    the browser: confined: files, processes\n"},
		{"a kernel without Landlock", `*" doctor "*) echo "ok browser /usr/bin/chromium, HeadlessChrome/156, not confined: Landlock: function not implemented" ;;`,
			"note  the browser: not confined: Landlock: function not implemented\n"},
		{"a day later, when the Job is removed", `*" get job migrate "*) ;;
*" wait "*) echo "no such job"; exit 1 ;;`, "smoke: all of it holds"},
		{"a database with a public address", "*ipv4Enabled*) echo True ;;", "FAIL  it has no public address"},
		{"a bucket that may be public", `*"buckets describe"*) echo inherited ;;`, "FAIL  the bucket is private"},
		{"a migration that did not run", `*" wait "*) exit 1 ;;`, "FAIL  the migration ran"},
		{"a schema that is gone with the Job", `*" get job migrate "*) ;;
*" wait "*) echo "no such job"; exit 1 ;;
*" status "*) [[ " $* " == *" rollout "* ]] || { echo "no schema: seine migrate"; exit 11; } ;;`, "FAIL  the migration ran"},
		{"an image that was not pulled", `*" rollout "*) exit 1 ;;`, "FAIL  nodes pulled the image"},
		{"rights that are missing", `*" doctor "*) echo "store: permission denied"; exit 5 ;;`, "store: permission denied"},
		{"two workers on a node", "*nodeName*) echo n1 n1 ;;", "FAIL  each worker has a node of its own"},
		{"policies that are not enforced", "*/dev/tcp/*) ;;", "FAIL  the node is closed"},
		{"the node's account", "*computeMetadata*) echo node@x ;;", "FAIL  the worker's account answers for tokens"},
		{"an environment that pages can read", `*/proc/1/environ*) echo "/proc/1/environ is readable"; exit 1 ;;`, "FAIL  the worker's environment is hidden from the browser"},
		{"alerts that nobody receives", `*" get secret alertmanager "*) exit 1 ;;`, "FAIL  alerts have a receiver"},
		{"no metric", "*averageValue*) ;;", "FAIL  the queue's depth reaches the autoscaler"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			kubernetes, _ := byName("gke with GKE's metric").folder(t)
			for _, link := range []struct{ from, to string }{{kubernetes, "kubernetes"}} {
				if err := os.Symlink(link.from, filepath.Join(root, link.to)); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir(filepath.Join(root, "terraform"), 0o755); err != nil {
				t.Fatal(err)
			}
			script, err := os.ReadFile("../smoke.sh")
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(root, "smoke.sh"), string(script))
			bin := t.TempDir()
			for _, p := range []string{"terraform", "gcloud", "kubectl"} {
				stand(t, bin, p, tt.answer+"\n"+good)
			}
			out, err := command(t, root, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "LOG=/dev/null", "SMOKE_WAIT=0"}, "bash", "smoke.sh")
			if (err == nil) == strings.Contains(out, "FAIL  ") || (err == nil) != strings.Contains(out, "smoke: all of it holds") || !strings.Contains(out, tt.want) {
				t.Errorf("smoke.sh: %v\n%s\nwant %q", err, out, tt.want)
			}
		})
	}
}
