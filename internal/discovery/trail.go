package discovery

import (
	"crypto/sha256"
	"encoding/base64"
)

// A trail holds the pages of a list that led to a page, each as markLength characters of a hash of
// its key. It is as long as maxTrail pages, because it is stored with each page. A list that comes
// back to an earlier page ends there in any case, because no task is admitted twice.
const (
	maxTrail   = 16
	markLength = 8
)

// trailMark returns the mark of a key.
func trailMark(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:markLength*6/8])
}

// trailTo returns the trail of a page that a page with a key and a trail leads to. back reports
// that the page is one of those on it.
func trailTo(next, key, trail string) (longer string, back bool) {
	longer = trail + trailMark(key)
	longer = longer[max(0, len(longer)-maxTrail*markLength):]
	mark := trailMark(next)
	for at := 0; at+markLength <= len(longer); at += markLength {
		if longer[at:at+markLength] == mark {
			return longer, true
		}
	}
	return longer, false
}
