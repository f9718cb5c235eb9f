package runner_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/testkit"
	"github.com/seinehq/seine/internal/tracing"
)

// receiver takes traces by OTLP over HTTP.
type receiver struct {
	mu    sync.Mutex
	raw   bytes.Buffer
	spans []*tracepb.Span
	about map[string]string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	var body io.Reader = q.Body
	if q.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(q.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	text, err := io.ReadAll(body)
	var got collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(text, &got)
	}
	if err != nil || q.URL.Path != "/v1/traces" {
		http.Error(w, fmt.Sprint(q.URL.Path, err), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw.Write(text)
	for _, rs := range got.GetResourceSpans() {
		for _, a := range rs.GetResource().GetAttributes() {
			r.about[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, s := range rs.GetScopeSpans() {
			r.spans = append(r.spans, s.GetSpans()...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	answer, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
	_, _ = w.Write(answer)
}

// trees writes one trace per line as name(children), in the order of their starts.
func (r *receiver) trees() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	children := map[string][]*tracepb.Span{}
	for _, s := range r.spans {
		parent := string(s.GetParentSpanId())
		children[parent] = append(children[parent], s)
	}
	var tell func(s *tracepb.Span) string
	tell = func(s *tracepb.Span) string {
		of := children[string(s.GetSpanId())]
		slices.SortFunc(of, func(a, b *tracepb.Span) int {
			return int(int64(a.GetStartTimeUnixNano()) - int64(b.GetStartTimeUnixNano()))
		})
		var parts []string
		for _, c := range of {
			if !bytes.Equal(c.GetTraceId(), s.GetTraceId()) {
				parts = append(parts, "of another trace:")
			}
			parts = append(parts, tell(c))
		}
		name := s.GetName()
		if s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR {
			name += "!"
		}
		if len(parts) == 0 {
			return name
		}
		return name + "(" + strings.Join(parts, " ") + ")"
	}
	var out []string
	for _, root := range children[""] {
		out = append(out, tell(root))
	}
	slices.Sort(out)
	return out
}

// ids names the traces by their tasks' states.
func (r *receiver) ids() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]string{}
	for _, s := range r.spans {
		for _, a := range s.GetAttributes() {
			if s.GetName() == "task" && a.GetKey() == "state" {
				out[a.GetValue().GetStringValue()] = hex.EncodeToString(s.GetTraceId())
			}
		}
	}
	return out
}

var exemplar = regexp.MustCompile(`(?m)^seine_task_seconds_bucket\{job="j",state="([a-z]+)",le="[^"]+"\} [0-9.]+ # \{trace_id="([0-9a-f]+)"\}`)

// exemplarsOf returns the traces that the times of tasks name, by state.
func exemplarsOf(t *testing.T, w *runner.Worker) map[string]string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.HTTP()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, m := range exemplar.FindAllStringSubmatch(string(text), -1) {
		out[m[1]] = m[2]
	}
	return out
}

// One trace covers a task from its claim to its completion, goes to the destination of the usual
// variables, and holds no secret. The library reads the environment, so this is not parallel.
func TestTraces(t *testing.T) {
	const secret = `s3cr"t/é`
	in := &receiver{about: map[string]string{}}
	collector := httptest.NewServer(in)
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_SERVICE_NAME", "cards")
	log := &bytes.Buffer{}
	traces, end, err := tracing.Open(t.Context(), tracing.Config{Getenv: os.Getenv, Version: "v1", Worker: "w", Console: io.Discard, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	site := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "hello") })
	w, err := runner.Open(t.Context(), runner.Config{
		Frontier: "sqlite:" + t.TempDir() + "/seine.db", Store: "file:" + t.TempDir(), Migrate: true, UntilDone: true, Traces: traces, HTTP: "127.0.0.1:0",
		Jobs: []seine.Job{{
			Name: "j", Secrets: []string{secret}, Seeds: seine.Seeds{URLs: []string{
				site.URL + "/done?token=s3cr%22t/%C3%A9", site.URL + "/bad?token=s3cr%22t/%C3%A9",
			}},
			Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
			Pace:  seine.Pace{Delay: seine.Span{Min: seine.None, Max: seine.None}},
			Retry: seine.Retries{Error: 1},
			Scraper: seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
				if strings.Contains(task.URL, "/bad") {
					return seine.Result{}, fmt.Errorf("no such field on %s", task.URL)
				}
				return seine.Result{
					Records: []seine.Record{{Fields: map[string]any{"a": 1}}},
					Assets:  []seine.Asset{{Name: "front", URL: strings.Replace(page.URL, "/done", "/front", 1), Path: "front.txt"}},
				}, nil
			}),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	exemplars := exemplarsOf(t, w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	end()
	if diff := cmp.Diff(in.ids(), exemplars); diff != "" {
		t.Errorf("the traces of the times of tasks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"task!(claim fetch scrape! complete)", "task(claim fetch scrape keep(fetch) complete)"}, in.trees()); diff != "" {
		t.Errorf("traces (-want +got):\n%s\n%s", diff, log)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.about["service.name"] != "cards" || in.about["service.version"] != "v1" || in.about["service.instance.id"] != "w" {
		t.Errorf("of %v", in.about)
	}
	raw := in.raw.String()
	for _, form := range []string{secret, "s3cr", "%C3%A9"} {
		if strings.Contains(raw, form) {
			t.Errorf("a trace holds %q", form)
		}
	}
	for _, want := range []string{"/front?token=xxxxx", "/done?token=xxxxx", "no such field on"} {
		if !strings.Contains(raw, want) {
			t.Errorf("no trace holds %q", want)
		}
	}
}
