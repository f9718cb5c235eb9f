package chromefetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// growth is how long a page may take to grow after it was scrolled to its end. It is long enough
// for a request that brings more.
const growth = time.Second

// act runs the request's steps that are left, in order. Each step acts at most once. It fails with
// [errMoved] if a step leads to another document, in which the next step acts. A page with a status
// from 400 on takes no steps. When the time is up, the step that is left fails.
func (t *tab) act(ctx context.Context, generation int) error {
	if t.stepped >= len(t.req.Steps) || t.current().status >= http.StatusBadRequest {
		return nil
	}
	if err := t.until(ctx, func(d document) bool { return d.loaded }); err != nil {
		if f := t.failure(); f != nil {
			return f
		}
		return t.stepFault("the page has not loaded within %v", t.req.Timeout)
	}
	for {
		stays, err := t.settle(ctx, generation)
		if err != nil {
			return err
		}
		if !stays {
			return errMoved
		}
		if t.stepped >= len(t.req.Steps) || t.ended != "" || t.current().status >= http.StatusBadRequest {
			return nil
		}
		if ctx.Err() != nil {
			return t.stepFault("no time is left of %v", t.req.Timeout)
		}
		if err := t.step(ctx, t.req.Steps[t.stepped]); err != nil {
			return err
		}
		t.stepped++
	}
}

// step runs one step.
func (t *tab) step(ctx context.Context, s seine.Step) error {
	switch {
	case s.Wait != nil:
		did, err := t.waitFor(ctx, *s.Wait)
		if err != nil {
			return err
		}
		t.waited = append(t.waited, did)
		if !did.OK {
			t.ended = did.By
		}
		return nil
	case s.Scroll > 0:
		return t.scroll(ctx, s.Scroll)
	case s.Click != "":
		return t.touch(ctx, s.Click, "click", s.Click)
	case s.Fill != "":
		if err := t.mayFill(s.Value); err != nil {
			return err
		}
		t.filled(s.Value)
		return t.touch(ctx, s.Fill, "fill", s.Fill, s.Value)
	case s.Select != "":
		return t.touch(ctx, s.Select, "choose", s.Select, s.Value)
	}
	return nil
}

// touch runs a function that acts on an element. If the page moves on meanwhile, it has acted.
func (t *tab) touch(ctx context.Context, selector, function string, args ...any) error {
	why := ""
	switch err := t.once(ctx, function, &why, args...); {
	case err == nil && why == "":
		return nil
	case err == nil && why == nothingMatches:
		return t.stepFault("%s %s", why, selector)
	case err == nil:
		return t.stepFault("%s %s", selector, why)
	default:
		return t.stepError(ctx, err)
	}
}

// nothingMatches is what a step's function says of a selector that matches nothing.
const nothingMatches = "nothing matches"

// scroll scrolls to the end of the page, at most times times, as long as the page grows.
func (t *tab) scroll(ctx context.Context, times int) error {
	for range times {
		grew := false
		if err := t.once(ctx, "scroll", &grew, growth.Milliseconds()); err != nil {
			return t.stepError(ctx, err)
		}
		if !grew {
			return nil
		}
	}
	return nil
}

// once calls a function in the page that must not be called twice. It fails with [errMoved] if the
// page moves on.
func (t *tab) once(ctx context.Context, function string, result any, args ...any) error {
	ctx, stop := t.still(ctx)
	defer stop()
	values, err := argumentsOf(function, args)
	if err != nil {
		return err
	}
	err = t.callOnce(ctx, values, result, true)
	if err != nil && (errors.Is(context.Cause(ctx), errMoved) || moved(err)) {
		return errMoved
	}
	return err
}

// stepError returns the error of a step whose call failed. It is nil if the page moves on, because
// the step has acted.
func (t *tab) stepError(ctx context.Context, err error) error {
	thrown, isThrown := errors.AsType[scriptError](err)
	switch {
	case errors.Is(err, errMoved):
		return nil
	case t.failure() != nil:
		return t.failure()
	case isThrown:
		return t.stepFault("%s", thrown)
	case ctx.Err() != nil:
		return t.stepFault("it did not end within %v", t.req.Timeout)
	}
	return err
}

// stepFault returns the fault of the current step.
func (t *tab) stepFault(format string, args ...any) error {
	return fetch.Fault{Reason: fetch.StepFailed, Err: fmt.Errorf("step %d: %s", t.stepped+1, fmt.Sprintf(format, args...))}
}
