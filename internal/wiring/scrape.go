package wiring

import (
	"cmp"
	"context"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
)

// Scrape runs a scraper on a page as a worker does, without a job. IDs may be followed. The records
// have their defaults.
func Scrape(ctx context.Context, s seine.Scraper, task seine.Task, page *seine.Page) (seine.Result, error) {
	job := seine.Job{Name: task.Job, Scraper: s, Seeds: seine.Seeds{URL: "https://site.invalid/{id}"}}
	result, err := engine.Scraped(ctx, &job, task, page)
	if err != nil {
		return result, err
	}
	if result.Verdict.State == seine.Pending {
		result.Verdict.State = seine.Done
	}
	for i, r := range result.Records {
		r.Key, r.Kind, r.URL = cmp.Or(r.Key, task.Key), cmp.Or(r.Kind, "record"), cmp.Or(r.URL, page.URL)
		if r.FetchedAt.IsZero() {
			r.FetchedAt = page.FetchedAt
		}
		result.Records[i] = r
	}
	return result, nil
}
