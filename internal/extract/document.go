package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/net/html"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/markup"
)

// unreadableError reports why a page has no document, because its body is not HTML or XML.
type unreadableError struct {
	what string // what the rules need: "HTML or XML"
	why  string // what the body is: "application/pdf, begins with %PDF-1.7"
}

// Error names the expected format and the actual one.
func (e *unreadableError) Error() string { return "the body is not " + e.what + ": " + e.why }

// document returns the tree of the page. A page that is neither HTML nor XML has none, and
// [reading.unreadable] returns the reason. It fails on XML that is not well-formed, or on a
// document over a bound. Such an error wraps a [*markup.Error] and is equal at every attempt.
func (r *reading) document() (*html.Node, error) {
	if !r.docDone {
		r.docDone = true
		if r.docErr = r.read(); r.docErr != nil {
			r.tree = nil
		}
	}
	if r.tree == nil {
		return nil, r.docErr
	}
	return r.tree.Root, nil
}

// unreadable returns why the page has no document. It returns nil if the page has a document or if
// document failed.
func (r *reading) unreadable() *unreadableError {
	_, _ = r.document()
	return r.noDoc
}

// release gives back the memory that the tree has reserved.
func (r *reading) release() {
	if r.leave != nil {
		r.leave()
	}
}

// read makes the tree.
func (r *reading) read() error {
	if len(r.page.DOM) > 0 {
		if err := r.parse(r.page.DOM, bytes.Count(r.page.DOM, []byte(",")), markup.DOM, true); err != nil {
			return fmt.Errorf("parse page: %w", err)
		}
		return nil
	}
	body := r.body()
	f := formatOf(r.page, body)
	if f.encoded {
		body = decoded(body)
	}
	scripting := r.page.Via == seine.ViaChrome
	nodes := 2*bytes.Count(body, []byte("<")) + bytes.Count(body, []byte("="))
	var err error
	switch f.form {
	case formHTML:
		r.noTag = !hasTag(body)
		err = r.parse(body, nodes, markup.HTML, scripting)
	case formXML:
		if err = r.parse(body, nodes, markup.XML, scripting); err != nil && f.lenient && r.ctx.Err() == nil {
			err = r.parse(body, nodes, markup.HTML, scripting)
		}
	default:
		r.noDoc = &unreadableError{what: "HTML or XML", why: f.why}
		return nil
	}
	if e, ok := errors.AsType[*markup.Error](err); ok && f.form == formXML && e.Line > 0 {
		return fmt.Errorf("the page is not well-formed XML: %w", err)
	}
	if err != nil {
		return fmt.Errorf("parse page: %w", err)
	}
	return nil
}

// parseFunc is markup.HTML, markup.XML or markup.DOM.
type parseFunc func(context.Context, []byte, markup.Options) (*markup.Document, error)

// parse makes the tree in memory that the gate reserves for it. The reservation
// follows the number of nodes that the body seems to have. A page that needs more
// is parsed again with a larger one.
func (r *reading) parse(body []byte, nodes int, parse parseFunc, scripting bool) error {
	nodes += len(body)/nodeBytes + 20_000
	for {
		most := min(nodes, markup.MaxNodes)
		r.watch.pause()
		leave, err := trees().enter(r.ctx, most)
		r.watch.resume()
		if err != nil {
			return err
		}
		r.tree, err = parse(r.ctx, body, markup.Options{MaxNodes: most, Scripting: scripting, NoText: r.noText})
		if err == nil {
			r.leave = leave
			return nil
		}
		leave()
		if e, ok := errors.AsType[*markup.Error](err); !ok || !e.Nodes || most == markup.MaxNodes {
			return err
		}
		nodes = 8 * most
	}
}

// sight returns the visibility rules of the page.
func (r *reading) sight() sight {
	return sight{scripted: r.page.Via == seine.ViaChrome, xml: r.tree != nil && r.tree.XML}
}
