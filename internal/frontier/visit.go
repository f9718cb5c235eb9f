package frontier

import (
	"time"

	"github.com/seinehq/seine"
)

// Visit is what the last visit of a page found. A frontier keeps it for pages that are visited
// again.
type Visit struct {
	// ETag and LastModified are the validators of the response. Hash is a digest of what was
	// extracted.
	ETag, LastModified string
	Hash               []byte

	// Every is the interval between two visits, stored in whole seconds, rounded up. Zero means
	// that the page is not visited again by itself.
	Every time.Duration

	// Next is the time until the next visit. Zero means none. Only Complete reads it.
	Next time.Duration

	// The frontier keeps the rest, and Complete ignores it: the times of the last visit and of the
	// last one that found other content, the time from which on the page is gone, and the numbers
	// of visits and of changes since the first one. A zero time means never.
	CheckedAt, ChangedAt, GoneAt time.Time
	Visits, Changes              int64
}

// EverySeconds returns the interval as a frontier stores it.
func (v *Visit) EverySeconds() int64 {
	return int64((v.Every + time.Second - 1) / time.Second)
}

// Forgets reports whether a completion ends the visits of its page. An error does not end them:
// [Maintainer.Promote] has put off the next one.
func (c Completion) Forgets() bool {
	return c.Visit == nil && c.Claimed.Visit != nil && c.Again == nil && (c.State == seine.Done || c.State == seine.Skipped)
}

// Returns reports whether a page that was gone is there again, with the content of before.
func (c Completion) Returns() bool {
	return c.Unchanged && !c.Gone && c.Claimed.Visit != nil && !c.Claimed.Visit.GoneAt.IsZero()
}

// FreshStatus tells how current the data of a job is.
type FreshStatus struct {
	// Tracked counts the pages that are visited again. Fresh counts those whose last visit is
	// younger than their interval, Gone the pages that are gone, and Unlisted the pages that no
	// sitemap lists any more.
	Tracked, Fresh, Gone, Unlisted int64

	// Oldest is the time of the oldest last visit, and Next the time of the next one. Zero means
	// none.
	Oldest, Next time.Time
}
