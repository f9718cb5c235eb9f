package polite

import (
	"time"

	"github.com/seinehq/seine"
)

// Open reports whether now is within the hours, and the time of the next change. The zero time
// means never. If clocks are put forward over the edge of an hour, the edge is the moment of that
// change.
func Open(h seine.Hours, now time.Time) (open bool, change time.Time) {
	if h.From == h.To {
		return true, time.Time{}
	}
	zone := h.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := now.In(zone)
	year, month, day := local.Date()
	// The edges of yesterday to tomorrow; the last one not after now decides.
	var last time.Time
	for d := day - 1; d <= day+1; d++ {
		for edge, opens := range map[time.Duration]bool{h.From: true, h.To: false} {
			at := time.Date(year, month, d, 0, 0, int(edge/time.Second), 0, zone)
			switch {
			case at.After(now):
				if change.IsZero() || at.Before(change) {
					change = at
				}
			case at.After(last):
				last, open = at, opens
			}
		}
	}
	return open, change
}
