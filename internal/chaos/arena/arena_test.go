package arena

import (
	"os"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/buckets"
	"github.com/seinehq/seine/internal/chaos"
	"github.com/seinehq/seine/internal/cli"
	"github.com/seinehq/seine/internal/cloudsql"
)

// asCommand makes the test binary be the command.
const asCommand = "SEINE_CHAOS_COMMAND"

// program is the seine command.
var program = cli.Program{CheckStore: buckets.Check}

func TestMain(m *testing.M) {
	cloudsql.Link()
	if os.Getenv(asCommand) != "" {
		os.Exit(cli.Main(program))
	}
	os.Exit(m.Run())
}

// This is a short form of `make chaos`. The seeds are ones whose plans hold each kind of fault.
func TestShortChaos(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		cfg  Config
	}{
		{"postgres", Config{Seed: 3}},
		{"sqlite", Config{Seed: 4, SQLite: true}}, // two processes
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := tt.cfg
			cfg.Command, cfg.Env, cfg.Duration, cfg.Dir = self, []string{asCommand + "=1"}, 15*time.Second, t.TempDir()
			res, err := Run(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d ids, %d visits, %d faults in %v; full disk: %s", len(res.Truth), len(res.Visits), len(res.Faults), res.Took, res.Disk)
			for _, v := range chaos.Check(res.History) {
				t.Error(v)
			}
			if t.Failed() {
				for _, f := range res.Faults {
					t.Logf("%v to %v %s %s %s", f.From.Format("15:04:05.000"), f.Until.Format("15:04:05.000"), f.Kind, f.Worker, f.Note)
				}
				t.Log(res.Logs)
			}
			if len(res.Faults) < 8 {
				t.Errorf("%d faults: nothing was tried", len(res.Faults))
			}
		})
	}
}
