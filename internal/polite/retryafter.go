// Package polite decides when a host may be asked. It is pure. Times and random draws are
// arguments, and no function waits.
//
// Over a fleet a host's pace is decided where tasks are claimed, in the frontier. This package
// holds the state of each process: the pace of a worker with its own address ([Pacer]), and the
// wait that an answer requests ([RetryAfter], [HostPause]).
package polite

import (
	"net/http"
	"strings"
	"time"
)

// RetryAfter reads a Retry-After header (RFC 9110 section 10.2.3), in seconds or as a date, as a
// wait from now. The wait is at most most, and zero for a past or negative value. ok is false if
// the header is empty or invalid. A fraction of a second, which some servers send, is rounded up.
func RetryAfter(header string, now time.Time, most time.Duration) (wait time.Duration, ok bool) {
	header = strings.TrimSpace(header)
	most = max(most, 0)
	if wait, ok := seconds(header, most); ok {
		return wait, true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), most), true
}

// seconds reads a decimal number without an exponent. It counts by itself
// because a number of any length must end at most, not in an overflow.
func seconds(s string, most time.Duration) (time.Duration, bool) {
	s, negative := strings.CutPrefix(s, "-")
	if !negative {
		s = strings.TrimPrefix(s, "+")
	}
	whole, fraction, dot := strings.Cut(s, ".")
	if whole == "" || dot && fraction == "" || !digits(whole) || !digits(fraction) {
		return 0, false
	}
	var n time.Duration // in seconds, one more than most allows at the end
	limit := most/time.Second + 1
	for i := range len(whole) {
		n = min(n*10+time.Duration(whole[i]-'0'), limit)
	}
	if strings.Trim(fraction, "0") != "" {
		n = min(n+1, limit)
	}
	if negative {
		return 0, true
	}
	return min(n*time.Second, most), true
}

func digits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// The pause after a fault of a host as a whole.
const (
	firstPause = 5 * time.Second
	longPause  = 10 * time.Minute
)

// HostPause returns the backoff of a host after a number of its own faults in a row: 5 s after the
// first, doubled up to 10 min, and none for no fault. None for no fault. A host that is down for a
// night then costs six requests per hour, and a restarted host is soon requested again.
func HostPause(faults int) time.Duration {
	if faults <= 0 {
		return 0
	}
	d := firstPause
	for range min(faults-1, 7) {
		d *= 2
	}
	return min(d, longPause)
}
