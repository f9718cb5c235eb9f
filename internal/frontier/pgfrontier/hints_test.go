package pgfrontier_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// The end of the last claim of a lane is a hint: a better task comes first, and a requeued task is
// claimed before the lane is empty.
func TestTasksBelowAHintAreClaimed(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.Migrated(t), nil)
	job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 1000}}, false)
	if err != nil {
		t.Fatal(err)
	}
	l, err := f.OpenLease(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	add := func(key string, prio int) {
		t.Helper()
		if n, err := f.Add(t.Context(), job, []frontier.New{{Key: key, Lane: "h:80", Priority: prio}}); err != nil || n != 1 {
			t.Fatalf("added %d, %v", n, err)
		}
	}
	claim := func(n, want int) []frontier.Claimed {
		t.Helper()
		got, err := f.Claim(t.Context(), l, frontier.ClaimArgs{Job: job, N: n})
		if err != nil || len(got) != want {
			t.Fatalf("claimed %d, %v; want %d", len(got), err, want)
		}
		return got
	}
	for i := range 30 {
		add(fmt.Sprintf("a%02d", i), 1)
	}
	for i := range 5 {
		add(fmt.Sprintf("late%d", i), 2)
	}
	first := claim(10, 10)
	if _, err := f.Release(t.Context(), l, first[:3]); err != nil {
		t.Fatal(err)
	}
	add("urgent", 0)
	if got := claim(1, 1); got[0].Key != "urgent" {
		t.Errorf("claimed %s; want urgent", got[0].Key)
	}
	rest := map[string]bool{}
	for range 3 {
		for _, c := range claim(10, min(10, 28-len(rest))) {
			rest[c.Key] = true
		}
	}
	for _, c := range first[:3] {
		if !rest[c.Key] {
			t.Errorf("%s was released and not claimed again", c.Key)
		}
	}
	claim(10, 0)
	if _, ok, err := f.Due(t.Context(), []frontier.JobID{job}); err != nil || ok {
		t.Errorf("due: %v, %v; want nothing left", ok, err)
	}
}

// A claim that skips lanes learns nothing about the first lane, so the next claim may take it.
func TestLanesLeftAloneAreSeenAgain(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.Migrated(t), nil)
	job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 1000}}, false)
	if err != nil {
		t.Fatal(err)
	}
	l, err := f.OpenLease(t.Context(), "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	add := func(host string) {
		t.Helper()
		if _, err := f.Add(t.Context(), job, []frontier.New{{Key: host + "1", Lane: host, Priority: 1}, {Key: host + "2", Lane: host, Priority: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	claim := func(args frontier.ClaimArgs) frontier.Claimed {
		t.Helper()
		args.Job, args.N = job, 1
		got, err := f.Claim(t.Context(), l, args)
		if err != nil || len(got) != 1 {
			t.Fatalf("claimed %d, %v; want one", len(got), err)
		}
		return got[0]
	}
	add("a:80")
	a := claim(frontier.ClaimArgs{})
	time.Sleep(1500 * time.Millisecond) // a hint is a second older than the claim
	add("b:80")
	if got := claim(frontier.ClaimArgs{Not: []frontier.LaneID{a.Lane}}); got.LaneKey != "b:80" {
		t.Fatalf("claimed of %s", got.LaneKey)
	}
	if got := claim(frontier.ClaimArgs{}); got.LaneKey != "a:80" {
		t.Errorf("claimed of %s before a:80, which is due for longer", got.LaneKey)
	}
}
