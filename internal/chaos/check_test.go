package chaos

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
)

// start is when the histories of these tests begin.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

// sound is a history without a fault: an ID that is done, one skipped, one stale at first, and one
// that a killed worker left behind.
func sound() History {
	asset := func(key string) File {
		return File{Name: "front", Path: "png/9/" + key + "_front.png", Bytes: 7, SHA256: "5a" + key}
	}
	done := func(key string) Truth {
		return Truth{Key: key, State: seine.Done, Fields: map[string]string{"grade": "9"}, Assets: []File{asset(key)}}
	}
	page := func(n int64, key, worker string, d time.Duration) Visit {
		return Visit{N: n, At: at(d), Host: "pages", Key: key, Path: "/cert/" + key + "/psa", Worker: worker, Page: true}
	}
	image := func(n int64, key, worker string, d time.Duration) Visit {
		return Visit{N: n, At: at(d), Host: "images", Key: key, Path: "/cert/" + key + "/large/front.jpg", Worker: worker}
	}
	linked := func(n int64, key, worker string, d time.Duration) Visit {
		return Visit{N: n, At: at(d), Host: "linked", Key: key, Path: "/cert/" + key + "/psa", Worker: worker, Page: true}
	}
	robots := func(n int64, worker string, d time.Duration, trouble string) Visit {
		return Visit{N: n, At: at(d), Host: "linked", Path: "/robots.txt", Worker: worker, Robots: true, Trouble: trouble}
	}
	stale := page(4, "3", "w0.1", 200*time.Millisecond)
	stale.Trouble = "another id"
	limited := page(8, "3", "w1.1", 20*time.Second)
	limited.Trouble, limited.RetryAfter = "HTTP 429", 3*time.Second
	h := History{
		Terms: Terms{
			Delay: map[string]time.Duration{"pages": 100 * time.Millisecond}, Slack: 20 * time.Millisecond,
			Lease: 2 * time.Second, Life: 5 * time.Second, Grace: time.Second, RobotsRetry: 9 * time.Second,
		},
		Truth: []Truth{done("1"), {Key: "2", State: seine.Skipped, Reason: "no such id"}, done("3"), done("4"),
			{Key: "l1", Parent: "1", State: seine.Done, Fields: map[string]string{"grade": "9"}},
			{Key: "l3", Parent: "3", State: seine.Skipped, Reason: "disallowed", Forbidden: true},
		},
		Visits: []Visit{
			page(1, "1", "w0.1", 0), image(2, "1", "w0.1", 50*time.Millisecond),
			page(3, "2", "w1.1", 100*time.Millisecond), stale,
			page(5, "4", "w2.1", 300*time.Millisecond), image(6, "4", "w2.1", 310*time.Millisecond), // then it is killed
			page(7, "4", "w0.1", 4*time.Second), image(9, "4", "w0.1", 4100*time.Millisecond),
			robots(12, "w0.1", time.Second, "HTTP 500"), robots(13, "w2.1", 11*time.Second, ""), linked(14, "l1", "w1.1", 12*time.Second),
			limited, page(10, "3", "w1.1", 24*time.Second), image(11, "3", "w1.1", 24100*time.Millisecond),
		},
		Faults: []Fault{
			{Kind: Kill, Worker: "w2.1", From: at(320 * time.Millisecond), Until: at(321 * time.Millisecond)},
			{Kind: StoreFull, From: at(10 * time.Second), Until: at(12 * time.Second)},
		},
		Exits: []Exit{
			{Worker: "w0.1", Started: at(-time.Second), At: at(30 * time.Second), ToldTo: true},
			{Worker: "w1.0", Started: at(9 * time.Second), At: at(11 * time.Second), Code: exitDiskFull},
		},
		Acks: []Ack{
			{At: at(150 * time.Millisecond), Key: "2", Worker: "w1.1"}, // the answers for 1 and 3 were lost
			{At: at(5 * time.Second), Key: "4", Worker: "w0.1"},
		},
		State: State{
			Tasks: []Task{
				{Key: "1", State: seine.Done, Worker: "w0.1", Attempt: 1},
				{Key: "2", State: seine.Skipped, Reason: "no such id", Worker: "w1.1", Attempt: 1},
				{Key: "3", State: seine.Done, Worker: "w1.1", Attempt: 3},
				{Key: "4", State: seine.Done, Worker: "w0.1", Attempt: 2},
				{Key: "l1", State: seine.Done, Worker: "w1.1", Attempt: 1},
				{Key: "l3", State: seine.Skipped, Reason: "disallowed", Worker: "w1.1", Attempt: 1},
			},
			Lanes:    []Lane{{Key: "127.0.0.1:8700", Parked: true}},
			Counters: map[int]int64{0: 6, 1: 4, 4: 2, 10: 4, 11: 3},
		},
	}
	h.Retries.Error, h.Retries.Stale = 10, 5
	for key, visit := range map[string]int64{"1": 1, "3": 10, "4": 7} {
		h.Records = append(h.Records, Record{Key: key, Visit: visit, Fields: map[string]string{"grade": "9"}})
		h.Assets = append(h.Assets, Asset{key, asset(key)})
		f := asset(key)
		f.Name = ""
		h.Files = append(h.Files, f)
	}
	h.Records = append(h.Records, Record{Key: "l1", Visit: 14, Fields: map[string]string{"grade": "9"}})
	slices.SortFunc(h.Records, func(a, b Record) int { return strings.Compare(a.Key, b.Key) })
	slices.SortFunc(h.Assets, func(a, b Asset) int { return strings.Compare(a.Key, b.Key) })
	slices.SortFunc(h.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return h
}

func TestSoundHistory(t *testing.T) {
	t.Parallel()
	if found := Check(sound()); len(found) > 0 {
		t.Errorf("a sound history violates %v", found)
	}
}

// Each breach is named by its rule, and by no other where only one thing is wrong.
func TestViolations(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, tt := range []struct {
		name  string
		plant func(h *History)
		want  []Rule
	}{
		{"a task is gone", func(h *History) { h.Tasks = h.Tasks[1:]; h.Counters[0]--; h.Counters[1]-- }, []Rule{RuleFinal}},
		{"a task is there twice", func(h *History) { h.Tasks = append(h.Tasks, h.Tasks[1]); h.Counters[0]++; h.Counters[4]++ }, []Rule{RuleFinal}},
		{"a task that nobody wants", func(h *History) {
			h.Tasks = append(h.Tasks, Task{Key: "9", State: seine.Skipped})
			h.Counters[0]++
			h.Counters[4]++
		}, []Rule{RuleFinal}},
		{"skipped for another reason", func(h *History) { h.Tasks[1].Reason = "not english" }, []Rule{RuleFinal}},
		{"a wanted card in error", func(h *History) {
			h.Tasks[3].State = seine.Error
			h.Counters[1]--
			h.Counters[2]++
		}, []Rule{RuleFinal, RuleRecord}},
		{"an error that its attempts explain, of which there are too many", func(h *History) {
			for i := range 4 {
				key := string(rune('a' + i))
				h.Truth = append(h.Truth, Truth{Key: key, State: seine.Skipped})
				h.Tasks = append(h.Tasks, Task{Key: key, State: seine.Error, Reason: "timeout", Attempt: 10})
				h.Visits = append(h.Visits, Visit{N: int64(100 + i), At: at(time.Hour + time.Duration(i)*time.Second), Host: "pages", Key: key, Page: true, Trouble: "reset"})
				h.Counters[0]++
				h.Counters[2]++
			}
		}, []Rule{RuleFinal}},
		{"an error before its attempts are used up", func(h *History) {
			h.Tasks[1].State, h.Tasks[1].Attempt = seine.Error, 9
			h.Counters[4]--
			h.Counters[2]++
		}, []Rule{RuleFinal}},
		{"final and never asked for", func(h *History) { h.Visits = slices.Delete(h.Visits, 2, 3) }, []Rule{RuleVisit}},
		{"done without a record", func(h *History) { h.Records = h.Records[1:]; h.Counters[10]-- }, []Rule{RuleRecord}},
		{"skipped with a record", func(h *History) {
			h.Records = append(h.Records, Record{Key: "2", Visit: 3})
			h.Counters[10]++
		}, []Rule{RuleRecord}},
		{"two records", func(h *History) { h.Records = append(h.Records, h.Records[0]); h.Counters[10]++ }, []Rule{RuleRecord}},
		{"a record that nobody wants", func(h *History) { h.Records = append(h.Records, Record{Key: "9"}); h.Counters[10]++ }, []Rule{RuleRecord}},
		{"a wrong field", func(h *History) { h.Records[0].Fields = map[string]string{"grade": "8"} }, []Rule{RuleRecord}},
		{"a record of another worker's fetch", func(h *History) { h.Records[2].Visit = 5 }, []Rule{RuleFence}},
		{"a record of another id's page", func(h *History) { h.Records[2].Visit = 1 }, []Rule{RuleFence}},
		{"a record of no fetch at all", func(h *History) { h.Records[2].Visit = 0 }, []Rule{RuleFence}},
		{"two workers say that they ended it", func(h *History) { h.Acks = append(h.Acks, Ack{At: at(6 * time.Second), Key: "4", Worker: "w2.1"}) }, []Rule{RuleAck}},
		{"a worker says that it ended what another did", func(h *History) { h.Acks[0].Worker = "w2.1" }, []Rule{RuleAck}},
		{"asked for again after its end was stored, whatever broke", func(h *History) {
			h.Visits = append(h.Visits, Visit{N: 20, At: at(400 * ms), Host: "pages", Key: "2", Worker: "w2.1", Page: true})
			h.Faults = append(h.Faults, Fault{Kind: CrashServer, From: at(120 * ms), Until: at(350 * ms)})
		}, []Rule{RuleAck}},
		{"a file is gone", func(h *History) { h.Files = h.Files[1:] }, []Rule{RuleAsset}},
		{"a file has other bytes", func(h *History) { h.Files[0].SHA256 = "00" }, []Rule{RuleAsset}},
		{"a row has another sum", func(h *History) { h.Assets[0].SHA256 = "00" }, []Rule{RuleAsset}},
		{"an asset without a row", func(h *History) { h.Assets = h.Assets[1:]; h.Counters[11]-- }, []Rule{RuleAsset, RuleOwner}},
		{"an asset of an id without a record", func(h *History) {
			h.Assets = append(h.Assets, Asset{Key: "2", File: File{Name: "front", Path: "p"}})
			h.Counters[11]++
		}, []Rule{RuleAsset}},
		{"two rows of one asset", func(h *History) { h.Assets = append(h.Assets, h.Assets[0]); h.Counters[11]++ }, []Rule{RuleAsset}},
		{"a file of nobody", func(h *History) { h.Files = append(h.Files, File{Path: "png/9/2_front.png"}) }, []Rule{RuleOwner}},
		{"a half-written file of nobody", func(h *History) { h.Files = append(h.Files, File{Path: "png/9/2_front.png.19a2.tmp"}) }, []Rule{RuleOwner}},
		{"a half-written file and nobody was killed", func(h *History) {
			h.Faults = []Fault{{Kind: Pause, Worker: "w2.1", From: at(320 * ms), Until: at(3 * time.Second)}}
			h.Exits = h.Exits[:1]
			h.Files = append(h.Files, File{Path: "png/9/1_front.png.19a2.tmp"})
		}, []Rule{RuleOwner}},
		{"asked for twice for no reason", func(h *History) {
			h.Visits = append(h.Visits, Visit{N: 20, At: at(40 * time.Second), Host: "pages", Key: "1", Worker: "w1.1", Page: true})
		}, []Rule{RuleTwice}},
		{"asked for twice at once, and its worker is killed later", func(h *History) {
			h.Visits = append(h.Visits, Visit{N: 20, At: at(400 * ms), Host: "pages", Key: "1", Worker: "w1.1", Page: true})
			h.Faults = append(h.Faults, Fault{Kind: Kill, Worker: "w0.1", From: at(450 * ms), Until: at(450 * ms)})
		}, []Rule{RuleTwice}},
		{"asked for twice, and another worker is killed", func(h *History) {
			h.Visits = append(h.Visits, Visit{N: 20, At: at(5 * time.Second), Host: "pages", Key: "1", Worker: "w1.1", Page: true})
		}, []Rule{RuleTwice}},
		{"asked for again long after the fault that could explain it was over", func(h *History) {
			h.Visits = append(h.Visits, Visit{N: 20, At: at(40 * time.Second), Host: "pages", Key: "1", Worker: "w1.1", Page: true})
			h.Faults = append(h.Faults, Fault{Kind: Kill, Worker: "w0.1", From: at(30 * time.Second), Until: at(30 * time.Second)})
		}, []Rule{RuleTwice}},
		{"a picture asked for more often than its page", func(h *History) {
			again := h.Visits[1]
			again.N, again.At = 20, at(60*ms)
			h.Visits = append(h.Visits, again)
		}, []Rule{RuleTwice}},
		{"a start too early", func(h *History) { h.Visits[2].At = at(70 * ms) }, []Rule{RulePace}},
		{"each start a little too early", func(h *History) {
			for i := range 20 {
				key := string(rune('a' + i))
				h.Truth = append(h.Truth, Truth{Key: key, State: seine.Skipped})
				h.Tasks = append(h.Tasks, Task{Key: key, State: seine.Skipped})
				h.Visits = append(h.Visits, Visit{N: int64(100 + i), At: at(time.Minute + time.Duration(i)*90*ms), Host: "pages", Key: key, Page: true})
				h.Counters[0]++
				h.Counters[4]++
			}
		}, []Rule{RulePace}},
		{"a start while the host is to be left alone", func(h *History) { h.Visits[12].At = at(22 * time.Second) }, []Rule{RuleQuiet}},
		{"a link that nobody follows", func(h *History) {
			h.Tasks = slices.Delete(h.Tasks, 5, 6)
			h.Counters[0]--
			h.Counters[4]--
		}, []Rule{RuleFinal}},
		{"a page that robots.txt forbids", func(h *History) {
			h.Visits = append(h.Visits, Visit{N: 20, At: at(14 * time.Second), Host: "linked", Key: "l3", Worker: "w1.1", Page: true})
		}, []Rule{RuleRobots}},
		{"a page before robots.txt was read", func(h *History) {
			h.Visits = append(h.Visits, Visit{N: 20, At: at(2 * time.Second), Host: "linked", Key: "l1", Worker: "w1.1", Page: true, Trouble: "reset"})
		}, []Rule{RuleRobots}},
		{"robots.txt by each worker", func(h *History) {
			h.Visits = append(h.Visits, Visit{N: 20, At: at(18 * time.Second), Host: "linked", Worker: "w1.1", Robots: true})
		}, []Rule{RuleRobots}},
		{"robots.txt again at once, and no fault but its own", func(h *History) {
			h.Visits = append(h.Visits, Visit{N: 20, At: at(2 * time.Second), Host: "linked", Worker: "w1.1", Robots: true, Trouble: "HTTP 500"})
		}, []Rule{RuleRobots}},
		{"a counter off by one", func(h *History) { h.Counters[1]++ }, []Rule{RuleCounters}},
		{"a counter of what is not there", func(h *History) { h.Counters[3] = 1 }, []Rule{RuleCounters}},
		{"a slot that was freed twice", func(h *History) { h.Lanes[0].Inflight = -1 }, []Rule{RuleCounters}},
		{"a lane that is full of nothing", func(h *History) { h.Lanes[0].Inflight, h.Lanes[0].Full = 1, true }, []Rule{RuleCounters}},
		{"a task that is queued for ever", func(h *History) { h.Queue = []Queued{{Key: "1", Lane: "127.0.0.1:8700", Waits: true}} }, []Rule{RuleLeft}},
		{"a lane that hides a ready task", func(h *History) { h.Queue = []Queued{{Key: "1", Lane: "127.0.0.1:8700"}} }, []Rule{RuleCounters, RuleLeft}},
		{"a lease that nobody buries", func(h *History) { h.Leases = 1 }, []Rule{RuleLeft}},
		{"a worker that ends by itself", func(h *History) { h.Exits[1].Code = 1 }, []Rule{RuleExit}},
		{"a disk that was said to be full when it was not", func(h *History) { h.Exits[1].Started, h.Exits[1].At = at(time.Second), at(2*time.Second) }, []Rule{RuleExit}},
		{"a worker that was told to stop and failed", func(h *History) { h.Exits[0].Code = 1 }, []Rule{RuleExit}},
		{"what the audit finds", func(h *History) { h.Audit = "1 faults" }, []Rule{RuleAudit}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := sound()
			tt.plant(&h)
			found := Check(h)
			rules := map[Rule]bool{}
			for _, v := range found {
				rules[v.Rule] = true
			}
			want := map[Rule]bool{}
			for _, r := range tt.want {
				want[r] = true
			}
			if len(rules) != len(want) || !sameKeys(rules, want) {
				t.Errorf("found %v; want %v", found, tt.want)
			}
		})
	}
}

func sameKeys(a, b map[Rule]bool) bool {
	for k := range a {
		if !b[k] {
			return false
		}
	}
	return true
}

// A deviation that a fault explains is no violation.
func TestExplained(t *testing.T) {
	t.Parallel()
	again := func(worker string, d time.Duration) Visit {
		return Visit{N: 20, At: at(d), Host: "pages", Key: "1", Worker: worker, Page: true}
	}
	for _, tt := range []struct {
		name  string
		plant func(h *History)
	}{
		{"its worker was paused beyond its lease", func(h *History) {
			h.Visits = append(h.Visits, again("w1.1", 6*time.Second))
			h.Faults = append(h.Faults, Fault{Kind: Pause, Worker: "w0.1", From: at(50 * time.Millisecond), Until: at(4 * time.Second)})
			h.Tasks[0].Worker, h.Records[0].Visit = "w1.1", 20
		}},
		{"its lease had been lost before, and it did not know", func(h *History) {
			h.Visits = append(h.Visits, again("w1.1", 6*time.Second))
			h.Faults = append(h.Faults, Fault{Kind: Stall, Worker: "w0.1", From: at(-4 * time.Second), Until: at(-time.Second)})
		}},
		{"the database was away", func(h *History) {
			h.Visits = append(h.Visits, again("w1.1", 3*time.Second))
			h.Faults = append(h.Faults, Fault{Kind: CrashServer, From: at(60 * time.Millisecond), Until: at(time.Second)})
		}},
		{"who asks stood still between its look at the lease and its fetch", func(h *History) {
			h.Visits = append(h.Visits, Visit{N: 20, At: at(3800 * time.Millisecond), Host: "pages", Key: "2", Worker: "w2.1", Page: true})
			h.Faults = append(h.Faults, Fault{Kind: Stall, Worker: "w1.1", From: at(120 * time.Millisecond), Until: at(time.Second)},
				Fault{Kind: Pause, Worker: "w2.1", From: at(0), Until: at(3790 * time.Millisecond)})
		}},
		{"a picture of it met trouble", func(h *History) {
			h.Visits[1].Trouble = "truncated"
			h.Visits = append(h.Visits, again("w0.1", 600*time.Millisecond))
		}},
		{"what a killed writer leaves", func(h *History) { h.Files = append(h.Files, File{Path: "png/9/1_front.png.19a2.tmp"}) }},
		{"a start that the machine made late", func(h *History) {
			h.Visits[2].At = at(60 * time.Millisecond)
			h.Late = []Late{{At: at(10 * time.Millisecond), By: 30 * time.Millisecond}}
		}},
		{"who was told to wait was killed before it could say so", func(h *History) {
			h.Visits[12].At = at(22 * time.Second)
			h.Faults = append(h.Faults, Fault{Kind: Kill, Worker: "w1.1", From: at(20 * time.Second), Until: at(20 * time.Second)})
		}},
		{"attempts that were used up by trouble", func(h *History) {
			h.Tasks[1] = Task{Key: "2", State: seine.Error, Reason: "connection reset", Worker: "w1.1", Attempt: 10}
			h.Visits[2].Trouble = "reset"
			h.Counters[4]--
			h.Counters[2]++
		}},
		{"a page with a link that used its attempts up", func(h *History) {
			h.Truth = append(h.Truth, Truth{Key: "l2", Parent: "2", State: seine.Done})
			h.Tasks[1] = Task{Key: "2", State: seine.Error, Reason: "connection reset", Worker: "w1.1", Attempt: 10}
			h.Visits[2].Trouble = "reset"
			h.Counters[4]--
			h.Counters[2]++
		}},
		{"who had read robots.txt was killed before it could store it", func(h *History) {
			h.Visits = append(h.Visits, Visit{N: 20, At: at(13 * time.Second), Host: "linked", Worker: "w1.1", Robots: true})
			h.Faults = append(h.Faults, Fault{Kind: Kill, Worker: "w2.1", From: at(11 * time.Second), Until: at(11 * time.Second)})
		}},
		{"a server that was away as a worker started", func(h *History) {
			h.Faults = append(h.Faults, Fault{Kind: StopServer, From: at(40 * time.Second), Until: at(41 * time.Second)})
			h.Exits = append(h.Exits, Exit{Worker: "w1.2", Started: at(40 * time.Second), At: at(40500 * time.Millisecond), Code: exitFrontier})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := sound()
			tt.plant(&h)
			if found := Check(h); len(found) > 0 {
				t.Errorf("it is explained, and yet found %v", found)
			}
		})
	}
}
