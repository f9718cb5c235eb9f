package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/terminal"
)

// Bounds of the lines below the progress of a run.
const (
	liveHosts    = 3
	liveFailures = 3
	liveValue    = 40 // columns of a field
)

// liveView returns the lines below the progress of a run on a terminal: hosts, the last records and
// the most frequent failures.
func liveView(s runner.Status, records []runner.Recent, now time.Time) []string {
	var out []string
	hosts := slices.Clone(s.Hosts)
	slices.SortStableFunc(hosts, func(a, b frontier.HostStatus) int { return cmp.Compare(trouble(b), trouble(a)) })
	for _, h := range hosts[:min(len(hosts), liveHosts)] {
		out = append(out, "  host    "+hostName(h.Host)+"  "+hostState(h, now))
	}
	if n := len(hosts) - liveHosts; n > 0 {
		out = append(out, "          and "+counted(n, "more host"))
	}
	for _, r := range records {
		out = append(out, "  record  "+r.Key+"  "+fieldLine(r.Fields))
	}
	n := 0
	for _, r := range frontier.Plain(s.Reasons) {
		if n < liveFailures && (r.State == seine.Error || r.State == seine.Stale) {
			n++
			out = append(out, fmt.Sprintf("  %-6s  %d %s", r.State, r.Count, cmp.Or(r.Reason, "without a reason")))
		}
	}
	return out
}

// trouble orders hosts: blocked before slowed ones before others.
func trouble(h frontier.HostStatus) int {
	switch {
	case h.Blocked:
		return 2
	case h.Slow > 1:
		return 1
	}
	return 0
}

// hostName returns the key of a lane for people.
func hostName(lane string) string {
	if host, ok := strings.CutPrefix(lane, frontier.AssetLane("")); ok {
		return host + " (files)"
	}
	return lane
}

// hostState tells when a host is requested next, and why not now.
func hostState(h frontier.HostStatus, now time.Time) string {
	next := "may be requested now"
	switch wait := h.NextAt.Sub(now); {
	case h.Blocked && strings.TrimSpace(h.Reason) == "paused":
		return "paused"
	case h.Blocked && wait > 0:
		next = "waits for " + brief(max(wait, time.Second))
	case h.Blocked:
		next = "waits"
	case wait > 0:
		next = "next request in " + brief(max(wait, time.Second))
	}
	if h.Slow > 1 {
		next += fmt.Sprintf(", at %.0f %% of its pace", 100/h.Slow)
	}
	if h.Blocked || h.Slow > 1 {
		next = join(": ", next, strings.TrimSpace(h.Reason))
	}
	return next
}

// fieldLine writes the fields of a record on one line, by name.
func fieldLine(fields map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var text string
		switch v := fields[name].(type) {
		case nil:
			continue
		case string:
			text = v
		default:
			raw, err := json.Marshal(v)
			if err != nil {
				continue
			}
			text = string(raw)
		}
		parts = append(parts, name+"="+terminal.Cut(text, liveValue))
	}
	return strings.Join(parts, "  ")
}

// watching prints a report again and again until ctx ends. A terminal shows the last one from its
// top, cut to its size. In a pipe each report follows the one before, after an empty line.
func (c *console) watching(ctx context.Context, every time.Duration, report func() error) error {
	for {
		if err := c.frame(report); ctx.Err() != nil {
			return nil //nolint:nilerr // the person ended it
		} else if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
		if !c.json() && !c.redraws {
			c.print("")
		}
	}
}

// frame prints a report, on a terminal in the place of the one before.
func (c *console) frame(report func() error) error {
	if c.json() || !c.redraws {
		return report()
	}
	to := c.stdout
	var text bytes.Buffer
	c.stdout = &text
	err := report()
	c.stdout = to
	if err != nil {
		return err
	}
	columns, rows := c.size()
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	if len(lines) > rows-1 { // the cursor needs a row
		lines = append(lines[:max(0, rows-2)], "…")
	}
	out := "\x1b[H" // the top
	for _, l := range lines {
		out += "\x1b[K" + terminal.Cut(l, columns) + "\n"
	}
	_, err = io.WriteString(to, out+"\x1b[J")
	return err
}
