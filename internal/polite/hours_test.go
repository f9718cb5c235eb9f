package polite

import (
	"testing"
	"time"

	"github.com/seinehq/seine"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night := seine.Hours{From: 22 * time.Hour, To: 6 * time.Hour}
	day := seine.Hours{From: 9 * time.Hour, To: 17*time.Hour + 30*time.Minute}
	there := seine.Hours{From: 2 * time.Hour, To: 5 * time.Hour, Zone: berlin}
	for _, tt := range []struct {
		name   string
		hours  seine.Hours
		now    string
		open   bool
		change string // empty: never
	}{
		{"the whole day", seine.Hours{}, "2026-11-24T03:00:00Z", true, ""},
		{"equal edges are the whole day", seine.Hours{From: time.Hour, To: time.Hour}, "2026-11-24T03:00:00Z", true, ""},
		{"by day", day, "2026-11-24T12:00:00Z", true, "2026-11-24T17:30:00Z"},
		{"before the day", day, "2026-11-24T08:59:59Z", false, "2026-11-24T09:00:00Z"},
		{"from its first moment", day, "2026-11-24T09:00:00Z", true, "2026-11-24T17:30:00Z"},
		{"until before its last", day, "2026-11-24T17:30:00Z", false, "2026-11-25T09:00:00Z"},
		{"over midnight, before", night, "2026-11-24T23:00:00Z", true, "2026-11-25T06:00:00Z"},
		{"over midnight, after", night, "2026-11-25T05:59:59Z", true, "2026-11-25T06:00:00Z"},
		{"over midnight, by day", night, "2026-11-25T06:00:00Z", false, "2026-11-25T22:00:00Z"},
		{"in another zone", there, "2026-11-24T01:30:00Z", true, "2026-11-24T04:00:00Z"},
		{"in its summer", there, "2026-07-01T03:00:00Z", false, "2026-07-02T00:00:00Z"},
		{"clocks go forward over the edge", there, "2026-03-29T00:59:59Z", false, "2026-03-29T01:00:00Z"},
		{"and it is open", there, "2026-03-29T01:00:00Z", true, "2026-03-29T03:00:00Z"},
		{"at a year's end", night, "2026-12-31T23:00:00Z", true, "2027-01-01T06:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			open, change := Open(tt.hours, now)
			got := ""
			if !change.IsZero() {
				got = change.UTC().Format(time.RFC3339)
			}
			if open != tt.open || got != tt.change {
				t.Errorf("Open at %s = %v until %q; want %v until %q", tt.now, open, got, tt.open, tt.change)
			}
		})
	}
}
