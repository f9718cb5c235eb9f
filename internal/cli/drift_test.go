package cli_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/drift"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/testkit"
)

// A job that an alarm paused shows it. A resume holds the records back that lost the value since,
// ends the alarm and starts the baselines again.
func TestResumeEndsAlarms(t *testing.T) {
	t.Parallel()
	testkit.DSNs(t, func(t *testing.T, dsn string) {
		dir := t.TempDir()
		runInGo(t, dsn, dir) // the records have no field price
		f := testkit.Open(t, dsn, drivers.Options{})
		jobs, err := f.Jobs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		job := jobs[0]
		text, err := json.Marshal(drift.Watch{Digest: "old", Alarms: []drift.Alarm{
			{Field: "price", Before: 1, Now: 0.04, Since: time.Now().Add(-time.Hour), At: time.Now(), Held: true}, {Page: "item", Before: 0.97, Now: 0.5},
		}})
		if err != nil {
			t.Fatal(err)
		}
		before, err := f.Drift(t.Context(), job.ID)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := f.SetDrift(t.Context(), job.ID, frontier.DriftState{Version: before.Version + 1, State: text}); err != nil || !ok {
			t.Fatalf("set: %v, %v", ok, err)
		}
		seine := func(want string, args ...string) {
			t.Helper()
			out, code := call(t, dir, append(args, "--frontier", dsn)...)
			if code != 0 || !strings.Contains(out, want) {
				t.Errorf("%v: exit %d; want %q in\n%s", args, code, want, out)
			}
		}
		seine("field price has a value on 4 % of the records, before 100 %: correct the job file, then run `seine resume shop`", "status", "shop")
		seine("pages of page kind item are read in 50 % of the cases, before 97 %", "status", "shop")
		seine(`"drift":[{"page":"","field":"price","before":1,"now":0.04,"since":"`, "status", "shop", "-o", "json")
		seine("2 alarms of changed pages ended; requeue their tasks by `seine retry shop --reason 'held back'`", "resume", "shop")
		seine(`"drift":[]`, "status", "shop", "-o", "json")
		seine("every record is in quarantine (4)", "status", "shop")
		seine("held back: field price lost its value", "quarantine", "shop")
		seine("4 tasks sent back", "retry", "shop", "--reason", "held back")
		seine("resumed job shop", "resume", "shop")
	})
}
