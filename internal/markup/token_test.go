package markup

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// sameTokens compares the tokens of a document with those of the library's tokenizer.
func sameTokens(t *testing.T, doc string, cdata, markup bool) {
	t.Helper()
	want := html.NewTokenizer(strings.NewReader(doc))
	got := tokens{doc: doc, cdata: cdata}
	for n := 0; ; n++ {
		want.AllowCDATA(cdata)
		want.Next()
		raw := string(want.Raw())
		w, g := want.Token(), got.next()
		if g.Type == html.StartTagToken && w.Type == html.SelfClosingTagToken && unquotedSlash.MatchString(raw) {
			w.Type = g.Type // the slash is the value of a repeated attribute, which the library forgets
		}
		if g.Type == html.CommentToken {
			g.Data = html.UnescapeString(g.Data) // which the library does
		}
		if !reflect.DeepEqual(w, g) {
			t.Fatalf("%q (CDATA %v, noscript is markup %v), token %d:\ngot  %v %#v\nwant %v %#v", doc, cdata, markup, n, g.Type, g, w.Type, w)
		}
		if w.Type == html.ErrorToken {
			return
		}
		if markup && w.Data == "noscript" {
			want.NextIsNotRawText()
			got.notRaw()
		}
	}
}

var unquotedSlash = regexp.MustCompile(`=\s*[^\s"'>][^\s>]*/>$` + "|" + `=\s*/>$`)

// pieces are what the documents of the test are made of.
var pieces = []string{
	"<", ">", "/", "=", "\"", "'", "&", ";", "!", "?", "-", "--", "-->", "--!>", "<!--", "<!-->", "<!--->", "<!-- x -->", "]]>", "<![CDATA[", "<!DOCTYPE html>", "<!doctype",
	" ", "\n", "\r", "\r\n", "\t", "\f", "\x00", "a", "b", "Z", "0", "é", "İ", "ſ", "\xff",
	"<a", "<A", "</a", "</a>", "<br/>", "<br />", "<p>", "</p x>", "</>", "</ ", "<a href=x>", "<a href='x&amp;y=1' B=\"c\">", "<a b c>", "<a a=1 A=2>", "<a x=/>", "<a x=1/>", "<a/b>", "<a / b>", "<é>",
	"<script>", "</script>", "</script ", "</SCRIPT/", "<script", "<style>", "</style>", "<title>", "</title>", "</titles>", "<textarea>", "</textarea>", "<xmp>", "</xmp>", "<iframe>", "</iframe>",
	"<noscript>", "</noscript>", "<noembed>", "</noembed>", "<noframes>", "</noframes>", "<plaintext>", "<svg:a", "@click", "(x)=", "*if",
	"&amp;", "&amp", "&ampx", "&notit;", "&not", "&semi;", "&semix;", "&fjlig;", "&#65;", "&#x41", "&#0;", "&#x80;", "&#;", "&copy=", "&copy=1", "&copy;=", "&bogus;", "&NotEqualTilde;", "&lt", "&a&b",
}

// Every document has the tokens that the library reads, however it breaks off.
func TestTokens(t *testing.T) {
	t.Parallel()
	const seed = 1
	random := rand.New(rand.NewPCG(seed, 2))
	for range 60_000 {
		var b strings.Builder
		for range 1 + random.IntN(14) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		sameTokens(t, b.String(), random.IntN(4) == 0, random.IntN(2) == 0)
	}
}

func TestTokensOfFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/html5lib/*.dat")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sameTokens(t, string(text), false, false)
		for c := range strings.SplitSeq(string(text), "\n#data\n") {
			input, _, _ := strings.Cut(c, "\n#errors\n")
			sameTokens(t, input, true, true)
		}
	}
}

func FuzzTokens(f *testing.F) {
	for _, p := range pieces {
		f.Add("<a x="+p+">"+p+"<script>"+p, false, false)
	}
	f.Fuzz(sameTokens)
}

// The tokenizer of the library decodes the references in comments, which the standard does not
// (section 13.2.5.45).
func TestCommentKeepsReferences(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		"<!-- {&quot;a&quot;: &lt;1} -->": " {&quot;a&quot;: &lt;1} ",
		"<!--a\r\nb\x00-->":               "a\nb\ufffd",
		"<?php &amp; ?>":                  "?php &amp; ?",
		"<!--a--!>b":                      "a",
		"<!--a--":                         "a",
	} {
		z := tokens{doc: doc}
		if got := z.next(); got.Type != html.CommentToken || got.Data != want {
			t.Errorf("%q: got %v %q; want %q", doc, got.Type, got.Data, want)
		}
	}
}
