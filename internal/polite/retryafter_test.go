package polite

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, header string
		want         time.Duration
		ok           bool
	}{
		{"seconds", "120", 2 * time.Minute, true},
		{"none", "0", 0, true},
		{"space around", " 5\t", 5 * time.Second, true},
		{"zeros before", "0007", 7 * time.Second, true},
		{"plus", "+3", 3 * time.Second, true},
		{"negative", "-30", 0, true},
		{"a fraction counts as a whole", "1.2", 2 * time.Second, true},
		{"no fraction after all", "1.0", time.Second, true},
		{"a fraction alone", "0.001", time.Second, true},
		{"capped", "86400", time.Hour, true},
		{"just capped", "3601", time.Hour, true},
		{"exactly the cap", "3600", time.Hour, true},
		{"capped where int64 ends", "9223372036854775807", time.Hour, true},
		{"capped beyond any number", strings.Repeat("9", 4000), time.Hour, true},
		{"date", "Sun, 01 Mar 2026 12:05:00 GMT", 5 * time.Minute, true},
		{"date of RFC 850", "Sunday, 01-Mar-26 12:05:00 GMT", 5 * time.Minute, true},
		{"date of asctime", "Sun Mar  1 12:05:00 2026", 5 * time.Minute, true},
		{"date gone by", "Sun, 01 Mar 2026 11:00:00 GMT", 0, true},
		{"date capped", "Mon, 01 Mar 2027 12:00:00 GMT", time.Hour, true},
		{"empty", "", 0, false},
		{"words", "soon", 0, false},
		{"seconds with a unit", "30s", 0, false},
		{"exponent", "1e3", 0, false},
		{"hex", "0x10", 0, false},
		{"sign alone", "-", 0, false},
		{"dot alone", ".", 0, false},
		{"dot at the end", "1.", 0, false},
		{"two numbers", "1 2", 0, false},
		{"two headers joined", "1, 2", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := RetryAfter(tt.header, noon, time.Hour)
			if got != tt.want || ok != tt.ok {
				t.Errorf("RetryAfter(%.40q) = %v, %v; want %v, %v", tt.header, got, ok, tt.want, tt.ok)
			}
		})
	}
	if got, ok := RetryAfter("5", noon, 2500*time.Millisecond); got != 2500*time.Millisecond || !ok {
		t.Errorf("RetryAfter(5) with at most 2.5s = %v, %v", got, ok)
	}
	if got, ok := RetryAfter("5", noon, -1); got != 0 || !ok {
		t.Errorf("RetryAfter(5) with at most -1 = %v, %v", got, ok)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"1", "-1", "1.5", "Sun, 01 Mar 2026 12:05:00 GMT", "99999999999999999999", "+"} {
		f.Add(s, int64(time.Hour))
	}
	f.Fuzz(func(t *testing.T, s string, most int64) {
		got, ok := RetryAfter(s, noon, time.Duration(most))
		if got < 0 || got > max(time.Duration(most), 0) || !ok && got != 0 {
			t.Errorf("RetryAfter(%q, at most %d) = %d, %v", s, most, got, ok)
		}
		if at, err := http.ParseTime(strings.TrimSpace(s)); err == nil && (!ok || got > max(at.Sub(noon), 0)) {
			t.Errorf("RetryAfter(%q) = %v, %v; the date is %v", s, got, ok, at)
		}
	})
}

func TestHostPause(t *testing.T) {
	t.Parallel()
	want := []time.Duration{0, 5, 10, 20, 40, 80, 160, 320, 600, 600, 600}
	for n, w := range want {
		if got := HostPause(n); got != w*time.Second {
			t.Errorf("HostPause(%d) = %v; want %v", n, got, w*time.Second)
		}
	}
	if got := HostPause(-1); got != 0 {
		t.Errorf("HostPause(-1) = %v; want 0", got)
	}
	if got := HostPause(1 << 30); got != 10*time.Minute {
		t.Errorf("HostPause(1<<30) = %v; want 10m", got)
	}
}
