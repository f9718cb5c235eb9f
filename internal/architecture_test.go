package internal_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/seinehq/seine"

type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// packages lists the module's packages by their path in it; "" is the root.
func packages(t *testing.T) map[string]goPackage {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	c.Dir = ".."
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]goPackage{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")] = p
	}
}

// The cloud drivers are most of a binary and belong to the command. A user's own program links only
// the drivers that it needs.
func TestCloudDriversAreTheCommands(t *testing.T) {
	t.Parallel()
	c := exec.CommandContext(t.Context(), "go", "list", "-deps", ".", "./worker")
	c.Dir = ".."
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for path := range strings.Lines(string(out)) {
		for _, cloud := range []string{"cloud.google.com/", "github.com/aws/", "github.com/Azure/"} {
			if strings.HasPrefix(path, cloud) {
				t.Errorf("package worker needs %s", strings.TrimSpace(path))
			}
		}
	}
}

// floors lists what each package may import of this module; the house is drawn
// in docs/architecture.md, and depguard checks the same in `make check`.
var floors = map[string][]string{
	"":                                    {},
	"internal/charset":                    {},
	"internal/weburl":                     {"internal/charset"},
	"internal/scope":                      {"internal/weburl"},
	"internal/robots":                     {"internal/charset"},
	"internal/sitemap":                    {"internal/charset", "internal/weburl"},
	"internal/consent":                    {},
	"internal/challenge":                  {},
	"internal/number":                     {},
	"internal/dates":                      {},
	"internal/pdftext":                    {},
	"internal/columns":                    {"internal/number"},
	"internal/terminal":                   {},
	"internal/explore":                    {"internal/number"},
	"internal/explore/sim":                {"internal/explore"},
	"internal/drift":                      {},
	"internal/polite":                     {""},
	"internal/redact":                     {"internal/weburl"},
	"internal/cgroup":                     {},
	"internal/health":                     {},
	"internal/tracing":                    {},
	"internal/metric":                     {"", "internal/frontier"},
	"internal/deadline":                   {},
	"internal/cookie":                     {""},
	"internal/fetch":                      {"", "internal/weburl"},
	"internal/fetch/egress":               {"", "internal/fetch"},
	"internal/fetch/httpfetch":            {"", "internal/charset", "internal/cookie", "internal/fetch", "internal/fetch/egress", "internal/weburl"},
	"internal/fetch/chromefetch":          {"", "internal/charset", "internal/cookie", "internal/fetch", "internal/fetch/egress", "internal/weburl"},
	"internal/extract":                    {"", "internal/charset", "internal/columns", "internal/css", "internal/dates", "internal/markup", "internal/number", "internal/pdftext", "internal/scope", "internal/weburl", "internal/xpath", "internal/assetfile"},
	"internal/markup":                     {},
	"internal/css":                        {"internal/markup"},
	"internal/xpath":                      {},
	"internal/idspace":                    {""},
	"internal/assetfile":                  {},
	"internal/derived":                    {""},
	"internal/jobfile":                    {"", "internal/css", "internal/extract", "internal/fetch/egress", "internal/idspace", "internal/number", "internal/redact", "internal/scope", "internal/weburl", "internal/derived"},
	"internal/asset":                      {"", "internal/asset/jpegenc", "internal/asset/jpegpix", "internal/asset/pngenc", "internal/asset/resample", "internal/asset/webpenc", "internal/asset/webppix", "internal/fetch", "internal/deadline", "internal/assetfile"},
	"internal/recording":                  {"", "internal/asset", "internal/deadline", "internal/frontier", "internal/number", "internal/redact"},
	"internal/asset/deflate":              {},
	"internal/asset/pngenc":               {"internal/asset/deflate"},
	"internal/asset/webppix":              {},
	"internal/asset/webpenc":              {},
	"internal/asset/jpegenc":              {},
	"internal/asset/jpegpix":              {},
	"internal/asset/resample":             {},
	"internal/frontier":                   {"", "internal/drift", "internal/explore", "internal/idspace", "internal/number", "internal/polite", "internal/weburl", "internal/assetfile", "internal/derived"},
	"internal/frontier/pgfrontier":        {"", "internal/explore", "internal/frontier", "internal/polite"},
	"internal/frontier/litefrontier":      {"", "internal/explore", "internal/frontier"},
	"internal/frontier/drivers":           {"internal/frontier", "internal/frontier/pgfrontier", "internal/frontier/litefrontier"},
	"internal/frontier/frontiertest":      {"", "internal/drift", "internal/explore", "internal/frontier", "internal/assetfile"},
	"internal/frontier/pgfrontier/pgtest": {"internal/frontier/pgfrontier"},
	"internal/testkit":                    {"internal/frontier/drivers", "internal/frontier/pgfrontier/pgtest"},
	"internal/hosts":                      {"", "internal/fetch", "internal/frontier", "internal/polite", "internal/weburl", "internal/derived"},
	"internal/outage":                     {"internal/frontier"},
	"internal/seedlist":                   {"", "internal/frontier", "internal/number"},
	"internal/discovery":                  {"", "internal/explore", "internal/fetch", "internal/frontier", "internal/idspace", "internal/number", "internal/outage", "internal/scope", "internal/seedlist", "internal/sitemap", "internal/weburl"},
	"internal/manners":                    {"", "internal/challenge", "internal/consent", "internal/fetch", "internal/frontier", "internal/hosts", "internal/outage", "internal/polite", "internal/robots", "internal/weburl", "internal/derived"},
	"internal/login":                      {"", "internal/cookie", "internal/fetch", "internal/frontier", "internal/hosts", "internal/markup", "internal/outage", "internal/polite", "internal/redact", "internal/weburl"},
	"internal/engine":                     {"", "internal/asset", "internal/cgroup", "internal/consent", "internal/discovery", "internal/drift", "internal/extract", "internal/fetch", "internal/frontier", "internal/hosts", "internal/login", "internal/manners", "internal/number", "internal/outage", "internal/polite", "internal/recording", "internal/redact", "internal/robots", "internal/sitemap", "internal/weburl", "internal/assetfile", "internal/derived"},
	"internal/wiring":                     {"", "internal/asset", "internal/discovery", "internal/engine", "internal/number", "internal/extract", "internal/fetch", "internal/fetch/chromefetch", "internal/fetch/egress", "internal/fetch/httpfetch", "internal/frontier", "internal/frontier/drivers", "internal/hosts", "internal/idspace", "internal/deadline", "internal/recording", "internal/redact", "internal/assetfile", "internal/derived"},
	"internal/buckets":                    {},
	"internal/cloudsql":                   {"internal/frontier", "internal/frontier/drivers", "internal/frontier/pgfrontier"},
	"internal/dataset":                    {"", "internal/asset", "internal/columns", "internal/extract", "internal/frontier", "internal/number", "internal/deadline", "internal/recording", "internal/redact", "internal/weburl", "internal/assetfile"},
	"internal/sitekit":                    {},
	"internal/cardsite":                   {"", "internal/sitekit"},
	"internal/shopsite":                   {"internal/sitekit"},
	"internal/archivesite":                {"internal/sitekit"},
	"internal/socialsite":                 {},
	"internal/textsite":                   {"internal/sitekit"},
	"internal/imagefarm":                  {"internal/sitekit"},
	"internal/chaos":                      {""},
	"internal/chaos/arena":                {"", "internal/asset", "internal/cardsite", "internal/chaos"},
	"internal/web":                        {"", "internal/frontier", "internal/number", "internal/assetfile"},
	"internal/propose":                    {"", "html", "internal/dates", "internal/jobfile", "internal/weburl"},
	"html":                                {"", "internal/extract"},
	"internal/runner":                     {"", "internal/wiring", "internal/asset", "internal/cgroup", "internal/discovery", "internal/engine", "internal/fetch/chromefetch", "internal/frontier", "internal/frontier/drivers", "internal/health", "internal/idspace", "internal/metric", "internal/redact", "internal/derived"},
	"worker":                              {"", "internal/cli", "internal/discovery", "internal/frontier", "internal/frontier/drivers", "internal/jobfile", "internal/number", "internal/runner"},
	"seinetest":                           {"", "internal/frontier", "internal/frontier/drivers", "internal/recording", "internal/wiring", "worker"},
	"examples/go":                         {"", "html", "worker"},
	"examples/go/site":                    {"internal/stationsite"},
	"internal/stationsite":                {},
	"examples":                            {},
	"cmd/seine":                           {"internal/buckets", "internal/cli", "internal/cloudsql"},
	"internal/e2e":                        {},
	"internal":                            {},
	"internal/cli":                        nil, // the top floor: anything
	"tools/chaos":                         {"internal/chaos", "internal/chaos/arena"},
	"tools/docs":                          {},
	"tools/sbom":                          {},
	"tools/testcount":                     {},
}

// The command runs jobs through package worker and tries pages through package wiring, so that an
// engine behaves the same in every command.
func TestTheCommandDoesNotUseTheEngine(t *testing.T) {
	t.Parallel()
	if slices.Contains(packages(t)["internal/cli"].Imports, module+"/internal/engine") {
		t.Error("internal/cli imports internal/engine")
	}
}

// A product that imports the helpers of tests would link package testing into the command.
func TestOnlyTestsImportTestkit(t *testing.T) {
	t.Parallel()
	for path, p := range packages(t) {
		if slices.Contains(p.Imports, module+"/internal/testkit") {
			t.Errorf("%s imports internal/testkit outside its tests", path)
		}
	}
}

func TestImportsGoDown(t *testing.T) {
	t.Parallel()
	for path, p := range packages(t) {
		allowed, known := floors[path]
		if !known {
			t.Errorf("%s is on no floor: put it into floors here and into docs/architecture.md", path)
			continue
		}
		for _, i := range p.Imports {
			own := strings.HasPrefix(i, module)
			name := strings.TrimPrefix(strings.TrimPrefix(i, module), "/")
			switch {
			case own && allowed != nil && !slices.Contains(allowed, name):
				t.Errorf("%s imports %s: imports go down only", path, i)
			case !own && path == "" && strings.Contains(strings.Split(i, "/")[0], "."):
				t.Errorf("the vocabulary imports %s: the standard library only", i)
			}
		}
	}
}

// The map in docs/architecture.md lists the existing packages.
func TestArchitectureListsThePackages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tree, found := strings.Cut(string(text), "```\n")
	tree, _, closed := strings.Cut(tree, "```")
	if !found || !closed {
		t.Fatal("docs/architecture.md has no tree in ``` fences")
	}
	drawn := map[string]bool{}
	var stack []string
	line := regexp.MustCompile(`^([│ ]*)[├└]── ((?:[a-z0-9-]+/ )*[a-z0-9-]+)/`)
	for l := range strings.Lines(tree) {
		m := line.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		depth := len([]rune(m[1])) / 4
		for name := range strings.SplitSeq(m[2], "/ ") { // small packages share a line
			stack = append(stack[:depth], name)
			drawn[strings.Join(stack, "/")] = true
		}
	}
	for path := range packages(t) {
		if path != "" && !drawn[path] {
			t.Errorf("docs/architecture.md does not draw %s", path)
		}
		delete(drawn, path)
	}
	for path := range drawn {
		if _, err := os.Stat("../" + path); err != nil {
			t.Errorf("docs/architecture.md draws %s, which is not there", path)
		}
	}
}
