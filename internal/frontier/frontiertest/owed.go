package frontiertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

// failedAssets lists the failed assets of all records as "key name reason".
func (s *suite) failedAssets(job frontier.JobID) (out []string) {
	s.Helper()
	s.check(s.Snapshot(s.ctx(), job, func(r frontier.Stored) error {
		for _, f := range r.Failed {
			out = append(out, fmt.Sprintf("%s %s %s %s", f.Key, f.Name, f.URL, f.Reason))
		}
		return nil
	}))
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if st.FailedAssets != int64(len(out)) {
		s.Errorf("status counts %d failed assets; want %d", st.FailedAssets, len(out))
	}
	return out
}

func fileOf(key, name string) frontier.Asset {
	return frontier.Asset{Key: key, Stored: assetfile.Stored{Name: name, Path: "p/" + key + name, Bytes: 1, SHA256: []byte("s"), URL: "u"}}
}

// waits returns a completion that stores a record with one asset and waits for another one.
func waits(c frontier.Claimed, owed string, delay time.Duration) frontier.Completion {
	out := done(c)[0]
	out.Assets = []frontier.Asset{fileOf(c.Key, "front")}
	out.Failed = []frontier.FailedAsset{{Key: c.Key, Name: "back", URL: "http://i/b", Reason: "HTTP 404"}}
	out.Again = &frontier.Again{State: seine.Error, Reason: "asset back: HTTP 404", Delay: delay, Owed: []byte(owed)}
	return out
}

func testOwed(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b"), 2)
	l := s.lease()
	got := s.claim(l, job, 2, 2)
	const owed = `{"assets":[{"Name":"back","n":1.10}]}`
	// In one batch with a final completion.
	batch := []frontier.Completion{waits(got[0], owed, time.Minute), done(got[1])[0]}
	batch[0].Follow = tasks("i:80", "c")
	s.complete(l, job, batch, 2)
	s.complete(l, job, batch[:1], 0) // no longer the lease's
	if got := s.stored(job); !slices.Equal(got, []string{`a {"a":1} front=p/afront`, `b {"a":1}`}) {
		t.Errorf("stored %q", got)
	}
	if got := s.failedAssets(job); !slices.Equal(got, []string{"a back http://i/b HTTP 404"}) {
		t.Errorf("failed assets %q", got)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if st.Total != 3 || st.Open != 2 || st.Final[seine.Done] != 1 || st.Records != 2 || st.Assets != 1 || st.States[seine.Error] != 1 {
		t.Errorf("status %+v; want a record that is stored and its task open", st)
	}
	if !slices.Contains(st.Reasons, frontier.ReasonCount{State: seine.Error, Reason: "asset back: HTTP 404", Count: 1}) {
		t.Errorf("reasons %+v", st.Reasons)
	}
	s.complete(l, job, done(s.claim(l, job, 9, 1)...), 1) // c
	s.clock.Move(time.Minute)
	promote := func() {
		s.Helper()
		_, err := s.Promote(s.ctx(), 10)
		s.check(err)
	}
	promote()
	again := s.claim(l, job, 9, 1)[0]
	if again.Key != "a" || again.Attempt != 2 || again.Mark != frontier.Known || string(again.Owed) != owed || !again.Alone() {
		t.Fatalf("claimed %+v, owed %s", again, again.Owed)
	}
	// The lease expires. The task still fetches only the missing assets.
	s.clock.Move(2 * time.Minute)
	if back, died := s.rescueAll(); back != 1 || died != 0 {
		t.Fatalf("rescued %d, %d died", back, died)
	}
	s.clock.Move(time.Hour)
	promote()
	l = s.lease()
	again = s.claim(l, job, 9, 1)[0]
	if string(again.Owed) != owed || again.Attempt != 3 {
		t.Fatalf("after a rescue: attempt %d, owed %s", again.Attempt, again.Owed)
	}
	// It waits for a host at no cost of an attempt.
	free := waits(again, owed, time.Second)
	free.Again.State, free.Again.Free = seine.Pending, true
	free.Failed[0].Reason = "waits for i:80"
	s.complete(l, job, []frontier.Completion{free}, 1)
	s.clock.Move(time.Second)
	promote()
	again = s.claim(l, job, 9, 1)[0]
	if again.Attempt != 3 {
		t.Errorf("attempt %d; want a free one not counted", again.Attempt)
	}
	if got := s.failedAssets(job); !slices.Equal(got, []string{"a back http://i/b waits for i:80"}) {
		t.Errorf("failed assets %q", got)
	}
	end := done(again)
	end[0].Assets = []frontier.Asset{fileOf("a", "front"), fileOf("a", "back")}
	end[0].Records[0].Fields = []byte(`{"a":1,"w":7}`)
	s.complete(l, job, end, 1)
	if got := s.stored(job); got[0] != `a {"a":1,"w":7} back=p/aback front=p/afront` {
		t.Errorf("stored %q", got[0])
	}
	if got := s.failedAssets(job); got != nil {
		t.Errorf("failed assets %q; want none", got)
	}
	if c := s.counts(job); c.Open != 0 || c.Final[seine.Done] != 3 || c.Records != 3 || c.Assets != 2 {
		t.Errorf("counts %+v", c)
	}
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "a")); err != nil || n != 1 {
		t.Fatalf("sent %d back, %v", n, err)
	}
	if c := s.claim(l, job, 9, 1)[0]; c.Owed != nil {
		t.Errorf("a task without failed assets owes %s", c.Owed)
	}
}

// An asset that failed for good is listed until its task is done again.
func testOwedForGood(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	end := waits(s.claim(l, job, 1, 1)[0], "", 0)
	end.Again, end.Reason = nil, "asset back: HTTP 404"
	s.complete(l, job, []frontier.Completion{end}, 1)
	want := []string{"a back http://i/b HTTP 404"}
	if got := s.failedAssets(job); !slices.Equal(got, want) {
		t.Errorf("failed assets %q", got)
	}
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "a")); err != nil || n != 1 {
		t.Fatalf("sent %d back, %v", n, err)
	}
	if got := s.failedAssets(job); !slices.Equal(got, want) {
		t.Errorf("failed assets %q, after the requeue", got)
	}
	c := s.claim(l, job, 1, 1)[0]
	if string(c.Owed) != "{}" || c.Alone() {
		t.Errorf("it owes %q; want a fetch of its page that clears what failed", c.Owed)
	}
	s.complete(l, job, done(c), 1)
	if got := s.failedAssets(job); got != nil {
		t.Errorf("failed assets %q; want none", got)
	}
}

// If a page's host is down, the missing assets of its stored record are still fetched. Fetches from
// other hosts show nothing about the page's host.
func testOwedWhileHostIsDown(t *testing.T, s *suite) {
	job := s.job("j", frontier.LanePace{Inflight: 10})
	s.add(job, tasks("h:80", "a", "b", "c"), 3)
	l := s.lease()
	for _, c := range s.claim(l, job, 2, 2) {
		s.complete(l, job, []frontier.Completion{waits(c, `{"assets":[1]}`, time.Minute)}, 1)
	}
	fault := func() {
		s.Helper()
		s.check(s.Backoff(s.ctx(), job, []string{"h:80"}, frontier.Backoff{For: time.Second, Why: "connection refused", Faults: 1}))
	}
	fault()
	s.clock.Move(30 * time.Minute)
	_, err := s.Promote(s.ctx(), 10)
	s.check(err)
	down, n, err := s.HostDown(s.ctx(), job, "h:80", 20*time.Minute, "connection refused")
	s.check(err)
	if !down || n != 1 {
		t.Errorf("down %v, %d ended; want the one whose page is to be fetched", down, n)
	}
	ended := 0
	list, err := s.Tasks(s.ctx(), job, frontier.Filter{})
	s.check(err)
	for _, task := range list {
		if task.Final {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("%d tasks have ended; want 1", ended)
	}
	for i := range 3 {
		got := s.claim(l, job, 1, 1)[0]
		if !got.Alone() || got.Faults != 1 {
			t.Errorf("claimed %+v; want assets alone, and a host at fault still", got)
		}
		if i == 0 {
			s.complete(l, job, []frontier.Completion{waits(got, `{"assets":[1]}`, 0)}, 1)
			_, err := s.Promote(s.ctx(), 10)
			s.check(err)
			continue
		}
		s.complete(l, job, done(got), 1)
	}
}
