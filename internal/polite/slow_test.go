package polite

import (
	"math"
	"testing"
	"time"

	"github.com/seinehq/seine"
)

func TestSlower(t *testing.T) {
	t.Parallel()
	slow := 0.0
	for i, want := range []float64{2, 4, 8, 16, 32, 64, 64} {
		if slow = Slower(slow); slow != want {
			t.Errorf("refusal %d: %g; want %g", i+1, slow, want)
		}
	}
}

func TestEase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		slow  float64
		good  int
		since time.Duration
		want  float64
	}{
		{"not slowed", 1, 5, time.Hour, 1},
		{"nothing good", 8, 0, time.Hour, 8},
		{"one good answer", 8, 1, time.Hour, 1 / (0.125 + 0.02)},
		{"many at once, too soon", 8, 1000, 0, 8},
		{"many in a quarter of the time", 8, 1000, EaseAll / 4, 1 / (0.125 + 0.25)},
		{"enough of them", 8, 44, time.Hour, 1},
		{"never below the pace", 1.01, 1000, time.Hour, 1},
		{"a clock that went back", 8, 1000, -time.Hour, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Ease(tt.slow, tt.good, tt.since); math.Abs(got-tt.want) > 1e-9 {
				t.Errorf("Ease(%g, %d, %v) = %g; want %g", tt.slow, tt.good, tt.since, got, tt.want)
			}
		})
	}
}

func TestSlowed(t *testing.T) {
	t.Parallel()
	second := seine.Span{Min: time.Second, Max: 2 * time.Second}
	for _, tt := range []struct {
		name        string
		delay       seine.Span
		concurrency int
		slow        float64
		wantDelay   seine.Span
		want        int
	}{
		{"not slowed", second, 8, 1, second, 8},
		{"a quarter", second, 8, 4, seine.Span{Min: 4 * time.Second, Max: 8 * time.Second}, 2},
		{"one is left", second, 8, 64, seine.Span{Min: 64 * time.Second, Max: 128 * time.Second}, 1},
		{"no delay, no bound", seine.Span{}, -1, 2, seine.Span{Min: 2 * SlowFrom, Max: 2 * SlowFrom}, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d, n := Slowed(tt.delay, tt.concurrency, tt.slow); d != tt.wantDelay || n != tt.want {
				t.Errorf("Slowed = %v, %d; want %v, %d", d, n, tt.wantDelay, tt.want)
			}
		})
	}
}
