package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// fake is a frontier that knows the states of some keys.
type fake struct {
	Frontier
	states map[string]seine.State
	next   int64 // of the enumeration
}

func (f *fake) Lookup(_ context.Context, _ frontier.JobID, keys []string) (map[string]seine.State, error) {
	out := map[string]seine.State{}
	for _, k := range keys {
		if s, ok := f.states[k]; ok {
			out[k] = s
		}
	}
	return out, nil
}

func (f *fake) Fill(_ context.Context, _ frontier.JobID, n int, admit func(id int64) (frontier.New, error)) (int, bool, error) {
	for range n {
		if _, err := admit(f.next); err != nil {
			return 0, false, err
		}
		f.next++
	}
	return n, true, nil
}

// open returns the source of a job.
func open(t *testing.T, f *fake, change func(*seine.Job)) Source {
	t.Helper()
	job := seine.Job{
		Name: "j", Seeds: seine.Seeds{URL: "https://shop.example/p/{id}"},
		Scraper: seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) { return seine.Result{}, nil }),
	}
	change(&job)
	normal, err := job.Normal()
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Frontier: f, Job: &normal, ID: 1, Log: slog.New(slog.DiscardHandler), Seed: 1, Slots: 4})
}

func ids(strategy seine.Strategy, patience int) func(*seine.Job) {
	return func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{{From: 0, To: 99}}
		j.Explore.Strategy, j.Explore.Patience = strategy, patience
	}
}

// done is a done task of an ID.
func done(key string) Finished {
	return Finished{
		Claimed: frontier.Claimed{Key: key, Priority: 2}, Sites: []string{"https://shop.example/p/" + key}, State: seine.Done, Final: true,
	}
}

// keys returns the keys of follow-ups, sorted.
func keys(tasks []frontier.New) []string {
	var out []string
	for _, n := range tasks {
		out = append(out, n.Key)
	}
	slices.Sort(out)
	return out
}

func TestTheStrategyChoosesTheSource(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*seine.Job)
		want   string
	}{
		"no IDs":      {func(*seine.Job) {}, "discovery.links"},
		"enumeration": {ids(seine.StrategyOff, 0), "*discovery.enumerator"},
		"chain":       {ids(seine.StrategyChain, 1), "*discovery.chain"},
		"forager":     {ids(seine.StrategyForager, 0), "*discovery.forager"},
		"random":      {ids(seine.StrategyRandom, 0), "*discovery.forager"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s := open(t, &fake{}, tt.change); fmt.Sprintf("%T", s) != tt.want {
				t.Errorf("the source is %T; want %s", s, tt.want)
			}
		})
	}
}

// A link is one link deeper than its page, and has its priority. A link to another site does not
// receive the job's credentials. A link that is no URL is left out and counted.
func TestLinks(t *testing.T) {
	t.Parallel()
	s := open(t, &fake{}, func(*seine.Job) {})
	first := 0
	f := done("1")
	f.Meta.Depth = 3
	f.Follow = []seine.Follow{
		{ID: "2", Meta: map[string]any{"color": "red"}}, {URL: "https://shop.example/list", Priority: &first}, {URL: "https://cdn.example/a"}, {URL: "https://"},
	}
	skipped, retried := f, f
	skipped.Skip, retried.Final = true, false
	next := s.Follow(t.Context(), []Finished{f, skipped, retried})
	if len(next) != 3 || next[1].Follow != nil || next[2].Follow != nil {
		t.Fatalf("%+v; want follow-ups of the first task alone", next)
	}
	var got []string
	for _, n := range next[0].Follow {
		own, given := SplitMeta(n.Meta)
		got = append(got, fmt.Sprintf("%s priority %d depth %d foreign %v meta %v", n.Key, n.Priority, own.Depth, own.Foreign, given))
	}
	want := []string{
		"2 priority 2 depth 4 foreign false meta map[color:red]",
		"https://shop.example/list priority 0 depth 4 foreign false meta map[]",
		"https://cdn.example/a priority 2 depth 4 foreign true meta map[]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("follow-ups (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]frontier.LeftOut{{Reason: "no task key", N: 1}}, next[0].LeftOut); diff != "" {
		t.Errorf("links left out (-want +got):\n%s", diff)
	}
}

// An enumeration admits a block at a time and reports what is left.
func TestEnumeration(t *testing.T) {
	t.Parallel()
	f := &fake{}
	s := open(t, f, ids(seine.StrategyOff, 0))
	got, err := s.More(t.Context(), 1)
	if err != nil || got.Added != enumBlock || !got.Left || f.next != enumBlock {
		t.Errorf("More = %+v, %v", got, err)
	}
	job := seine.Job{Explore: seine.Explore{Strategy: seine.StrategyOff}, Seeds: seine.Seeds{IDs: []seine.IDSpace{{From: 5, To: 7, Prefix: "A-"}, {From: 10, To: 30, Step: 10}}}}
	two := enumerated(&job)
	if two == nil || two.plain {
		t.Fatalf("two spaces are %+v", two)
	}
	var all []string
	for n := range int64(7) {
		all = append(all, two.key(n))
	}
	if diff := cmp.Diff([]string{"A-5", "A-6", "A-7", "10", "20", "30", ""}, all); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// A walk continues on both sides of a hit, past IDs that are known misses, and ends after its
// patience.
func TestChain(t *testing.T) {
	t.Parallel()
	f := &fake{states: map[string]seine.State{"51": seine.Skipped, "49": seine.Done}}
	s := open(t, f, ids(seine.StrategyChain, 2))
	miss := done("60")
	miss.State, miss.Meta.Walk = seine.Skipped, &explore.Walk{Dir: 1, Misses: 1}
	skipped := done("50")
	skipped.Skip = true
	next := s.Follow(t.Context(), []Finished{done("50"), miss, skipped})
	if got := keys(next[0].Follow); !slices.Equal(got, []string{"52"}) {
		t.Errorf("a hit at 50 leads to %v; want 52", got)
	}
	if next[1].Follow != nil || next[2].Follow != nil {
		t.Errorf("a walk without patience leads to %v, a skipped task to %v", keys(next[1].Follow), keys(next[2].Follow))
	}
}

// If a neighbor function panics, the task ends in error. Without a page it is not called.
func TestNeighborFunctionPanics(t *testing.T) {
	t.Parallel()
	s := open(t, &fake{}, func(j *seine.Job) {
		j.Explore.Strategy, j.Explore.Patience = seine.StrategyChain, 1
		j.Explore.Neighbor = func(seine.Task, *seine.Page, int) string { panic("no neighbor") }
	})
	with := done("1")
	with.Page = &seine.Page{}
	next := s.Follow(t.Context(), []Finished{with, done("2")})
	if !errors.Is(next[0].Err, errNeighbor) || next[0].Follow != nil {
		t.Errorf("with a page: %+v; want %v", next[0], errNeighbor)
	}
	if next[1].Err != nil || next[1].Follow != nil {
		t.Errorf("without a page: %+v", next[1])
	}
}

// A hit function that panics finds no hit.
func TestHitFunctionPanics(t *testing.T) {
	t.Parallel()
	job := &seine.Job{Explore: seine.Explore{Hit: func(string, seine.Verdict) bool { panic("no hit") }}}
	if isHit(job, "1", seine.Done, "") {
		t.Error("it is a hit")
	}
	if job.Explore.Hit = nil; !isHit(job, "1", seine.Done, "") || isHit(job, "1", seine.Skipped, "") {
		t.Error("without a function, done is a hit and skipped is none")
	}
}

func TestMetaRoundTrip(t *testing.T) {
	t.Parallel()
	own := Meta{Depth: 2, Foreign: true, Walk: &explore.Walk{Dir: -1, Misses: 3}}
	raw, err := json.Marshal(JoinMeta(own, map[string]any{"color": "red"}))
	if err != nil {
		t.Fatal(err)
	}
	got, given := SplitMeta(raw)
	if diff := cmp.Diff(own, got); diff != "" {
		t.Errorf("own part (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"color": "red"}, given); diff != "" {
		t.Errorf("given part (-want +got):\n%s", diff)
	}
	if _, given := SplitMeta(json.RawMessage(`{"_seine":{"depth":1}}`)); given != nil {
		t.Errorf("without a given part: %v", given)
	}
	if got, given := SplitMeta(json.RawMessage(`[1]`)); got != (Meta{}) || given != nil {
		t.Errorf("damaged meta: %+v, %v", got, given)
	}
}
