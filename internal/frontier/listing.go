package frontier

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Listings keeps which pages the sitemaps of a job list, if the sitemaps are read again. A page of
// which no sitemap tells any more is unlisted. It stays a task, because the site may still have it.
type Listings interface {
	// List records that the sitemap with the task key list named pages when it was read at the time
	// at. A page that was unlisted is listed again. A page whose LastMod is later than at the
	// reading before is visited at once, but not sooner than Least after its last visit. A sitemap
	// that was unlisted is read at once.
	List(ctx context.Context, job JobID, list string, at time.Time, pages []Listed) error

	// Unlist ends a reading: what only readings of list before at named is unlisted. If this is a
	// sitemap, it is not read again, and all that it lists is unlisted too. Unlist returns the
	// number of pages that no sitemap lists any more.
	Unlist(ctx context.Context, job JobID, list string, at time.Time) (int, error)
}

// Listed is an entry of a sitemap.
type Listed struct {
	Key string

	// LastMod is the time of the page's last change by the sitemap. Zero means that it has none.
	LastMod time.Time

	// Least is the shortest time between two visits of the page, at least a second. Zero means that
	// LastMod changes nothing.
	Least time.Duration
}

// Distinct returns the entries ordered by key, each key once with its latest LastMod.
func Distinct(pages []Listed) []Listed {
	out := slices.Clone(pages)
	slices.SortStableFunc(out, func(a, b Listed) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), b.LastMod.Compare(a.LastMod))
	})
	return slices.CompactFunc(out, func(a, b Listed) bool { return a.Key == b.Key })
}
