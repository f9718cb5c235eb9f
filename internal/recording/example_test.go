package recording_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/recording"
)

func TestAnExampleComesBackAsItWas(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"text":            "<h1>a</h1>\n",
		"no newline":      "<h1>a</h1>",
		"a line of txtar": "a\n-- expect.json --\nb",
		"the first line":  "-- body --\n",
		"no text":         "\xff\x00" + strings.Repeat("\x01", 300),
		"carriage":        "a\r\nb\r\n",
		"empty":           "",
	} {
		in := recording.Example{
			Key: "https://a.example/p/1", Kind: "product", Meta: map[string]any{"n": int64(12345678901234567), "title": "<b>"}, Expect: []byte("{}\n"),
			Page: &seine.Page{
				URL: "https://a.example/p/1", Status: 200, Header: http.Header{"Etag": {`"x"`}}, Body: []byte(body), DOM: []byte(`[1,"x"]`), Type: "text/html", FetchedAt: at,
			},
		}
		text, err := in.Format()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := recording.ParseExample(text)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if d := cmp.Diff(in, got); d != "" {
			t.Errorf("%s (-written +read):\n%s", name, d)
		}
		again, err := recording.ParseExample(recording.WithExpect(text, []byte(`{"state":"done"}`)))
		if err != nil || string(again.Expect) != "{\"state\":\"done\"}\n" || string(again.Page.Body) != body {
			t.Errorf("%s with another expectation: %v, %s", name, err, again.Expect)
		}
	}
}

func TestABrokenExampleNamesItsPart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                           "part page.json",
		"-- page.json --\n{":         "part page.json",
		"-- page.json --\n{\"x\":1}": "part page.json",
		"-- page.json --\n{\"parts\":[{\"kind\":\"body\",\"bytes\":3}]}\n":                       "part body is not there",
		"-- page.json --\n{\"parts\":[{\"kind\":\"body\",\"bytes\":3}]}\n-- body.base64 --\n!\n": "part body.base64",
		"-- page.json --\n{\"parts\":[]}\n-- body --\n-- body --\n":                              "twice",
	} {
		if _, err := recording.ParseExample([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
}
