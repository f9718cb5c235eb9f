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
	"github.com/seinehq/seine/internal/redact"
	"github.com/seinehq/seine/internal/weburl"
)

// tracer makes one trace for each task of a job:
//
//	task ─┬─ claim     the call of the frontier
//	      ├─ fetch     each request of the page
//	      ├─ scrape
//	      ├─ keep      each asset, with the fetch of its bytes
//	      └─ complete  the commit, shared with its batch
//
// Without a provider it makes none.
type tracer struct {
	tracer trace.Tracer // nil: none
	job    string
	redact *redact.Replacer
}

const tracerName = "github.com/seinehq/seine/internal/engine"

var noSpan = noop.Span{}

func newTracer(p trace.TracerProvider, job string, secrets *redact.Replacer) *tracer {
	t := &tracer{job: job, redact: secrets}
	if p != nil {
		t.tracer = p.Tracer(tracerName)
	}
	return t
}

// task begins the trace of a claimed task.
func (t *tracer) task(ctx context.Context, w work) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, noSpan
	}
	ctx, span := t.tracer.Start(ctx, "task", trace.WithNewRoot(), trace.WithTimestamp(w.asked), trace.WithAttributes(
		attribute.String("job", t.job), attribute.String("task", t.redact.Replace(w.Key)),
		attribute.Int("attempt", w.Attempt),
		attribute.String("host", w.LaneKey)))
	_, claim := t.tracer.Start(ctx, "claim", trace.WithTimestamp(w.asked),
		trace.WithAttributes(attribute.String("wait", w.Wait.String())))
	claim.End(trace.WithTimestamp(w.answered))
	return ctx, span
}

// step begins a part of a task.
func (t *tracer) step(ctx context.Context, name string, attrs ...attribute.KeyValue) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, noSpan
	}
	return t.tracer.Start(ctx, name, trace.WithAttributes(attrs...))
}

// end ends a part of a task.
func (t *tracer) end(span trace.Span, err error) {
	if err != nil && span.IsRecording() {
		span.SetStatus(codes.Error, t.redact.Replace(err.Error()))
	}
	span.End()
}

func (t *tracer) fetch(ctx context.Context, req seine.Request, via seine.Via) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, noSpan
	}
	return t.tracer.Start(ctx, "fetch", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("url", t.safeURL(req.URL)), attribute.String("host", weburl.Host(req.URL)),
		attribute.String("via", string(via))))
}

func (t *tracer) endFetch(span trace.Span, page *seine.Page, err error) {
	if page != nil && span.IsRecording() {
		span.SetAttributes(attribute.Int("status", page.Status), attribute.Int("bytes", len(page.Body)),
			attribute.Int("redirects", len(page.Redirects)))
	}
	t.end(span, err)
}

// endTask ends the trace of a task. stored reports whether the commit that began at a time stored
// its result.
func (t *tracer) endTask(o outcome, began time.Time, batch int, stored bool) {
	if t.tracer == nil || o.span == nil {
		return
	}
	ctx := trace.ContextWithSpan(context.Background(), o.span)
	_, complete := t.tracer.Start(ctx, "complete", trace.WithTimestamp(began),
		trace.WithAttributes(attribute.Int("batch", batch)))
	switch {
	case o.returned():
		o.span.SetAttributes(attribute.String("state", "released"))
	case !stored:
		t.end(complete, errNotKept)
		o.span.SetStatus(codes.Error, errNotKept.Error())
		o.span.End()
		return
	default:
		o.span.SetAttributes(attribute.String("state", o.state.String()))
		if o.reason != "" {
			o.span.SetAttributes(attribute.String("reason", t.redact.Replace(o.reason)))
		}
		if o.state == seine.Error {
			o.span.SetStatus(codes.Error, t.redact.Replace(o.reason))
		}
	}
	complete.End()
	o.span.End()
}

// id names the trace of an outcome, empty if nobody records it.
func (t *tracer) id(o outcome) string {
	if t.tracer == nil || o.span == nil || !o.span.SpanContext().IsSampled() {
		return ""
	}
	return o.span.SpanContext().TraceID().String()
}

var errNotKept = errors.New("the lease was lost: nothing is stored")

// safeURL returns a URL without the job's secrets and without user info.
func (t *tracer) safeURL(at string) string {
	if u, err := url.Parse(at); err == nil && u.User != nil {
		u.User = nil
		at = u.String()
	}
	return t.redact.Replace(at)
}
