package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/shopsite"
	"github.com/seinehq/seine/internal/testkit"
)

// A project that init writes for a list of the shop is run as it is: each item of the list is a
// record with the values of its page.
func TestInitOfAList(t *testing.T) {
	t.Parallel()
	s, dir := serveShop(t, shopsite.Config{}), t.TempDir()
	said := run(t, dir, 0, "init", s.PagesURL+"/c/shoes/boots", "--allow-private", "--dir", "boots", "--name", "boots")
	for _, want := range []string{"  name ", "  sku ", "  price ", "  currency         EUR", "  image "} {
		if !strings.Contains(said, want) {
			t.Errorf("init prints %s; want %q", said, want)
		}
	}
	job := "job.yaml"
	dir = filepath.Join(dir, "boots") // as init prints
	run(t, dir, 0, "validate", job)
	if said := run(t, dir, 0, "test", job); !strings.Contains(said, "2 pages passed") {
		t.Errorf("test prints %s", said)
	}
	path := filepath.Join(dir, job)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "delay: 1s..2s", "delay: 0s", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, 0, "run", job)
	lines := strings.Count(run(t, dir, 0, "export", job, "-o", "-"), "\n")
	var want int
	_, page := testkit.Get(t, s.PagesURL+"/c/shoes/boots")
	if _, after, ok := strings.Cut(string(page), "<h1>boots</h1><p>"); ok {
		_, _ = fmt.Sscanf(after, "%d products", &want)
	}
	if lines == 0 || lines != want {
		t.Errorf("%d records; want %d, as the category states", lines, want)
	}
}
