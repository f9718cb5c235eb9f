package verify

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// cost multiplies, adds, and says what it has no price of.
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
		{"as it comes, a price that is not known is its name", string(b), "| nodes, node hours | NODE_HOUR | 730 x | 5840 x | 46720 x |"},
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
