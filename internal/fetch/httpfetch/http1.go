package httpfetch

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// http1 is a connection on which requests without a body are sent one after the
// other over HTTP/1.1. Its answers are read here, because the reader of net/http
// refuses many that browsers accept, and repeats requests.
//
//	idle ──Reserve──→ reserved ──RoundTrip──→ the answer is read ──its end──→ idle
//	                                                 └── left, failed, closed ──→ broken
type http1 struct {
	conn net.Conn
	r    *bufio.Reader

	mu       sync.Mutex
	reserved bool
	watch    chan struct{} // closed when the watch of the idle connection ends; nil: in use
	since    time.Time     // when it became idle
	keep     time.Duration // for how long the server keeps it idle; 0: the server does not say
	err      error         // why it is broken
}

var (
	errBusy        = errors.New("the connection is in use")
	errClosed      = errors.New("the connection is closed")
	errUnsolicited = errors.New("the server sends data that no request caused")
)

func newHTTP1(conn net.Conn) *http1 { return &http1{conn: conn, r: bufio.NewReader(conn)} }

// Err returns why the connection cannot be reused, or nil.
func (h *http1) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// Close closes the connection.
func (h *http1) Close() error {
	h.spoil(errClosed)
	err := h.conn.Close()
	h.mu.Lock()
	watch := h.watch
	h.watch = nil
	h.mu.Unlock()
	if watch != nil {
		<-watch
	}
	return err
}

func (h *http1) spoil(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		h.err = err
	}
}

// Reserve takes the connection for one RoundTrip.
func (h *http1) Reserve() error {
	h.mu.Lock()
	if h.err == nil && h.reserved {
		h.mu.Unlock()
		return errBusy
	}
	h.reserved = true
	if h.err == nil && h.watch != nil && h.keep > 0 && time.Since(h.since) > h.keep {
		h.err = errClosed // a request now could meet the close by the server
	}
	watch := h.watch
	h.watch = nil
	h.mu.Unlock()
	if watch != nil {
		// This ends a pending read. A read that already ended has its own error.
		_ = h.conn.SetReadDeadline(past)
		<-watch
		_ = h.conn.SetReadDeadline(time.Time{})
	}
	return h.Err()
}

// past is a deadline that ends a read or a write.
var past = time.Unix(1, 0)

// rest watches an idle connection for a close by the server. No byte that arrives now belongs to a
// request.
func (h *http1) rest() {
	watch := make(chan struct{})
	h.mu.Lock()
	h.reserved, h.watch, h.since = false, watch, time.Now()
	h.mu.Unlock()
	go func() {
		defer close(watch)
		_, err := h.r.Peek(1)
		if err == nil {
			err = errUnsolicited
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			h.spoil(err)
		}
	}()
}

// unsettled returns how much of within is left until an idle connection was idle for that long.
// It is 0 for one that is in use or broken.
func (h *http1) unsettled(within time.Duration) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watch == nil || h.err != nil {
		return 0
	}
	return max(0, within-time.Since(h.since))
}

// settle waits until an idle connection is closed, or was idle for within.
func (h *http1) settle(ctx context.Context, within time.Duration) {
	left := h.unsettled(within)
	h.mu.Lock()
	watch := h.watch
	h.mu.Unlock()
	if watch == nil || left == 0 {
		return
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-watch:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// RoundTrip sends a request and reads the head of its answer. The request's
// context also ends the reading of the body, which the caller closes.
func (h *http1) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	stop := context.AfterFunc(ctx, func() { _ = h.conn.SetDeadline(past) })
	fail := func(err error) (*http.Response, error) {
		h.spoil(err)
		if !stop() && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	w := bufio.NewWriter(h.conn)
	if err := req.Write(w); err != nil {
		return fail(err)
	}
	if err := w.Flush(); err != nil {
		return fail(err)
	}
	in := headReader{r: h.r, budget: maxHeader}
	got, err := in.answer()
	if err != nil {
		return fail(err)
	}
	frame, err := got.frame(req.Method)
	if err != nil {
		return fail(err)
	}
	h.mu.Lock()
	h.keep = got.keeps()
	h.mu.Unlock()
	b := &answerBody{h: h, ctx: ctx, stop: stop, reuse: got.persists()}
	switch {
	case frame.chunked:
		b.r = &chunked{r: h.r}
	case frame.length >= 0:
		b.r, b.left = h.r, frame.length
		b.sized = true
	default:
		b.r, b.reuse = h.r, false
	}
	if b.sized && b.left == 0 {
		b.end(nil)
	}
	return &http.Response{
		StatusCode: got.status, Proto: "HTTP/" + got.version, ProtoMajor: 1, ProtoMinor: 1, Header: got.header, Request: req,
		Body: b, ContentLength: frame.length, TransferEncoding: frame.codings,
	}, nil
}

// answerBody is the body of an answer.
type answerBody struct {
	h     *http1
	ctx   context.Context //nolint:containedctx // of the request whose answer it is
	stop  func() bool
	r     io.Reader
	sized bool
	left  int64 // of a sized one
	reuse bool
	done  bool
	err   error
}

func (b *answerBody) Read(p []byte) (int, error) {
	if b.done {
		if b.err != nil {
			return 0, b.err
		}
		return 0, io.EOF
	}
	if b.sized && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	if b.sized {
		if b.left -= int64(n); b.left == 0 {
			err = io.EOF
		} else {
			err = unexpected(err)
		}
	}
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		b.end(nil)
		if b.err != nil {
			err = b.err
		}
	default:
		if b.ctx.Err() != nil {
			err = context.Cause(b.ctx)
		}
		b.end(err)
	}
	return n, err
}

// Close abandons an answer that was not read to its end, which breaks its connection.
func (b *answerBody) Close() error {
	if !b.done {
		b.end(errClosed)
	}
	return nil
}

// end gives the connection back, or marks it as broken.
func (b *answerBody) end(err error) {
	b.done, b.err = true, err
	running := b.stop()
	switch {
	case err != nil:
		b.h.spoil(err)
	case !running, !b.reuse:
		b.h.spoil(errClosed)
	default:
		b.h.rest()
	}
}
