package cli

import (
	"log/slog"
	"strings"
	"testing"
)

// page returns the content of a terminal after these bytes, without erased lines.
func page(written string) []string {
	lines := strings.Split(written, "\n")
	for i, l := range lines {
		if at := strings.LastIndex(l, eraseLine); at >= 0 {
			lines[i] = l[at+len(eraseLine):]
		}
	}
	return lines
}

// A log line stands in a line of its own, with the progress below it, which is never wider than the
// terminal.
func TestLogLinesStandAboveTheProgress(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	columns := 24
	s := &screen{w: &b, width: func() int { return columns }}
	a := newApp(Program{}, noEnv, nil, nil, nil)
	a.terminal, a.screen = true, s
	a.stderr = a.redact.writer(s)
	s.show("done 1  left 9  1.0/s  about 9s to go")
	a.logger(slog.LevelWarn).WarnContext(t.Context(), "fetch failed", "task", "7")
	a.say("seine: a sentence")
	columns = 12
	s.show("done 2  left 8  1.0/s")
	got := page(b.String())
	if len(got) != 3 || !strings.HasPrefix(got[0], "time=") || !strings.HasSuffix(got[0], `level=WARN msg="fetch failed" task=7`) || got[1] != "seine: a sentence" || got[2] != "done 2  le…" {
		t.Errorf("%q", got)
	}
	if !strings.Contains(b.String(), eraseLine+"done 1  left 9  1.0/s …\r") {
		t.Errorf("%q; want the first line cut to 23 columns", b.String())
	}
	s.show("")
	if got := page(b.String()); got[len(got)-1] != "" {
		t.Errorf("%q; want the progress gone", got)
	}
}

// A line that is written in pieces is not broken by the progress.
func TestALineInPieces(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	s := &screen{w: &b, width: func() int { return 80 }}
	s.show("done 1")
	for _, piece := range []string{"one ", "", "line"} {
		_, _ = s.Write([]byte(piece))
	}
	s.show("done 2")
	_, _ = s.Write([]byte("\n"))
	if got := page(b.String()); len(got) != 2 || got[0] != "one line" || got[1] != "done 2" {
		t.Errorf("%q", got)
	}
}
