package sitemap

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

const base = "https://a.example/maps/sitemap.xml"

func zipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wide(text string) string {
	out := []byte("\xff\xfe")
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

// read returns the entries as lines: kind, URL, and what else is set.
func read(text string) (string, Summary, error) { return readFrom(strings.NewReader(text)) }

func readFrom(r io.Reader) (string, Summary, error) {
	var out []string
	sum, err := Read(r, base, func(e Entry) error {
		line := e.Loc
		if e.Kind == Sitemap {
			line = "map " + line
		}
		if !e.LastMod.IsZero() {
			line += " " + strings.TrimSuffix(e.LastMod.Format(time.RFC3339), "T00:00:00Z")
		}
		if e.ChangeFreq != "" {
			line += " " + e.ChangeFreq
		}
		switch e.Priority {
		case 0.5:
		case 0.8:
			line += " 0.8"
		default:
			line += " ?"
		}
		out = append(out, strings.Join(append([]string{line}, e.Images...), " + "))
		return nil
	})
	return strings.Join(out, "\n"), sum, err
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want, format string }{
		{"urlset", `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://a.example/1</loc><lastmod>2026-11-29</lastmod>
<changefreq>Daily</changefreq><priority>0.8</priority></url><url><loc> https://a.example/2?a=1&amp;b=2
</loc></url></urlset>`, "https://a.example/1 2026-11-29 daily 0.8\nhttps://a.example/2?a=1&b=2", "urlset"},
		{"index", `<sitemapindex><sitemap><loc>https://a.example/s1.xml.gz</loc><lastmod>2026-11-29T10:00:00+02:00</lastmod></sitemap></sitemapindex>`,
			"map https://a.example/s1.xml.gz 2026-11-29T08:00:00Z", "sitemapindex"},
		{"images", `<urlset xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><url><loc>https://a.example/1</loc>
<image:image><image:loc>https://a.example/1.jpg</image:loc><image:title>T</image:title></image:image><image:image><image:loc>/2.jpg</image:loc></image:image>
<image:image><image:loc>/2.jpg</image:loc></image:image><lastmod>2026</lastmod></url></urlset>`,
			"https://a.example/1 2026-01-01 + https://a.example/1.jpg + https://a.example/2.jpg", "urlset"},
		{"video and news", `<urlset><url><video:video><video:loc>/v</video:loc><video:publication_date>2020</video:publication_date></video:video>
<loc>/1</loc><news:news><news:lastmod>2020</news:lastmod></news:news></url></urlset>`, "https://a.example/1", "urlset"},
		{"languages", `<urlset><url><loc>/1</loc><xhtml:link rel="alternate" hreflang="de" href="/de"/></url></urlset>`, "https://a.example/1", "urlset"},
		{"another namespace", `<s:urlset xmlns:s="urn:x"><s:url><s:loc>/1</s:loc></s:url></s:urlset>`, "https://a.example/1", "urlset"},
		{"upper case", `<URLSET><URL><LOC>/1</LOC></URL></URLSET>`, "https://a.example/1", "urlset"},
		{"relative", `<urlset><url><loc>p/1</loc></url><url><loc>//b.example/x</loc></url></urlset>`, "https://a.example/maps/p/1\nhttps://b.example/x", "urlset"},
		{"CDATA", `<urlset><url><loc><![CDATA[https://a.example/?a=1&b=2&amp;c]]></loc></url></urlset>`, "https://a.example/?a=1&b=2&amp;c", "urlset"},
		{"CDATA of brackets", `<urlset><url><loc><![CDATA[https://a.example/a]]b]]></loc></url></urlset>`, "https://a.example/a]]b", "urlset"},
		{"comments and instructions", `<!-- <url><loc>/0</loc></url> --><?xml-stylesheet href="x.xsl"?><urlset><!----><url><loc>/1<!-- x --></loc></url></urlset>`, "https://a.example/1", "urlset"},
		{"document type", `<!DOCTYPE urlset [<!ENTITY x "<url><loc>/0</loc></url>">]><urlset><url><loc>/1</loc></url></urlset>`, "https://a.example/1", "urlset"},
		{"ampersands", `<urlset><url><loc>/?a=1&b=2&copy=3&eacute;=4&unknown;&#x41;&#66;</loc></url></urlset>`, "https://a.example/?a=1&b=2&copy=3%C3%A9=4&unknown;AB", "urlset"},
		{"line end in a URL", "<urlset><url><loc>https://a.example/\n1</loc></url></urlset>", "https://a.example/1", "urlset"},
		{"no end tags", `<urlset><url><loc>/1<lastmod>2026<url><loc>/2</loc><url><loc>/3</urlset>`, "https://a.example/1 2026-01-01\nhttps://a.example/2\nhttps://a.example/3", "urlset"},
		{"no url elements", `<urlset><loc>/1</loc><lastmod>2026</lastmod><loc>/2</loc></urlset>`, "https://a.example/1 2026-01-01\nhttps://a.example/2", "urlset"},
		{"no root", `<url><loc>/1</loc></url><url><loc>/2</loc></url>`, "https://a.example/1\nhttps://a.example/2", "urlset"},
		{"video without an end", `<urlset><url><loc>/1</loc><video:video><url><loc>/2</loc><video:video></urlset>`, "https://a.example/1\nhttps://a.example/2", "urlset"},
		{"broken tag", `<urlset><url><loc a="x>/1</loc></url><url><loc>/2</loc></url></urlset>`, "https://a.example/2", "urlset"},
		{"sign in text", `<urlset>a < b <3 <url><loc>/1</loc></url></urlset>`, "https://a.example/1", "urlset"},
		{"blank lines before the declaration", "\n\n  <?xml version='1.0'?><urlset><url><loc>/1</loc></url></urlset>", "https://a.example/1", "urlset"},
		{"mark", "\xef\xbb\xbf<?xml version='1.0'?><urlset><url><loc>/1</loc></url></urlset>", "https://a.example/1", "urlset"},
		{"UTF-16", wide(`<?xml version="1.0" encoding="utf-16"?><urlset><url><loc>/é</loc></url></urlset>`), "https://a.example/%C3%A9", "urlset"},
		{"Latin-1", "<?xml version='1.0' encoding='iso-8859-1'?><urlset><url><loc>/\xe9</loc></url></urlset>", "https://a.example/%C3%A9", "urlset"},
		{"wrongly declared", "<?xml version='1.0' encoding='utf-16'?><urlset><url><loc>/\u00e9</loc></url></urlset>", "https://a.example/%C3%A9", "urlset"},
		{"empty root", `<urlset/>`, "", "urlset"},
		{"bad values", `<urlset><url><loc>/1</loc><priority>high</priority><changefreq>often</changefreq><lastmod></lastmod></url></urlset>`, "https://a.example/1", "urlset"},
		{"comma in a priority", `<urlset><url><loc>/1</loc><priority>0,8</priority></url></urlset>`, "https://a.example/1 0.8", "urlset"},

		{"list", "# comment\nhttps://a.example/1\r\n\n  https://a.example/2  \nHTTP://a.example/3", "https://a.example/1\nhttps://a.example/2\nHTTP://a.example/3", "text"},
		{"list with a mark", "\xef\xbb\xbfhttps://a.example/1\n", "https://a.example/1", "text"},
		{"list in UTF-16", wide("https://a.example/\u00e9\n"), "https://a.example/\u00e9", "text"},
		{"list with a title", "My pages\nhttps://a.example/1\n", "https://a.example/1", "text"},

		{"RSS", `<rss version="2.0"><channel><link>https://a.example/</link><item><title>x</title><link>https://a.example/1</link><pubDate>Sun, 29 Nov 2026 10:00:00 EST</pubDate>
<description>&lt;a href="x"> <link>/no</link></description><enclosure url="/1.jpg" type="image/jpeg"/><enclosure url="/1.mp3" type="audio/mpeg"/></item>
<item><guid>https://a.example/2</guid><media:content url="/2.png" medium="image"><media:thumbnail url="/3.png"/></media:content></item>
<item><guid isPermaLink="false">x</guid></item></channel></rss>`,
			"https://a.example/1 2026-11-29T15:00:00Z + https://a.example/1.jpg\nhttps://a.example/2 + https://a.example/2.png + https://a.example/3.png", "rss"},
		{"RSS with other links", `<rss><channel><item><atom:link rel="self" href="/0"/><link>/1</link><source url="/s">x</source></item><item><atom:link href="/2"/></item></channel></rss>`,
			"https://a.example/1\nhttps://a.example/2", "rss"},
		{"RSS with a base", `<rss xml:base="https://b.example/x/"><channel xml:base="y/"><item><link>1</link></item></channel></rss>`, "https://b.example/x/y/1", "rss"},
		{"RSS 1.0", `<rdf:RDF><channel rdf:about="/"><items><rdf:Seq><rdf:li resource="/1"/></rdf:Seq></items></channel>
<item rdf:about="https://a.example/1"><link>https://a.example/1</link><dc:date>2026-11-29</dc:date></item><item rdf:about="https://a.example/2"></item></rdf:RDF>`,
			"https://a.example/1 2026-11-29\nhttps://a.example/2", "rdf"},
		{"Atom", `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/blog/"><link href="/"/><entry xml:base="2026/"><link rel="edit" href="/e"/><link href="1" rel='alternate'/><link href="2"/>
<published>2026-01-01</published><updated>2026-02-01</updated><content type="xhtml"><div><link href="/no"/><a href="/no">x</a></div></content></entry>
<entry><source><link href="/no"/><updated>2020</updated></source><link xml:base="https://b.example/" href=2 /><link rel="enclosure" type="image/png" href="2.png"/></entry></feed>`,
			"https://a.example/blog/2026/1 2026-02-01\nhttps://b.example/2 + https://b.example/2.png", "atom"},
	} {
		for _, in := range []string{tt.in, zipped(t, tt.in)} {
			got, sum, err := read(in)
			if err != nil || got != tt.want || sum.Format != tt.format {
				t.Errorf("%s: %s, %v\n%s", tt.name, sum.Format, err, cmp.Diff(tt.want, got))
			}
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		want     Summary
	}{
		{"counts", `<urlset><url><loc>/1</loc><lastmod>yesterday</lastmod></url><url><loc>mailto:a@b.example</loc></url><url></url><url/><url><loc>/2</loc><lastmod>0000-00-00</lastmod></url></urlset>`,
			Summary{Pages: 2, Invalid: 2, BadLastMod: 2}},
		{"cut in a URL", `<urlset><url><loc>/1</loc></url><url><loc>/2`, Summary{Pages: 1, Invalid: 1, Incomplete: true}},
		{"cut in a tag", `<urlset><url><loc>/1</loc></url><url><loc>/2</loc><lastmo`, Summary{Pages: 2, Incomplete: true}},
		{"cut in a date", `<urlset><url><loc>/1</loc><lastmod>2026`, Summary{Pages: 1, Incomplete: true}},
		{"cut in a comment", `<urlset><url><loc>/1</loc></url><!-- `, Summary{Pages: 1, Incomplete: true}},
		{"cut in CDATA", `<urlset><url><loc><![CDATA[/1`, Summary{Invalid: 1, Incomplete: true}},
		{"URL too long", `<urlset><url><loc>/` + strings.Repeat("x", 100_000) + `</loc></url><url><loc>/2</loc></url></urlset>`, Summary{Pages: 1, Invalid: 1}},
		{"tag too long", `<urlset><url a="` + strings.Repeat("x", 100_000) + `"><loc>/1</loc></url></urlset>`, Summary{Pages: 1}},
		{"line too long", "https://a.example/1\nhttps://a.example/" + strings.Repeat("x", 100_000) + "\nhttps://a.example/2\n", Summary{Format: "text", Pages: 2, Invalid: 1}},
	} {
		if tt.want.Format == "" {
			tt.want.Format = "urlset"
		}
		tt.want.Charset, tt.want.Bytes = "utf-8", int64(len(tt.in))
		if _, got, err := read(tt.in); err != nil || got != tt.want {
			t.Errorf("%s: %v\n%s", tt.name, err, cmp.Diff(tt.want, got))
		}
	}
}

func TestReadFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in, want string
		is             error
	}{
		{"empty", "", "empty", ErrNoSitemap},
		{"white space", " \n\t", "empty", ErrNoSitemap},
		{"page", "\n<!DOCTYPE html>\n<html><body>404</body></html>", "line 2: is HTML, not a sitemap", ErrHTML},
		{"page in upper case", "<HTML>\n<BODY>", "line 1: is HTML, not a sitemap", ErrHTML},
		{"page of an old type", `<!doctype HTML PUBLIC "-//W3C//DTD HTML 4.01//EN">`, "is HTML", ErrHTML},
		{"XHTML", `<?xml version="1.0"?><!DOCTYPE html PUBLIC "x" "y"><html xmlns="z">`, "is HTML", ErrHTML},
		{"part of a page", `<script>x</script>`, "is HTML", ErrHTML},
		{"error of a store", `<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`, `root element is "error"`, ErrNoSitemap},
		{"no element", `<!-- x`, "no element", ErrNoSitemap},
		{"JSON", `{"urls": []}`, `line 1 is no URL: "{\"urls\": []}"`, ErrNoSitemap},
		{"text", "\nNot found\n", "line 2 is no URL", ErrNoSitemap},
		{"long text", strings.Repeat("x\n", 5000) + "https://a.example/", "line 1 is no URL", ErrNoSitemap},
		{"gzip in gzip", zipped(t, zipped(t, "<urlset/>")), "gzip inside gzip", ErrNoSitemap},
		{"gzip bomb", zipped(t, "<urlset>"+strings.Repeat(" ", 20<<20)), "no entry in 16 MiB", ErrNoSitemap},
		{"cut gzip", zipped(t, "<urlset><url>")[:20], "unexpected EOF", io.ErrUnexpectedEOF},
		{"bad gzip", "\x1f\x8bxxxxxxxxxxxxxxxx", "gzip", nil},
	} {
		_, _, err := read(tt.in)
		if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
	}
	stop := errors.New("stop")
	n := 0
	sum, err := Read(strings.NewReader("<urlset>"+strings.Repeat("<url><loc>/1</loc></url>", 9)), base, func(Entry) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || n != 3 || sum.Pages != 3 {
		t.Errorf("%d calls, %+v, %v; want 3 and the error", n, sum, err)
	}
	if _, err := Read(io.MultiReader(strings.NewReader("<urlset>\n"), broken{}), base, nil); !errors.Is(err, io.ErrClosedPipe) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("%v; want the error of the reader", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestParseTime(t *testing.T) {
	t.Parallel()
	const noon = "2026-11-29T12:00:00Z"
	for in, want := range map[string]string{
		"2026": "2026-01-01T00:00:00Z", "2026-11": "2026-11-01T00:00:00Z", "2026-11-29": "2026-11-29T00:00:00Z",
		"2026-11-29T12:00Z": noon, "2026-11-29T13:00+01:00": noon, "2026-11-29T12:00:00Z": noon, "2026-11-29T12:00:00.123-00:00": noon,
		"2026-11-29 12:00:00": noon, "2026-11-29 13:00:00 +0100": noon, "2026-11-29T12:00:00": noon, "2026-11-29T13:00:00+0100": noon,
		"2026-11-29 12:00:00 UTC": noon, "2026-11-29t12:00:00z": noon, "2026-11-29T12:00:00 +00:00": noon, "2026-11-29T12:00:00+00": noon,
		"2026-11-29T12:00": noon, "2026-11-29  12:00": noon, "20261129": "2026-11-29T00:00:00Z", "20261129T120000Z": noon, "2026/11/29": "2026-11-29T00:00:00Z",
		"2026-1-2": "2026-01-02T00:00:00Z", "29.11.2026": "2026-11-29T00:00:00Z", "2026-11-29+01:00": "2026-11-28T23:00:00Z",
		"Sun, 29 Nov 2026 12:00:00 GMT": noon, "Sun, 29 Nov 2026 07:00:00 EST": noon, "29 Nov 2026 13:00:00 +0100": noon, "Sun, 29 Nov 2026 13:00 +0100": noon,
		"Sun Nov 29 12:00:00 UTC 2026": noon, "November 29, 2026": "2026-11-29T00:00:00Z", "29 November 2026": "2026-11-29T00:00:00Z", "29-Nov-2026": "2026-11-29T00:00:00Z",
		"": "", "yesterday": "", "0000-00-00": "", "0001-01-01T00:00:00+00:00": "", "2026-13-01": "", "01/02/2026": "", "1764417600": "", "1970-01-01": "", "T": "", "-": "",
	} {
		got, ok := parseTime(in)
		if ok != (want != "") || ok && got.UTC().Truncate(time.Second).Format(time.RFC3339) != want {
			t.Errorf("parseTime(%q) = %v, %v; want %q", in, got, ok, want)
		}
	}
}
