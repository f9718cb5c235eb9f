package pgfrontier_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// Costs on a million finished, blocked or dead tasks are those on a few ready ones. Both parts use
// the same million, because it takes half a minute to write.
func TestCostsStayFlat(t *testing.T) {
	t.Parallel()
	million := filled(t, 1_000_000, true)
	t.Run("depth", func(t *testing.T) { depthStaysFlat(t, million) })
	t.Run("statements", func(t *testing.T) { statementsStayFlat(t, million) })
}

// database is a database with one job whose tasks were filled in.
type database struct {
	dsn string
	job frontier.JobID
}

// filled makes a database of n tasks.
func filled(t *testing.T, n int, blocked bool) database {
	t.Helper()
	dsn := pgtest.Migrated(t)
	job, err := open(t, dsn, nil).Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 1 << 20}}, false)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	fill(t, dsn, job, n, blocked)
	t.Logf("%d tasks were filled in in %v", n, time.Since(began).Round(time.Millisecond))
	return database{dsn, job}
}

// statementsStayFlat: no statement of the hot path reads more at a million tasks than with twenty
// thousand ready ones. It compares the buffers on two databases after the same work.
func statementsStayFlat(t *testing.T, million database) {
	t.Helper()
	small, large := hotPath(t, filled(t, 20_000, false), false), hotPath(t, million, true)
	for _, name := range slices.Sorted(maps.Keys(small)) {
		if strings.HasPrefix(name, "sqlDepth") && name != "sqlDepthOldest" {
			continue // its cost depends on the number of hosts: depthStaysFlat
		}
		s, l := small[name].buffers(), large[name].buffers()
		t.Logf("%-14s %3d runs %6d buffers, %6d at a million", name, len(large[name].runs), s, l)
		if len(large[name].runs) == 0 {
			t.Errorf("%s was not run on the large database", name)
		}
		if most := 2*s + slack + lanes[name]*versions; l > most {
			t.Errorf("%s touches %d buffers at a million tasks and %d at twenty thousand; want at most %d:\n%s", name, l, s, most, large[name].plan)
		}
	}
	for _, name := range []string{"sqlLanes", "sqlTake", "sqlMine", "sqlStill", "sqlAdd", "sqlRecords", "sqlNewRecords", "sqlAssets", "sqlLock", "sqlWake", "sqlFinish", "sqlFinishGood", "sqlFail",
		"sqlRelease", "sqlHeartbeat", "sqlDue", "sqlDueSeqs", "sqlPromote", "sqlReadyLanes", "sqlSpaceTake", "sqlDead", "sqlRescue", "sqlReserve", "sqlBackoff", "sqlBlocked", "sqlDepthOldest"} {
		if len(small[name].runs) == 0 {
			t.Errorf("%s was not run", name)
		}
	}
}

// slack is the number of buffers that one second of work adds to an index, because the hints are
// that old.
const slack = 100

// versions is the number of further buffers for a look-up of a lane by its id. Each batch of tasks
// writes the lane, and an old transaction keeps the old rows. Four of these rows share a page, and
// the 600 earlier batches wrote 16 lanes.
const versions = 25

// lanes is the number of lanes that a statement looks up.
var lanes = map[string]int{
	"sqlTake": 2, "sqlLock": 16, "sqlWake": 16, "sqlFinish": 2, "sqlFinishGood": 2, "sqlFail": 2, "sqlRelease": 10, "sqlRescue": 10, "sqlPromote": 10,
	"sqlDeadLanes": 10, "sqlBlocked": 10, "sqlReserve": 1, "sqlBackoff": 1,
}

// cost is the number of buffers that the runs of one statement touched, and the plan of the most
// expensive run.
type cost struct {
	runs []int
	most int
	plan string
}

// buffers returns a bound that three of four runs meet. A run may reset the hints and read more.
func (c cost) buffers() int {
	if len(c.runs) == 0 {
		return 0
	}
	slices.Sort(c.runs)
	return c.runs[len(c.runs)*3/4]
}

// fill writes tasks into the tables. Six of ten are finished. With blocked, one waits for a retry,
// one is in a full lane, one in a paused lane and one in a lane in backoff. The others are ready.
func fill(t *testing.T, dsn string, job frontier.JobID, n int, blocked bool) {
	t.Helper()
	sql := fmt.Sprintf(`
 create temp table t as select i, i %% 10 as kind, 'k' || lpad((i::bigint * 7919 %% 10000019)::text, 8, '0') as key from generate_series(1, %[2]d) i where %[3]t or i %% 10 < 7;
 insert into seine.lane(job_id, lane_key, delay_min, delay_max, max_inflight, parked, next_at)
   select %[1]d, 'shard/' || lpad(i::text, 2, '0'), '0', '0', 1 << 20, false, now() from generate_series(0, 15) i;
 insert into seine.lane(job_id, lane_key, delay_min, delay_max, max_inflight, inflight, "full", paused, parked, quiet_until, next_at)
   select %[1]d, 'h' || i || ':80', '1 s', '1 s', 2, case when i %% 3 = 0 then 2 else 0 end, i %% 3 = 0, i %% 3 = 1, false,
     case when i %% 3 = 2 then now() + interval '1 h' end, now() + case when i %% 3 = 2 then interval '1 h' else '0' end
   from generate_series(1, case when %[3]t then 3000 else 3 end) i;
 create temp table lanes as select lane_id, lane_key, row_number() over (order by lane_id) - 1 as o from seine.lane where job_id = %[1]d;
 insert into seine.task(job_id, key, lane_id, state, attempt, worker, finished_at)
   select %[1]d, key, 1, case when kind < 6 then 1 else 0 end, 1, 'w', case when kind < 6 then now() end from t order by key;
 insert into seine.queue(job_id, key, lane_id, prio, state, attempt, run_at)
   select %[1]d, t.key, l.lane_id, 1, case when kind = 7 then 2 else 0 end, 0, case when kind = 7 then now() + interval '1 day' end
   from t join lanes l on l.o = case when kind in (6, 7) then i / 10 %% 16 else 16 + (i / 10 * 3 + kind) %% (select count(*) - 16 from lanes) end where kind >= 6 order by i;
 insert into seine.record(job_id, key, kind, fields, url, digest, fetched_at) select %[1]d, key, 'record', '{}', 'u', '', now() from t where kind < 2 order by key;
 insert into seine.asset(job_id, key, name, path, bytes, sha256, url) select %[1]d, key, 'front', key, 1, '', 'u' from t where kind < 1 order by key;
 insert into seine.stat select %[1]d, 0, 0, null, count(*) from t;
 insert into seine.stat select %[1]d, 0, 1, null, count(*) from t where kind < 6;
 insert into seine.space values (%[1]d, 1, 1000000000, 1);
 analyze`, job, n, blocked)
	if _, err := session(t, dsn).Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// hotPath runs every statement of the hot path on a database and returns their costs. With dead, an
// idle transaction keeps the dead rows of tens of thousands of finished tasks.
func hotPath(t *testing.T, d database, dead bool) map[string]cost {
	t.Helper()
	ctx := t.Context()
	f := open(t, d.dsn, nil)
	w := &hot{T: t, f: f, job: d.job}
	w.lease = w.must2(f.OpenLease(ctx, "w", time.Minute))
	if dead {
		idle := session(t, d.dsn)
		if _, err := idle.Exec(ctx, `begin isolation level repeatable read; select count(*) from seine.job`); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 600 {
			w.work(50, 50)
		}
		t.Logf("30,000 tasks were worked off in %v", time.Since(began).Round(time.Millisecond))
		// The work of the last second is newer than the hints.
		if _, err := idle.Exec(ctx, `select pg_sleep(1.1)`); err != nil {
			t.Fatal(err)
		}
		w.work(50, 50)
	}
	costs := explained(t, f)
	for range 12 { // from the sixth run on, a prepared statement keeps its plan
		w.round()
	}
	return costs.take()
}

// explained collects the costs of a frontier's statements from now on.
func explained(t *testing.T, f *pgfrontier.Frontier) *explains {
	t.Helper()
	e := &explains{costs: map[string]cost{}}
	if err := f.Explained(t.Context(), func(text string) {
		e.mu.Lock()
		defer e.mu.Unlock()
		note(t, e.costs, text)
	}); err != nil {
		t.Fatal(err)
	}
	return e
}

// explains are the costs of statements by their names.
type explains struct {
	mu    sync.Mutex
	costs map[string]cost
}

// take returns the costs so far, and begins anew.
func (e *explains) take() map[string]cost {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.costs
	e.costs = map[string]cost{}
	return out
}

// hot works on one job through the driver.
type hot struct {
	*testing.T
	f     *pgfrontier.Frontier
	job   frontier.JobID
	lease frontier.Lease
	next  int
}

func (w *hot) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *hot) must2(l frontier.Lease, err error) frontier.Lease {
	w.Helper()
	w.must(err)
	return l
}

// work adds tasks, claims the same number and completes them.
func (w *hot) work(add, claim int) []frontier.Claimed {
	w.Helper()
	ctx := w.Context()
	var more []frontier.New
	for range add {
		w.next++
		more = append(more, frontier.New{Key: fmt.Sprintf("n%08d", w.next*7919%10000019), Lane: fmt.Sprintf("shard/%02d", w.next%16), Priority: 1})
	}
	_, err := w.f.Add(ctx, w.job, more)
	w.must(err)
	got, err := w.f.Claim(ctx, w.lease, frontier.ClaimArgs{Job: w.job, N: claim})
	w.must(err)
	if len(got) != claim {
		w.Fatalf("claimed %d tasks; want %d", len(got), claim)
	}
	var batch []frontier.Completion
	for i, c := range got {
		end := frontier.Completion{
			Claimed: c, State: seine.Done,
			Records: []frontier.Record{{Key: c.Key, Kind: "record", Fields: []byte(`{}`), FetchedAt: time.Now()}},
		}
		if i == 0 {
			end.State, end.Reason, end.Records = seine.Error, "bad", nil
		}
		if i < add/10 {
			end.Assets = []frontier.Asset{{Key: c.Key, Stored: assetfile.Stored{Name: "front", Path: c.Key}}}
			end.Follow = []frontier.New{{Key: c.Key, Lane: "shard/01"}, {Key: c.Key + "x", Lane: c.LaneKey, Priority: 1}}
		}
		batch = append(batch, end)
	}
	// The second batch has no follow-ups, so it is completed without a look first.
	for _, batch := range [][]frontier.Completion{batch[:min(len(batch), add/10)], batch[min(len(batch), add/10):]} {
		out, err := w.f.Complete(ctx, w.lease, w.job, batch)
		w.must(err)
		if out.Kept != len(batch) {
			w.Fatalf("completed %+v of %d", out, len(batch))
		}
	}
	return got
}

// round runs the hot path once.
func (w *hot) round() {
	w.Helper()
	ctx := w.Context()
	w.work(50, 50)
	got, err := w.f.Claim(ctx, w.lease, frontier.ClaimArgs{Job: w.job, N: 20})
	w.must(err)
	if len(got) != 20 {
		w.Fatalf("claimed %d tasks; want 20", len(got))
	}
	lanes := map[frontier.LaneID]bool{}
	var fails []frontier.Failure
	for _, c := range got[:10] {
		fails = append(fails, frontier.Failure{Claimed: c, State: seine.Error, Reason: "boom", Delay: time.Millisecond})
		lanes[c.Lane] = true
	}
	_, err = w.f.Blocked(ctx, slices.Sorted(maps.Keys(lanes)))
	w.must(err)
	_, err = w.f.Fail(ctx, w.lease, w.job, fails)
	w.must(err)
	_, err = w.f.Release(ctx, w.lease, got[10:])
	w.must(err)
	w.must(w.f.Heartbeat(ctx, w.lease, nil))
	_, _, err = w.f.Due(ctx, []frontier.JobID{w.job})
	w.must(err)
	_, err = w.f.Depth(ctx, w.job)
	w.must(err)
	_, err = w.f.Promote(ctx, 1000)
	w.must(err)
	_, err = w.f.Reserve(ctx, w.job, "h1:80", 0.5, time.Hour)
	w.must(err)
	w.must(w.f.Backoff(ctx, w.job, []string{"h2:80"}, frontier.Backoff{For: time.Hour, Why: "Retry-After"}))
	_, _, err = w.f.Fill(ctx, w.job, 50, func(id int64) (frontier.New, error) {
		return frontier.New{Key: fmt.Sprintf("id%d", id), Lane: fmt.Sprintf("ids%d:80", w.next), Priority: 3}, nil
	})
	w.must(err)
	// A worker with ten tasks died.
	dead := w.must2(w.f.OpenLease(ctx, "dead", time.Minute))
	_, err = w.f.Claim(ctx, dead, frontier.ClaimArgs{Job: w.job, N: 10})
	w.must(err)
	w.must(w.f.CloseLease(ctx, dead))
	for found := true; found; {
		found, _, _, err = w.f.Rescue(ctx)
		w.must(err)
	}
}

// node is a plan of EXPLAIN.
type node struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Parent Relationship"`
	Subplan  string `json:"Subplan Name"`
	Hit      int    `json:"Shared Hit Blocks"`
	Read     int    `json:"Shared Read Blocks"`
	Plans    []node `json:"Plans"`

	Rows    float64 `json:"Actual Rows"`
	Loops   float64 `json:"Actual Loops"`
	Filter  float64 `json:"Rows Removed by Filter"`
	Join    float64 `json:"Rows Removed by Join Filter"`
	Recheck float64 `json:"Rows Removed by Index Recheck"`
}

// handled returns the number of rows that the nodes returned and dropped.
func (n node) handled() float64 {
	sum := n.Loops * (n.Rows + n.Filter + n.Join + n.Recheck)
	for _, p := range n.Plans {
		sum += p.handled()
	}
	return sum
}

// buffers sums the buffers that each node touched itself. The figure of a node includes its
// children. A CTE counts at its definition, not at its uses.
func (n node) buffers() int {
	sum, own := 0, n.Hit+n.Read
	for _, p := range n.Plans {
		sum += p.buffers()
		if !strings.HasPrefix(p.Subplan, "CTE ") {
			own -= p.Hit + p.Read
		}
	}
	if n.Type != "CTE Scan" {
		sum += max(0, own)
	}
	return sum
}

// note records one explained statement.
func note(t *testing.T, costs map[string]cost, text string) {
	_, body, found := strings.Cut(text, "plan:\n")
	if !found {
		return
	}
	var explained struct {
		Text string `json:"Query Text"`
		Plan node
	}
	if err := json.Unmarshal([]byte(body), &explained); err != nil {
		t.Errorf("auto_explain: %v in %.200s", err, body)
		return
	}
	name := pgfrontier.Name(explained.Text)
	if name == "" {
		return
	}
	c := costs[name]
	b := explained.Plan.buffers()
	c.runs = append(c.runs, b)
	if b >= c.most {
		c.most, c.plan = b, body
	}
	costs[name] = c
}
