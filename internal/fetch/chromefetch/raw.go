package chromefetch

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	cdpfetch "github.com/chromedp/cdproto/fetch"
	cdpio "github.com/chromedp/cdproto/io"
	"github.com/chromedp/cdproto/network"

	"github.com/seinehq/seine/internal/fetch"
)

// chunkBytes is how much of a body is read at a time.
const chunkBytes = 1 << 20

// responded decides about an answer to a document's request. A text that is not HTML is taken
// before the browser turns it into a viewer or a download. It is taken in the bytes that were sent,
// at any length.
func (t *tab) responded(ev *cdpfetch.EventRequestPaused) error {
	d := t.answerOf(ev)
	if t.main(ev.FrameID) && noContent(d.status) {
		t.change(func() { t.answer = d }) // the browser tells of a 304 nothing more
	}
	if !t.main(ev.FrameID) || ev.ResponseErrorReason != "" || !t.takes(d) {
		return t.letGo(ev.RequestID)
	}
	if _, sized := length(d.header); !sized {
		return t.takeUnsized(ev.RequestID, d)
	}
	body, err := t.take(ev.RequestID, d.header)
	if err != nil {
		t.fail(err)
	} else {
		t.taken(d, body)
	}
	ctx, cancel := t.last()
	defer cancel()
	_, err = cdp.Call(ctx, t.target, cdpfetch.FailRequest, cdpfetch.FailRequestParams{RequestID: ev.RequestID, ErrorReason: network.ErrorReasonAborted})
	return err
}

func (t *tab) letGo(id cdpfetch.RequestID) error {
	_, err := cdp.Call(t.ctx, t.target, cdpfetch.ContinueRequest, cdpfetch.ContinueRequestParams{RequestID: id})
	return err
}

// taken makes a text the page.
func (t *tab) taken(d document, body []byte) {
	d.body, d.taken = body, true
	t.change(func() {
		if t.request == d.request {
			d.shown, d.whole, d.parsed, d.loaded, d.hops = true, true, true, true, len(t.asked)
			t.answer, t.document, t.moving = d, d, nil
			t.generation++
		}
	})
}

// pendingText is a text that the browser has not yet reported as complete.
type pendingText struct {
	document document
	body     []byte
}

// isText reports whether the last main document is a text, whatever the browser
// does with its type.
func (t *tab) isText() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pending != nil && t.pending.document.request == t.request
}

// wholeText makes the text of a request the page, if there is one.
func (t *tab) wholeText(id network.RequestID) {
	t.mu.Lock()
	p := t.pending
	t.mu.Unlock()
	if p != nil && p.document.request == id {
		t.taken(p.document, p.body)
	}
}

// takeUnsized takes a text without a stated length. Only the browser knows whether it is whole, and
// tells it once the text is shown.
func (t *tab) takeUnsized(id cdpfetch.RequestID, d document) error {
	got, err := cdp.Call(t.ctx, t.target, cdpfetch.GetResponseBody, cdpfetch.GetResponseBodyParams{RequestID: id})
	switch {
	case err != nil:
		t.fail(fetch.Fault{Reason: fetch.Truncated, Host: t.host, Err: err})
		return err
	case int64(len(got.Body)) > t.req.MaxBody:
		t.fail(tooLarge(t.req.MaxBody))
		return nil
	}
	t.change(func() { t.pending = &pendingText{document: d, body: got.Body} })
	return t.letGo(id)
}

func (t *tab) answerOf(ev *cdpfetch.EventRequestPaused) document {
	h := http.Header{}
	for _, e := range ev.ResponseHeaders {
		h.Add(e.Name, e.Value)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	d := document{url: t.url, request: ev.NetworkID, status: int(ev.ResponseStatusCode), header: h}
	d.media, d.label = fetch.MediaType(h, nil)
	return d
}

// takes reports whether the page is the unchanged body of an answer: a text that is not HTML, or,
// if the request keeps the raw body, any file that is not HTML. A download is taken only in that
// case.
func (t *tab) takes(d document) bool {
	if isHTML(d.media) || noContent(d.status) || d.status >= 300 && d.status < 400 && d.header.Get("Location") != "" {
		return false
	}
	download := strings.HasPrefix(strings.ToLower(strings.TrimSpace(d.header.Get("Content-Disposition"))), "attachment")
	return t.req.KeepRaw || fetch.IsText(d.media) && !download
}

// take reads the body of an answer that is stopped.
func (t *tab) take(id cdpfetch.RequestID, h http.Header) ([]byte, error) {
	stream, err := cdp.Call(t.ctx, t.target, cdpfetch.TakeResponseBodyAsStream, cdpfetch.TakeResponseBodyAsStreamParams{RequestID: id})
	if err != nil {
		return nil, err
	}
	defer func() {
		_, _ = cdp.Call(t.ctx, t.target, cdpio.Close, cdpio.CloseParams{Handle: stream.Stream})
	}()
	if n, _ := length(h); int64(n) > t.req.MaxBody {
		return nil, tooLarge(t.req.MaxBody)
	}
	var body []byte
	for {
		part, err := cdp.Call(t.ctx, t.target, cdpio.Read, cdpio.ReadParams{Handle: stream.Stream, Size: chunkBytes})
		if err != nil {
			return nil, fetch.Fault{Reason: fetch.Truncated, Host: t.host, Err: err}
		}
		if body = append(body, part.Data...); int64(len(body)) > t.req.MaxBody {
			return nil, tooLarge(t.req.MaxBody)
		}
		if part.EOF {
			return body, short(h, len(body))
		}
	}
}

// length returns the number of bytes that a decoded body should have by its header.
func length(h http.Header) (n int, ok bool) {
	if h.Get("Content-Encoding") != "" || h.Get("Transfer-Encoding") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(h.Get("Content-Length")))
	return n, err == nil && n >= 0
}

// short is the error of a body with fewer bytes than its header states.
func short(h http.Header, got int) error {
	if want, ok := length(h); ok && got < want {
		return fetch.Fault{Reason: fetch.Truncated, Err: fmt.Errorf("%w: %d of %d bytes", errShort, got, want)}
	}
	return nil
}

var errShort = errors.New("the connection ended")
