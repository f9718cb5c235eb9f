package number_test

import (
	"testing"

	"github.com/seinehq/seine/internal/number"
)

func TestCounted(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 tasks were", 1: "1 task was", 2: "2 tasks were", -1: "-1 tasks were", 1000: "1000 tasks were"} {
		if got := number.Counted(n, "task") + " " + number.Were(n); got != want {
			t.Errorf("%q; want %q", got, want)
		}
	}
}
