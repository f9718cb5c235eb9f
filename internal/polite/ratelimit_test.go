package polite

import (
	"net/http"
	"testing"
	"time"
)

func TestRateLimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		header []string
		wait   time.Duration
		ok     bool
	}{
		{"nothing", nil, 0, false},
		{"something left", []string{"RateLimit-Remaining", "1", "RateLimit-Reset", "30"}, 0, false},
		{"nothing left", []string{"RateLimit-Remaining", "0", "RateLimit-Reset", "30"}, 30 * time.Second, true},
		{"with X-", []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "7"}, 7 * time.Second, true},
		{"a Unix time", []string{"X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", "1772366460"}, time.Minute, true},
		{"a past Unix time", []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1000000001"}, 0, true},
		{"a date", []string{"X-Rate-Limit-Remaining", "0", "X-Rate-Limit-Reset", "Sun, 01 Mar 2026 12:00:09 GMT"}, 9 * time.Second, true},
		{"too long", []string{"RateLimit-Remaining", "0", "RateLimit-Reset", "999999"}, time.Hour, true},
		{"the field of the draft", []string{"RateLimit", `"minute";r=5;t=3, "day";r=0;t=40`}, 40 * time.Second, true},
		{"of the draft, something left", []string{"RateLimit", `"minute";r=5;t=3`}, 0, false},
		{"no reset", []string{"RateLimit-Remaining", "0"}, 0, false},
		{"no number", []string{"RateLimit-Remaining", "none", "RateLimit-Reset", "soon"}, 0, false},
		{"a fraction", []string{"X-RateLimit-Remaining", "0.0", "X-RateLimit-Reset", "1.5"}, 2 * time.Second, true},
	} {
		h := http.Header{}
		for i := 0; i < len(tt.header); i += 2 {
			h.Add(tt.header[i], tt.header[i+1])
		}
		if wait, ok := RateLimit(h, now, time.Hour); wait != tt.wait || ok != tt.ok {
			t.Errorf("%s: %v, %v; want %v, %v", tt.name, wait, ok, tt.wait, tt.ok)
		}
	}
}
