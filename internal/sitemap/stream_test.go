package sitemap

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// generated is a sitemap of n entries that is written while it is read.
type generated struct {
	n, i int
	rest []byte
}

func (g *generated) Read(p []byte) (int, error) {
	if len(g.rest) == 0 {
		switch {
		case g.i == 0:
			g.rest = append(g.rest[:0], "<?xml version='1.0' encoding='UTF-8'?><urlset>"...)
		case g.i <= g.n:
			g.rest = fmt.Appendf(g.rest[:0], "<url><loc>https://shop.example/p/%d?a=1&amp;b=2</loc><lastmod>2026-11-29T10:00:00+00:00</lastmod></url>\n", g.i)
		case g.i == g.n+1:
			g.rest = append(g.rest[:0], "</urlset>"...)
		default:
			return 0, io.EOF
		}
		g.i++
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// TestConstantMemory reads two million entries and bounds the heap that they leave in between.
func TestConstantMemory(t *testing.T) {
	const n, most = 2_000_000, 4 << 20
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	i := 0
	sum, err := Read(&generated{n: n}, base, func(Entry) error {
		if i++; i%500_000 == 0 {
			runtime.GC()
			if runtime.ReadMemStats(&now); now.HeapAlloc > before.HeapAlloc+most {
				return fmt.Errorf("the heap grew by %d KiB", (now.HeapAlloc-before.HeapAlloc)>>10)
			}
		}
		return nil
	})
	if err != nil || sum.Pages != n || sum.Incomplete {
		t.Errorf("%+v, %v; want %d pages", sum, err, n)
	}
}

// TestChunks reads every format byte by byte.
func TestChunks(t *testing.T) {
	t.Parallel()
	for _, in := range seeds {
		want, wantSum, wantErr := read(in)
		got, sum, err := readFrom(iotest.OneByteReader(strings.NewReader(in)))
		if got != want || sum != wantSum || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%.60q: %q, %+v, %v; want %q, %+v, %v", in, got, sum, err, want, wantSum, wantErr)
		}
	}
}

var seeds = []string{
	"<?xml version='1.0'?><!DOCTYPE urlset [<!ENTITY x 'y'>]><!-- c --><urlset>\n<url><loc><![CDATA[/1&x]]></loc><lastmod>2026</lastmod></url><url><loc>/2&amp;</loc></url></urlset>",
	"<sitemapindex><sitemap><loc>https://a.example/1</loc></sitemap></sitemapindex>",
	"<rss><channel><item><link>/1</link><pubDate>Sun, 29 Nov 2026 12:00:00 GMT</pubDate></item></channel></rss>",
	"<feed xml:base='/x/'><entry><link href='1'/><updated>2026-11-29</updated><content><b/></content></entry></feed>",
	"https://a.example/1\n# x\nhttps://a.example/2",
	"<html>", "<urlset><url><loc>/1<video:video><url a=\"<loc>/2", "\xff\xfe<\x00u\x00r\x00l\x00>\x00",
}

// FuzzRead checks that any content ends with bounded entries that are absolute URLs.
func FuzzRead(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
		f.Add([]byte(zipped(f, s)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n := 0
		sum, err := Read(strings.NewReader(string(body)), base, func(e Entry) error {
			n++
			if len(e.Loc) > maxValue || !hasPrefixFold(e.Loc, "http") || len(e.Images) > maxImages || e.Priority < 0 || e.Priority > 1 {
				t.Errorf("%q gives %+v", body, e)
			}
			return nil
		})
		if sum.Pages+sum.Sitemaps != n || err == nil && sum.Format == "" {
			t.Errorf("%q: %+v, %v for %d entries", body, sum, err, n)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	b.ReportAllocs()
	sum, err := Read(&generated{n: b.N}, base, func(Entry) error { return nil })
	if err != nil || sum.Pages != b.N {
		b.Errorf("%+v, %v", sum, err)
	}
}
