package sim

import (
	"container/heap"
	"math/rand/v2"

	"github.com/seinehq/seine/internal/explore"
)

// Strategy asks a space. It is called in the order of time.
type Strategy interface {
	// Next returns the next request of a worker. ok is false if nothing is left.
	Next(worker int) (ask Ask, ok bool)

	// Answer tells what became of it.
	Answer(worker int, ask Ask, a explore.Answer)
}

// Ask is one request.
type Ask struct {
	Pos  int64
	With any // the strategy's own
}

// Result is the outcome of a run.
type Result struct {
	Requests, Duplicates int
	Hits                 int64
}

// Yield is distinct hits by requests.
func (r Result) Yield() float64 {
	if r.Requests == 0 {
		return 0
	}
	return float64(r.Hits) / float64(r.Requests)
}

// event is a worker that starts a request, or gets its answer.
type event struct {
	at     float64
	seq    int
	worker int
	ask    *Ask // nil: it starts one
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if e[i].at != e[j].at {
		return e[i].at < e[j].at
	}
	return e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push and Pop are container/heap's.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// Run gives a strategy a budget of requests and a number of workers. Each worker starts a request
// every 20 to 30 s and gets the answer after 8 to 15 s.
func Run(w *World, s Strategy, workers, budget int, seed uint64) Result {
	r := rand.New(rand.NewPCG(seed, 99))
	var (
		res   Result
		queue events
		seq   int
	)
	push := func(at float64, worker int, ask *Ask) {
		seq++
		heap.Push(&queue, event{at, seq, worker, ask})
	}
	for i := range workers {
		push(r.Float64()*25, i, nil)
	}
	asked, found := map[int64]bool{}, map[int64]bool{}
	for queue.Len() > 0 {
		e := heap.Pop(&queue).(event)
		if e.ask != nil {
			a := explore.NoAnswer
			if r.Float64() >= w.Transient {
				a = w.After(e.ask.Pos, res.Requests)
				if w.DarkFrom > 0 && res.Requests > w.DarkFrom && (w.Back == nil || !w.Back()) {
					a = explore.Missed
				}
				if w.StaleFrom > 0 && res.Requests > w.StaleFrom && r.Float64() < w.StaleShare {
					a = explore.Stale
				}
				if a == explore.Hit {
					if !found[e.ask.Pos] {
						found[e.ask.Pos] = true
						res.Hits++
					}
				}
				if asked[e.ask.Pos] {
					res.Duplicates++
				}
				asked[e.ask.Pos] = true
			}
			s.Answer(e.worker, *e.ask, a)
			continue
		}
		if res.Requests >= budget {
			continue
		}
		ask, ok := s.Next(e.worker)
		if !ok {
			push(e.at+5, e.worker, nil)
			if res.Requests > 0 && queue.Len() <= workers && idle(queue) {
				break
			}
			continue
		}
		res.Requests++
		push(e.at+8+7*r.Float64(), e.worker, &ask)
		push(e.at+20+10*r.Float64(), e.worker, nil)
	}
	return res
}

// idle reports whether no request is outstanding.
func idle(q events) bool {
	for _, e := range q {
		if e.ask != nil {
			return false
		}
	}
	return true
}
