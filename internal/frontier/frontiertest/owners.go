package frontiertest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// listed completes a page with records under keys of their own, each given as "key=fields", and
// with one under the page's key.
func listed(c frontier.Claimed, records ...string) frontier.Completion {
	out := done(c)[0]
	for _, r := range records {
		key, fields, _ := cut(r)
		out.Records = append(out.Records, record(key, fields))
	}
	return out
}

func cut(r string) (key, fields string, ok bool) {
	for i := range r {
		if r[i] == '=' {
			return r[:i], r[i+1:], true
		}
	}
	return r, `{}`, false
}

// merging lets the records under keys of their own be merged.
func merging(c frontier.Completion) frontier.Completion {
	for i := range c.Records[1:] {
		c.Records[i+1].Merge = true
	}
	return c
}

// owners lists the records as "key of task: version".
func (s *suite) owners(job frontier.JobID) (out []string) {
	s.Helper()
	s.check(s.Snapshot(s.ctx(), job, func(r frontier.Stored) error {
		out = append(out, fmt.Sprintf("%s of %s: %d", r.Key, r.Task, r.Version))
		return nil
	}))
	return out
}

// again requeues and claims tasks, ordered by key.
func (s *suite) again(l frontier.Lease, job frontier.JobID, keys ...string) []frontier.Claimed {
	s.Helper()
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", keys...)); err != nil || n != len(keys) {
		s.Fatalf("requeued %d tasks, %v; want %d", n, err, len(keys))
	}
	return s.sortedClaim(l, job, len(keys))
}

func (s *suite) sortedClaim(l frontier.Lease, job frontier.JobID, n int) []frontier.Claimed {
	s.Helper()
	got := s.claim(l, job, n, n)
	slices.SortFunc(got, func(a, b frontier.Claimed) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return got
}

func testEachRecord(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b"), 2)
	l := s.lease()
	got := s.sortedClaim(l, job, 2)
	first := listed(got[0], `x={"n":1}`, `y={"n":2}`)
	first.Records = append(first.Records, first.Records[1])
	first.Records[3].Kind = "offer" // another kind under the same key
	first.Follow = tasks("h:80", "c")
	s.complete(l, job, []frontier.Completion{first, listed(got[1], `z={"n":3}`)}, 2)
	want := []string{`a {"a":1}`, `b {"a":1}`, `x {"n":1}`, `x {"n":1}`, `y {"n":2}`, `z {"n":3}`}
	if got := s.stored(job); !slices.Equal(got, want) {
		t.Errorf("stored %q; want %q", got, want)
	}
	if got, want := s.owners(job), []string{"a of : 1", "b of : 1", "x of a: 1", "x of a: 1", "y of a: 1", "z of b: 1"}; !slices.Equal(got, want) {
		t.Errorf("owners %q; want %q", got, want)
	}
	if c := s.counts(job); c.Records != 6 || c.Final[seine.Done] != 2 || c.Open != 1 {
		t.Errorf("counts %+v", c)
	}
}

// A task that is done again replaces its records. A task that fails keeps them.
func testReplaced(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b"), 2)
	l := s.lease()
	got := s.sortedClaim(l, job, 2)
	s.complete(l, job, []frontier.Completion{listed(got[0], `x={"n":1}`, `y={"n":2}`), listed(got[1], `z={"n":3}`)}, 2)
	skipped := s.again(l, job, "a")[0]
	s.complete(l, job, []frontier.Completion{{Claimed: skipped, State: seine.Skipped, Reason: "not wanted"}}, 1)
	if got := s.stored(job); len(got) != 5 {
		t.Errorf("stored %q after a skip; want all of them", got)
	}
	s.complete(l, job, []frontier.Completion{listed(s.again(l, job, "a")[0], `w={"n":0}`, `y={"n":5}`)}, 1)
	if got, want := s.stored(job), []string{`a {"a":1}`, `b {"a":1}`, `w {"n":0}`, `y {"n":5}`, `z {"n":3}`}; !slices.Equal(got, want) {
		t.Errorf("stored %q; want %q", got, want)
	}
	// The version counts the changes of the fields.
	if got, want := s.owners(job), []string{"a of : 1", "b of : 1", "w of a: 1", "y of a: 2", "z of b: 1"}; !slices.Equal(got, want) {
		t.Errorf("owners %q; want %q", got, want)
	}
	if c := s.counts(job); c.Records != 5 {
		t.Errorf("%d records by the counters; want 5", c.Records)
	}
	none := done(s.again(l, job, "a")...)
	none[0].Records = nil
	s.complete(l, job, none, 1)
	if got, want := s.stored(job), []string{`b {"a":1}`, `z {"n":3}`}; !slices.Equal(got, want) {
		t.Errorf("stored %q; want %q", got, want)
	}
	if c := s.counts(job); c.Records != 2 {
		t.Errorf("%d records by the counters; want 2", c.Records)
	}
}

func testTaken(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c", "d"), 4)
	l := s.lease()
	got := s.sortedClaim(l, job, 4)
	taken := func(batch []frontier.Completion, kept int, want frontier.TakenKey) {
		t.Helper()
		last := batch[len(batch)-1]
		out, err := s.Complete(s.ctx(), l, job, batch)
		s.check(err)
		if out.Kept != kept || len(out.Taken) != 1 || out.Taken[last.Seq] != want || len(out.Lost) != 0 {
			t.Errorf("outcome %+v; want %d kept and %+v taken", out, kept, want)
		}
	}
	// In one batch. The second task is not stored: neither its other records nor its follow-ups.
	other := listed(got[1], `v={"n":8}`, `x={"n":9}`)
	other.Follow = tasks("h:80", "never")
	taken([]frontier.Completion{listed(got[0], `x={"n":1}`), other}, 1, frontier.TakenKey{Key: "x", Kind: "record", Owner: "a"})
	// In a later batch, and twice in one task.
	taken([]frontier.Completion{listed(got[1], `x={"n":9}`)}, 0, frontier.TakenKey{Key: "x", Kind: "record", Owner: "a"})
	taken([]frontier.Completion{listed(got[1], `v={"n":8}`, `v={"n":9}`)}, 0, frontier.TakenKey{Key: "v", Kind: "record", Owner: "b"})
	// The key of another task's own record.
	taken([]frontier.Completion{listed(got[1], `a={"n":9}`)}, 0, frontier.TakenKey{Key: "a", Kind: "record", Owner: "a"})
	if got, want := s.stored(job), []string{`a {"a":1}`, `x {"n":1}`}; !slices.Equal(got, want) {
		t.Errorf("stored %q; want %q", got, want)
	}
	if c := s.counts(job); c.Total != 4 || c.Open != 3 || c.Records != 2 {
		t.Errorf("counts %+v", c)
	}
	// The task is still the lease's.
	s.complete(l, job, []frontier.Completion{{Claimed: got[1], State: seine.Error, Reason: "record key belongs to another page"}}, 1)

	// A merged record stays the first one's, which alone replaces it.
	s.complete(l, job, []frontier.Completion{merging(listed(got[2], `x={"n":2}`, `u={"n":1}`))}, 1)
	if got, want := s.owners(job), []string{"a of : 1", "c of : 1", "u of c: 1", "x of a: 2"}; !slices.Equal(got, want) {
		t.Errorf("owners %q; want %q", got, want)
	}
	s.complete(l, job, done(s.again(l, job, "c")...), 1)
	if got, want := s.stored(job), []string{`a {"a":1}`, `c {"a":1}`, `x {"n":2}`}; !slices.Equal(got, want) {
		t.Errorf("stored %q; want %q", got, want)
	}
	s.complete(l, job, done(s.again(l, job, "a")...), 1)
	if got, want := s.stored(job), []string{`a {"a":1}`, `c {"a":1}`}; !slices.Equal(got, want) {
		t.Errorf("stored %q; want %q", got, want)
	}
	// A task whose own key another page took.
	s.complete(l, job, []frontier.Completion{listed(s.again(l, job, "c")[0], `d={"n":7}`)}, 1)
	taken(done(got[3]), 0, frontier.TakenKey{Key: "d", Kind: "record", Owner: "c"})
	s.complete(l, job, []frontier.Completion{{Claimed: got[3], State: seine.Error, Reason: "taken"}}, 1)
	taken(done(s.again(l, job, "d")...), 0, frontier.TakenKey{Key: "d", Kind: "record", Owner: "c"})
	if got, want := s.stored(job)[2], `d {"n":7}`; got != want {
		t.Errorf("stored %q; want %q", got, want)
	}
}

// Each change of a record's fields is a revision, also if one batch makes several.
func testRevisionsOfABatch(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c"), 3)
	l := s.lease()
	got := s.sortedClaim(l, job, 3)
	batch := make([]frontier.Completion, len(got))
	for i, c := range got {
		batch[i] = merging(listed(c, fmt.Sprintf(`x={"n":%d}`, i)))
	}
	s.complete(l, job, batch, 3)
	if got, want := s.owners(job), []string{"a of : 1", "b of : 1", "c of : 1", "x of a: 3"}; !slices.Equal(got, want) {
		t.Errorf("owners and revisions %q; want %q", got, want)
	}
}

// Records of several kinds under one key have their own assets.
func testAssetsOfKinds(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b"), 2)
	l := s.lease()
	got := s.sortedClaim(l, job, 2)
	one, two := listed(got[0], `x={"n":1}`), listed(got[1], `x={"n":2}`)
	one.Assets = []frontier.Asset{fileOf("x", "front")}
	one.Failed = []frontier.FailedAsset{{Key: "x", Name: "back", URL: "u", Reason: "HTTP 404"}}
	two.Records[1].Kind, two.Assets = "teaser", []frontier.Asset{fileOf("x", "side")}
	s.complete(l, job, []frontier.Completion{one, two}, 2)
	want := []string{`a {"a":1}`, `b {"a":1}`, `x {"n":1} front=p/xfront`, `x {"n":2} side=p/xside`}
	if got := s.stored(job); !slices.Equal(got, want) {
		t.Errorf("stored %q; want %q", got, want)
	}
	if got := s.failedAssets(job); !slices.Equal(got, []string{"x back u HTTP 404"}) {
		t.Errorf("failed assets %q", got)
	}
}

// Workers that bring the same new record at the same time: one gets it.
func testTakenAtOnce(t *testing.T, s *suite) {
	job := s.job("j", fast())
	const n = 12
	s.add(job, tasks("h:80", keysOf(n)...), n)
	l := s.lease()
	got := s.claim(l, job, n, n)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		kept  int
		taken int
	)
	for _, c := range got {
		wg.Go(func() {
			batch := []frontier.Completion{listed(c, `x={"by":"`+c.Key+`"}`, `merged={"by":"`+c.Key+`"}`)}
			batch[0].Records[2].Merge = true
			out, err := s.Complete(s.ctx(), l, job, batch)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			kept, taken = kept+out.Kept, taken+len(out.Taken)
		})
	}
	wg.Wait()
	if kept != 1 || taken != n-1 {
		t.Errorf("%d tasks kept and %d taken; want 1 and %d", kept, taken, n-1)
	}
	if c := s.counts(job); c.Records != 3 {
		t.Errorf("%d records by the counters; want 3: %q", c.Records, s.owners(job))
	}
}

func testAssetsOfEach(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b"), 2)
	l := s.lease()
	got := s.sortedClaim(l, job, 2)
	one := listed(got[0], `x={"n":1}`, `y={"n":2}`)
	one.Assets = []frontier.Asset{fileOf("a", "front"), fileOf("x", "front"), fileOf("y", "front")}
	one.Failed = []frontier.FailedAsset{{Key: "y", Name: "back", URL: "u", Reason: "HTTP 404"}}
	s.complete(l, job, []frontier.Completion{one}, 1)
	if got, want := s.stored(job), []string{`a {"a":1} front=p/afront`, `x {"n":1} front=p/xfront`, `y {"n":2} front=p/yfront`}; !slices.Equal(got, want) {
		t.Errorf("stored %q; want %q", got, want)
	}
	if got := s.failedAssets(job); !slices.Equal(got, []string{"y back u HTTP 404"}) {
		t.Errorf("failed assets %q", got)
	}
	owner := func(key, path string, want string) {
		t.Helper()
		got, err := s.Owner(s.ctx(), job, key, path, []byte("s"))
		s.check(err)
		if got != want {
			t.Errorf("%s belongs to %q for %s; want %q", path, got, key, want)
		}
	}
	owner("a", "p/xfront", "")
	owner("b", "p/xfront", "a")
	owner("x", "p/xfront", "a") // a record is no task
	// Another page may bring the file only with a record that it merges.
	two := merging(listed(got[1], `x={"n":7}`))
	two.Assets = []frontier.Asset{fileOf("x", "front"), fileOf("x", "side")}
	bad := two
	bad.Records = bad.Records[:1]
	out, err := s.Complete(s.ctx(), l, job, []frontier.Completion{bad})
	s.check(err)
	if want := (frontier.TakenKey{Key: "x", Owner: "a"}); out.Kept != 0 || out.Taken[got[1].Seq] != want {
		t.Errorf("outcome %+v; want the file taken", out)
	}
	s.complete(l, job, []frontier.Completion{two}, 1)
	if got, want := s.stored(job)[2], `x {"n":7} front=p/xfront side=p/xside`; got != want {
		t.Errorf("stored %q; want %q", got, want)
	}
	if c := s.counts(job); c.Assets != 4 {
		t.Errorf("%d assets by the counters; want 4", c.Assets)
	}
	// The page is done again, without y. An asset that fails this time stays as it was.
	again := s.again(l, job, "a")[0]
	if string(again.Owed) != "{}" {
		t.Errorf("it owes %q; want a fetch of its page that clears what failed", again.Owed)
	}
	one = listed(again, `x={"n":1}`)
	one.Failed = []frontier.FailedAsset{{Key: "x", Name: "side", URL: "u", Reason: "HTTP 500"}}
	one.Assets = []frontier.Asset{fileOf("x", "front")}
	s.complete(l, job, []frontier.Completion{one}, 1)
	if got, want := s.stored(job), []string{`a {"a":1}`, `b {"a":1}`, `x {"n":1} front=p/xfront side=p/xside`}; !slices.Equal(got, want) {
		t.Errorf("stored %q; want %q", got, want)
	}
	if got := s.failedAssets(job); !slices.Equal(got, []string{"x side u HTTP 500"}) {
		t.Errorf("failed assets %q", got)
	}
	if c := s.counts(job); c.Assets != 2 || c.Records != 3 {
		t.Errorf("%d assets and %d records by the counters; want 2 and 3", c.Assets, c.Records)
	}
	free := s.sweep([]string{"p/afront", "p/yfront"}, "p/afront", "p/xfront", "p/yfront")
	s.check(s.EndSweep(s.ctx(), free))
}
