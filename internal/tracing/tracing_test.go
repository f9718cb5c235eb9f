package tracing_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/seinehq/seine/internal/tracing"
)

func TestEnvironment(t *testing.T) {
	t.Parallel()
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for _, tt := range []struct {
		name string
		env  map[string]string
		on   bool
		bad  string
	}{
		{"nothing is said", nil, false, ""},
		{"an endpoint", map[string]string{endpoint: "http://127.0.0.1:1"}, true, ""},
		{"an endpoint of traces", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"}, true, ""},
		{"an endpoint, and none", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}, false, ""},
		{"disabled", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, false, ""},
		{"disabled says false", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "false"}, true, ""},
		{"the console", map[string]string{"OTEL_TRACES_EXPORTER": "console"}, true, ""},
		{"another exporter", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, "OTEL_TRACES_EXPORTER=zipkin: give otlp, console or none"},
		{"another protocol", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc: only http/protobuf"},
		{"another protocol of traces", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, false, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json"},
		{"a token without its name", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_HEADERS": "a=b,authorization Bearer hunter2"}, false, "OTEL_EXPORTER_OTLP_HEADERS: entry 2 is not NAME=VALUE"},
		{"a token in a wrong encoding", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "authorization=Bearer%ZZhunter2"}, false, "OTEL_EXPORTER_OTLP_TRACES_HEADERS: entry 1"},
		{"headers", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20x,a=b"}, true, ""},
		{"no scheme", map[string]string{endpoint: "collector:4318"}, false, "not the URL of a collector"},
		{"no host", map[string]string{endpoint: "127.0.0.1:4318"}, false, "not the URL of a collector"},
		{"no time", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TIMEOUT": "abc"}, false, "give milliseconds"},
		{"no certificate", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/nope"}, false, "OTEL_EXPORTER_OTLP_CERTIFICATE"},
		{"another sampler", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "bogus"}, false, "OTEL_TRACES_SAMPLER=bogus"},
		{"more than all", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "7"}, false, "a share from 0 to 1"},
		{"attributes", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_RESOURCE_ATTRIBUTES": "garbage"}, false, "OTEL_RESOURCE_ATTRIBUTES"},
		{"that of traces goes before", map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, true, ""},
	} {
		var console bytes.Buffer
		p, end, err := tracing.Open(t.Context(), tracing.Config{
			Getenv: func(name string) string { return tt.env[name] }, Console: &console, Log: slog.New(slog.DiscardHandler),
		})
		if (p != nil) != tt.on || (err != nil) != (tt.bad != "") || err != nil && (!errors.Is(err, tracing.ErrSettings) || !strings.Contains(err.Error(), tt.bad)) {
			t.Errorf("%s: %v, %v; want %v, %q", tt.name, p, err, tt.on, tt.bad)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: a token is said: %v", tt.name, err)
		}
		if tt.env["OTEL_TRACES_EXPORTER"] == "console" {
			_, span := p.Tracer("t").Start(t.Context(), "hello")
			span.End()
			end()
			if !strings.Contains(console.String(), `"Name":"hello"`) {
				t.Errorf("%s: %q", tt.name, console.String())
			}
		}
	}
}

// A collector that rejects traces or is unreachable gives one warning and causes no long delay.
func TestCollectorAway(t *testing.T) {
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
	defer collector.Close()
	for _, at := range []string{collector.URL, "http://127.0.0.1:1"} {
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", at)
		t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
		var log bytes.Buffer
		p, end, err := tracing.Open(t.Context(), tracing.Config{
			Getenv: func(name string) string { return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": at}[name] }, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			_, span := p.Tracer("t").Start(t.Context(), "hello")
			span.End()
			<-time.After(50 * time.Millisecond)
		}
		began := time.Now()
		end()
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s: the end took %v", at, took)
		}
		if n := strings.Count(log.String(), "are not sent"); n < 1 || n > 2 {
			t.Errorf("%s: told %d times\n%s", at, n, log.String())
		}
	}
}

// The library's messages go to Seine's log, at Seine's levels, because only that log removes
// secrets.
func TestLibraryLogs(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "no pair")
	t.Setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
	var log bytes.Buffer
	p, end, err := tracing.Open(t.Context(), tracing.Config{
		Getenv: func(name string) string {
			return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}[name]
		}, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, span := p.Tracer("t").Start(t.Context(), "hello", trace.WithAttributes(attribute.Int("a", 1), attribute.Int("b", 2)))
	span.SetAttributes(attribute.Int("c", 3))
	span.End()
	end()
	for _, want := range []string{"level=ERROR msg=\"parse headers\"", "level=WARN msg=\"limit reached"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "TracerProvider") {
		t.Errorf("how it was put together is said to everybody:\n%s", log.String())
	}
}
