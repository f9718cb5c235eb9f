package litefrontier_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/litefrontier"
)

// A file with a newer schema is rejected, and the error names the old program.
func TestNewerSchemaIsTold(t *testing.T) {
	t.Parallel()
	f, path := migrated(t)
	if _, err := db(t, path).ExecContext(t.Context(), `insert into goose_db_version(version_id, is_applied) values (2003, 1)`); err != nil {
		t.Fatal(err)
	}
	v, server, err := f.Version(t.Context())
	if err != nil || v != 2003 || !strings.HasPrefix(server, "SQLite 3.") {
		t.Errorf("version %d, %q, %v; want 2003 of SQLite 3", v, server, err)
	}
	if err := frontier.CheckSchema(v); !errors.Is(err, frontier.ErrSchema) || !strings.Contains(err.Error(), "2.3") {
		t.Errorf("CheckSchema(%d) = %v; want %v that names 2.3", v, err, frontier.ErrSchema)
	}
	// A newer minor step only adds, so the program works on it.
	if _, err := db(t, path).ExecContext(t.Context(), `update goose_db_version set version_id = 1900 where version_id = 2003`); err != nil {
		t.Fatal(err)
	}
	if v, _, err := f.Version(t.Context()); err != nil || frontier.CheckSchema(v) != nil {
		t.Errorf("version %d, %v; want one that is worked on", v, err)
	}
}

// If the folder cannot be created, as in a read-only one, the error is one sentence. The superuser
// may write anywhere except below a file.
func TestFolderThatCantBeMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	closed := filepath.Join(dir, "closed")
	if os.Geteuid() == 0 {
		if err := os.WriteFile(closed, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	} else if err := os.Mkdir(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	f, err := litefrontier.Open(t.Context(), filepath.Join(closed, "data", "seine.db"), litefrontier.Options{})
	if err == nil {
		_, err = f.Migrate(t.Context())
		_ = f.Close()
	}
	if !errors.Is(err, frontier.ErrUnavailable) || !strings.Contains(err.Error(), closed) || strings.Contains(err.Error(), "\n") {
		t.Errorf("open: %v; want %v in one line that names the folder", err, frontier.ErrUnavailable)
	}
}
