package web

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

type momentJSON struct {
	At      time.Time `json:"at"`
	Done    int64     `json:"done"`
	Skipped int64     `json:"skipped"`
	Stale   int64     `json:"stale"`
	Error   int64     `json:"error"`
	Open    int64     `json:"open"`
	Records int64     `json:"records"`
	Files   int64     `json:"assets"`
	Workers int64     `json:"workers"`
}

// historyData holds the counters at the begin of each step, and the work of the steps.
type historyData struct {
	StepS   int          `json:"step_s"`
	Moments []momentJSON `json:"moments"`

	step  time.Duration
	rates []frontier.Rate
}

// The spans of a history, by name.
var spans = map[string]struct{ step, back time.Duration }{
	"": {time.Minute, 3 * time.Hour}, "3h": {time.Minute, 3 * time.Hour}, "2d": {time.Minute, 48 * time.Hour}, "30d": {time.Hour, 30 * 24 * time.Hour}, "1y": {time.Hour, 366 * 24 * time.Hour},
}

func (s *Server) historyData(r *http.Request, job frontier.JobInfo) (any, error) {
	span, ok := spans[r.URL.Query().Get("span")]
	if !ok {
		return nil, fmt.Errorf("the span is 3h, 2d, 30d or 1y")
	}
	return s.history(r, job, span.step, span.back)
}

// history reads the samples of a job up to now.
func (s *Server) history(r *http.Request, job frontier.JobInfo, step, back time.Duration) (historyData, error) {
	out := historyData{StepS: int(step.Seconds()), Moments: []momentJSON{}, step: step}
	now, err := s.cfg.Frontier.Clock(r.Context())
	if err != nil {
		return out, err
	}
	list, err := s.cfg.Frontier.History(r.Context(), job.ID, step, now.Add(-back))
	if err != nil {
		return out, err
	}
	st, err := s.status(r.Context(), job.ID)
	if err != nil {
		return out, err
	}
	list = append(list, frontier.MomentOf(now, st.Counts, st.Workers))
	for _, m := range list {
		out.Moments = append(out.Moments, momentJSON{m.At, m.Done, m.Skipped, m.Stale, m.Error, m.Open, m.Records, m.Assets, m.Workers})
	}
	out.rates = frontier.Rates(list, step)
	return out, nil
}

// The size of a chart in its own units, and the number of its columns.
const (
	chartWidth, chartHeight = 720, 120
	chartColumns            = 180
)

// column is a column of a chart: what ended in a span of time.
type column struct{ good, skipped, bad float64 }

func (c column) sum() float64 { return c.good + c.skipped + c.bad }

// Chart draws the ended tasks per minute or hour. A screen reader gets the sum.
func (h historyData) Chart() template.HTML {
	if len(h.rates) == 0 {
		return ""
	}
	first, last := h.rates[0].At, h.Moments[len(h.Moments)-1].At
	width := max(last.Sub(first)/chartColumns, h.step).Round(h.step)
	columns := make([]column, int(last.Sub(first)/width)+1)
	var all column
	for _, r := range h.rates {
		c := &columns[min(max(0, int(r.At.Sub(first)/width)), len(columns)-1)]
		for _, to := range []*column{c, &all} {
			to.good += float64(r.Done)
			to.skipped += float64(r.Skipped)
			to.bad += float64(r.Stale + r.Error)
		}
	}
	most := slices.MaxFunc(columns, func(a, b column) int {
		switch {
		case a.sum() < b.sum():
			return -1
		case a.sum() > b.sum():
			return 1
		}
		return 0
	}).sum()
	var b strings.Builder
	label := fmt.Sprintf("%s done, %s skipped, %s failed since %s; at most %s in %s", grouped(int64(all.good)), grouped(int64(all.skipped)), grouped(int64(all.bad)),
		first.UTC().Format("2006-01-02 15:04Z"), grouped(int64(most)), brief(width))
	// Everything in the text is a number or a time.
	fmt.Fprintf(&b, `<figure class="chart"><svg viewBox="0 0 %d %d" role="img" aria-label="%s" preserveAspectRatio="none">`, chartWidth, chartHeight, label)
	step := float64(chartWidth) / float64(len(columns))
	for i, c := range columns {
		y := float64(chartHeight)
		for _, part := range []struct {
			class string
			n     float64
		}{{"done", c.good}, {"skipped", c.skipped}, {"failed", c.bad}} {
			if part.n == 0 || most == 0 {
				continue
			}
			high := part.n / most * (chartHeight - 4)
			y -= high
			fmt.Fprintf(&b, `<rect class="%s" x="%.2f" y="%.2f" width="%.2f" height="%.2f"/>`, part.class, float64(i)*step, y, max(step-0.6, 0.6), high)
		}
	}
	fmt.Fprintf(&b, `</svg><figcaption>%s</figcaption></figure>`, label)
	return template.HTML(b.String()) //nolint:gosec // of numbers and times alone
}

// brief writes a duration of whole minutes or hours.
func brief(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d min", int(d.Minutes()))
}

// latestRows is the number of rows of the table of a history.
const latestRows = 60

// Latest returns the last counters, the newest first.
func (h historyData) Latest() []momentJSON {
	out := slices.Clone(h.Moments[max(0, len(h.Moments)-latestRows):])
	slices.Reverse(out)
	return out
}
