package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Settings that cannot work are rejected before the cluster is contacted, with file, line and
// remedy.
func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, from, to string
		want                 []string
	}{
		{"nothing filled in", "settings.env", gkeSettings, strings.ReplaceAll(gkeSettings, "example-project", "my-project"), []string{"settings.env:4: FRONTIER still names my-project: terraform output -raw overlay > settings.env"}},
		{"an example's bucket", "settings.env", "gs://example-project-seine-assets", "gs://my-project-seine-assets", []string{"settings.env:5: STORE still names my-project"}},
		{"lines of Windows", "settings.env", "NAMESPACE=seine\n", "NAMESPACE=seine\r\n", []string{"settings.env: its lines end as on Windows (CR LF)"}},
		{"a line that is none", "settings.env", "STORE=", "JUNK LINE\nSTORE=", []string{`settings.env:5: "JUNK LINE" is no setting: KEY=VALUE`}},
		{"a missing setting", "settings.env", "STORE=gs://example-project-seine-assets\n", "", []string{"settings.env: STORE is missing: gs://BUCKET"}},
		{"an empty setting", "settings.env", "DATABASE_CIDR=10.0.32.0/20", "DATABASE_CIDR=", []string{"settings.env:6: DATABASE_CIDR is empty: the range of private services access"}},
		{"an image by tag", "settings.env", "@" + digest, ":latest", []string{"settings.env:7: IMAGE=", "a tag may name another image tomorrow"}},
		{"a digest that was not filled in", "settings.env", digest, "sha256:DIGEST", []string{"settings.env:7: IMAGE="}},
		{"a SQLite file", "settings.env", "cloudsql://example-project:us-east1:seine-pg/seine?private=1", "sqlite:seine.db", []string{"settings.env:4: FRONTIER=", "can't share a SQLite file"}},
		{"a folder of the pod", "settings.env", "gs://example-project-seine-assets", "file:/tmp/cards", []string{"settings.env:5: STORE=", "a pod's folder goes with the pod"}},
		{"a namespace too long", "settings.env", "NAMESPACE=seine", "NAMESPACE=" + strings.Repeat("n", 64), []string{"settings.env:1: NAMESPACE=", "at most 63"}},
		{"a namespace that differs", "kustomization.yaml", "namespace: seine", "namespace: cards", []string{`kustomization.yaml:5: the namespace is "cards"`, `settings.env:1 says "seine"`, "write the same in both"}},
		{"a service account that differs", "settings.env", "SERVICE_ACCOUNT=worker\n", "SERVICE_ACCOUNT=scraper\n", []string{`the manifests' service account is "worker"`, `settings.env:2 says "scraper"`}},
		{"a service account's name too long", "settings.env", "seine-worker@example", "a-service-account-of-thirty-one@example", []string{"settings.env:3: GOOGLE_SERVICE_ACCOUNT=", "6 to 30 characters"}},
		{"two who decide", "kustomization.yaml", "components:\n", "components:\n  - scaler\n", []string{"1 autoscalers and 1 fixed numbers of workers: choose exactly one of fixed, gke-metric, keda and adapter"}},
		{"the system's namespace", "settings.env", "NAMESPACE=seine", "NAMESPACE=kube-system", []string{"settings.env:1: NAMESPACE=kube-system is the system's: take one of its own"}},
		{"the collector's namespace", "settings.env", "NAMESPACE=seine", "NAMESPACE=gmp-system", []string{"NAMESPACE=gmp-system is the system's"}},
		{"an operator's namespace", "settings.env", "NAMESPACE=seine", "NAMESPACE=istio-system", []string{"NAMESPACE=istio-system is the system's"}},
		{"numbers that are no address", "settings.env", "DATABASE_CIDR=10.0.32.0/20", "DATABASE_CIDR=999.1.2.3/99", []string{"settings.env:6: DATABASE_CIDR=999.1.2.3/99 is no network: the range of private services access"}},
		{"a network of 33 bits", "settings.env", "DATABASE_CIDR=10.0.32.0/20", "DATABASE_CIDR=10.0.0.0/33", []string{"settings.env:6: DATABASE_CIDR=10.0.0.0/33 is no network"}},
		{"the whole internet", "settings.env", "DATABASE_CIDR=10.0.32.0/20", "DATABASE_CIDR=0.0.0.0/0", []string{"settings.env:6: DATABASE_CIDR=0.0.0.0/0 would open half a network", "/16 at most"}},
		{"an address within a network", "settings.env", "DATABASE_CIDR=10.0.32.0/20", "DATABASE_CIDR=10.0.1.0/20", []string{"DATABASE_CIDR=10.0.1.0/20 does not begin where a /20 does"}},
		{"a public network", "settings.env", "DATABASE_CIDR=10.0.32.0/20", "DATABASE_CIDR=203.0.113.0/24", []string{"DATABASE_CIDR=203.0.113.0/24 is not private"}},
		{"a database's public address", "settings.env", "?private=1", "", []string{"settings.env:4: FRONTIER=", "only the private ones (DATABASE_CIDR) are opened", "cloudsql://example-project:us-east1:seine-pg/seine?private=1"}},
		{"a misspelt private", "settings.env", "?private=1", "?privat=1", []string{`settings.env:4: FRONTIER=`, `"privat=1" is none of private=1, user=NAME, pool_max_conns=N`}},
		{"a private that is not", "settings.env", "?private=1", "?private=true", []string{`"private=true" is none of`}},
		{"a database of another project", "settings.env", "cloudsql://example-project:", "cloudsql://other-project:", []string{"settings.env:3: GOOGLE_SERVICE_ACCOUNT is of the project example-project, ", "settings.env:4 of other-project", "settings.env:7: IMAGE is of the project example-project"}},
		{"an account of another project", "settings.env", "seine-worker@example-project", "seine-worker@other-project", []string{"settings.env:3: GOOGLE_SERVICE_ACCOUNT is of the project other-project", "ANY_PROJECT=1"}},
		{"an image of another project", "settings.env", "docker.pkg.dev/example-project", "docker.pkg.dev/other-project", []string{"settings.env:7: IMAGE is of the project other-project"}},
		{"an autoscaler that nobody tells", "kustomization.yaml", "  - ../../components/fixed\n", "", []string{"no component gives the HorizontalPodAutoscaler the queue's depth, so there would be one worker", "choose fixed, gke-metric (with monitoring) or keda; adapter"}},
		{"a variable that the pod lacks", "job.yaml", "contact: data@example.org ", "contact: ${CONTACT} ", []string{"job.yaml:5: the pod is not given ${CONTACT}: choose the component job-env and write CONTACT=VALUE to "}},
		{"a variable that the Secret lacks", "kustomization.yaml", "  # - ../../components/job-env ", "  - ../../components/job-env ", []string{"job.env is missing: a line NAME=VALUE each, what the Secret job-env is made of"}},
		{"traces without a collector", "kustomization.yaml", "  # - ../../components/otlp ", "  - ../../components/otlp ", []string{"OTLP_ENDPOINT is missing: http://SERVICE.NAMESPACE.svc:4318"}},
		{"traces that nobody lets out", "kustomization.yaml", "components:\n", "patches:\n  - target: {kind: Deployment, name: worker}\n    patch: |\n      - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, value: \"http://c.o.svc:4318\"}}\ncomponents:\n", []string{"no NetworkPolicy lets them out: choose the component otlp"}},
		{"a pooler without its settings", "kustomization.yaml", "  # - ../../components/pooler", "  - ../../components/pooler", []string{"POOLER_IMAGE is missing", "PROXY_IMAGE is missing", "DATABASE_USER is missing"}},
		{"tokens that nobody lets out", "../../base/networkpolicy.yaml", "    - to:\n        - ipBlock: {cidr: 169.254.169.254/32}\n      ports: [{protocol: TCP, port: 80}]\n    - to:                                       # the same", "    - to:                                       # the same", []string{"NetworkPolicy worker does not open 169.254.169.254/32", "the network policies of base/ and no NODES_CIDR"}},
		{"tokens that Dataplane V1 does not let out", "../../base/networkpolicy.yaml", "the same for Dataplane V1\n        - ipBlock: {cidr: 169.254.169.252/32}", "the nodes\n        - ipBlock: {cidr: 10.0.0.0/20}", []string{"NetworkPolicy worker does not open 169.254.169.252/32"}},
		{"tokens that the migration lacks", "../../base/networkpolicy.yaml", "port: 3307}]\n    - to:\n        - ipBlock: {cidr: 169.254.169.254/32}", "port: 3307}]\n    - to:\n        - ipBlock: {cidr: 10.0.0.0/20}", []string{"NetworkPolicy migrate does not open 169.254.169.254/32"}},
		{"an overlay that still opens the nodes", "replacements.yaml", "      fieldPaths: [spec.egress.0.to.0.ipBlock.cidr]\n    - select: {kind: NetworkPolicy, name: migrate}\n", "      fieldPaths: [spec.egress.1.to.0.ipBlock.cidr]\n    - select: {kind: NetworkPolicy, name: migrate}\n", []string{"NetworkPolicy worker does not open 169.254.169.254/32"}},
		{"a node's DNS cache that is closed", "../../base/networkpolicy.yaml", "        - ipBlock: {cidr: 169.254.20.10/32}\n      ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]\n    - to:\n        - ipBlock:\n            cidr: 0.0.0.0/0", "      ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]\n    - to:\n        - ipBlock:\n            cidr: 0.0.0.0/0", []string{"NetworkPolicy worker does not open the node's DNS cache, k8s-app: node-local-dns and 169.254.20.10/32"}},
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
			// Pods lack the environment of the person who runs the check.
			out, err := command(t, root, []string{"SEINE=" + tools(t, "seine"), "CONTACT=data@example.org"}, "./check", "gke")
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

// Components that need, or exclude, something else.
func TestCheckRefusesTogether(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, from, to, want string
		add, drop            []string
	}{
		{"a metric that nobody collects", "", "", "gke-metric reads what the component monitoring collects, and that is not chosen: add ../../components/monitoring", []string{"gke-metric"}, []string{"fixed", "monitoring"}},
		{"a metric beside a fixed number", "", "", "gke-metric feeds the HorizontalPodAutoscaler, and fixed or keda takes it away", []string{"gke-metric"}, nil},
		{"a pooler and keys", "", "", "kustomization.yaml: pooler logs in by Workload Identity, key-secret by a password and past the pooler: choose one of them", []string{"pooler", "key-secret"}, nil},
		{"a pooler before another database", "cloudsql://example-project:us-east1:seine-pg/seine?private=1", "postgres://cards@10.0.32.3/cards", "settings.env:4: the component pooler goes to Cloud SQL", []string{"pooler"}, nil},
		{"a pooler's account of another project", "DATABASE_USER=seine-worker@example-project", "DATABASE_USER=seine-worker@other-project", "settings.env:8: DATABASE_USER is of the project other-project", []string{"pooler"}, nil},
		{"a collector outside", "http://collector.observability.svc:4318", "https://otel.example:443", "settings.env:8: OTLP_ENDPOINT=https://otel.example:443 does not fit: http://SERVICE.NAMESPACE.svc:4318", []string{"otlp"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, dir := variant{overlay: "gke", add: tt.add, drop: tt.drop}.folder(t)
			if tt.from != "" {
				edit(t, filepath.Join(dir, "settings.env"), tt.from, tt.to)
			}
			if out, err := command(t, root, []string{"SEINE=" + tools(t, "seine")}, "./check", "gke"); err == nil || !strings.Contains(out, tt.want) {
				t.Errorf("check: %v\n%s\nwant %q", err, out, tt.want)
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

// These settings may differ from Terraform's and still work.
func TestCheckTakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, from, to string
		add, env             []string
	}{
		{name: "an image of a registry of one's own", file: "settings.env", from: "us-east1-docker.pkg.dev/example-project/seine", to: "registry.example/fleet"},
		{name: "rights across projects that somebody gave", file: "settings.env", from: "docker.pkg.dev/example-project", to: "docker.pkg.dev/other-project", env: []string{"ANY_PROJECT=1"}},
		{name: "a PostgreSQL elsewhere", file: "settings.env", from: "cloudsql://example-project:us-east1:seine-pg/seine?private=1", to: "postgres://cards@10.0.32.3/cards?sslmode=require"},
		{name: "one address", file: "settings.env", from: "10.0.32.0/20", to: "10.0.32.3/32"},
		{name: "more of the connector", file: "settings.env", from: "?private=1", to: "?user=x@example-project.iam&private=1&pool_max_conns=3"},
		{name: "another database behind the pooler", file: "settings.env", from: "seine-pg/seine?", to: "seine-pg/cards?", add: []string{"pooler"}},
		{name: "a variable with a default", file: "job.yaml", from: "contact: data@example.org ", to: "contact: ${CONTACT:-data@example.org} "},
		{name: "a variable in a comment", file: "job.yaml", from: "contact: data@example.org ", to: "contact: data@example.org # ${CONTACT}"},
		{name: "a variable that a patch gives", file: "job.yaml", from: "contact: data@example.org ", to: "contact: ${SEINE_BROWSER_SANDBOX:-}${HERE}@example.org "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, dir := variant{overlay: "gke", add: tt.add}.folder(t)
			edit(t, filepath.Join(dir, tt.file), tt.from, tt.to)
			if strings.Contains(tt.to, "HERE") {
				edit(t, filepath.Join(dir, "kustomization.yaml"), "components:\n", "patches:\n  - target: {kind: Deployment, name: worker}\n    patch: |\n      - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: HERE, value: data}}\ncomponents:\n")
			}
			if out, err := command(t, root, append(tt.env, "SEINE="+tools(t, "seine")), "./check", "gke"); err != nil {
				t.Errorf("check: %v\n%s", err, out)
			}
		})
	}
}
