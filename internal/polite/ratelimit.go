package polite

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// epoch separates a time in seconds since 1970 from a number of seconds until then.
const epoch = 1_000_000_000

// RateLimit returns the wait that a response asks for when its quota has nothing left, at most
// most. It reads RateLimit (draft-ietf-httpapi-ratelimit-headers: r and t), RateLimit-Remaining
// with RateLimit-Reset, and the same fields with X- before them. A reset is in seconds from now, or
// the Unix time of many APIs. ok is false if something is left or no field states it.
func RateLimit(h http.Header, now time.Time, most time.Duration) (wait time.Duration, ok bool) {
	for _, line := range h.Values("RateLimit") {
		for _, item := range strings.Split(line, ",") {
			left, reset := "", ""
			for _, p := range strings.Split(item, ";")[1:] {
				name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
				switch name {
				case "r":
					left = value
				case "t":
					reset = value
				}
			}
			if wait, ok = until(left, reset, now, most); ok {
				return wait, true
			}
		}
	}
	for _, prefix := range []string{"RateLimit-", "X-RateLimit-", "X-Rate-Limit-"} {
		if wait, ok = until(h.Get(prefix+"Remaining"), h.Get(prefix+"Reset"), now, most); ok {
			return wait, true
		}
	}
	return 0, false
}

// until returns the time until the reset of a quota that has nothing left.
func until(left, reset string, now time.Time, most time.Duration) (time.Duration, bool) {
	if n, err := strconv.ParseFloat(strings.TrimSpace(left), 64); err != nil || n > 0 {
		return 0, false
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(reset), 10, 64); err == nil && n >= epoch {
		return min(max(time.Unix(n, 0).Sub(now), 0), most), true
	}
	return RetryAfter(reset, now, most)
}
