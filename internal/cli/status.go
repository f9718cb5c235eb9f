package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/drift"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/terminal"
)

// statusCommand is `seine status`.
type statusCommand struct {
	*app

	showSpace bool
	goal      int64
	watch     bool
	history   string
}

func newStatus(a *app) *cobra.Command {
	x := &statusCommand{app: a}
	c := &cobra.Command{
		Use: "status [JOB]", Short: "Show counts by state, rate, time left, hosts and reasons", Args: cobra.MaximumNArgs(1),
		Long: `Shows a job, by its file or by its name in the frontier, or every job.

--space shows the statistics of the ID space that a job explores: the answers, their
yield, the expectation of the best block, and a map. --goal N estimates the requests
and the time until N items are found.

--history shows the work of a job over time, of past runs too.

--watch shows the report again every two seconds, until Ctrl-C. In a pipe each report
follows the one before, after an empty line; -o json prints a line per job and report.`,
		Example: `  seine status
  seine status cards.yaml --space --goal 1000`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	}
	c.Flags().BoolVar(&x.showSpace, "space", false, "show the statistics of the job's ID space, with a map")
	c.Flags().Int64Var(&x.goal, "goal", 0, "with --space: estimate the requests and the time for this many items")
	c.Flags().StringVar(&x.history, "history", "", "show the work of the last 3h, 2d, 30d or 1y")
	c.Flags().BoolVar(&x.watch, "watch", false, "show the report again every two seconds")
	return c
}

// watchEvery is the time between two reports of --watch.
const watchEvery = 2 * time.Second

func (a *statusCommand) run(ctx context.Context, args []string) error {
	space, goal := a.showSpace, a.goal
	switch {
	case a.history != "" && (len(args) == 0 || a.watch || space):
		return usagef("--history: name the job, without --watch and --space")
	case a.history != "":
		return a.past(ctx, args[0], a.history)
	case a.watch && space:
		return usagef("--watch does not go with --space")
	case goal < 0 || goal > 0 && !space:
		return usagef("--goal %d: give a number of items of at least 1, with --space", goal)
	case space && len(args) == 0:
		return usagef("--space: name the job")
	case space:
		return a.space(ctx, args[0], goal)
	}
	var (
		f     statusFrontier
		infos []frontier.JobInfo
	)
	if len(args) == 1 {
		opened, info, err := a.infoAt(ctx, args[0])
		if err != nil {
			return err
		}
		f, infos = opened, []frontier.JobInfo{info}
	} else {
		opened, err := a.open(ctx, a.frontierOf(nil))
		if err != nil {
			return err
		}
		f = opened
		if infos, err = f.Jobs(ctx); err != nil {
			_ = f.Close()
			return err
		}
	}
	defer func() { _ = f.Close() }()
	if len(infos) == 0 {
		a.say("seine: %s has no job yet", a.frontierOf(nil))
	}
	if !a.watch {
		return a.report(ctx, f, infos)
	}
	return a.watching(ctx, watchEvery, func() error { return a.report(ctx, f, infos) })
}

// statusFrontier is the part of a frontier that tells the status of jobs.
type statusFrontier interface {
	frontier.Reader
	frontier.Spaces
	io.Closer
}

// report prints the reports of jobs.
func (a *statusCommand) report(ctx context.Context, f statusFrontier, infos []frontier.JobInfo) error {
	for i, info := range infos {
		s, err := f.Status(ctx, info.ID)
		if err != nil {
			return err
		}
		job, _ := a.stored(info, needs{}) // nil if it is not known here
		known := about(job)
		if a.json() {
			if err := a.printStatus(info.Name, s, known); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			a.print("")
		}
		a.printCounts(info.Name, s, known)
		if err := a.printStopped(ctx, f, info); err != nil {
			return err
		}
		a.printSession(s.Session)
		a.printHours(ctx, f, info)
		a.printHosts(info.Name, s)
		a.printFresh(s)
	}
	return nil
}

// statusJSON is the shape of `status -o json`, which is a contract.
type statusJSON struct {
	Job    string           `json:"job"`
	States map[string]int64 `json:"states"`
	Final  struct {
		Error int64 `json:"error"`
		Stale int64 `json:"stale"`
	} `json:"final"`
	RatePerS float64      `json:"rate_per_s"`
	ETAS     *float64     `json:"eta_s"`
	Hosts    []hostJSON   `json:"hosts"`
	Reasons  []reasonJSON `json:"reasons"`
	Paused   bool         `json:"paused"`
	Workers  int          `json:"workers"`
	Records  int64        `json:"records"`
	Assets   int64        `json:"assets"`

	// FailedAssets counts the assets that records are stored without.
	FailedAssets int64 `json:"failed_assets"`

	// Drift lists the alarms of page kinds that changed.
	Drift []drift.Alarm `json:"drift"`

	// Quarantined counts the records that are not part of the data set.
	Quarantined int64 `json:"quarantined"`

	Unseen int64 `json:"unseen"`

	// NullFields are fields without a value on all or nearly all records.
	NullFields []nullJSON `json:"null_fields"`

	// Unmatched are rules that find no link on any page of their kind.
	Unmatched []ruleJSON `json:"unmatched_rules"`

	// Pages counts the tasks by page kind. LeftOut counts the links that were not followed.
	Pages   []pageJSON    `json:"pages"`
	LeftOut []leftOutJSON `json:"left_out"`

	// Refusals counts what robots rules and opt-outs forbade, as far as its reasons are frequent.
	Refusals []refusalJSON `json:"refusals"`

	// Via lists the shares of the fetchers of page kinds with several.
	Via []viaJSON `json:"via"`

	// Fresh tells how current the data of pages is that are visited again.
	Fresh freshJSON `json:"fresh"`

	// Session is the session on the site, or null.
	Session *sessionJSON `json:"session"`

	// Robots and Consent are obey or ignore, or empty if the job is not known here.
	Robots  string `json:"robots"`
	Consent string `json:"consent"`
}

type refusalJSON struct {
	By     string `json:"by"`    // robots or consent
	Links  bool   `json:"links"` // links that were not followed; otherwise tasks
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

type hostJSON struct {
	Host   string    `json:"host"`
	NextAt time.Time `json:"next_at"`
	Parked bool      `json:"parked"`
	Reason string    `json:"reason"`
	Slow   float64   `json:"slow"` // what its delay is multiplied by
}

type reasonJSON struct {
	State  string `json:"state"`
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

func (c *console) printStatus(job string, s frontier.Status, known aboutJob) error {
	return c.printJSON(statusOf(job, s, known))
}

// statusOf returns the report of a job.
func statusOf(job string, s frontier.Status, known aboutJob) statusJSON {
	out := statusJSON{
		Job: job, States: map[string]int64{}, RatePerS: s.Rate, Paused: s.Paused, Workers: s.Workers,
		Records: s.Records, Assets: s.Assets, FailedAssets: s.FailedAssets, Quarantined: s.Quarantined, Unseen: s.Unseen, Hosts: []hostJSON{}, Reasons: []reasonJSON{}, NullFields: []nullJSON{}, Unmatched: []ruleJSON{}, Refusals: []refusalJSON{},
		Drift: append([]drift.Alarm{}, s.Drift...), Pages: pagesOf(s), LeftOut: leftOutOf(s), Via: viasOf(s), Fresh: freshOf(s), Session: sessionOf(s.Session),
		Robots: string(known.robots), Consent: string(known.consent),
	}
	for _, state := range seine.States {
		out.States[state.String()] = s.States[state]
	}
	out.Final.Error, out.Final.Stale = s.Final[seine.Error], s.Final[seine.Stale]
	if eta, ok := timeLeft(s, known.explores); ok {
		seconds := eta.Seconds()
		out.ETAS = &seconds
	}
	for _, h := range s.Hosts {
		out.Hosts = append(out.Hosts, hostJSON{h.Host, h.NextAt.UTC(), h.Blocked, h.Reason, h.Slow})
	}
	for _, r := range frontier.Plain(s.Reasons) {
		out.Reasons = append(out.Reasons, reasonJSON{r.State.String(), r.Reason, r.Count})
	}
	for _, r := range s.Refusals() {
		out.Refusals = append(out.Refusals, refusalJSON(r))
	}
	out.addLacks(s)
	return out
}

// explores reports whether a job chooses its IDs, so that the number of open tasks is no estimate
// of its duration.
func explores(job *seine.Job) bool {
	normal, err := job.Normal()
	return err == nil && len(discovery.Spaces(&normal)) > 0
}

// timeLeft estimates the remaining time of the job from its rate. ok is false if it is unknown.
func timeLeft(s frontier.Status, explores bool) (d time.Duration, ok bool) {
	if explores {
		return 0, false
	}
	left := s.Open + s.Unseen
	if left == 0 {
		return 0, true
	}
	if s.Rate <= 0 {
		return 0, false
	}
	d = time.Duration(float64(left) / s.Rate * float64(time.Second))
	if !s.LastRetry.IsZero() {
		d = max(d, time.Until(s.LastRetry))
	}
	return d, true
}

// printCounts prints a job's states with the reasons below each.
func (c *console) printCounts(job string, s frontier.Status, known aboutJob) {
	head := job
	if s.Paused {
		head += " (paused)"
	}
	if s.Rate > 0 {
		head += fmt.Sprintf("  %.1f tasks/s by %s", s.Rate, counted(s.Workers, "worker"))
	}
	if eta, ok := timeLeft(s, known.explores); ok && s.Open+s.Unseen > 0 {
		head += ", about " + brief(eta) + " to go"
	}
	c.print("%s", head)
	t := c.table()
	for _, state := range seine.States {
		n := s.States[state]
		if n == 0 && state != seine.Done {
			continue
		}
		note := ""
		if final := s.Final[state]; (state == seine.Error || state == seine.Stale) && final < n {
			note = fmt.Sprintf("%d final, %d %s", final, n-final, number.Chosen(n-final, "waits for its next attempt", "wait for their next attempt"))
		}
		_, _ = fmt.Fprintf(t, "  %s\t%d\t%s\n", state, n, note)
		for _, r := range frontier.Plain(s.Reasons) {
			if r.State == state && r.Reason != "" {
				_, _ = fmt.Fprintf(t, "    \t%d\t%s\n", r.Count, terminal.Escape(r.Reason))
			}
		}
	}
	if s.Unseen > 0 {
		_, _ = fmt.Fprintf(t, "  unseen\t%d\t%s not admitted yet\n", s.Unseen, number.Chosen(s.Unseen, "id that was", "ids that were"))
	}
	_ = t.Flush()
	c.printIgnored(known)
	c.printPages(s)
	if s.FailedAssets > 0 {
		c.print("  %s failed; the records are stored, and `seine export` lists the failures", counted(s.FailedAssets, "asset"))
	}
	c.printDrift(job, s)
	c.printQuarantine(job, s)
	c.printLacks(s)
}

// counted returns a count with its noun: 1 record, 2 records.
func counted[N int | int64](n N, noun string) string { return number.Counted(n, noun) }

// printStopped names the job's ID spaces that are no longer explored.
func (a *statusCommand) printStopped(ctx context.Context, f frontier.Spaces, info frontier.JobInfo) error {
	job, err := a.stored(info, needs{})
	if err != nil {
		return nil //nolint:nilerr // as in printHours
	}
	normal, err := job.Normal()
	if err != nil {
		return nil //nolint:nilerr // what it explores is not known
	}
	spaces := discovery.Spaces(&normal)
	if len(spaces) == 0 {
		return nil
	}
	circuits, err := f.Circuits(ctx, info.ID)
	if err != nil {
		return err
	}
	for _, s := range spaces {
		for _, c := range circuits {
			if c.Space == s.Number && c.Open() {
				a.print("  exploring IDs %s to %s is stopped: %s: run `seine resume %s` to continue", s.At(0), s.At(s.Len()-1), c.Reason, info.Name)
			}
		}
	}
	return nil
}

// printHours reports that a job is outside its hours.
func (a *statusCommand) printHours(ctx context.Context, f frontier.Reader, info frontier.JobInfo) {
	job, err := a.stored(info, needs{})
	if err != nil {
		return // added by a program of the user's own, or with a secret that is not here
	}
	now, err := f.Clock(ctx)
	if err != nil {
		return
	}
	if open, change := polite.Open(job.Pace.Hours, now); !open {
		a.print("  outside its hours until %s", change.UTC().Format(time.RFC3339))
	}
}

// printHosts names the hosts that wait or are slowed down.
func (a *statusCommand) printHosts(job string, s frontier.Status) {
	for _, h := range s.Hosts {
		name := "host " + h.Host
		if host, ok := strings.CutPrefix(h.Host, frontier.AssetLane("")); ok {
			name = "assets of host " + host
		}
		reason := strings.TrimSpace(h.Reason)
		slow := ""
		if h.Slow > 1 {
			slow = fmt.Sprintf("asked at %.0f %% of its pace since it refused", 100/h.Slow)
		}
		switch {
		case h.Blocked && reason == "paused":
			if !strings.HasPrefix(h.Host, frontier.AssetLane("")) { // goes on with its pages
				a.print("  host %s is paused: run `seine resume %s --host %s` to continue", h.Host, job, h.Host)
			}
		case h.Blocked:
			a.print("  %s waits until %s: %s", name, h.NextAt.UTC().Format(time.RFC3339), join("; ", reason, slow))
		case slow != "":
			a.print("  %s is %s: %s", name, slow, reason)
		}
	}
}

// join joins the parts that are not empty.
func join(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}
