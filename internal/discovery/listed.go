package discovery

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/outage"
)

// kept collects the entries of a sitemap that is read again, for the frontier.
type kept struct {
	to    frontier.Listings
	list  string // the key of the sitemap's task
	at    time.Time
	pages []frontier.Listed
}

// Keep states that the sitemap with the task key list is read again, and at what time of the
// frontier's clock this reading began. to receives the entries.
func (l *Listing) Keep(to frontier.Listings, list string, at time.Time) {
	l.kept = &kept{to: to, list: list, at: at}
}

// keep adds an admitted page or sitemap.
func (l *Listing) keep(ctx context.Context, task frontier.New, lastmod time.Time) error {
	if l.kept == nil {
		return nil
	}
	page := frontier.Listed{Key: task.Key, LastMod: lastmod}
	if kind := l.in.job.PageKind(task.Page, task.Key); kind != nil && kind.Recrawl.Every == 0 && kind.Recrawl.Set() {
		page.Least = max(kind.Recrawl.Min, time.Second)
	}
	l.kept.pages = append(l.kept.pages, page)
	if len(l.kept.pages) < addBatch {
		return nil
	}
	return l.flushKept(ctx)
}

func (l *Listing) flushKept(ctx context.Context) error {
	if l.kept == nil || len(l.kept.pages) == 0 {
		return nil
	}
	err := patiently(ctx, l.in.Log, func() error {
		return l.kept.to.List(ctx, l.in.id, l.kept.list, l.kept.at, l.kept.pages)
	})
	l.kept.pages = l.kept.pages[:0]
	return err
}

// Unlist ends a reading to the end of the sitemap, after Flush. It returns the number of pages that
// no sitemap lists any more.
func (l *Listing) Unlist(ctx context.Context) (n int, err error) {
	if l.kept == nil {
		return 0, nil
	}
	err = patiently(ctx, l.in.Log, func() (err error) {
		if l.depth == 0 { // the job itself names the sitemap
			root := []frontier.Listed{{Key: l.kept.list}}
			if err := l.kept.to.List(ctx, l.in.id, "", l.kept.at, root); err != nil {
				return err
			}
		}
		n, err = l.kept.to.Unlist(ctx, l.in.id, l.kept.list, l.kept.at)
		return err
	})
	return n, err
}

// patiently repeats a write while the frontier is unreachable, until ctx ends. log receives the
// outage. Nil discards it.
func patiently(ctx context.Context, log *slog.Logger, write func() error) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	o := outage.OfFrontier(log, nil)
	for {
		err := write()
		if err == nil {
			o.Over(ctx)
			return nil
		}
		if wait := o.Note(ctx, err); wait == 0 || !outage.Sleep(ctx, wait) {
			return errors.Join(err, ctx.Err())
		}
	}
}

// ChangeFreq returns the interval that the changefreq of a sitemap means. Zero means that the meta
// has none.
func ChangeFreq(meta map[string]any) time.Duration {
	const day = 24 * time.Hour
	text, _ := meta[metaChangeFreq].(string)
	return map[string]time.Duration{
		"always": time.Second, "hourly": time.Hour, "daily": day, "weekly": 7 * day,
		"monthly": 30 * day, "yearly": 365 * day, "never": 100 * 365 * day,
	}[text]
}
