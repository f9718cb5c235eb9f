package httpfetch

import (
	"container/list"
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// maxIdle bounds the idle connections of all hosts together. The pool closes the longest idle
	// connection first. A crawl of many hosts must not use up the process's file descriptors.
	maxIdle = 256

	// idleTimeout closes a connection after that long without a request. It is
	// longer than a usual delay between two pages of a host.
	idleTimeout = 90 * time.Second

	// settleTime is how long a connection is idle before it is used again, until trusted answers in
	// a row came on used connections of its host. Some servers close a connection behind an answer
	// without a word in it. A request that is sent before their close arrives is lost. The wait
	// makes a request later than its pace says, so it is short: a close comes right behind the
	// answer.
	settleTime = 10 * time.Millisecond
	trusted    = 4
)

type dialFunc func(ctx context.Context, scheme, address string) (wire, error)

// pool holds the connections, by scheme and host. A connection is in use
// (users > 0; over HTTP/2 by several requests) or idle.
type pool struct {
	dial        dialFunc
	perHost     int
	maxIdle     int
	idleTimeout time.Duration
	settleTime  time.Duration

	mu     sync.Mutex
	hosts  map[string]*hostConns
	idle   *list.List // of *conn, the longest idle last
	doomed []*conn    // to be closed by unlock
	closed bool
}

// hostConns are the connections of one host. slots bounds requests, and with them connections. A
// new connection is made only for a request that found none free.
type hostConns struct {
	slots chan struct{}
	refs  int // requests that hold or wait for a slot
	conns []*conn

	// kept counts the answers on used connections, since one was lost.
	kept int
}

type conn struct {
	cc    wire
	key   string
	users int
	used  bool          // it brought an answer
	gone  bool          // no longer in its host's list: closed by its last user
	idle  *list.Element // nil when in use
	timer *time.Timer   // closes it when idle
}

func newPool(dial dialFunc, perHost int) *pool {
	return &pool{
		dial: dial, perHost: perHost, maxIdle: maxIdle, idleTimeout: idleTimeout,
		settleTime: settleTime, hosts: make(map[string]*hostConns), idle: list.New(),
	}
}

// unlock unlocks the pool and then closes the dropped connections, because a TLS close takes time.
func (p *pool) unlock() {
	doomed := p.doomed
	p.doomed = nil
	p.mu.Unlock()
	for _, c := range doomed {
		_ = c.cc.Close() // fails when the other side was first
	}
}

// get returns a connection that one more request may be sent on, a free one or
// a new one. It waits while the host has as many requests as it may. Each conn
// that is got is put back.
func (p *pool) get(ctx context.Context, scheme, address string) (*conn, error) {
	key := scheme + "://" + address
	p.mu.Lock()
	h := p.hosts[key]
	if h == nil {
		h = &hostConns{slots: make(chan struct{}, p.perHost)}
		p.hosts[key] = h
	}
	h.refs++
	p.unlock()

	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		p.mu.Lock()
		p.unref(key, h)
		p.unlock()
		return nil, context.Cause(ctx)
	}
	for {
		c, young := p.free(h)
		if c != nil {
			return c, nil
		}
		if young == nil || ctx.Err() != nil {
			break
		}
		young.settle(ctx, p.settleTime)
	}
	cc, err := p.dial(ctx, scheme, address)
	p.mu.Lock()
	defer p.unlock()
	if err != nil {
		<-h.slots
		p.unref(key, h)
		return nil, err
	}
	_ = cc.Reserve() // when it is closed again already, the request says so
	c := &conn{cc: cc, key: key, users: 1}
	h.conns = append(h.conns, c)
	return c, nil
}

// free takes a connection with room for a request, the newest first, and closes those that the
// server has closed. Without one it returns a connection that has to settle first, if there is one:
// the host is not known to keep connections.
func (p *pool) free(h *hostConns) (c *conn, young *http1) {
	p.mu.Lock()
	defer p.unlock()
	for _, c := range slices.Backward(slices.Clone(h.conns)) {
		if one, ok := c.cc.(*http1); ok && h.kept < trusted && one.unsettled(p.settleTime) > 0 {
			young = one
			continue
		}
		if c.cc.Reserve() == nil {
			p.use(c)
			return c, nil
		}
		if c.users == 0 || c.cc.Err() != nil {
			p.drop(c)
		}
	}
	return nil, young
}

// put gives a connection back. reusable reports that the answer was read to its end. Otherwise the
// connection closes once no other request uses it.
func (p *pool) put(c *conn, reusable bool) {
	p.mu.Lock()
	defer p.unlock()
	h := p.hosts[c.key]
	c.users--
	switch {
	case !reusable:
		h.kept = 0
	case c.used:
		h.kept++
	}
	c.used = true
	if !reusable || p.closed || c.cc.Err() != nil {
		p.drop(c)
	}
	if c.users == 0 && !c.gone {
		c.idle = p.idle.PushFront(c)
		c.timer = time.AfterFunc(p.idleTimeout, func() { p.expire(c) })
		if p.idle.Len() > p.maxIdle {
			p.drop(p.idle.Back().Value.(*conn))
		}
	}
	<-h.slots
	p.unref(c.key, h)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.unlock()
	p.closed = true
	for e := p.idle.Front(); e != nil; e = p.idle.Front() {
		p.drop(e.Value.(*conn))
	}
}

func (p *pool) expire(c *conn) {
	p.mu.Lock()
	defer p.unlock()
	if c.idle != nil {
		p.drop(c)
	}
}

// use marks a connection as used by one more request.
func (p *pool) use(c *conn) {
	c.users++
	if c.idle != nil {
		c.timer.Stop()
		p.idle.Remove(c.idle)
		c.idle = nil
	}
}

// drop removes a connection and closes it, or leaves the close to the last request that uses it.
func (p *pool) drop(c *conn) {
	if c.idle != nil {
		c.timer.Stop()
		p.idle.Remove(c.idle)
		c.idle = nil
	}
	if h := p.hosts[c.key]; h != nil && !c.gone {
		h.conns = slices.DeleteFunc(h.conns, func(o *conn) bool { return o == c })
		if h.refs == 0 && len(h.conns) == 0 {
			delete(p.hosts, c.key)
		}
	}
	c.gone = true
	if c.users == 0 {
		p.doomed = append(p.doomed, c)
	}
}

// unref forgets a host that has neither requests nor connections.
func (p *pool) unref(key string, h *hostConns) {
	h.refs--
	if h.refs == 0 && len(h.conns) == 0 {
		delete(p.hosts, key)
	}
}
