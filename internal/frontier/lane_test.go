package frontier

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

var noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// after returns the seconds from noon to each time.
func after(times ...time.Time) []float64 {
	var out []float64
	for _, t := range times {
		out = append(out, t.Sub(noon).Seconds())
	}
	return out
}

func seconds(low, high float64) seine.Span {
	return seine.Span{Min: time.Duration(low * 1e9), Max: time.Duration(high * 1e9)}
}

func nearly(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestLaneTake(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		lane   Lane
		lead   time.Duration
		draws  []float64
		starts []float64
		next   float64
		why    string
		until  float64 // of the backoff; 0 means none
	}{
		{"without a pace all start now", Lane{}, time.Second, []float64{0, 0}, []float64{0, 0}, 0, "", 0},
		{"each delay is drawn", Lane{Pace: LanePace{Delay: seconds(1, 3)}}, 0, []float64{0, 0.5, 0.75}, []float64{0, 1, 3}, 5.5, "", 0},
		{"not before the lead", Lane{Pace: LanePace{Delay: seconds(1, 1)}}, 2 * time.Second, []float64{0}, []float64{2}, 3, "", 0},
		{"not before the next start", Lane{Pace: LanePace{Delay: seconds(1, 1)}, NextAt: noon.Add(5 * time.Second)}, 2 * time.Second, []float64{0}, []float64{5}, 6, "", 0},
		{"a slowed lane", Lane{Pace: LanePace{Delay: seconds(1, 1)}, Slow: 4}, 0, []float64{0, 0}, []float64{0, 4}, 8, "", 0},
		{"a slowed lane without a delay", Lane{Slow: 4}, 0, []float64{0, 0}, []float64{0, 0.04}, 0.08, "", 0},
		{"a rest after every second start", Lane{Pace: LanePace{Delay: seconds(1, 1), Rest: seine.Rest{Every: 2, For: 9 * time.Second}}, Starts: 1}, 0, []float64{0, 0}, []float64{0, 9}, 10, "rest", 9},
		{"a rest that is shorter than the delay", Lane{Pace: LanePace{Delay: seconds(5, 5), Rest: seine.Rest{Every: 1, For: 2 * time.Second}}}, 0, []float64{0}, []float64{0}, 5, "rest", 2},
		{"no task", Lane{NextAt: noon.Add(-time.Hour)}, 0, nil, nil, -3600, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, starts := tt.lane.Take(noon, tt.lead, tt.draws)
			if diff := cmp.Diff(tt.starts, after(starts...)); diff != "" {
				t.Errorf("starts (-want +got):\n%s", diff)
			}
			want := tt.lane
			want.Starts, want.Inflight, want.Why = want.Starts+int64(len(tt.draws)), len(tt.draws), tt.why
			want.NextAt = noon.Add(time.Duration(tt.next * 1e9))
			if tt.until > 0 {
				want.BackoffUntil = noon.Add(time.Duration(tt.until * 1e9))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("lane (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLaneEnd(t *testing.T) {
	t.Parallel()
	pace := LanePace{Inflight: 2, Cooldown: seine.Cooldown{After: 3, For: time.Minute}}
	past, future := noon.Add(-time.Minute), noon.Add(time.Hour)
	for _, tt := range []struct {
		name       string
		lane, want Lane
		ended      Ended
	}{
		{"an error counts", Lane{Pace: pace, Inflight: 1, Errors: 1}, Lane{Pace: pace, Errors: 2}, Ended{N: 1, Bad: 1}},
		{"the third error begins a cooldown", Lane{Pace: pace, Inflight: 1, Errors: 2},
			Lane{Pace: pace, Why: "cooldown", BackoffUntil: noon.Add(time.Minute), NextAt: noon.Add(time.Minute)}, Ended{N: 1, Bad: 1}},
		{"a cooldown does not end a longer backoff", Lane{Pace: pace, Inflight: 1, Errors: 2, BackoffUntil: future, NextAt: future, Why: "Retry-After"},
			Lane{Pace: pace, Why: "cooldown", BackoffUntil: future, NextAt: future}, Ended{N: 1, Bad: 1}},
		{"a good task resets errors and faults", Lane{Pace: pace, Inflight: 1, Errors: 2, Faults: 3, DownSince: past, Slow: 1, Why: "refused"},
			Lane{Pace: pace, Slow: 1}, Ended{N: 1, Good: 1}},
		{"a task that shows nothing", Lane{Pace: pace, Inflight: 1, Errors: 2, Faults: 3}, Lane{Pace: pace, Errors: 2, Faults: 3}, Ended{N: 1}},
		{"a full lane starts again from now on", Lane{Pace: pace, Inflight: 2, NextAt: past}, Lane{Pace: pace, Inflight: 1, NextAt: noon}, Ended{N: 1}},
		{"a good task eases a slowed lane", Lane{Pace: pace, Inflight: 2, NextAt: noon, Slow: 2, EasedAt: past, Why: "HTTP 429"},
			Lane{Pace: pace, NextAt: noon, Slow: 1 / (0.5 + 2*0.02), EasedAt: noon, Why: "HTTP 429"}, Ended{N: 2, Good: 2}},
		{"a lane that is nearly at its pace has recovered", Lane{Pace: pace, Inflight: 1, NextAt: noon, Slow: 1.02, EasedAt: past, Why: "HTTP 429"},
			Lane{Pace: pace, NextAt: noon, Slow: 1, EasedAt: noon}, Ended{N: 1, Good: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, tt.lane.End(noon, tt.ended), cmp.Comparer(nearly)); diff != "" {
				t.Errorf("lane (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLaneReserve(t *testing.T) {
	t.Parallel()
	lane := Lane{Pace: LanePace{Delay: seconds(2, 2)}, NextAt: noon.Add(time.Second), Slow: 1}
	if got, turn := lane.Reserve(noon, 0, time.Second, false, false); turn != (Turn{Wait: time.Second, Paced: true}) || got.NextAt != noon.Add(3*time.Second) || got.Starts != 1 {
		t.Errorf("turn %+v, lane %+v; want a wait of 1s and the next start in 3s", turn, got)
	}
	if got, turn := lane.Reserve(noon, 0, time.Second-1, false, false); got != lane || turn.Wait != time.Second {
		t.Errorf("turn %+v, lane %+v; want no start that is too far away", turn, got)
	}
	if got, turn := lane.Reserve(noon, 0, time.Minute, true, false); got != lane || !turn.Paused {
		t.Errorf("turn %+v, lane %+v; want no start of a paused job", turn, got)
	}
	lane.Slow, lane.EasedAt = 2, noon.Add(-time.Hour)
	if got, _ := lane.Reserve(noon, 0, time.Minute, false, false); got.Slow != 2 {
		t.Errorf("slow %g; want pages eased by answers only", got.Slow)
	}
	if got, _ := lane.Reserve(noon, 0, time.Minute, false, true); !nearly(got.Slow, 1/(0.5+0.02)) || !got.EasedAt.Equal(noon) {
		t.Errorf("slow %g, eased at %v; want assets eased by starts", got.Slow, got.EasedAt)
	}
}

func TestLaneBack(t *testing.T) {
	t.Parallel()
	lane := NewLane(LanePace{Inflight: 1}, noon.Add(-time.Minute)).Back(noon, Backoff{For: time.Minute, Why: "refused", Faults: 1})
	lane = lane.Back(noon.Add(time.Second), Backoff{For: time.Second, Why: "refused again", Faults: 2})
	want := Lane{Pace: LanePace{Inflight: 1}, NextAt: noon.Add(time.Minute), BackoffUntil: noon.Add(time.Minute), Why: "refused again", Faults: 2, DownSince: noon, Priority: 1, Slow: 1}
	if diff := cmp.Diff(want, lane); diff != "" {
		t.Errorf("lane after two faults (-want +got):\n%s", diff)
	}
	slow := NewLane(LanePace{}, noon)
	for range 9 {
		slow = slow.Back(noon, Backoff{Slow: true})
	}
	if slow.Slow != 64 {
		t.Errorf("slow %g after nine refusals; want at most 64", slow.Slow)
	}
	if again := slow.Back(noon.Add(time.Second), Backoff{Slow: true, Ago: 2 * time.Second}); again.Slow != slow.Slow || !again.SlowedAt.Equal(noon) {
		t.Error("a request of before the last refusal slowed the lane")
	}
	if !lane.Down(noon.Add(time.Minute), time.Minute) || lane.Down(noon.Add(time.Minute), time.Hour) || lane.Up().Down(noon.Add(time.Hour), 0) {
		t.Error("a lane is down after its first fault until its host answers")
	}
}

func TestIdle(t *testing.T) {
	t.Parallel()
	ready, none := Lane{Pace: LanePace{Inflight: 1}, Ready: true, NextAt: noon}, Lane{Pace: LanePace{Inflight: 1}, NextAt: noon.Add(Soon)}
	paused, later := none, none
	paused.Paused, later.NextAt = true, noon.Add(Soon+1)
	for _, tt := range []struct {
		name  string
		lanes map[string]Lane
		want  bool
	}{
		{"no lane", nil, true},
		{"a host without a task", map[string]Lane{"a:80": none}, true},
		{"a host with a task", map[string]Lane{"a:80": none, "b:80": ready}, false},
		{"assets do not count", map[string]Lane{"a:80": none, "assets/a:80": ready}, true},
		{"half of the shards", map[string]Lane{"shard/00": none, "shard/01": ready}, true},
		{"more than half of the shards", map[string]Lane{"shard/00": none, "shard/01": ready, "shard/02": ready}, false},
		{"nothing may be claimed", map[string]Lane{"a:80": paused, "b:80": later}, false},
	} {
		if got := Idle(noon, tt.lanes); got != tt.want {
			t.Errorf("%s: idle %v; want %v", tt.name, got, tt.want)
		}
	}
}
