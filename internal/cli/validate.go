package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/idspace"
)

// validateCommand is `seine validate`.
type validateCommand struct{ *app }

func newValidate(a *app) *cobra.Command {
	x := &validateCommand{a}
	return &cobra.Command{
		Use: "validate JOB", Short: "Check a job file and show its plan and duration", Args: cobra.ExactArgs(1),
		Example: `  seine validate cards.yaml`,
		RunE:    func(_ *cobra.Command, args []string) error { return x.run(args) },
	}
}

func (a *validateCommand) run(args []string) error {
	job, file, err := a.load(args[0])
	if err != nil {
		return err
	}
	if err := seedsThere(job); err != nil {
		return err
	}
	list, err := readList(job)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(map[string]any{"job": job.Name, "valid": true})
	}
	a.print("%s: job %s is valid", args[0], job.Name)
	a.describe(job, list)
	a.describeSession(job)
	a.describePages(job, file.Scraper)
	return nil
}

// describe prints the plan of a job.
func (a *validateCommand) describe(job *seine.Job, list *listing) {
	var tasks int64 // of a list, those of the host with the most
	for i := range job.Seeds.IDs {
		s := idspace.Of(&job.Seeds.IDs[i])
		tasks += s.Len()
		a.print("  ids       %s to %s: %d, by strategy %s", s.At(0), s.At(s.Len()-1), s.Len(), job.Explore.Strategy)
	}
	if len(job.Seeds.IDs) > 0 {
		a.print("  url       %s", job.Seeds.URL)
	}
	if n := len(job.Seeds.URLs); n > 0 {
		tasks += int64(n)
		a.print("  urls      %d", n)
	}
	if job.Seeds.File != "" {
		a.print("  file      %s", job.Seeds.File)
		a.describeList(list)
		tasks += list.most
	}
	p := job.Pace
	switch {
	case derived.Unpaced(p):
		a.print("  pace      none: as fast as host and worker allow")
	default:
		delay := p.Delay.Min.String()
		if p.Delay.Max != p.Delay.Min {
			delay += " to " + p.Delay.Max.String()
		}
		over := "over the fleet"
		if p.Scope == seine.ScopeWorker {
			over = "by each worker for itself"
		}
		a.print("  pace      %s between starts on a host, %d at once, %s", delay, max(p.Concurrency, 0), over)
		if h := p.Hours; h != (seine.Hours{}) {
			a.print("  hours     %s to %s %s", clock(h.From), clock(h.To), h.Zone)
		}
		if tasks > 0 && (job.Explore.Strategy == seine.StrategyOff || len(job.Seeds.URLs) > 0 || job.Seeds.File != "") {
			mean := (p.Delay.Min + p.Delay.Max) / 2
			if p.Rest.Every > 0 {
				mean += p.Rest.For / time.Duration(p.Rest.Every)
			}
			what := ""
			if p.Scope == seine.ScopeWorker {
				what = " with one worker"
			}
			// Only the job's hours of each day count.
			days := time.Duration(float64(mean) * float64(tasks) * float64(24*time.Hour) / float64(openHours(p.Hours)))
			if days >= time.Second {
				a.print("  takes     at least %s for %s of one host%s", brief(days), counted(tasks, "page"), what)
			}
		}
	}
	var limits []string
	if d := describeLimit(job, seine.Limit{}); d != "" {
		limits = append(limits, d)
	}
	if len(limits) > 0 {
		a.print("  limit     %s", strings.Join(limits, ", "))
	}
	a.print("  frontier  %s", a.frontierOf(job))
	a.print("  store     %s, key %s", a.storeOf(job), job.Store.Key)
	if err := a.runnable(job); err != nil {
		a.print("  note      %v", err)
	}
}

// openHours is how much of a day a job may fetch.
func openHours(h seine.Hours) time.Duration {
	const day = 24 * time.Hour
	if h.From == h.To {
		return day
	}
	return (h.To - h.From + day) % day
}

// clock prints a time since midnight: 22:00.
func clock(d time.Duration) string { return time.Time{}.Add(d).Format("15:04") }
