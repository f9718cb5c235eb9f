package fetch

import (
	"net/http"
	"testing"
)

func TestMediaType(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body, typ, label string
		header                 []string
	}{
		{"header", "x", "text/html", "", []string{"text/html"}},
		{"parameters go", "x", "text/html", "utf-8", []string{"Text/HTML ; Charset=utf-8"}},
		{"parameters that do not parse", "x", "text/html", "", []string{"text/html;;="}},
		{"a charset among parameters that do not parse", "x", "text/html", "windows-1251", []string{"text/html; ;x;charset=windows-1251; ;x"}},
		{"charset in quotes", "x", "text/html", "windows-1251", []string{`text/html; a="b;c"; charset="windows\-1251"`}},
		{"charset in open quotes", "x", "text/html", "koi8-r", []string{`text/html; charset="koi8-r`}},
		{"the first charset counts", "x", "text/html", "koi8-r", []string{`text/html; charset=koi8-r; charset=utf-8`}},
		{"the header is believed", "<html>", "text/plain", "", []string{"text/plain"}},
		{"no semicolon", "x", "text/html", "", []string{"text/html charset=utf-8"}},
		{"charset alone", "<html>", "text/html", "koi8-r", []string{"charset=koi8-r"}},
		{"missing, HTML", "<!DOCTYPE html><p>", "text/html", "", nil},
		{"missing, PNG", "\x89PNG\r\n\x1a\n", "image/png", "", nil},
		{"missing, text", "some words", "text/plain", "", nil},
		{"no type", "<html>", "text/html", "", []string{"html"}},
		{"half a type", "<html>", "text/html", "", []string{"text/"}},
		{"missing and empty", "", "", "", nil},
		// The table of the Fetch standard, section 2.2.2.
		{"two headers, same type, charset of the first", "x", "text/html", "gbk", []string{"text/html;charset=gbk", "text/html"}},
		{"two headers, another charset", "x", "text/html", "utf-8", []string{"text/html;charset=gbk", "text/html;charset=utf-8"}},
		{"two types", "x", "text/html", "", []string{"text/plain;charset=gbk, text/html"}},
		{"a type and back", "x", "text/html", "", []string{"text/html;charset=gbk;a=b", "text/plain", "text/html"}},
		{"an invalid one does not count", "x", "text/html", "gbk", []string{"text/html;charset=gbk", "bogus"}},
		{"nor does any type", "x", "text/html", "gbk", []string{"text/html;charset=gbk, */*"}},
		{"a comma in quotes", "x", "text/html", "", []string{`text/html;x=",text/plain"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			typ, label := MediaType(http.Header{"Content-Type": tt.header}, []byte(tt.body))
			if typ != tt.typ || label != tt.label {
				t.Errorf("MediaType(%q, %q) = %q, %q; want %q, %q", tt.header, tt.body, typ, label, tt.typ, tt.label)
			}
		})
	}
}

func TestIsText(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"text/html", "text/csv", "application/xhtml+xml", "application/ld+json", "application/json", "image/svg+xml", "application/rss+xml"} {
		if !IsText(typ) {
			t.Errorf("IsText(%q) = false", typ)
		}
	}
	for _, typ := range []string{"", "image/png", "application/pdf", "application/octet-stream", "video/mp4"} {
		if IsText(typ) {
			t.Errorf("IsText(%q) = true", typ)
		}
	}
}
