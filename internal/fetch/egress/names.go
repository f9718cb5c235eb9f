package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

const (
	// known is how long an answer of the name server is used. The answers' own times are not known
	// here, and a host that moves is found after at most this time.
	known = time.Minute

	// unknown is how long a name that does not exist is not asked for again. Other failures are not
	// remembered.
	unknown = 10 * time.Second

	// maxLookups is the number of questions to the name server at once. A list of many hosts must
	// not flood it.
	maxLookups = 32

	// maxNames is the number of names that are remembered.
	maxNames = 100_000

	// fallback is the time after which the other family of addresses is tried too (RFC 8305,
	// section 5).
	fallback = 300 * time.Millisecond
)

// names resolves the names of hosts, and remembers the answers. It is safe for concurrent use.
type names struct {
	lookup func(ctx context.Context, name string) ([]netip.Addr, error)
	now    func() time.Time
	flight singleflight.Group
	asking *semaphore.Weighted

	mu    sync.Mutex
	known map[string]answer
}

type answer struct {
	addresses []netip.Addr
	err       error
	until     time.Time
}

func newNames(lookup func(ctx context.Context, name string) ([]netip.Addr, error)) *names {
	if lookup == nil {
		lookup = func(ctx context.Context, name string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		}
	}
	return &names{lookup: lookup, now: time.Now, asking: semaphore.NewWeighted(maxLookups), known: map[string]answer{}}
}

// of returns the addresses of a name, which may be an address.
func (n *names) of(ctx context.Context, name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	n.mu.Lock()
	a, ok := n.known[name]
	n.mu.Unlock()
	if ok && n.now().Before(a.until) {
		return a.addresses, a.err
	}
	// The question outlives a caller that gives up, because others may wait for it.
	found := n.flight.DoChan(name, func() (any, error) {
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialTimeout)
		defer cancel()
		if err := n.asking.Acquire(asking, 1); err != nil {
			return nil, &net.DNSError{Err: "too many names are asked for", Name: name, IsTimeout: true, IsTemporary: true}
		}
		defer n.asking.Release(1)
		addresses, err := n.lookup(asking, name)
		for i := range addresses {
			addresses[i] = addresses[i].Unmap()
		}
		n.keep(name, addresses, err)
		return addresses, err
	})
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case r := <-found:
		addresses, _ := r.Val.([]netip.Addr)
		return addresses, r.Err
	}
}

// keep remembers an answer, or that there is no such name.
func (n *names) keep(name string, addresses []netip.Addr, err error) {
	a := answer{addresses: addresses, err: err, until: n.now().Add(known)}
	if err != nil {
		var dns *net.DNSError
		if !errors.As(err, &dns) || !dns.IsNotFound {
			return
		}
		a.until = n.now().Add(unknown)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.known) >= maxNames {
		now := n.now()
		for name, a := range n.known {
			if now.After(a.until) {
				delete(n.known, name)
			}
		}
		if len(n.known) >= maxNames {
			clear(n.known)
		}
	}
	n.known[name] = a
}

// dialAny connects to the first address that answers. The addresses of the first one's family are
// tried in their order. Those of the other family follow after a failure, or after fallback.
func dialAny(ctx context.Context, addresses []netip.Addr, dial func(ctx context.Context, a netip.Addr) (net.Conn, error)) (net.Conn, error) {
	if len(addresses) == 1 {
		return dial(ctx, addresses[0])
	}
	var first, other []netip.Addr
	for _, a := range addresses {
		if a.Is4() == addresses[0].Is4() {
			first = append(first, a)
		} else {
			other = append(other, a)
		}
	}
	if len(other) == 0 {
		return inTurn(ctx, first, dial)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		conn net.Conn
		err  error
	}
	results := make(chan result, 2)
	try := func(list []netip.Addr) {
		conn, err := inTurn(ctx, list, dial)
		results <- result{conn, err}
	}
	go try(first)
	timer := time.NewTimer(fallback)
	defer timer.Stop()
	var failed error
	for running, started := 1, false; ; {
		select {
		case <-timer.C:
		case r := <-results:
			running--
			if r.err == nil {
				if running > 0 {
					go drop(results, func(r result) net.Conn { return r.conn })
				}
				return r.conn, nil
			}
			if failed == nil {
				failed = r.err
			}
		}
		switch {
		case !started:
			started = true
			running++
			go try(other)
		case running == 0:
			return nil, failed
		}
	}
}

// drop closes the connection that comes too late.
func drop[T any](results <-chan T, conn func(T) net.Conn) {
	if c := conn(<-results); c != nil {
		_ = c.Close()
	}
}

// inTurn connects to addresses one after the other. Each gets an equal part of the time that is
// left.
func inTurn(ctx context.Context, addresses []netip.Addr, dial func(ctx context.Context, a netip.Addr) (net.Conn, error)) (net.Conn, error) {
	var failed error
	for i, a := range addresses {
		one, cancel := ctx, context.CancelFunc(func() {})
		if end, ok := ctx.Deadline(); ok && i < len(addresses)-1 {
			one, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(len(addresses)-i))
		}
		conn, err := dial(one, a)
		cancel()
		if err == nil {
			return conn, nil
		}
		if failed == nil {
			failed = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}
