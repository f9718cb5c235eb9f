package engine

import (
	"net/http"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func TestInterval(t *testing.T) {
	t.Parallel()
	adaptive := seine.Recrawl{Min: time.Hour, Max: 16 * time.Hour}
	for _, tt := range []struct {
		name    string
		r       seine.Recrawl
		last    time.Duration
		changed bool
		want    time.Duration
	}{
		{"fixed", seine.Recrawl{Every: 24 * time.Hour}, 0, false, 24 * time.Hour},
		{"fixed, after a change", seine.Recrawl{Every: 24 * time.Hour}, 24 * time.Hour, true, 24 * time.Hour},
		{"the job's interval has changed", seine.Recrawl{Every: time.Minute}, 24 * time.Hour, false, time.Minute},
		{"the first is the geometric mean", adaptive, 0, false, 4 * time.Hour},
		{"a change halves", adaptive, 4 * time.Hour, true, 2 * time.Hour},
		{"no change doubles", adaptive, 4 * time.Hour, false, 8 * time.Hour},
		{"at least the minimum", adaptive, 90 * time.Minute, true, time.Hour},
		{"at most the maximum", adaptive, 10 * time.Hour, false, 16 * time.Hour},
		{"from a fixed interval below the minimum", adaptive, time.Minute, false, time.Hour},
		{"from a fixed interval above the maximum", adaptive, 1000 * time.Hour, true, 16 * time.Hour},
		{"without a minimum it is a second", seine.Recrawl{Max: 100 * time.Second}, 0, false, 10 * time.Second},
		{"a maximum below a second", seine.Recrawl{Max: time.Millisecond}, 0, false, time.Second},
		{"the longest maximum does not overflow", seine.Recrawl{Min: 1, Max: 1<<63 - 1}, 1<<62 + 1, false, 1<<63 - 1},
	} {
		if got := interval(tt.r, tt.last, tt.changed); got != tt.want {
			t.Errorf("%s: interval(%v, %v, %v) = %v; want %v", tt.name, tt.r, tt.last, tt.changed, got, tt.want)
		}
	}
}

// The hash of a page does not depend on the order of its records, and on nothing that is not kept.
func TestContentHash(t *testing.T) {
	t.Parallel()
	kind := &seine.PageKind{Recrawl: seine.Recrawl{Every: time.Hour}}
	w := work{pageKind: kind}
	record := func(key string, price any) seine.Record {
		return seine.Record{Key: key, Fields: map[string]any{"price": price, "name": "x"}}
	}
	base := seine.Result{
		Records: []seine.Record{record("a", 1), record("b", 2)},
		Assets:  []seine.Asset{{Name: "photo", URL: "https://a.example/1.jpg"}, {Name: "drawn", URL: "blob:https://a.example/1"}},
	}
	page, rules := &seine.Page{Body: []byte("one")}, []byte("rules")
	want := string(w.contentHash(page, base, rules))
	for _, tt := range []struct {
		name   string
		page   *seine.Page
		result seine.Result
		rules  string
		same   bool
	}{
		{"another order", page, seine.Result{Records: []seine.Record{record("b", 2), record("a", 1)}, Assets: base.Assets}, "rules", true},
		{"another body", &seine.Page{Body: []byte("two")}, base, "rules", true},
		{"another blob: URL", page, seine.Result{Records: base.Records, Assets: []seine.Asset{base.Assets[0], {Name: "drawn", URL: "blob:https://a.example/2"}}}, "rules", true},
		{"another time", page, seine.Result{Records: []seine.Record{base.Records[0], {Key: "b", Fields: base.Records[1].Fields, FetchedAt: time.Unix(1, 0)}}, Assets: base.Assets}, "rules", true},
		{"another field", page, seine.Result{Records: []seine.Record{record("a", 1), record("b", 3)}, Assets: base.Assets}, "rules", false},
		{"a record less", page, seine.Result{Records: base.Records[:1], Assets: base.Assets}, "rules", false},
		{"another asset", page, seine.Result{Records: base.Records, Assets: []seine.Asset{{Name: "photo", URL: "https://a.example/2.jpg"}, base.Assets[1]}}, "rules", false},
		{"other rules", page, base, "new", false},
	} {
		if got := string(w.contentHash(tt.page, tt.result, []byte(tt.rules))); (got == want) != tt.same {
			t.Errorf("%s: equal %v; want %v", tt.name, got == want, tt.same)
		}
	}
	whole := seine.Result{Records: base.Records, Assets: []seine.Asset{{Name: "page", Body: true}}}
	if a, b := w.contentHash(page, whole, rules), w.contentHash(&seine.Page{Body: []byte("two")}, whole, rules); string(a) == string(b) {
		t.Error("a page that is an asset changed, and its hash did not")
	}
	if got := (work{}).contentHash(page, base, rules); got != nil {
		t.Errorf("hash %x of a page that is not visited again", got)
	}
}

// The document of a rendered page may stay while its scripts show other data, so its validators are
// not sent by the http fetcher of a later visit.
func TestARenderedPageHasNoValidators(t *testing.T) {
	t.Parallel()
	kind := &seine.PageKind{Recrawl: seine.Recrawl{Every: time.Hour}}
	for via, want := range map[seine.Via]string{seine.ViaHTTP: `"1"`, seine.ViaChrome: ""} {
		page := &seine.Page{Status: 200, Via: via, Header: http.Header{"Etag": {`"1"`}}}
		c := frontier.Completion{State: seine.Done}
		visited(&outcome{work: work{pageKind: kind}, page: page}, &c)
		if c.Visit == nil || c.Visit.ETag != want {
			t.Errorf("via %s: visit %+v; want the ETag %s", via, c.Visit, want)
		}
	}
}

// The canonical page is visited again in place of the pages that name it, which would double the
// requests of a shop with variants. A page that had a result of its own is visited.
func TestAPageWithAnotherCanonicalIsNotVisited(t *testing.T) {
	t.Parallel()
	kind := &seine.PageKind{Recrawl: seine.Recrawl{Every: time.Hour}}
	for _, tt := range []struct {
		name, reason string
		last         *frontier.Visit
		want         bool
	}{
		{"never done", elsewhere, nil, false},
		{"skipped before", elsewhere, &frontier.Visit{Every: time.Hour}, false},
		{"done before", elsewhere, &frontier.Visit{Every: time.Hour, Hash: []byte{1}}, true},
		{"skipped by a rule", "not for sale", nil, true},
	} {
		o := &outcome{work: work{pageKind: kind}, page: &seine.Page{Status: 200}}
		o.Visit = tt.last
		c := frontier.Completion{State: seine.Skipped, Reason: tt.reason}
		if visited(o, &c); (c.Visit != nil) != tt.want {
			t.Errorf("%s: visit %+v; want one: %v", tt.name, c.Visit, tt.want)
		}
	}
}

// A request has a condition only if the last visit's result is stored as a whole, and can be kept.
func TestConditional(t *testing.T) {
	t.Parallel()
	rules := []byte("rules")
	kind := &seine.PageKind{Recrawl: seine.Recrawl{Every: time.Hour}}
	hash := (work{pageKind: kind}).contentHash(&seine.Page{}, seine.Result{}, rules)
	for _, tt := range []struct {
		name   string
		change func(w *work, req *seine.Request, job *seine.Job)
		want   bool
	}{
		{"as it was", func(*work, *seine.Request, *seine.Job) {}, true},
		{"never visited", func(w *work, _ *seine.Request, _ *seine.Job) { w.Visit = nil }, false},
		{"visited and never done", func(w *work, _ *seine.Request, _ *seine.Job) { w.Visit.Hash = nil }, false},
		{"gone", func(w *work, _ *seine.Request, _ *seine.Job) { w.Visit.GoneAt = time.Unix(1, 0) }, false},
		{"assets are missing", func(w *work, _ *seine.Request, _ *seine.Job) { w.Owed = []byte("{}") }, false},
		{"other rules", func(_ *work, _ *seine.Request, job *seine.Job) { job.Digest = []byte("other") }, false},
		{"no recrawl", func(w *work, _ *seine.Request, _ *seine.Job) { w.pageKind = nil }, false},
		{"POST", func(_ *work, req *seine.Request, _ *seine.Job) { req.Method = http.MethodPost }, false},
		{"chrome by the page kind", func(_ *work, req *seine.Request, _ *seine.Job) { req.Via = seine.ViaChrome }, false},
		{"chrome by the job", func(_ *work, _ *seine.Request, job *seine.Job) { job.Fetch.Via = seine.ViaChrome }, false},
	} {
		w := work{pageKind: kind, Claimed: frontier.Claimed{Visit: &frontier.Visit{ETag: `"1"`, Hash: hash}}}
		req, job := seine.Request{Header: http.Header{"X-Key": {"k"}}}, seine.Job{Digest: rules}
		tt.change(&w, &req, &job)
		got := w.conditional(req, &job).Header
		if (got.Get("If-None-Match") == `"1"`) != tt.want || got.Get("X-Key") != "k" || req.Header.Get("If-None-Match") != "" {
			t.Errorf("%s: header %v; want a condition: %v", tt.name, got, tt.want)
		}
	}
}
