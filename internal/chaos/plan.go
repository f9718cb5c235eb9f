package chaos

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Event is a fault to be done.
type Event struct {
	// At is when, from the start on.
	At   time.Duration
	Kind Kind

	// Worker is the number of its victim, where it has one.
	Worker int

	// For is how long it lasts.
	For time.Duration

	// Of a storm.
	Host       string
	Trouble    string
	RetryAfter time.Duration
	Every      int64
}

// PlanFor is the setting of a plan.
type PlanFor struct {
	Duration time.Duration
	Workers  int
	Lease    time.Duration

	// OneFile reports that the frontier is a file, without a server to stop.
	OneFile bool
}

// The faults are dealt from these decks, which hold each kind, and cheap kinds often.
var (
	serverDeck = []Kind{Kill, Kill, Pause, Pause, StopServer, CrashServer, Cut, Cut, Cut, Cut, Stall, StoreFull, Storm, Storm, Storm}
	fileDeck   = []Kind{Kill, Kill, Kill, Pause, Pause, StoreFull, BaseFull, Storm, Storm, Storm}
)

// Troubles and hosts of storms, as the site names them.
var (
	stormHosts = []string{"pages", "pages", "images", "linked"}
	failures   = []string{"HTTP 500", "reset", "truncated"}
	refusals   = []string{"HTTP 429", "HTTP 503"}
)

// refuseEvery is the interval between refusals. Each halves the pace of its host, which takes half
// a minute to recover, and a run must not end at a crawl.
const refuseEvery = time.Minute

// Plan draws the faults of a run, which depend only on the seed.
func Plan(seed uint64, f PlanFor) []Event {
	r := rand.New(rand.NewPCG(seed, 0xfa17))
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(r.Int64N(int64(most-least)))
	}
	from := serverDeck
	if f.OneFile {
		from = fileDeck
	}
	var (
		out  []Event
		deck []Kind
	)
	for at := between(time.Second, 2*time.Second); at < f.Duration; at += between(200*time.Millisecond, 1200*time.Millisecond) {
		if len(deck) == 0 {
			deck = append(deck, from...)
			r.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		e := Event{At: at, Kind: deck[0], Worker: r.IntN(f.Workers)}
		deck = deck[1:]
		switch e.Kind {
		case Pause, Stall:
			e.For = between(f.Lease*3/2, f.Lease*5/2)
		case StopServer, CrashServer:
			e.For = between(0, 1500*time.Millisecond)
		case StoreFull, BaseFull:
			e.For = between(500*time.Millisecond, 2*time.Second)
		case Storm:
			e.For = between(300*time.Millisecond, 1500*time.Millisecond)
			e.Host, e.Every = stormHosts[r.IntN(len(stormHosts))], 1+r.Int64N(3)
			e.Trouble = failures[r.IntN(len(failures))]
		case Kill, Cut, Busy:
		}
		out = append(out, e)
	}
	for at := f.Duration / 2; at < f.Duration; at += refuseEvery {
		out = append(out, Event{
			At: at, Kind: Storm, For: between(200*time.Millisecond, 400*time.Millisecond), Host: stormHosts[r.IntN(len(stormHosts))], Every: 1,
			Trouble: refusals[r.IntN(len(refusals))], RetryAfter: time.Duration(2+r.IntN(2)) * time.Second,
		})
	}
	slices.SortStableFunc(out, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return out
}
