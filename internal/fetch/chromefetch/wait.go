package chromefetch

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// These functions are called in a page: look, stable, read, blobs, blob and the steps. They run in
// an isolated world, so the page's scripts neither see nor change them.
var (
	//go:embed js/dom.js
	jsDOM string
	//go:embed js/shadow.js
	jsShadow string
	//go:embed js/look.js
	jsLook string
	//go:embed js/stable.js
	jsStable string
	//go:embed js/read.js
	jsRead string
	//go:embed js/blobs.js
	jsBlobs string
	//go:embed js/steps.js
	jsSteps string

	jsAll = "function (name, { args }) {\n" + jsDOM + jsShadow + jsLook + jsStable + jsRead + jsBlobs + jsSteps + "return { look, stable, read, blobs, blob, click, fill, choose, scroll }[name](...args);\n}"
)

// await waits for the job's conditions in order and reports how each wait ended. When the time is
// up the rest is not waited for. A page with a status from 400 on is waited for only by waits with
// Always. It fails if the browser does not understand a wait.
func (t *tab) await(ctx context.Context) ([]seine.Waited, error) {
	status, ended := t.current().status, t.ended
	waits := len(t.req.Wait) > 0
	// Nothing is looked for in half a document; and without waits the page is
	// as it is when it has loaded.
	_ = t.until(ctx, func(d document) bool { return d.parsed && (d.loaded || waits) })
	out := slices.Clone(t.waited)
	for _, w := range t.req.Wait {
		did := seine.Waited{Wait: words(w), By: ended}
		if ended == "" && status >= http.StatusBadRequest && !w.Always {
			did.By = fmt.Sprintf("HTTP %d", status)
		}
		if did.By == "" {
			var err error
			if did, err = t.waitFor(ctx, w); err != nil {
				return nil, err
			}
			if !did.OK {
				ended = did.By
			}
		}
		out = append(out, did)
	}
	return out, nil
}

// waitFor waits for one wait and reports how it ended.
func (t *tab) waitFor(ctx context.Context, w seine.Wait) (seine.Waited, error) {
	start := time.Now()
	did := seine.Waited{Wait: words(w)}
	if ctx.Err() == nil {
		end, err := t.wait(ctx, w)
		if thrown, is := errors.AsType[scriptError](err); is {
			return did, fetch.Fault{Reason: fetch.BadWait, Err: fmt.Errorf("%s: %w", words(w), thrown)}
		}
		switch {
		case err != nil:
		case end.unless != "":
			did.By = "unless: " + end.unless
		default:
			did.OK = true
			if len(w.Any) > 0 {
				did.By = words(end.held)
			}
		}
	}
	did.Took = time.Since(start)
	return did, nil //nolint:nilerr // a wait that runs out is no error
}

// waitEnd is how a wait ended before the page's deadline.
type waitEnd struct {
	held   seine.Wait // the condition that holds
	unless string     // the selector that ended the wait; empty: the condition holds
}

// wait returns how the wait ended. It fails if the page's deadline comes first.
func (t *tab) wait(ctx context.Context, w seine.Wait) (waitEnd, error) {
	conditions := w.Any
	if len(conditions) == 0 {
		conditions = []seine.Wait{w}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		end waitEnd
		err error
	}
	var (
		elements []seine.Wait
		results  = make(chan result, len(conditions)+1)
		n        int
	)
	for _, c := range conditions {
		if c.Stable <= 0 {
			elements = append(elements, c)
			continue
		}
		n++
		go func() {
			var ok bool
			results <- result{waitEnd{held: c}, t.call(ctx, "stable", &ok, c.Stable.Milliseconds())}
		}()
	}
	if len(elements) > 0 || w.Unless != "" {
		n++
		go func() {
			end, err := t.look(ctx, elements, w.Unless)
			results <- result{end, err}
		}()
	}
	// The first end counts. All calls are over when wait returns.
	first := <-results
	cancel()
	for range n - 1 {
		<-results
	}
	return first.end, first.err
}

// look waits until a condition about elements holds, or the selector unless matches.
func (t *tab) look(ctx context.Context, conditions []seine.Wait, unless string) (waitEnd, error) {
	type condition struct {
		CSS  string  `json:"css"`
		Attr *string `json:"attr"`
	}
	asked := []condition{}
	for _, c := range conditions {
		if c.Attr == "" {
			asked = append(asked, condition{CSS: c.CSS})
			continue
		}
		asked = append(asked, condition{c.CSS, &c.Attr})
	}
	var stop *string
	if unless != "" {
		stop = &unless
	}
	seen := ""
	for {
		var found struct {
			State  string      `json:"state"`
			Values [][]*string `json:"values"`
			Stop   bool        `json:"stop"`
		}
		if err := t.call(ctx, "look", &found, asked, stop, seen); err != nil {
			return waitEnd{}, err
		}
		for i, values := range found.Values[:min(len(found.Values), len(conditions))] {
			matches := conditions[i].Matches
			if slices.ContainsFunc(values, func(v *string) bool { return v != nil && (matches == nil || matches.MatchString(*v)) }) {
				return waitEnd{held: conditions[i]}, nil
			}
		}
		if found.Stop {
			return waitEnd{unless: unless}, nil
		}
		seen = found.State
	}
}

// words is a wait as a person would write it.
func words(w seine.Wait) string {
	var parts []string
	switch {
	case len(w.Any) > 0:
		var any []string
		for _, c := range w.Any {
			any = append(any, words(c))
		}
		parts = append(parts, "any: ["+strings.Join(any, "; ")+"]")
	case w.Stable > 0:
		parts = append(parts, "stable: "+w.Stable.String())
	default:
		parts = append(parts, "css: "+w.CSS)
	}
	if w.Attr != "" {
		parts = append(parts, "attr: "+w.Attr)
	}
	if w.Matches != nil {
		parts = append(parts, "matches: "+w.Matches.String())
	}
	if w.Unless != "" {
		parts = append(parts, "unless: "+w.Unless)
	}
	return strings.Join(parts, ", ")
}

// call runs a function in the page and decodes its result. A page that moves on in the middle of it
// is asked again.
func (t *tab) call(ctx context.Context, function string, result any, args ...any) error {
	values, err := argumentsOf(function, args)
	if err != nil {
		return err
	}
	for {
		err := t.callOnce(ctx, values, result, false)
		if err == nil || !moved(err) {
			return err
		}
		// The next document, or the end.
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := t.until(ctx, func(d document) bool { return d.parsed }); err != nil {
			return err
		}
	}
}

// argumentsOf returns the arguments of jsAll, as JSON. Those of the function are one value, because
// the protocol leaves an empty one out.
func argumentsOf(function string, args []any) ([]*runtime.CallArgument, error) {
	name, err := json.Marshal(function)
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(map[string][]any{"args": args})
	return []*runtime.CallArgument{{Value: name}, {Value: list}}, err
}

// callOnce calls jsAll. With gesture the page takes the call for an act of a person.
func (t *tab) callOnce(ctx context.Context, args []*runtime.CallArgument, result any, gesture bool) error {
	world, err := cdp.Call(ctx, t.target, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: cdp.FrameID(t.target.TargetID), WorldName: "seine"})
	if err != nil {
		return err
	}
	got, err := cdp.Call(ctx, t.target, runtime.CallFunctionOn, runtime.CallFunctionOnParams{
		FunctionDeclaration: jsAll, Arguments: args, ExecutionContextID: world.ExecutionContextID, AwaitPromise: new(true), ReturnByValue: new(true), UserGesture: &gesture,
	})
	switch {
	case err != nil:
		return err
	case got.ExceptionDetails != nil:
		return exception(got.ExceptionDetails)
	case got.Result == nil:
		return errors.New("script gives nothing")
	}
	return json.Unmarshal(got.Result.Value, result)
}

// scriptError is what one of our functions threw in the page.
type scriptError string

// Error returns the exception's own words.
func (e scriptError) Error() string { return string(e) }

func exception(d *runtime.ExceptionDetails) scriptError {
	text := d.Text
	if d.Exception != nil && d.Exception.Description != "" {
		text, _, _ = strings.Cut(d.Exception.Description, "\n") // the stack is ours
	}
	return scriptError(text)
}

// moved reports whether a call failed because its document went away.
func moved(err error) bool {
	for _, text := range []string{"context was destroyed", "Cannot find context", "No frame", "navigated or closed", "Promise was collected"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
