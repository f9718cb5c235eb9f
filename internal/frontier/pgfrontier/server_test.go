package pgfrontier

import (
	"errors"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/frontier"
)

func TestCheckServer(t *testing.T) {
	t.Parallel()
	for version, want := range map[int]string{130014: "PostgreSQL 13.14: Seine needs 14", 90624: "9.", 140000: "", 150010: "", 180001: ""} {
		err := checkServer(version)
		if (err == nil) != (want == "") || err != nil && (!errors.Is(err, frontier.ErrSchema) || !strings.Contains(err.Error(), want)) {
			t.Errorf("checkServer(%d) = %v; want %q", version, err, want)
		}
	}
}
