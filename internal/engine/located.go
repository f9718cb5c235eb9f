package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/extract"
)

// maxAfter bounds [seine.Verdict.After].
const maxAfter = 24 * time.Hour

// Scraped calls the job's scraper. The follows and assets of the result have absolute URLs, and the
// assets have paths. A verdict that the scraper returns as an error is the verdict of the result.
func Scraped(ctx context.Context, job *seine.Job, task seine.Task, page *seine.Page) (seine.Result, error) {
	result, err := timed(ctx, job, task, page)
	var v seine.Verdict
	if errors.As(err, &v) {
		result.Verdict, err = v, nil
	}
	if err != nil {
		return result, err
	}
	key := cmp.Or(task.Key, page.URL)
	if err := sound(&result, key, isRules(job.Scraper)); err != nil {
		return seine.Result{}, fmt.Errorf("%w: %w", seine.ErrFinal, err)
	}
	var of func(ref string) (string, error)
	resolve := func(ref string) (string, error) {
		if of == nil {
			of = extract.Resolver(ctx, page)
		}
		return of(ref)
	}
	follow, left, err := discovery.Located(job, result.Follow, resolve)
	if err != nil {
		return seine.Result{}, err
	}
	result.Follow = follow
	result.LeftOut = append(result.LeftOut, left...)
	for i, a := range result.Assets {
		if a.URL == "" || strings.Contains(a.URL, "://") || strings.HasPrefix(a.URL, "data:") || strings.HasPrefix(a.URL, "blob:") {
			continue
		}
		if abs, err := resolve(a.URL); err == nil { // otherwise its fetch fails
			result.Assets[i].URL = abs
		}
	}
	if err := placed(job, cmp.Or(task.ID, task.Key, page.URL), &result); err != nil {
		return seine.Result{}, err
	}
	return result, nil
}
