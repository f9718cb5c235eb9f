package engine_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/cgroup"
	"github.com/seinehq/seine/internal/engine"
)

// A worker at its memory's end begins one task at a time, and as many as before
// when there is room again.
func TestShortOfMemory(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	set := func(name, text string) {
		t.Helper()
		at := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at+"~", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(at+"~", at); err != nil { // read meanwhile
			t.Fatal(err)
		}
	}
	set("proc/self/cgroup", "0::/\n")
	set("sys/fs/cgroup/memory.max", "1000000\n")
	set("sys/fs/cgroup/memory.current", "990000\n")

	var flying, most atomic.Int64
	var short atomic.Bool
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		n := flying.Add(1)
		defer flying.Add(-1)
		if short.Load() {
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
		}
		<-time.After(100 * time.Millisecond)
		_, _ = fmt.Fprint(w, "hello")
	})
	j := r.register(r.job(func(j *seine.Job) { j.Concurrency = 8 }))
	var keys []string
	for i := range 600 {
		keys = append(keys, fmt.Sprint(i))
	}
	r.add(j, keys...)
	e := r.engine(j, func(c *engine.Config) { c.Watch = cgroup.NewWatch(cgroup.At(root)) })
	done := make(chan error)
	go func() { done <- e.Run(t.Context()) }()
	until := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); !ok(); <-time.After(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("not so: %s\n%s", what, r.log)
			}
		}
	}
	until("it is short", func() bool { return e.Share() == 0 })
	calm := 0 // between two tasks that were claimed before there are none under way, either
	until("what was under way has ended", func() bool {
		if calm++; flying.Load() > 1 {
			calm = 0
		}
		return calm > 50
	})
	short.Store(true)
	<-time.After(time.Second)
	short.Store(false)
	if n := most.Load(); n != 1 {
		t.Errorf("%d tasks at once at the memory's end; want 1", n)
	}
	set("sys/fs/cgroup/memory.current", "100000\n")
	until("more at once", func() bool { return flying.Load() > 2 })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(r.log.String(), "short of memory or CPU"); n != 1 {
		t.Errorf("it is logged %d times; want once", n)
	}
}
