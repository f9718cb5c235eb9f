package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/terminal"
)

const (
	// Intervals between progress lines on a terminal and in a pipe.
	drawEvery = 300 * time.Millisecond
	lineEvery = 30 * time.Second
)

// showProgress prints the progress of a run until ctx is done: redrawn lines on a terminal, or a
// line now and then in a pipe or a log.
func (a *runCommand) showProgress(ctx context.Context, w *runner.Worker, job *seine.Job) {
	if a.quiet || !a.draws() && !a.notes() {
		return
	}
	every, chooses := lineEvery, explores(job)
	if a.draws() {
		every = drawEvery
		defer a.screen.show()
	}
	t := time.NewTicker(every)
	defer t.Stop()
	var (
		status runner.Status
		asked  time.Time
	)
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if time.Since(asked) > askEvery {
			s, err := w.Status(ctx, job.Name)
			if err != nil {
				continue // the engine says that the frontier does not answer
			}
			status, asked = s, time.Now()
		}
		line := progressLine(status, w.Progress(), job.Name, chooses)
		switch {
		case a.draws():
			view := append([]string{line}, liveView(status, w.Recent(job.Name), time.Now())...)
			for i, l := range view {
				view[i] = terminal.Escape(a.redact.clean(l))
			}
			a.screen.show(view...)
		case !a.logsJSON():
			a.note("seine: %s", line)
		default:
			a.logger(slog.LevelInfo).InfoContext(ctx, "run in progress", "job", job.Name, "counts", line)
		}
	}
}

// askEvery is how old the frontier's counters may be that are shown.
const askEvery = time.Second

func progressLine(s runner.Status, progress []runner.Progress, job string, explores bool) string {
	rate, why := 0.0, ""
	for _, p := range progress {
		if p.Job == job {
			rate, why = p.Rate, p.Why
		}
	}
	parts := []string{}
	for _, state := range []seine.State{seine.Done, seine.Skipped, seine.Stale, seine.Error} {
		parts = append(parts, fmt.Sprintf("%s %d", state, s.Final[state]))
	}
	if waiting := s.States[seine.Error] + s.States[seine.Stale] - s.Final[seine.Error] - s.Final[seine.Stale]; waiting > 0 {
		parts = append(parts, fmt.Sprintf("waiting for a retry %d", waiting))
	}
	left := s.Open + s.Unseen
	name := "left"
	if explores {
		name = "under way"
	}
	parts = append(parts, fmt.Sprintf("%s %d", name, left), fmt.Sprintf("%.1f/s", rate))
	if rate > 0 && left > 0 && !explores {
		parts = append(parts, "about "+brief(time.Duration(float64(left)/rate*float64(time.Second)))+" to go")
	}
	if waits := waitsFor(s, rate); waits != "" {
		parts = append(parts, waits)
	} else if rate == 0 && why != "" {
		parts = append(parts, why)
	}
	if s.Paused {
		parts = append(parts, "paused: `seine resume "+job+"` continues it")
	}
	for _, h := range s.Hosts {
		if wait := time.Until(h.NextAt); h.Blocked && wait >= time.Second {
			parts = append(parts, fmt.Sprintf("host %s rests for %s: %s", h.Host, brief(wait), h.Reason))
			break
		}
	}
	return strings.Join(parts, "  ")
}

// waitsFor names the reason why a run waits: later retries, or the lease of a worker that may be
// dead. It returns an empty text for a run in progress.
func waitsFor(s runner.Status, rate float64) string {
	open := s.Open + s.Unseen
	if rate > 0 || open == 0 {
		return ""
	}
	var held int64
	var last frontier.LeaseStatus
	for _, l := range s.Leases {
		if held += l.Tasks; l.ExpiresAt.After(last.ExpiresAt) {
			last = l
		}
	}
	switch waiting := s.States[seine.Error] + s.States[seine.Stale] - s.Final[seine.Error] - s.Final[seine.Stale]; {
	case held == open:
		return fmt.Sprintf("waits until %s: lease of worker %s ends", last.ExpiresAt.Local().Format("15:04:05"), terminal.Escape(last.Worker))
	case held == 0 && waiting == open:
		return "waits for retries until " + s.LastRetry.Local().Format("15:04:05")
	}
	return ""
}

// brief formats a duration in at most two units.
func brief(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()+0.5))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	case d < 1000*24*time.Hour:
		return counted(int(d.Hours()/24+0.5), "day")
	}
	return fmt.Sprintf("%.1f years", d.Hours()/24/365.25)
}
