package explore

import (
	"fmt"
	"strings"
	"testing"
)

// walkAll plays whole walks in a space whose wanted IDs are hits, and returns the requested IDs in
// order.
func walkAll(t *testing.T, from, to int64, start []int64, hits map[int64]bool, patience int) []int64 {
	t.Helper()
	type task struct {
		id int64
		w  Walk
	}
	var (
		asked []int64
		known = map[int64]Known{}
		queue []task
	)
	for _, id := range start {
		known[id] = Taken
		queue = append(queue, task{id, Walk{}})
	}
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		asked = append(asked, c.id)
		if hits[c.id] {
			known[c.id] = Taken
		} else {
			known[c.id] = Miss
		}
		for _, w := range c.w.Next(hits[c.id], patience) {
			next, at, ok := w.Step(c.id, from, to, patience, func(id int64) Known { return known[id] })
			if ok {
				if known[next] != Unknown {
					t.Fatalf("%d is asked again", next)
				}
				known[next] = Taken
				queue = append(queue, task{next, at})
			}
		}
	}
	return asked
}

func TestWalk(t *testing.T) {
	t.Parallel()
	set := func(ids ...int64) map[int64]bool {
		m := map[int64]bool{}
		for _, id := range ids {
			m[id] = true
		}
		return m
	}
	for _, tt := range []struct {
		name     string
		from, to int64
		start    []int64
		hits     map[int64]bool
		patience int
		want     string
	}{
		{"both ways until a miss", 0, 100, []int64{50}, set(49, 50, 51, 52), 1, "50 51 49 52 48 53"},
		{"a start that misses ends", 0, 100, []int64{50}, set(51), 1, "50"},
		{"patience steps over a gap", 0, 100, []int64{50}, set(50, 52), 2, "50 51 49 52 48 53 54"},
		{"a start that misses goes on with patience", 0, 100, []int64{50}, set(51), 2, "50 51 49 52 53"},
		{"bounds end a side", 49, 51, []int64{50}, set(49, 50, 51), 5, "50 51 49"},
		{"walks that meet end", 0, 100, []int64{50, 53}, set(50, 51, 52, 53), 1, "50 53 51 49 54 52"},
		{"a known miss is stepped over", 0, 100, []int64{51, 50}, set(50, 52), 2, "51 50 52 49 53 48 54"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Trim(fmt.Sprint(walkAll(t, tt.from, tt.to, tt.start, tt.hits, tt.patience)), "[]")
			if got != tt.want {
				t.Errorf("asked %s; want %s", got, tt.want)
			}
		})
	}
}

func TestStepFromOutside(t *testing.T) {
	t.Parallel()
	if _, _, ok := (Walk{Dir: +1}).Step(200, 0, 100, 1, func(int64) Known { return Unknown }); ok {
		t.Error("a walk goes on outside of the space")
	}
}
