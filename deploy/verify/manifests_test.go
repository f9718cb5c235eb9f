package verify

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yannh/kubeconform/pkg/validator"
)

// digest is the output of a push.
const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

const gkeSettings = `NAMESPACE=seine
SERVICE_ACCOUNT=worker
GOOGLE_SERVICE_ACCOUNT=seine-worker@example-project.iam.gserviceaccount.com
FRONTIER=cloudsql://example-project:us-east1:seine-pg/seine?private=1
STORE=gs://example-project-seine-assets
DATABASE_CIDR=10.0.32.0/20
IMAGE=us-east1-docker.pkg.dev/example-project/seine/seine-chromium@` + digest + "\n"

const poolerSettings = "DATABASE_USER=seine-worker@example-project.iam\nPOOLER_IMAGE=example.test/pgbouncer@" + digest + "\nPROXY_IMAGE=example.test/cloud-sql-proxy@" + digest + "\n"

// byName is the variant of a name; "": the first.
func byName(name string) variant {
	return variants[slices.IndexFunc(variants, func(v variant) bool { return v.name == name || name == "" })]
}

// variant is an overlay with other components than it comes with.
type variant struct {
	name      string
	overlay   string
	add, drop []string
	namespace string // in place of seine
	choice    Choice
}

var variants = []variant{
	{name: "gke", overlay: "gke", choice: Choice{OnePerNode: true}},
	{name: "gke behind NAT", overlay: "gke", drop: []string{"one-per-node"}},
	{name: "gke on spot machines", overlay: "gke", add: []string{"spot"}, choice: Choice{OnePerNode: true, Spot: true}},
	{name: "gke with gVisor", overlay: "gke", add: []string{"gvisor"}, choice: Choice{OnePerNode: true, GVisor: true}},
	{name: "gke with GKE's metric", overlay: "gke", drop: []string{"fixed"}, add: []string{"gke-metric"}, choice: Choice{OnePerNode: true}},
	{name: "gke with KEDA", overlay: "gke", drop: []string{"fixed"}, add: []string{"keda"}, choice: Choice{OnePerNode: true}},
	{name: "gke with a pooler", overlay: "gke", add: []string{"pooler"}, choice: Choice{OnePerNode: true}},
	{name: "gke with keys", overlay: "gke", add: []string{"key-secret"}, choice: Choice{OnePerNode: true, KeySecret: true}},
	{name: "gke with an adapter", overlay: "gke", drop: []string{"fixed"}, add: []string{"adapter"}, choice: Choice{OnePerNode: true}},
	{name: "gke with traces", overlay: "gke", add: []string{"otlp"}, choice: Choice{OnePerNode: true}},
	{name: "gke with a job's secrets", overlay: "gke", add: []string{"job-env"}, choice: Choice{OnePerNode: true}},
	{name: "gke in another namespace", overlay: "gke", drop: []string{"fixed"}, add: []string{"gke-metric"}, namespace: "cards", choice: Choice{OnePerNode: true}},
	{name: "local", overlay: "local", choice: Choice{Local: true}},
}

// folder copies the manifests and makes the variant's overlay of them.
func (v variant) folder(t *testing.T) (kubernetes, overlay string) {
	t.Helper()
	kubernetes = copyOf(t, "kubernetes")
	overlay = filepath.Join(kubernetes, "overlays", v.overlay)
	if v.overlay == "gke" {
		s := gkeSettings
		if slices.Contains(v.add, "pooler") {
			s += poolerSettings
		}
		if slices.Contains(v.add, "otlp") {
			s += "OTLP_ENDPOINT=http://collector.observability.svc:4318\n"
		}
		if v.namespace != "" {
			s = strings.Replace(s, "NAMESPACE=seine", "NAMESPACE="+v.namespace, 1)
			edit(t, filepath.Join(overlay, "kustomization.yaml"), "namespace: seine", "namespace: "+v.namespace)
		}
		write(t, filepath.Join(overlay, "settings.env"), s)
		if slices.Contains(v.add, "job-env") {
			edit(t, filepath.Join(overlay, "job.yaml"), "contact: data@example.org ", "contact: ${CONTACT} ")
			write(t, filepath.Join(overlay, "job.env"), "CONTACT=data@example.org\n")
		}
	}
	for _, c := range v.add {
		edit(t, filepath.Join(overlay, "kustomization.yaml"), "  # - ../../components/"+c, "  - ../../components/"+c)
	}
	for _, c := range v.drop {
		edit(t, filepath.Join(overlay, "kustomization.yaml"), "  - ../../components/"+c+"\n", "")
	}
	return kubernetes, overlay
}

func render(t *testing.T, dir string) []byte {
	t.Helper()
	need(t, "kubectl")
	c := exec.CommandContext(t.Context(), "kubectl", "kustomize", dir)
	var complaint bytes.Buffer
	c.Stderr = &complaint
	out, err := c.Output()
	if err != nil {
		t.Fatalf("kubectl kustomize: %v\n%s", err, complaint.String())
	}
	return out
}

func decode(t *testing.T, rendered []byte) *Objects {
	t.Helper()
	o, err := Decode(rendered)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestManifests(t *testing.T) {
	t.Parallel()
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			_, dir := v.folder(t)
			rendered := render(t, dir)
			for _, complaint := range Check(decode(t, rendered), v.choice) {
				t.Error(complaint)
			}
			conform(t, rendered)
		})
	}
}

// conform checks against the schemas of the API server and of KEDA; Google's
// custom resources have none that can be had offline.
func conform(t *testing.T, rendered []byte) {
	t.Helper()
	for _, r := range schemas(t).Validate("rendered", io.NopCloser(bytes.NewReader(rendered))) {
		if r.Status == validator.Invalid || r.Status == validator.Error {
			sig, _ := r.Resource.Signature()
			t.Errorf("%v: %v", sig, r.Err)
		}
	}
}

func schemas(t *testing.T) validator.Validator {
	t.Helper()
	v, err := validator.New([]string{tools(t, "schemas") + "/{{ .ResourceKind }}{{ .KindSuffix }}.json"}, validator.Opts{
		Strict: true, KubernetesVersion: "1.36.3",
		SkipKinds: map[string]struct{}{"AutoscalingMetric": {}, "PodMonitoring": {}, "Rules": {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The API server's schemas, and KEDA's, find invalid manifests.
func TestSchemasRefuse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, manifest string }{
		{"a misspelt field", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"selector":{},"template":{"spec":{"containers":[{"name":"a","imagePullPolcy":"Always"}]}}}}`},
		{"text for a number", `{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"x"},"spec":{"maxReplicas":"8","scaleTargetRef":{"kind":"Deployment","name":"x"}}}`},
		{"a field of another kind in KEDA's", `{"apiVersion":"keda.sh/v1alpha1","kind":"ScaledObject","metadata":{"name":"x"},"spec":{"maxReplicasCount":8,"scaleTargetRef":{"name":"x"},"triggers":[]}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := schemas(t).Validate("x", io.NopCloser(strings.NewReader(tt.manifest)))
			if len(got) != 1 || got[0].Status != validator.Invalid {
				t.Errorf("%+v, want Invalid", got)
			}
		})
	}
}

// Each planted mistake is found and reported with its object.
func TestManifestMutations(t *testing.T) {
	t.Parallel()
	for _, tt := range manifestMutations {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := byName(tt.variant)
			root, dir := v.folder(t)
			edit(t, filepath.Join(root, tt.file), tt.from, tt.to)
			var got []string
			if o, err := Decode(render(t, dir)); err != nil {
				got = []string{err.Error()}
			} else {
				got = Check(o, v.choice)
			}
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, tt.want) }) {
				t.Errorf("got %q, want one with %q", got, tt.want)
			}
		})
	}
}

// The job file of overlay local is the bundled example. The job file of gke is the example that
// replaces the original, without its limit.
func TestJobFiles(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if read("../kubernetes/overlays/local/job.yaml") != read("../../examples/cardsite/browser.yaml") {
		t.Error("overlays/local/job.yaml is not examples/cardsite/browser.yaml")
	}
	var want []string
	for line := range strings.Lines(read("../../examples/psa-cards/job.yaml")) {
		if !strings.HasPrefix(line, "limit:") {
			want = append(want, line)
		}
	}
	_, got, _ := strings.Cut(read("../kubernetes/overlays/gke/job.yaml"), "starts it again.\n")
	if strings.TrimSpace(got) != strings.TrimSpace(strings.Join(want, "")) {
		t.Error("overlays/gke/job.yaml is not examples/psa-cards/job.yaml")
	}
}

// The command has every flag that the manifests use.
func TestFlagsAreTheCommands(t *testing.T) {
	t.Parallel()
	seine := tools(t, "seine")
	for _, v := range []variant{variants[0], variants[len(variants)-1]} {
		_, dir := v.folder(t)
		for _, w := range decode(t, render(t, dir)).workloads() {
			for _, x := range w.containers() {
				if x.Name == "postgres" || len(x.Args) == 0 {
					continue
				}
				help, err := command(t, ".", nil, seine, x.Args[0], "--help")
				if err != nil {
					t.Fatalf("seine %s --help: %v\n%s", x.Args[0], err, help)
				}
				for _, a := range x.Args[1:] {
					if strings.HasPrefix(a, "--") && !strings.Contains(help, a+" ") && !strings.Contains(help, a+"\n") {
						t.Errorf("%s: seine %s has no %s", w.name, x.Args[0], a)
					}
				}
			}
		}
	}
}
