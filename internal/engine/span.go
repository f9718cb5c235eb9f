package engine

import (
	"context"
	"errors"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/weburl"
)

// A task has one trace:
//
//	task ─┬─ claim     the frontier was asked
//	      ├─ fetch     each request of the page
//	      ├─ scrape
//	      ├─ keep      each asset, with the fetch of its bytes
//	      └─ complete  the commit, shared with its batch
//
// Without a provider none of it is made.
const tracerName = "github.com/seinehq/seine/internal/engine"

var noSpan = noop.Span{}

// beginTask begins the trace of a claimed task; asked and answered are when its claim was.
func (r *runner) beginTask(ctx context.Context, c frontier.Claimed, asked, answered time.Time) (context.Context, trace.Span) {
	if r.tracer == nil {
		return ctx, noSpan
	}
	ctx, span := r.tracer.Start(ctx, "task", trace.WithNewRoot(), trace.WithTimestamp(asked), trace.WithAttributes(
		attribute.String("job", r.job.Name), attribute.String("task", r.redact.Replace(c.Key)), attribute.Int("attempt", c.Attempt),
		attribute.String("host", c.LaneKey)))
	_, claim := r.tracer.Start(ctx, "claim", trace.WithTimestamp(asked), trace.WithAttributes(attribute.String("wait", c.Wait.String())))
	claim.End(trace.WithTimestamp(answered))
	return ctx, span
}

// step begins a part of a task.
func (r *runner) step(ctx context.Context, name string, attrs ...attribute.KeyValue) (context.Context, trace.Span) {
	if r.tracer == nil {
		return ctx, noSpan
	}
	return r.tracer.Start(ctx, name, trace.WithAttributes(attrs...))
}

// endStep ends a part of a task.
func (r *runner) endStep(span trace.Span, err error) {
	if err != nil && span.IsRecording() {
		span.SetStatus(codes.Error, r.redact.Replace(err.Error()))
	}
	span.End()
}

func (r *runner) fetchSpan(ctx context.Context, req seine.Request, via seine.Via) (context.Context, trace.Span) {
	if r.tracer == nil {
		return ctx, noSpan
	}
	return r.tracer.Start(ctx, "fetch", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("url", r.safeURL(req.URL)), attribute.String("host", weburl.Host(req.URL)), attribute.String("via", string(via))))
}

func (r *runner) endFetch(span trace.Span, page *seine.Page, err error) {
	if page != nil && span.IsRecording() {
		span.SetAttributes(attribute.Int("status", page.Status), attribute.Int("bytes", len(page.Body)), attribute.Int("redirects", len(page.Redirects)))
	}
	r.endStep(span, err)
}

// endTask ends the trace of a task whose outcome was committed from began to now, or
// was not.
func (r *runner) endTask(o outcome, began time.Time, batch int, kept bool) {
	if r.tracer == nil || o.span == nil {
		return
	}
	ctx := trace.ContextWithSpan(context.Background(), o.span)
	_, complete := r.tracer.Start(ctx, "complete", trace.WithTimestamp(began), trace.WithAttributes(attribute.Int("batch", batch)))
	switch {
	case o.kind == postpone || o.kind == release:
		o.span.SetAttributes(attribute.String("state", "released"))
	case !kept:
		r.endStep(complete, errNotKept)
		o.span.SetStatus(codes.Error, errNotKept.Error())
		o.span.End()
		return
	default:
		o.span.SetAttributes(attribute.String("state", o.state.String()))
		if o.reason != "" {
			o.span.SetAttributes(attribute.String("reason", r.redact.Replace(o.reason)))
		}
		if o.state == seine.Error {
			o.span.SetStatus(codes.Error, r.redact.Replace(o.reason))
		}
	}
	complete.End()
	o.span.End()
}

var errNotKept = errors.New("the lease was lost: nothing is stored")

// safeURL is a URL without the job's secrets and without user info.
func (r *runner) safeURL(at string) string {
	if u, err := url.Parse(at); err == nil && u.User != nil {
		u.User = nil
		at = u.String()
	}
	return r.redact.Replace(at)
}
