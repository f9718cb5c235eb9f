package testkit

import (
	_ "embed"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed duckdb.cjs
var duckdb []byte

// DuckDB returns the rows of a query as DuckDB answers it, with the numbers' digits. `make test`
// installs DuckDB and sets SEINE_TEST_DUCKDB to its folder.
func DuckDB(t testing.TB, query string) (rows []map[string]any) {
	t.Helper()
	modules := os.Getenv("SEINE_TEST_DUCKDB")
	if modules == "" {
		t.Fatal("SEINE_TEST_DUCKDB is not set: run the tests by `make test`, or set it to the folder that scripts/duckdb prints")
	}
	script := filepath.Join(t.TempDir(), "duckdb.cjs")
	if err := os.WriteFile(script, duckdb, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "node", script, query)
	c.Env = append(os.Environ(), "NODE_PATH="+modules)
	out, err := c.Output()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("DuckDB: %s\n%s", e.Stderr, query)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return rows
}
