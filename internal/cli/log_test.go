package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/runner"
)

// No log holds a secret, however often it was quoted, as text and as JSON.
func TestLogsHoldNoSecret(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"abcdef123", `s3cr+t/"v é'`, "a b<c>&d", `back\slash`, "hunter%2", "pass#word?x", "tab\tand\nline", "bell\a and \x7f", "\u2028line"} {
		for _, format := range []string{logText, logJSON} {
			var out bytes.Buffer
			a := newApp(Program{}, noEnv, nil, nil, nil)
			a.log = format
			a.redact.add([]string{secret})
			a.stderr = a.redact.writer(&out)
			at := "http://h.example/?t=" + url.QueryEscape(secret)
			err := fmt.Errorf("get %q: %w", at, errors.New("token "+secret))
			a.logger(slog.LevelInfo).With("with", secret).WarnContext(t.Context(), "with "+secret, //nolint:sloglint // a message is looked at too
				"plain", secret, "url", at, "err", err, "quoted", fmt.Sprintf("%q", secret), "twice", fmt.Sprintf("%q", fmt.Sprintf("%q", secret)),
				"json", string(must(json.Marshal(map[string]string{"v": secret}))), slog.Group("group", "in", secret), "bytes", []string{secret})
			text := out.String()
			if left := leftOf(text, secret); left != "" {
				t.Errorf("%s: %q is in the log as %q:\n%s", format, secret, left, text)
			}
			if n := strings.Count(text, "xxxxx"); n < 9 {
				t.Errorf("%s: %q: %d marks; want one for each place\n%s", format, secret, n, text)
			}
			if format == logJSON {
				var line map[string]any
				if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["level"] != "WARN" || line["severity"] != "WARNING" || line["msg"] != "with xxxxx" || line["time"] == nil {
					t.Errorf("%q: %v: %s", secret, err, text)
				}
			} else if json.Valid(out.Bytes()) || !strings.Contains(text, "level=WARN") {
				t.Errorf("no text: %s", text)
			}
		}
	}
}

// The tokens of traces are secrets too.
func TestTraceTokensAreSecret(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	env := map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20hunter2,a=plainvalue",
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x-key=s3cret%2Fkey", "OTEL_SDK_DISABLED": "true",
	}
	a := &workCommand{app: newApp(Program{}, func(name string) (string, bool) { v, ok := env[name]; return v, ok }, nil, nil, nil)}
	a.stderr = a.redact.writer(&out)
	if _, err := a.trace(t.Context(), &runner.Config{Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	a.logger(slog.LevelInfo).InfoContext(t.Context(), "m", "values", "Bearer hunter2, hunter2, plainvalue, s3cret/key, s3cret%2Fkey")
	for _, secret := range []string{"hunter2", "plainvalue", "s3cret"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is in the log: %s", secret, &out)
		}
	}
}

// Each level has the word that Google's logging reads, and only in JSON.
func TestSeverity(t *testing.T) {
	t.Parallel()
	for level, want := range map[slog.Level]string{slog.LevelDebug: "DEBUG", slog.LevelInfo: "INFO", slog.LevelWarn: "WARNING", slog.LevelError: "ERROR", slog.LevelError + 4: "ERROR"} {
		for _, format := range []string{logText, logJSON} {
			var out bytes.Buffer
			a := newApp(Program{}, noEnv, nil, nil, &out)
			a.log = format
			a.logger(slog.LevelDebug).Log(t.Context(), level, "m", "level", "deep", slog.Group("g", "level", slog.LevelInfo))
			if got := strings.Contains(out.String(), `"level":"`+level.String()+`","severity":"`+want+`","msg":"m"`); got != (format == logJSON) || strings.Count(out.String(), "severity") > 1 {
				t.Errorf("%v, %s: %s; want the severity %s, in JSON alone", level, format, &out, want)
			}
		}
	}
}

// leftOf is the longest run of a secret's plain characters in a text, if it is
// a secret's worth of them.
func leftOf(text, secret string) string {
	for _, part := range strings.FieldsFunc(secret, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		if len(part) >= 4 && part != "line" && strings.Contains(text, part) {
			return part
		}
	}
	return ""
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
