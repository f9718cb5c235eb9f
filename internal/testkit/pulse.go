package testkit

import (
	"sync"
	"testing"
	"time"
)

// Pulse measures how late the machine is while a test runs. A busy machine makes a start late, and
// what follows seems too early then.
type Pulse struct {
	mu    sync.Mutex
	beats []beat
}

// beat is a beat that came late.
type beat struct {
	at time.Time
	by time.Duration
}

const (
	// pulse is the time between two beats.
	pulse = 2 * time.Millisecond

	// hops is how many times a request waits for the processor between its planned start and its
	// arrival: a timer, the sender, the listener and the handler.
	hops = 4

	// around is how far from a time late beats count for it.
	around = time.Second
)

// NewPulse begins to measure. The measurement ends with the test.
func NewPulse(t testing.TB) *Pulse {
	p, end := &Pulse{}, make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		tick := time.NewTimer(pulse)
		defer tick.Stop()
		for due := time.Now().Add(pulse); ; due = time.Now().Add(pulse) {
			select {
			case <-end:
				return
			case <-tick.C:
			}
			if by := time.Since(due); by > pulse {
				p.mu.Lock()
				p.beats = append(p.beats, beat{due, by})
				p.mu.Unlock()
			}
			tick.Reset(pulse)
		}
	})
	t.Cleanup(func() {
		close(end)
		beating.Wait()
	})
	return p
}

// Late returns how late a request that arrived at a time may have been.
func (p *Pulse) Late(at time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var most time.Duration
	for _, b := range p.beats {
		if d := b.at.Sub(at); d > -around-b.by && d < around {
			most = max(most, b.by)
		}
	}
	return hops * most
}
