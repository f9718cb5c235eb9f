package cli

import (
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/testkit"
)

// shownOn returns a screen on a terminal.
func shownOn(t *testkit.Screen) *screen {
	return &screen{w: t, size: func() (int, int) { return t.Columns, t.Rows }}
}

// A log line stands in a line of its own, with the progress below it, which is never wider than the
// terminal, nor higher than its half.
func TestLogLinesStandAboveTheProgress(t *testing.T) {
	t.Parallel()
	at := &testkit.Screen{Columns: 24, Rows: 8}
	s := shownOn(at)
	a := newApp(Program{}, noEnv, nil, nil, nil)
	a.terminal, a.screen = true, s
	a.stderr = a.redact.writer(s)
	s.show("done 1  left 9  1.0/s  about 9s to go", "  host a", "  host b", "  host c", "  host d")
	if got := at.Lines(); !slices.Equal(got, []string{"done 1  left 9  1.0/s …", "  host a", "  host b", "  host c"}) {
		t.Errorf("%q; want a first line of 23 columns, and half of the screen", got)
	}
	at.Columns = 80
	a.logger(slog.LevelWarn).WarnContext(t.Context(), "fetch failed", "task", "7")
	a.say("seine: a sentence")
	at.Columns = 12
	s.show("done 2  left 8  1.0/s", "  host b")
	got := at.Lines()
	if len(got) != 4 || !strings.HasPrefix(got[0], "time=") || !strings.HasSuffix(got[0], `level=WARN msg="fetch failed" task=7`) || got[1] != "seine: a sentence" || got[2] != "done 2  le…" || got[3] != "  host b" {
		t.Errorf("%q", got)
	}
	s.show()
	if got := at.Lines(); len(got) != 2 || len(at.Unknown) > 0 {
		t.Errorf("%q, %q; want the progress gone", got, at.Unknown)
	}
}

// A line that is written in pieces is not broken by the progress.
func TestALineInPieces(t *testing.T) {
	t.Parallel()
	at := &testkit.Screen{Columns: 80, Rows: 24}
	s := shownOn(at)
	s.show("done 1", "  host a")
	for _, piece := range []string{"one ", "", "line"} {
		_, _ = s.Write([]byte(piece))
	}
	s.show("done 2")
	_, _ = s.Write([]byte("\n"))
	if got := at.Lines(); !slices.Equal(got, []string{"one line", "done 2"}) {
		t.Errorf("%q", got)
	}
}

// The view of a run names hosts in trouble first, the last records and the failures, in a bounded
// number of lines.
func TestTheViewOfARun(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := runner.Status{
		Hosts: []frontier.HostStatus{
			{Host: "calm:80", NextAt: now.Add(3 * time.Second), Slow: 1}, {Host: "slow:80", NextAt: now, Slow: 2, Reason: "HTTP 429"},
			{Host: frontier.AssetLane("bad:80"), NextAt: now.Add(time.Minute), Blocked: true, Reason: "HTTP 503", Slow: 4}, {Host: "off:80", Blocked: true, Reason: " paused"},
		},
		Reasons: []frontier.ReasonCount{{State: seine.Skipped, Reason: "empty", Count: 9}, {State: seine.Error, Reason: "HTTP 500", Count: 3}, {State: seine.Stale, Count: 1}, {State: seine.Error, Reason: "c", Count: 1}, {State: seine.Error, Reason: "d", Count: 1}},
	}
	records := []runner.Recent{{Key: "7", Fields: map[string]any{"title": strings.Repeat("x", 50), "grade": 9.5, "none": nil, "list": []any{"a"}}}}
	want := []string{
		"  host    bad:80 (files)  waits for 1m00s, at 25 % of its pace: HTTP 503", "  host    off:80  paused", "  host    slow:80  may be requested now, at 50 % of its pace: HTTP 429", "          and 1 more host",
		`  record  7  grade=9.5  list=["a"]  title=` + strings.Repeat("x", 39) + "…", "  error   3 HTTP 500", "  stale   1 without a reason", "  error   1 c",
	}
	if got := liveView(s, records, now); !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if got := hostState(s.Hosts[0], now); got != "next request in 3s" {
		t.Errorf("a calm host: %q", got)
	}
	soon := frontier.HostStatus{Blocked: true, Reason: "HTTP 503", NextAt: now.Add(100 * time.Millisecond)}
	if got := hostState(soon, now); got != "waits for 1s: HTTP 503" {
		t.Errorf("a host that waits for a moment: %q", got)
	}
}

// Each report replaces the one before, cut to the size of the terminal.
func TestReportsReplaceEachOther(t *testing.T) {
	t.Parallel()
	at := &testkit.Screen{Columns: 10, Rows: 5}
	a := newApp(Program{}, noEnv, nil, at, io.Discard)
	a.size, a.redraws = func() (int, int) { return at.Columns, at.Rows }, true
	for _, x := range []struct{ report, want []string }{
		{[]string{"one", "two \x1b[31m wide"}, []string{"one", `two \x1b[…`}},
		{[]string{"1", "2", "3", "4", "5", "6"}, []string{"1", "2", "3", "…"}},
		{[]string{"last"}, []string{"last"}},
	} {
		if err := a.frame(func() error { a.print("%s", strings.Join(x.report, "\n")); return nil }); err != nil {
			t.Fatal(err)
		}
		if got := at.Lines(); !slices.Equal(got, x.want) || len(at.Unknown) > 0 {
			t.Errorf("%q, %q; want %q", got, at.Unknown, x.want)
		}
	}
}
