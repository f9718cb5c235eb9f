// Package tracing sends traces to the destination of OpenTelemetry's environment variables. Without
// any of them there are none, at no cost.
//
//	OTEL_TRACES_EXPORTER                 otlp, console or none; default otlp when an endpoint is named, else none
//	OTEL_EXPORTER_OTLP_ENDPOINT          http://collector:4318 (…_TRACES_ENDPOINT goes before)
//	OTEL_EXPORTER_OTLP_PROTOCOL          http/protobuf, the only supported one
//	OTEL_EXPORTER_OTLP_HEADERS and others as the library reads them
//	OTEL_SERVICE_NAME                    default seine
//	OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_BSP_… as the library reads them
//	OTEL_SDK_DISABLED=true               none, whatever the others are
package tracing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// ErrSettings reports an unknown value of a variable.
var ErrSettings = errors.New("traces")

// Config is what Open needs besides the environment.
type Config struct {
	// Getenv looks a variable up. Required.
	Getenv func(string) string

	// Version of the program, and Worker, the name of this process.
	Version, Worker string

	// Console takes what OTEL_TRACES_EXPORTER=console writes. Required.
	Console io.Writer

	// Log gets a warning, at most once per minute, while traces cannot be sent. Required.
	Log *slog.Logger
}

// closeWithin bounds the wait for the last traces to be sent.
const closeWithin = 5 * time.Second

// Open returns the destination of traces, or nil, and a function that sends the last ones. It makes
// no connection. It fails with [ErrSettings].
func Open(ctx context.Context, c Config) (trace.TracerProvider, func(), error) {
	nothing := func() {}
	// The library has one error handler and one logger per process. Its own would bypass Seine's
	// log, which removes secrets.
	otel.SetErrorHandler(&complaints{log: c.Log})
	otel.SetLogger(logr.FromSlogHandler(library{c.Log.Handler()}))
	exporter, err := exporter(ctx, c)
	if err != nil || exporter == nil {
		return nil, nothing, err
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "seine"), attribute.String("service.version", c.Version), attribute.String("service.instance.id", c.Worker)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil && about == nil {
		return nil, nothing, fmt.Errorf("%w: %w", ErrSettings, err)
	}
	p := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))
	return p, func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		if err := p.Shutdown(closing); err != nil {
			c.Log.WarnContext(closing, "the last traces are not sent", "err", err)
		}
	}, nil
}

// exporter is nil when there are to be no traces.
func exporter(ctx context.Context, c Config) (sdk.SpanExporter, error) {
	if strings.EqualFold(strings.TrimSpace(c.Getenv("OTEL_SDK_DISABLED")), "true") {
		return nil, nil //nolint:nilnil // none is wanted
	}
	kind := strings.ToLower(strings.TrimSpace(c.Getenv("OTEL_TRACES_EXPORTER")))
	if kind == "" {
		if c.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && c.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
			return nil, nil //nolint:nilnil // nobody said where to
		}
		kind = "otlp"
	}
	if kind != "none" {
		if err := check(c.Getenv); err != nil {
			return nil, err
		}
	}
	switch kind {
	case "none":
		return nil, nil //nolint:nilnil // none is wanted
	case "console":
		return stdouttrace.New(stdouttrace.WithWriter(c.Console))
	case "otlp":
		for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
			if p := c.Getenv(name); p != "" && p != "http/protobuf" {
				return nil, fmt.Errorf("%w: %s=%s: only http/protobuf is supported (port 4318 of a collector)", ErrSettings, name, p)
			} else if p != "" {
				break
			}
		}
		out, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSettings, err)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%w: OTEL_TRACES_EXPORTER=%s: give otlp, console or none", ErrSettings, kind)
}

// library receives the library's own log. Warnings stay warnings, and other messages that are no
// errors become debug messages.
type library struct{ slog.Handler }

// warning is the level of the library's warnings, which is logr's verbosity, negated.
const warning = slog.Level(-1)

func levelOf(l slog.Level) slog.Level {
	switch {
	case l >= slog.LevelError:
		return slog.LevelError
	case l >= warning:
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// Enabled reports whether the log accepts a level.
func (l library) Enabled(ctx context.Context, level slog.Level) bool {
	return l.Handler.Enabled(ctx, levelOf(level))
}

// Handle hands it on.
func (l library) Handle(ctx context.Context, r slog.Record) error {
	r.Level = levelOf(r.Level)
	return l.Handler.Handle(ctx, r)
}

// WithAttrs keeps the library's handling of levels.
func (l library) WithAttrs(attrs []slog.Attr) slog.Handler {
	return library{l.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the library's handling of levels.
func (l library) WithGroup(name string) slog.Handler { return library{l.Handler.WithGroup(name)} }

// complaints logs the library's errors at most once per minute, so that a missing collector does
// not fill the log.
type complaints struct {
	log *slog.Logger

	mu   sync.Mutex
	said time.Time
}

// Handle takes one in.
func (c *complaints) Handle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.said) < time.Minute {
		return
	}
	c.said = time.Now()
	c.log.Warn("traces are not sent", "err", err)
}
