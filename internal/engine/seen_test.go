package engine

import (
	"fmt"
	"testing"

	"github.com/seinehq/seine/internal/frontier"
)

// The set leaves out admitted keys only, and its size is bounded.
func TestSeen(t *testing.T) {
	t.Parallel()
	var s seen
	one := func(i int) []frontier.New { return []frontier.New{{Key: fmt.Sprint(i)}} }
	if got := s.fresh(one(1)); len(got) != 1 {
		t.Fatalf("%v; want the task of an empty set", got)
	}
	for i := range 3 * seenSize {
		if got := s.fresh(one(i)); len(got) != 1 {
			t.Fatalf("key %d is left out before it was added", i)
		}
		s.add(one(i))
		if got := s.fresh(one(i)); len(got) != 0 {
			t.Fatalf("key %d is fresh after it was added", i)
		}
	}
	if n := len(s.young) + len(s.old); n > 2*seenSize {
		t.Errorf("the set holds %d keys; want at most %d", n, 2*seenSize)
	}
	if got := s.fresh(one(0)); len(got) != 1 {
		t.Error("the set does not forget the oldest keys")
	}
}
