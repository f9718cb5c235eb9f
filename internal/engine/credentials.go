package engine

import (
	"slices"

	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
)

// sites returns the sites that may receive the job's credentials for a task, beside those of the job. An operator who
// adds a URL trusts its site. A page that links to another site does not make that site trusted.
func (r *runner) sites(c frontier.Claimed) []string {
	if own, _ := splitMeta(c.Meta); own.Foreign {
		return nil
	}
	page, err := frontier.PageURL(&r.job.Job, c.Key)
	if err != nil {
		return nil
	}
	return []string{page}
}

// foreign reports whether a key that the page of a task names lies on a site that may not receive credentials.
func (r *runner) foreign(c frontier.Claimed, key string) bool {
	page, err := frontier.PageURL(&r.job.Job, key)
	return err == nil && !fetch.MayCarry(page, slices.Concat(fetch.Sites(&r.job.Job), r.sites(c)))
}
