// Package frontiertest holds the suite that every driver must pass. It owns the clock: leases
// expire and retries fall due when a test moves the clock. [Compare] runs random operations on
// several drivers and on a model whose lanes follow [frontier.Lane].
package frontiertest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Open opens an empty, migrated frontier that is closed at the end of the test. now is its clock,
// and nil means the real one.
type Open func(t *testing.T, now func() time.Time) frontier.Frontier

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s *suite)
	}{
		{"a task is added, claimed and completed", testLife},
		{"concurrent claims complete each task once", testConcurrent},
		{"an expired lease is rescued", testRescue},
		{"a task that kills its workers dies alone", testApart},
		{"late writes are rejected", testLate},
		{"a worker that dies at the last attempt ends the task", testLastAttempt},
		{"a release costs no attempt", testRelease},
		{"priorities go first", testPriorities},
		{"a retry waits for its time", testRetryTime},
		{"a key is admitted once", testDedupe},
		{"no wake-up is lost", testWakeUp},
		{"add against complete does not deadlock", testDeadlock},
		{"pause holds a job and a host", testPause},
		{"unhealthy hosts are listed", testUnhealthy},
		{"pace counts starts", testPace},
		{"pace holds over workers", testPaceFleet},
		{"a delay is drawn from its span", testDelaySpan},
		{"concurrency holds", testConcurrency},
		{"a rest follows a number of starts", testRest},
		{"a cooldown follows errors in a row", testCooldown},
		{"a host in backoff waits", testBackoff},
		{"a host that refuses is slowed for all", testSlow},
		{"a host at fault is tried by one task at a time", testFaults},
		{"a host that stays at fault ends its tasks together", testHostDown},
		{"a record is stored before its assets", testOwed},
		{"an asset that failed for good is listed", testOwedForGood},
		{"assets outlive the page's host", testOwedWhileHostIsDown},
		{"the first refusal in a row is kept", testRefused},
		{"starts on other hosts are reserved", testReserve},
		{"reserved starts count for the rest", testReserveRests},
		{"lanes without room hide no others", testNoRoom},
		{"a claim may take few of each lane", testEach},
		{"a task that waits for another host pays no attempt", testFree},
		{"a claim can skip lanes", testSkip},
		{"one bad record does not fail its batch", testBadRecord},
		{"values that no database stores are replaced alike", testClean},
		{"follow-ups are admitted with the result", testFollow},
		{"a record is kept once and replaced", testRecords},
		{"assets are listed", testAssets},
		{"a snapshot stands still", testSnapshot},
		{"a sweep leaves what a record owns", testSweepOwned},
		{"no record comes to own a file that a sweep deletes", testSweepRefuses},
		{"an abandoned sweep lasts for its ttl", testSweepDied},
		{"a space is explored if nothing is ready", testIdle},
		{"without a pace a space is explored if half of the shards have nothing ready", testIdleShards},
		{"answers are counted with their tasks", testExplored},
		{"the table of steps is merged alike", testSteps},
		{"many explore one space", testExploreTogether},
		{"a circuit stops a space for all", testCircuit},
		{"the last good time of a space is kept", testWatched},
		{"answers are counted by space", testAnswers},
		{"statistics are recomputed", testRecount},
		{"a worker learns of a step that came too late", testRefusedSteps},
		{"the answer of a requeued task does not count again", testRequeuedAnswers},
		{"a sweep and a completion do not cross", testSweepRace},
		{"counters come back to zero", testCounters},
		{"adders of the same keys do not block each other", testAdders},
		{"the counters equal a full count", testFullCount},
		{"tables are tended while others work", testTend},
		{"an ID space is enumerated lazily", testSpace},
		{"finished and waiting tasks are requeued", testRequeue},
		{"tasks move between lanes", testMove},
		{"jobs are independent", testJobs},
		{"a changed identity is rejected", testIdentity},
		{"a changed pace holds at once", testRepace},
		{"status and lists report the tasks", testStatus},
		{"depth measures the queue without a count", testDepth},
		{"seeds are marked", testSeeded},
		{"due returns the time to sleep", testDue},
		{"blocked lanes are reported", testBlocked},
		{"a page brings several records", testEachRecord},
		{"a page replaces its records", testReplaced},
		{"a record belongs to one page or is merged", testTaken},
		{"two transactions do not take one record", testTakenAtOnce},
		{"each change of a batch is a revision", testRevisionsOfABatch},
		{"assets and their failures belong to a record of the page", testAssetsOfEach},
		{"records of several kinds have their own assets", testAssetsOfKinds},
		{"records that fail the check are quarantined", testQuarantine},
		{"forgotten tasks leave nothing", testForget},
		{"the state of the windows is stored", testDriftState},
		{"verdicts and fields are counted", testJudged},
		{"records that lost a value are held back", testHoldBack},
		{"a page is visited again", testRecrawl},
		{"pages leave their sitemaps", testListed},
		{"sitemaps leave their index", testListedSitemaps},
		{"a later lastmod is a visit", testLastMod},
		{"a visit is stored with its result", testVisit},
		{"earlier versions of a record stay", testHistory},
		{"a page that is gone keeps its records", testGone},
		{"a recrawl outlives a host that is down", testRecrawlDown},
		{"one worker fetches a robots.txt", testRobots},
		{"many workers ask for one robots.txt", testRobotsAtOnce},
		{"an unused start comes back", testReturnStart},
		{"a host asks for a delay", testSetDelay},
		{"cookies are shared", testCookies},
		{"one worker logs in", testLogIn},
		{"budgets bound what is admitted", testBudgets},
		{"budgets hold over workers", testBudgetsAtOnce},
		{"tasks have page kinds", testPageKinds},
		{"links that were left out are counted", testLeftOut},
		{"fields without values are those of a page kind", testNullFieldsOfPages},
		{"the fetchers of a page kind are counted", testFetchers},
		{"recorded pages are indexed", testRecordings},
		{"files of images change without their pages", testImages},
		{"no recording comes to name a segment that a sweep deletes", testRecordingSwept},
		{"finished tasks are replayed", testReplay},
		{"tasks of another program are adopted", testAdopt},
		{"an adopted task has no worker and no attempt", testAdoptRequeued},
		{"adopted tasks that are lost take no record", testAdoptOwners},
		{"a replay is no attempt", testReplayIsNoAttempt},
		{"nobody claimed a replayed task", testReplaySwept},
		{"a sitemap that lists itself leaves", testListedItself},
		{"a record of a page that is gone comes with a later page", testGoneAndBrought},
		{"a person changes a pace", testTune},
		{"a host of a job without a pace gets one", testTuneShards},
		{"a selection is dropped", testDrop},
		{"a selection gets another priority", testPrioritize},
		{"a selection is counted", testCount},
		{"a worker gets orders", testOrders},
		{"changes are logged", testChanges},
		{"counters are kept over time", testMoments},
		{"failed attempts are kept", testAttempts},
		{"the newest files are listed", testNewest},
		{"files are listed by a value", testNewestWith},
		{"a search looks at a part", testSearch},
		{"lanes are listed", testLaneList},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			clock := &Clock{now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
			c.test(t, &suite{T: t, clock: clock, open: open, Frontier: open(t, clock.Now)})
		})
	}
	t.Run("torture", func(t *testing.T) { testTorture(t, open(t, nil)) })
}

// Clock is a clock that stands still until a test moves it.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move moves the clock.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type suite struct {
	*testing.T
	frontier.Frontier
	clock *Clock
	open  Open
}

func (s *suite) ctx() context.Context { return s.T.Context() }

func (s *suite) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// fast is a pace without limits.
func fast() frontier.LanePace { return frontier.LanePace{Inflight: 1000} }

func (s *suite) job(name string, page frontier.LanePace) frontier.JobID {
	s.Helper()
	id, err := s.Register(s.ctx(), frontier.Spec{
		Name: name, Config: []byte(`{}`), Digest: []byte{1}, SeedURL: "u", StoreKey: "k", MaxAttempts: 3, Page: page, Asset: fast(),
	}, false)
	s.check(err)
	return id
}

func tasks(lane string, keys ...string) []frontier.New {
	var out []frontier.New
	for _, k := range keys {
		out = append(out, frontier.New{Key: k, Lane: lane, Priority: 1})
	}
	return out
}

func keysOf(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("k%05d", i))
	}
	return out
}

func (s *suite) add(job frontier.JobID, ts []frontier.New, want int) {
	s.Helper()
	n, err := s.Add(s.ctx(), job, ts)
	s.check(err)
	if n != want {
		s.Fatalf("added %d tasks; want %d", n, want)
	}
}

func (s *suite) lease() frontier.Lease {
	s.Helper()
	l, err := s.OpenLease(s.ctx(), "w", time.Minute)
	s.check(err)
	return l
}

func (s *suite) claim(l frontier.Lease, job frontier.JobID, n, want int) []frontier.Claimed {
	s.Helper()
	got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: n})
	s.check(err)
	if len(got) != want {
		s.Fatalf("claimed %d tasks; want %d", len(got), want)
	}
	return got
}

func done(cs ...frontier.Claimed) []frontier.Completion {
	var out []frontier.Completion
	for _, c := range cs {
		out = append(out, frontier.Completion{Claimed: c, State: seine.Done, Records: []frontier.Record{record(c.Key, `{"a":1}`)}})
	}
	return out
}

func record(key, fields string) frontier.Record {
	return frontier.Record{
		Key: key, Kind: "record", URL: "http://a.example/" + key, Fields: []byte(fields), Digest: []byte{1},
		FetchedAt: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

func (s *suite) complete(l frontier.Lease, job frontier.JobID, batch []frontier.Completion, want int) {
	s.Helper()
	out, err := s.Complete(s.ctx(), l, job, batch)
	s.check(err)
	if out.Kept != want || len(out.Lost) != len(batch)-want {
		s.Fatalf("completed %d tasks, %d lost; want %d of %d", out.Kept, len(out.Lost), want, len(batch))
	}
}

func failures(state seine.State, delay time.Duration, cs ...frontier.Claimed) []frontier.Failure {
	var out []frontier.Failure
	for _, c := range cs {
		out = append(out, frontier.Failure{Claimed: c, State: state, Reason: "boom", Delay: delay})
	}
	return out
}

func (s *suite) fail(l frontier.Lease, job frontier.JobID, batch []frontier.Failure) {
	s.Helper()
	out, err := s.Fail(s.ctx(), l, job, batch)
	s.check(err)
	if out.Kept != len(batch) {
		s.Fatalf("gave %d tasks back; want %d", out.Kept, len(batch))
	}
}

func (s *suite) counts(job frontier.JobID) frontier.Counts {
	s.Helper()
	c, err := s.Counts(s.ctx(), job)
	s.check(err)
	return c
}

func (s *suite) rescueAll() (back, died int) {
	s.Helper()
	for {
		found, b, d, err := s.Rescue(s.ctx())
		s.check(err)
		if !found {
			return back, died
		}
		back, died = back+b, died+d
	}
}
