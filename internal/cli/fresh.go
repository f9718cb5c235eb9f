package cli

import (
	"fmt"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

// freshJSON tells how current the data of a job is whose pages are visited again.
type freshJSON struct {
	// Tracked counts the pages that are visited again. Fresh counts those whose last visit is
	// younger than their interval, Gone the pages that are gone, and Unlisted the pages that no
	// sitemap lists any more.
	Tracked int64 `json:"tracked"`
	Fresh   int64 `json:"fresh"`

	// Share is Fresh per Tracked, null without a tracked page.
	Share *float64 `json:"share"`
	Gone  int64    `json:"gone"`

	// Oldest is the time of the oldest last visit, and Next the time of the next one.
	Oldest *time.Time `json:"oldest"`
	Next   *time.Time `json:"next"`

	Unlisted int64 `json:"unlisted"`
}

func freshOf(s frontier.Status) freshJSON {
	f := s.Fresh
	out := freshJSON{Tracked: f.Tracked, Fresh: f.Fresh, Gone: f.Gone, Unlisted: f.Unlisted}
	if f.Tracked > 0 {
		share := float64(f.Fresh) / float64(f.Tracked)
		out.Share = &share
	}
	for _, t := range []struct {
		at time.Time
		to **time.Time
	}{{f.Oldest, &out.Oldest}, {f.Next, &out.Next}} {
		if !t.at.IsZero() {
			at := t.at.UTC()
			*t.to = &at
		}
	}
	return out
}

// printFresh prints how current the data is, if pages are visited again.
func (c *console) printFresh(s frontier.Status) {
	f := s.Fresh
	if f.Tracked == 0 {
		return
	}
	line := fmt.Sprintf("%d of %s visited within the interval", f.Fresh, number.Counted(f.Tracked, "page"))
	if f.Gone > 0 {
		line += fmt.Sprintf(", %d gone", f.Gone)
	}
	if f.Unlisted > 0 {
		line += fmt.Sprintf(", %d unlisted", f.Unlisted)
	}
	if !f.Oldest.IsZero() {
		line += ", oldest visit " + f.Oldest.UTC().Format(time.RFC3339)
	}
	if !f.Next.IsZero() {
		line += ", next visit " + f.Next.UTC().Format(time.RFC3339)
	}
	c.print("  %s", line)
}

// printNext prints the time of the next visit, and reports whether there is one.
func (c *console) printNext(s frontier.Status) bool {
	f := s.Fresh
	if f.Next.IsZero() {
		return false
	}
	c.print("next visit at %s: %s; the same command makes it then, and `seine worker` with the same job file makes all visits", f.Next.UTC().Format(time.RFC3339), number.Counted(f.Tracked, "page"))
	return true
}
