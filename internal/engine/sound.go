package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// scrapeTime bounds a scraper on one page if the job sets no Fetch.Timeout. It equals the default
// of Fetch.Timeout, which bounds the rules of job files as well.
const scrapeTime = 20 * time.Second

// errLong ends a scraper that takes too long. Unlike rules, code may wait for something that is
// faster at the next attempt, so it is not final.
var errLong = errors.New("the scraper takes too long on this page")

// isRules reports whether a scraper is the rules of a job file, which bound and check themselves.
func isRules(s seine.Scraper) bool {
	if w, ok := s.(watched); ok {
		return isRules(w.Scraper)
	}
	_, ok := s.(*extract.Scraper)
	return ok
}

// timed calls a scraper, and ends the context of a scraper in Go after its time.
func timed(ctx context.Context, job *seine.Job, task seine.Task, page *seine.Page) (seine.Result, error) {
	if isRules(job.Scraper) {
		return guarded(ctx, job.Scraper, task, page)
	}
	limit := scrapeTime
	if job.Fetch.Timeout > 0 {
		limit = job.Fetch.Timeout
	}
	bounded, cancel := context.WithTimeoutCause(ctx, limit, errLong)
	defer cancel()
	result, err := guarded(bounded, job.Scraper, task, page)
	if err != nil && ctx.Err() == nil && bounded.Err() != nil && !errors.As(err, new(seine.Verdict)) {
		return seine.Result{}, fmt.Errorf("%w: more than %v", errLong, limit)
	}
	return result, err
}

// sound checks what a scraper returned, and gives each asset without a record the record that it
// belongs to. key is the task's. Its errors are mistakes of the scraper, which another attempt
// would repeat.
func sound(result *seine.Result, key string, rules bool) error {
	switch v := result.Verdict; v.State {
	case seine.Pending, seine.Done:
	case seine.Skipped, seine.Stale, seine.Error:
		return nil // nothing of it is stored
	case seine.InProgress:
		fallthrough
	default:
		return fmt.Errorf("the verdict's state is %v; give Done, Skipped, Stale or Error", v.State)
	}
	type id struct{ key, kind string }
	seen, keys := map[id]bool{}, map[string]bool{}
	for _, r := range result.Records {
		one := id{frontier.Clean(cmp.Or(r.Key, key)), frontier.Clean(cmp.Or(r.Kind, "record"))}
		if seen[one] {
			return fmt.Errorf("the page has two records %.100q of the kind %s: give each a Key of its own", one.key, one.kind)
		}
		seen[one], keys[cmp.Or(r.Key, key)] = true, true
	}
	if rules {
		return nil
	}
	for i := range result.Assets {
		a := &result.Assets[i]
		switch {
		case len(keys) == 0:
			return fmt.Errorf("the asset %s has no record, because the page gives none: return a Record for it", a.Name)
		case a.Record != "" && !keys[a.Record]:
			return fmt.Errorf("the asset %s belongs to the record %.100q, and the page has no such record: set Asset.Record to the Key of one", a.Name, a.Record)
		case a.Record != "" || keys[key]:
		case len(keys) > 1:
			return fmt.Errorf("the asset %s may belong to each of %d records: set Asset.Record to the Key of one", a.Name, len(keys))
		default:
			for only := range keys {
				a.Record = only
			}
		}
	}
	return nil
}
