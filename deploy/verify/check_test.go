package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Settings that can't work are refused before a cluster is asked, with file, line
// and what to write.
func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, from, to string
		want                 []string
	}{
		{"nothing filled in", "settings.env", gkeSettings, strings.ReplaceAll(gkeSettings, "example-project", "my-project"), []string{"settings.env:4: FRONTIER still names my-project: terraform output -raw overlay > settings.env"}},
		{"a missing setting", "settings.env", "STORE=gs://example-project-seine-assets\n", "", []string{"settings.env: STORE is missing: gs://BUCKET"}},
		{"an empty setting", "settings.env", "NODES_CIDR=10.0.0.0/20", "NODES_CIDR=", []string{"settings.env:6: NODES_CIDR is empty: the range of the nodes"}},
		{"an image by tag", "settings.env", "@" + digest, ":latest", []string{"settings.env:8: IMAGE=", "a tag may name another image tomorrow"}},
		{"a digest that was not filled in", "settings.env", digest, "sha256:DIGEST", []string{"settings.env:8: IMAGE="}},
		{"a SQLite file", "settings.env", "cloudsql://example-project:us-east1:seine-pg/seine?private=1", "sqlite:seine.db", []string{"settings.env:4: FRONTIER=", "can't share a SQLite file"}},
		{"a folder of the pod", "settings.env", "gs://example-project-seine-assets", "file:/tmp/cards", []string{"settings.env:5: STORE=", "a pod's folder goes with the pod"}},
		{"a namespace too long", "settings.env", "NAMESPACE=seine", "NAMESPACE=" + strings.Repeat("n", 64), []string{"settings.env:1: NAMESPACE=", "at most 63"}},
		{"a namespace that differs", "kustomization.yaml", "namespace: seine", "namespace: cards", []string{`kustomization.yaml:5: the namespace is "cards"`, `settings.env:1 says "seine"`, "write the same in both"}},
		{"a service account that differs", "settings.env", "SERVICE_ACCOUNT=worker\n", "SERVICE_ACCOUNT=scraper\n", []string{`the manifests' service account is "worker"`, `settings.env:2 says "scraper"`}},
		{"a service account's name too long", "settings.env", "seine-worker@example", "a-service-account-of-thirty-one@example", []string{"settings.env:3: GOOGLE_SERVICE_ACCOUNT=", "6 to 30 characters"}},
		{"two who decide", "kustomization.yaml", "components:\n", "components:\n  - scaler\n", []string{"2 autoscalers and 0 fixed numbers of workers: choose one"}},
		{"a pooler without its settings", "kustomization.yaml", "  # - ../../components/pooler", "  - ../../components/pooler", []string{"POOLER_IMAGE is missing", "PROXY_IMAGE is missing", "DATABASE_USER is missing"}},
		{"a job file with a mistake", "job.yaml", "explore: {strategy: forager}", "explor: {strategy: forager}", []string{"job.yaml:", `unknown key "explor": did you mean "explore"?`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, dir := variants[0].folder(t)
			scaler := filepath.Join(dir, "scaler")
			if err := os.Mkdir(scaler, 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(scaler, "kustomization.yaml"), "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [hpa.yaml]\n")
			write(t, filepath.Join(scaler, "hpa.yaml"), "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: second}\n")
			edit(t, filepath.Join(dir, tt.file), tt.from, tt.to)
			out, err := command(t, root, []string{"SEINE=" + tools(t, "seine")}, "./check", "gke")
			if err == nil {
				t.Errorf("check finds nothing wrong\n%s", out)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("check says\n%s\nwant %q", out, want)
				}
			}
		})
	}
}

func TestCheckTakesWhatWorks(t *testing.T) {
	t.Parallel()
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			root, _ := v.folder(t)
			if out, err := command(t, root, []string{"SEINE=" + tools(t, "seine")}, "./check", v.overlay); err != nil {
				t.Errorf("check: %v\n%s", err, out)
			}
		})
	}
}
