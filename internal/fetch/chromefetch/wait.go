package chromefetch

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// These functions are called in a page: look, stable, read, blobs and blob. They run in an isolated
// world, so the page's scripts neither see nor change them.
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

	jsAll = "function (name, ...args) {\n" + jsDOM + jsShadow + jsLook + jsStable + jsRead + jsBlobs + "return { look, stable, read, blobs, blob }[name](...args);\n}"
)

// await waits for the job's conditions in order and reports how each wait ended. When the time is
// up the rest is not waited for. It fails if the browser does not understand a wait.
func (t *tab) await(ctx context.Context) ([]seine.Waited, error) {
	// Nothing is looked for in half a document; and without waits the page is
	// as it is when it has loaded.
	_ = t.until(ctx, func(d document) bool { return d.parsed && (d.loaded || len(t.req.Wait) > 0) })
	out := make([]seine.Waited, 0, len(t.req.Wait))
	for _, w := range t.req.Wait {
		start := time.Now()
		ok := false
		if ctx.Err() == nil {
			err := t.wait(ctx, w)
			if thrown, is := errors.AsType[scriptError](err); is {
				return nil, fetch.Fault{Reason: fetch.BadWait, Err: fmt.Errorf("%s: %w", words(w), thrown)}
			}
			ok = err == nil
		}
		out = append(out, seine.Waited{Wait: words(w), OK: ok, Took: time.Since(start)})
	}
	return out, nil
}

// wait returns nil if its condition holds before the page's deadline.
func (t *tab) wait(ctx context.Context, w seine.Wait) error {
	if w.Stable > 0 {
		var ok bool
		return t.call(ctx, "stable", &ok, w.Stable.Milliseconds())
	}
	seen := ""
	for {
		var found struct {
			State  string    `json:"state"`
			Values []*string `json:"values"`
		}
		var attr any
		if w.Attr != "" {
			attr = w.Attr
		}
		if err := t.call(ctx, "look", &found, w.CSS, attr, seen); err != nil {
			return err
		}
		for _, v := range found.Values {
			if v != nil && (w.Matches == nil || w.Matches.MatchString(*v)) {
				return nil
			}
		}
		seen = found.State
	}
}

// words is a wait as a person would write it.
func words(w seine.Wait) string {
	if w.Stable > 0 {
		return "stable: " + w.Stable.String()
	}
	parts := []string{"css: " + w.CSS}
	if w.Attr != "" {
		parts = append(parts, "attr: "+w.Attr)
	}
	if w.Matches != nil {
		parts = append(parts, "matches: "+w.Matches.String())
	}
	return strings.Join(parts, ", ")
}

// call runs a function in the page and decodes its result. A page that moves on in the middle of it
// is asked again.
func (t *tab) call(ctx context.Context, function string, result any, args ...any) error {
	values := make([]*runtime.CallArgument, 1+len(args))
	for i, a := range append([]any{function}, args...) {
		text, err := json.Marshal(a)
		if err != nil {
			return err
		}
		values[i] = &runtime.CallArgument{Value: text}
	}
	for {
		err := t.callOnce(ctx, values, result)
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

func (t *tab) callOnce(ctx context.Context, args []*runtime.CallArgument, result any) error {
	world, err := cdp.Call(ctx, t.target, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: cdp.FrameID(t.target.TargetID), WorldName: "seine"})
	if err != nil {
		return err
	}
	got, err := cdp.Call(ctx, t.target, runtime.CallFunctionOn, runtime.CallFunctionOnParams{
		FunctionDeclaration: jsAll, Arguments: args, ExecutionContextID: world.ExecutionContextID, AwaitPromise: new(true), ReturnByValue: new(true),
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
