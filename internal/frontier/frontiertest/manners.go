package frontiertest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func testRobots(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	const origin = "https://shop.example"
	ask := func(job frontier.JobID, wantMine bool, want frontier.RobotsFile) {
		t.Helper()
		got, mine, err := s.Robots(s.ctx(), job, origin, time.Minute)
		s.check(err)
		want.Origin = origin
		if d := cmp.Diff(want, got); mine != wantMine || d != "" {
			t.Errorf("mine %v; want %v. File (-want +got):\n%s", mine, wantMine, d)
		}
	}
	ask(job, true, frontier.RobotsFile{Pending: true})
	ask(job, false, frontier.RobotsFile{Pending: true})
	ask(other, true, frontier.RobotsFile{Pending: true}) // each job has its own
	// The worker did not store it in time.
	s.clock.Move(time.Minute)
	ask(job, true, frontier.RobotsFile{Pending: true})
	ask(job, false, frontier.RobotsFile{Pending: true})
	start := s.clock.Now()
	stored := frontier.RobotsFile{Origin: origin, Status: 200, Body: []byte("User-agent: *\n\x00\xff"), TTL: time.Hour, CrawlDelay: 1500 * time.Millisecond}
	s.check(s.SetRobots(s.ctx(), job, stored))
	stored.TTL, stored.FetchedAt, stored.ExpiresAt = 0, start, start.Add(time.Hour)
	s.clock.Move(time.Hour - time.Second)
	ask(job, false, stored)
	// It is expired: one worker fetches it, and the others have the old file.
	s.clock.Move(time.Second)
	old := stored
	old.Pending = true
	ask(job, true, old)
	ask(job, false, old)
	files, err := s.RobotsFiles(s.ctx(), job, 10)
	s.check(err)
	listed := old
	listed.Body = nil
	if d := cmp.Diff([]frontier.RobotsFile{listed}, files); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	failed := frontier.RobotsFile{Origin: origin, Reason: "connection refused", TTL: time.Minute, Body: bytes.Repeat([]byte("x"), 600<<10)}
	s.check(s.SetRobots(s.ctx(), job, failed))
	got, mine, err := s.Robots(s.ctx(), job, origin, time.Minute)
	s.check(err)
	if mine || got.Pending || got.Reason != "connection refused" || got.Status != 0 || len(got.Body) != 512<<10 || got.CrawlDelay != 0 {
		t.Errorf("mine %v, file with status %d, %q, %d bytes", mine, got.Status, got.Reason, len(got.Body))
	}
	s.check(s.SetRobots(s.ctx(), job, frontier.RobotsFile{Origin: "http://a.example", TTL: time.Hour}))
	if files, err = s.RobotsFiles(s.ctx(), job, 1); err != nil || len(files) != 1 || files[0].Origin != "http://a.example" || files[0].Pending {
		t.Errorf("files %+v, %v; want the first one", files, err)
	}
}

func testRobotsAtOnce(t *testing.T, s *suite) {
	job := s.job("j", fast())
	var (
		wg   sync.WaitGroup
		mine atomic.Int64
	)
	for i := range 40 {
		wg.Go(func() {
			_, ours, err := s.Robots(s.ctx(), job, fmt.Sprint("http://", i%4), time.Minute)
			if err != nil {
				t.Error(err)
			}
			if ours {
				mine.Add(1)
			}
		})
	}
	wg.Wait()
	if mine.Load() != 4 {
		t.Errorf("%d workers fetch 4 files", mine.Load())
	}
}

// The delay of a host is the larger one of its own and the job's.
func testSetDelay(t *testing.T, s *suite) {
	pace := frontier.LanePace{Delay: seine.Span{Min: time.Second, Max: 4 * time.Second}, Inflight: 10}
	job := s.job("j", pace)
	s.add(job, tasks("h:80", keysOf(6)...), 6)
	delay := func(want time.Duration) {
		t.Helper()
		s.clock.Move(time.Minute)
		// Three turns at no draw: the third one starts after two delays.
		var turn frontier.Turn
		for range 3 {
			var err error
			turn, err = s.Reserve(s.ctx(), job, "h:80", 0, time.Hour)
			s.check(err)
		}
		if turn.Wait != 2*want {
			t.Errorf("the third start is %v away; want two delays of %v", turn.Wait, want)
		}
	}
	delay(time.Second)
	s.check(s.SetDelay(s.ctx(), job, "h:80", 3*time.Second))
	delay(3 * time.Second)
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if len(st.Hosts) != 1 || st.Hosts[0].CrawlDelay != 3*time.Second {
		t.Errorf("hosts %+v; want the delay that the host asks for", st.Hosts)
	}
	// Without a pace the tasks of such a host go to its lane.
	if hosts, err := s.Unhealthy(s.ctx(), job); err != nil || !slices.Equal(hosts, []string{"h:80"}) {
		t.Errorf("unhealthy hosts %q, %v; want the one that asks for a delay", hosts, err)
	}
	s.job("j", frontier.LanePace{Inflight: 10})
	delay(3 * time.Second)
	s.job("j", frontier.LanePace{Delay: seine.Span{Min: 5 * time.Second, Max: 5 * time.Second}, Inflight: 10})
	delay(5 * time.Second)
	s.job("j", pace)
	delay(3 * time.Second)
	s.check(s.SetDelay(s.ctx(), job, "h:80", 0))
	delay(time.Second)
	// The lane may be missing.
	s.check(s.SetDelay(s.ctx(), job, "i:80", 9*time.Second))
	for i := range 3 { // the delay holds from the moment at which it is known
		want := time.Duration(1+i) * 9 * time.Second
		if turn, err := s.Reserve(s.ctx(), job, "i:80", 0, time.Hour); err != nil || turn.Wait != want || !turn.Paced {
			t.Errorf("turn %+v, %v; want one in %v", turn, err, want)
		}
	}
	if err := s.SetDelay(s.ctx(), job+100, "h:80", time.Second); !errors.Is(err, frontier.ErrNoJob) {
		t.Errorf("a delay of no job: %v; want %v", err, frontier.ErrNoJob)
	}
}

func testCookies(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	got, err := s.Session(s.ctx(), job)
	s.check(err)
	if d := cmp.Diff(frontier.Session{}, got); d != "" {
		t.Errorf("session (-want +got):\n%s", d)
	}
	save := func(job frontier.JobID, version int64, cookies string, wantOK bool, want frontier.Session) {
		t.Helper()
		got, ok, err := s.SaveCookies(s.ctx(), job, version, []byte(cookies))
		s.check(err)
		if d := cmp.Diff(want, got); ok != wantOK || d != "" {
			t.Errorf("saved %v; want %v. Session (-want +got):\n%s", ok, wantOK, d)
		}
	}
	save(job, 0, `[{"n":"a"}]`, true, frontier.Session{Version: 1, Cookies: []byte(`[{"n":"a"}]`)})
	save(job, 0, `[{"n":"b"}]`, false, frontier.Session{Version: 1, Cookies: []byte(`[{"n":"a"}]`)})
	save(job, 1, `[{"n":"c"}]`, true, frontier.Session{Version: 2, Cookies: []byte(`[{"n":"c"}]`)})
	save(other, 0, ``, true, frontier.Session{Version: 1})
	for name, cookies := range map[string][]byte{"no JSON": []byte(`[`), "too long": []byte(`"` + string(bytes.Repeat([]byte("x"), 1<<20)) + `"`)} {
		if _, _, err := s.SaveCookies(s.ctx(), job, 2, cookies); !errors.Is(err, frontier.ErrCookies) {
			t.Errorf("%s: %v; want %v", name, err, frontier.ErrCookies)
		}
		if _, err := s.EndLogIn(s.ctx(), job, 2, cookies, ""); !errors.Is(err, frontier.ErrCookies) {
			t.Errorf("%s: %v; want %v", name, err, frontier.ErrCookies)
		}
	}
	// Of many writers of one version one succeeds.
	var (
		wg    sync.WaitGroup
		saved atomic.Int64
	)
	for range 12 {
		wg.Go(func() {
			if _, ok, err := s.SaveCookies(s.ctx(), job, 2, []byte(`[]`)); err != nil {
				t.Error(err)
			} else if ok {
				saved.Add(1)
			}
		})
	}
	wg.Wait()
	if saved.Load() != 1 {
		t.Errorf("%d writers saved one version", saved.Load())
	}
}

func testLogIn(t *testing.T, s *suite) {
	job := s.job("j", fast())
	var (
		wg   sync.WaitGroup
		wins atomic.Int64
	)
	for i := range 12 {
		wg.Go(func() {
			mine, _, err := s.BeginLogIn(s.ctx(), job, 0, fmt.Sprint("w", i), time.Minute)
			if err != nil {
				t.Error(err)
			}
			if mine {
				wins.Add(1)
			}
		})
	}
	wg.Wait()
	if wins.Load() != 1 {
		t.Errorf("%d workers log in; want 1", wins.Load())
	}
	begin := func(version int64, worker string, wantMine bool) frontier.Session {
		t.Helper()
		mine, got, err := s.BeginLogIn(s.ctx(), job, version, worker, time.Minute)
		s.check(err)
		if mine != wantMine {
			t.Errorf("%s logs in at version %d: %v; want %v", worker, version, mine, wantMine)
		}
		return got
	}
	end := func(version int64, cookies, failure string, want frontier.Session) {
		t.Helper()
		got, err := s.EndLogIn(s.ctx(), job, version, []byte(cookies), failure)
		s.check(err)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("session (-want +got):\n%s", d)
		}
	}
	// During a login the cookies of other workers are not saved.
	if got, ok, err := s.SaveCookies(s.ctx(), job, 0, []byte(`[1]`)); err != nil || ok || got.Version != 0 {
		t.Errorf("saved %v, %+v, %v", ok, got, err)
	}
	// The worker died.
	s.clock.Move(time.Minute)
	if got := begin(0, "a", true); got.LogInBy != "a" {
		t.Errorf("session %+v", got)
	}
	begin(0, "b", false)
	first := s.clock.Now()
	want := frontier.Session{Version: 1, Cookies: []byte(`[1]`), LoggedInAt: first, LogInBy: "a"}
	end(0, `[1]`, "", want)
	if d := cmp.Diff(want, begin(0, "b", false)); d != "" { // it comes too late, and takes the cookies of a
		t.Errorf("session (-want +got):\n%s", d)
	}
	// A login that took too long changes nothing.
	end(0, `[9]`, "", want)
	// Failures are new versions, so that not every worker repeats them.
	s.clock.Move(time.Hour)
	for i := range 2 {
		begin(int64(1+i), "b", true)
		want.Version, want.LogInBy, want.Failures, want.Reason = int64(2+i), "b", i+1, "check failed"
		end(int64(1+i), ``, "check failed", want)
		begin(int64(1+i), "c", false)
	}
	begin(3, "c", true)
	want = frontier.Session{Version: 4, Cookies: []byte(`[2]`), LoggedInAt: s.clock.Now(), LogInBy: "c"}
	end(3, `[2]`, "", want)
	got, err := s.Session(s.ctx(), job)
	s.check(err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("session (-want +got):\n%s", d)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	want.Cookies = nil // a secret
	if d := cmp.Diff(want, st.Session); d != "" {
		t.Errorf("session of the status (-want +got):\n%s", d)
	}
	if _, ok, err := s.SaveCookies(s.ctx(), job, 4, []byte(`[3]`)); err != nil || !ok {
		t.Errorf("saved %v, %v", ok, err)
	}
}

// budgeted returns tasks with budgets.
func budgeted(tasks []frontier.New, budgets ...frontier.Budget) []frontier.New {
	for i := range tasks {
		tasks[i].Budgets = budgets
	}
	return tasks
}

func testBudgets(t *testing.T, s *suite) {
	job := s.job("j", fast())
	host, all := frontier.Budget{Name: "h", Max: 3}, frontier.Budget{Name: "all", Max: 5}
	status := func(left int64, want ...frontier.BudgetStatus) {
		t.Helper()
		st, err := s.Status(s.ctx(), job)
		s.check(err)
		if !slices.Equal(st.Budgets, want) {
			t.Errorf("budgets %+v; want %+v", st.Budgets, want)
		}
		var n int64
		for _, l := range st.LeftOut {
			n += l.N
		}
		if n != left || left > 0 && st.LeftOut[0].Reason != "over the budget h" {
			t.Errorf("left out %+v; want %d", st.LeftOut, left)
		}
	}
	s.add(job, budgeted(tasks("h:80", "a", "b", "a"), host, all), 2)
	s.add(job, budgeted(tasks("h:80", "a", "b"), host, all), 0) // known tasks cost nothing
	status(0)
	s.add(job, tasks("h:80", "free"), 1)
	l := s.lease()
	got := s.sortedClaim(l, job, 3)
	batch := done(got...)
	batch[0].Follow = budgeted(tasks("h:80", "c", "d", "b"), host, all)
	batch[1].Follow = append(budgeted(tasks("h:80", "c", "d", "e"), host, all), budgeted(tasks("i:80", "i1"), all)...)
	out, err := s.Complete(s.ctx(), l, job, batch)
	s.check(err)
	if out.Kept != 3 || out.OverBudget != 3 { // d twice, and e
		t.Errorf("outcome %+v; want 3 over the budget", out)
	}
	status(3, frontier.BudgetStatus{Name: "h", Example: "a", N: 3, Max: 3})
	if c := s.counts(job); c.Total != 5 || c.Open != 2 {
		t.Errorf("counts %+v; want c and i1 open", c)
	}
	// A batch whose tasks are all refused, and a failure with follow-ups.
	s.add(job, budgeted(tasks("h:80", "f"), host), 0)
	failed := failures(seine.Error, time.Hour, s.claim(l, job, 1, 1)...)
	failed[0].Follow = budgeted(tasks("i:80", "i2", "i3"), all)
	if out, err = s.Fail(s.ctx(), l, job, failed); err != nil || out.OverBudget != 1 {
		t.Errorf("outcome %+v, %v; want one over the budget", out, err)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	want := []frontier.BudgetStatus{{Name: "all", Example: "a", N: 5, Max: 5}, {Name: "h", Example: "a", N: 3, Max: 3}}
	if !slices.Equal(st.Budgets, want) {
		t.Errorf("budgets %+v; want %+v", st.Budgets, want)
	}
	// A larger bound applies at once.
	host.Max = 4
	s.add(job, budgeted(tasks("h:80", "g", "h"), host), 1)
	// Requeued tasks cost nothing.
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "a")); err != nil || n != 1 {
		t.Errorf("requeued %d, %v", n, err)
	}
}

// Many workers admit under the same budgets, in any order: no more than the bound, and no deadlock.
func testBudgetsAtOnce(t *testing.T, s *suite) {
	job := s.job("j", fast())
	var (
		wg    sync.WaitGroup
		added atomic.Int64
	)
	for i := range 12 {
		wg.Go(func() {
			for j := range 5 {
				budgets := []frontier.Budget{{Name: "x", Max: 20}, {Name: "y", Max: 1000}}
				if i%2 == 0 {
					slices.Reverse(budgets)
				}
				n, err := s.Add(s.ctx(), job, budgeted(tasks("h:80", fmt.Sprint(i, "/", j), fmt.Sprint("shared", j)), budgets...))
				if err != nil {
					t.Error(err)
				}
				added.Add(int64(n))
			}
		})
	}
	wg.Wait()
	if c := s.counts(job); added.Load() != 20 || c.Total != 20 {
		t.Errorf("%d added, %d tasks; want 20", added.Load(), c.Total)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if len(st.Budgets) != 1 || st.Budgets[0].N != 20 {
		t.Errorf("budgets %+v", st.Budgets)
	}
}

// A start that made no request comes back, unless a later one is assigned.
func testReturnStart(t *testing.T, s *suite) {
	pace := fast()
	pace.Delay, pace.Inflight = seine.Span{Min: 10 * time.Second, Max: 15 * time.Second}, 4
	job := s.job("j", pace)
	s.add(job, []frontier.New{{Key: "a", Lane: "h:80"}, {Key: "b", Lane: "h:80"}, {Key: "c", Lane: "h:80"}, {Key: "d", Lane: "h:80"}}, 4)
	l := s.lease()
	now := s.clock.Now()
	first := s.claim(l, job, 1, 1)[0]
	s.check(s.ReturnStart(s.ctx(), first))
	second := s.claim(l, job, 1, 1)[0]
	if !first.StartAt.Equal(now) || !second.StartAt.Equal(now) {
		t.Errorf("starts at %v and %v; want both at %v", first.StartAt, second.StartAt, now)
	}
	s.clock.Move(15 * time.Second)
	third := s.claim(l, job, 1, 1)[0]
	s.check(s.ReturnStart(s.ctx(), second)) // the third start follows it
	s.claim(l, job, 1, 0)
	s.clock.Move(time.Second)
	s.check(s.ReturnStart(s.ctx(), third))
	if fourth := s.claim(l, job, 1, 1)[0]; !fourth.StartAt.Equal(s.clock.Now()) {
		t.Errorf("the start is %v; want now, %v: no start lies in the past", fourth.StartAt, s.clock.Now())
	}
}
