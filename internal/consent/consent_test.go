package consent

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// short writes signals as "name=value@source", with "!" before refusals.
func short(signals []Signal) string {
	var out []string
	for _, s := range signals {
		text := s.Name + "=" + s.Value + "@" + s.Source
		if s.OptsOut {
			text = "!" + text
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestOf(t *testing.T) {
	t.Parallel()
	tag := func(values ...string) http.Header { return http.Header{"X-Robots-Tag": values} }
	for _, tt := range []struct {
		name   string
		header http.Header
		metas  []Meta
		kind   Kind
		want   string
	}{
		{name: "nothing"},
		{name: "noai", header: tag("noai"), want: "!noai=noai@header X-Robots-Tag"},
		{name: "noai of an image", header: tag("NoAI"), kind: Image, want: "!noai=NoAI@header X-Robots-Tag"},
		{name: "noimageai of a page", header: tag("noimageai"), want: "noimageai=noimageai@header X-Robots-Tag"},
		{name: "noimageai of a page's image", header: tag("noimageai"), kind: ImageOfPage, want: "!noimageai=noimageai@header X-Robots-Tag"},
		{name: "noimageai of a page's file", header: tag("noimageai"), kind: FileOfPage, want: "noimageai=noimageai@header X-Robots-Tag"},
		{name: "noimageindex of an image", header: tag("noimageindex"), kind: Image, want: "!noimageindex=noimageindex@header X-Robots-Tag"},
		{name: "noindex of an image", header: tag("noindex"), kind: Image, want: "!noindex=noindex@header X-Robots-Tag"},
		{name: "noindex of a page's image", header: tag("noindex"), kind: ImageOfPage, want: "noindex=noindex@header X-Robots-Tag"},
		{name: "noindex of a file", header: tag("noindex"), kind: File, want: "noindex=noindex@header X-Robots-Tag"},
		{name: "none of a page", header: tag("none"), want: "noindex=none@header X-Robots-Tag nofollow=none@header X-Robots-Tag"},
		{name: "none of an image", header: tag("none"), kind: Image, want: "!noindex=none@header X-Robots-Tag nofollow=none@header X-Robots-Tag"},
		{name: "several", header: tag("nofollow", "nofollow, noai"), want: "nofollow=nofollow@header X-Robots-Tag nofollow=nofollow, noai@header X-Robots-Tag !noai=nofollow, noai@header X-Robots-Tag"},
		{name: "our agent", header: tag("Seine: noai"), want: "!noai=Seine: noai@header X-Robots-Tag"},
		{name: "another agent", header: tag("googlebot: noai, noindex")},
		{name: "another agent, then ours", header: tag("googlebot: noindex, seine: noai"), want: "!noai=googlebot: noindex, seine: noai@header X-Robots-Tag"},
		{name: "another agent, then all", header: tag("googlebot: noindex, *: noai"), want: "!noai=googlebot: noindex, *: noai@header X-Robots-Tag"},
		{name: "another header after an agent", header: tag("googlebot: noindex", "noai"), want: "!noai=noai@header X-Robots-Tag"},
		{name: "value is no agent", header: tag("max-snippet: 5, noai"), want: "!noai=max-snippet: 5, noai@header X-Robots-Tag"},
		{name: "date is no agent", header: tag("unavailable_after: Mon, 25 Jun 2029 15:00:00 GMT, noai"), want: "!noai=unavailable_after: Mon, 25 Jun 2029 15:00:00 GMT, noai@header X-Robots-Tag"},
		{name: "words without commas", header: tag("noai noimageai"), kind: Image, want: "!noai=noai noimageai@header X-Robots-Tag !noimageai=noai noimageai@header X-Robots-Tag"},
		{name: "grants", header: tag("index, follow, all, noarchive")},
		{name: "part of a word", header: tag("noaix, xnoai")},

		{name: "meta", metas: []Meta{{"Robots", "noindex,NOAI"}}, want: "noindex=noindex,NOAI@meta robots !noai=noindex,NOAI@meta robots"},
		{name: "meta of ours", metas: []Meta{{" SEINE ", "noai"}}, want: "!noai=noai@meta seine"},
		{name: "meta of another", metas: []Meta{{"googlebot", "noai"}, {"description", "noai"}}},
		{name: "meta with a value", metas: []Meta{{"robots", "max-image-preview:large, nofollow"}}, want: "nofollow=max-image-preview:large, nofollow@meta robots"},

		{name: "reservation", header: http.Header{"Tdm-Reservation": {"1"}, "Tdm-Policy": {"https://a.example/p"}}, kind: File,
			want: "tdm-policy=https://a.example/p@header Tdm-Policy !tdm-reservation=1@header Tdm-Reservation"},
		{name: "no reservation", header: http.Header{"Tdm-Reservation": {"0"}}, want: "tdm-reservation=0@header Tdm-Reservation"},
		{name: "reservation in meta", metas: []Meta{{"tdm-reservation", " 1 "}, {"tdm-policy", "/p"}}, want: "!tdm-reservation=1@meta tdm-reservation tdm-policy=/p@meta tdm-policy"},

		{name: "usage", header: http.Header{"Content-Usage": {"train-ai=n, search=y"}}, want: "!train-ai=n@header Content-Usage search=y@header Content-Usage"},
		{name: "usage granted", header: http.Header{"Content-Usage": {"train-ai=y;x=1, other=n, search"}}, want: "train-ai=y@header Content-Usage"},
		{name: "usage in any case", header: http.Header{"content-usage": {`Train-AI = "N"`}}, want: "!train-ai=n@header content-usage"},
		{name: "signal", header: http.Header{"Content-Signal": {"search=yes, ai-train=no"}}, kind: Image, want: "search=yes@header Content-Signal !ai-train=no@header Content-Signal"},
		{name: "signal's words in the other header", header: http.Header{"Content-Usage": {"ai-train=no"}}},
		{name: "usage in meta", metas: []Meta{{"Content-Usage", "train-ai=n"}}, want: "!train-ai=n@meta content-usage"},
		{name: "signal in meta", metas: []Meta{{"content-signal", "search=yes, ai-train=no"}}, kind: Image, want: "search=yes@meta content-signal !ai-train=no@meta content-signal"},
		{name: "bytes that are not UTF-8", header: tag("noai \xff"), want: "!noai=noai @header X-Robots-Tag"},
	} {
		got := Of(tt.header, tt.metas, tt.kind)
		if short(got) != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, short(got), tt.want)
		}
		if _, ok := Refused(got); ok != strings.Contains(tt.want, "!") {
			t.Errorf("%s: Refused is %v", tt.name, ok)
		}
	}
	if !Has(Of(tag("none"), nil, Page), "nofollow") || Has(Of(tag("noindex"), nil, Page), "nofollow") {
		t.Error("Has does not find nofollow")
	}
}

func TestOfRobots(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ field, value, want string }{
		{"Content-Usage", "train-ai=n", "!train-ai=n@robots.txt"},
		{"Content-Signal", "search=yes,ai-train=no", "search=yes@robots.txt !ai-train=no@robots.txt"},
		{"Content-Signal", "train-ai=n", ""},
		{"X-Other", "train-ai=n", ""},
	} {
		if got := short(OfRobots(tt.field, tt.value, Page)); got != tt.want {
			t.Errorf("%s: %s = %q; want %q", tt.field, tt.value, got, tt.want)
		}
	}
}

// Every entry names its source, and only known kinds.
func TestVocabulary(t *testing.T) {
	t.Parallel()
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	var w words
	if err := d.Decode(&w); err != nil {
		t.Fatal(err)
	}
	check := func(name, source string, optsOut []string) {
		if name == "" || name != strings.ToLower(name) || source == "" {
			t.Errorf("%q has the source %q", name, source)
		}
		for _, k := range optsOut {
			if !slices.Contains(kinds[:], k) {
				t.Errorf("%s opts out of %q", name, k)
			}
		}
	}
	for _, e := range w.Directives {
		check(e.Name, e.Source, e.OptsOut)
	}
	for _, e := range w.Same {
		check(e.Name, e.Source, nil)
	}
	for _, e := range w.Valued {
		check(e.Name, e.Source, nil)
	}
	for _, e := range w.Fields {
		check(e.Name, e.Source, e.OptsOut)
	}
	for _, e := range w.Preferences {
		check(e.Name, e.Source, e.OptsOut)
	}
}

// FuzzOf checks that signals are bounded, valid and found once.
func FuzzOf(f *testing.F) {
	for _, s := range []string{"noai, seine: noimageai", "googlebot: none", "max-snippet:5", "train-ai=n;x=1, ai-train=no", "1", ",,:,=,", "none none"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, header, meta string) {
		h := map[string][]string{"X-Robots-Tag": {header}, "Content-Usage": {header, meta}, "Content-Signal": {header}, "TDM-Reservation": {meta}}
		for kind := range kinds {
			signals := Of(h, []Meta{{"robots", meta}, {"seine", header}, {meta, header}}, Kind(kind))
			for i, s := range signals {
				if len(s.Value) > maxShown || strings.Contains(s.Value, "\x00") || !utf8.ValidString(s.Value) || slices.Contains(signals[:i], s) {
					t.Errorf("%q, %q: %+v", header, meta, s)
				}
			}
		}
	})
}
