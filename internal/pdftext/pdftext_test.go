package pdftext_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/pdftext"
	"github.com/seinehq/seine/internal/sitekit"
)

func TestRead(t *testing.T) {
	t.Parallel()
	body := sitekit.PDF(map[string]string{"Title": "A study of cards", "Author": "Ada", "CreationDate": "D:20260305143000+01'00'"}, "Abstract\nWe count cards.", "Page two")
	doc, err := pdftext.Read(t.Context(), body)
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Pages) != 2 || doc.Pages[0] != "Abstract\nWe count cards." || doc.Pages[1] != "Page two" {
		t.Errorf("pages %q", doc.Pages)
	}
	if doc.Title != "A study of cards" || doc.Author != "Ada" || doc.Created != "D:20260305143000+01'00'" {
		t.Errorf("%+v", doc)
	}
}

func TestABrokenPDFHasOneReason(t *testing.T) {
	t.Parallel()
	whole := sitekit.PDF(nil, strings.Repeat("some text ", 50))
	for name, tt := range map[string]struct {
		body []byte
		want error
	}{
		"a page of HTML": {[]byte("<html>no PDF</html>"), pdftext.ErrNotPDF},
		"only a header":  {[]byte("%PDF-1.7\n"), pdftext.ErrBroken},
		"garbage":        {append([]byte("%PDF-1.7\n"), []byte(strings.Repeat("\x00\xff<<", 2000))...), pdftext.ErrBroken},
		"no pages":       {sitekit.PDF(nil), pdftext.ErrBroken},
		"encrypted":      {sitekit.Encrypted(whole), pdftext.ErrEncrypted},
	} {
		doc, err := pdftext.Read(t.Context(), tt.body)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, %v; want %v", name, doc, err, tt.want)
		}
	}
	// A file that lost its end may still be read, but never gives a fault of the library.
	for n := 0; n < len(whole); n += 97 {
		if _, err := pdftext.Read(t.Context(), whole[:n]); err != nil && !errors.Is(err, pdftext.ErrBroken) && !errors.Is(err, pdftext.ErrNotPDF) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	// The next file is read as if there had been no other.
	if doc, err := pdftext.Read(t.Context(), whole); err != nil || !strings.HasPrefix(doc.Pages[0], "some text") {
		t.Errorf("%v, %v", doc, err)
	}
}

func TestTheEndOfTheContextEndsTheReading(t *testing.T) {
	t.Parallel()
	if err := pdftext.Ready(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pdftext.Read(ctx, sitekit.PDF(nil, "x")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"D:20260305143000+01'00'": "2026-03-05T14:30:00+01:00", "D:20260305143000Z": "2026-03-05T14:30:00Z", "D:20260305143000Z00'00'": "2026-03-05T14:30:00Z",
		"D:20260305": "2026-03-05", "D:202603": "2026-03", "20260305143000": "2026-03-05T14:30:00", "D:20261399": "", "yesterday": "", "": "",
	} {
		if got, ok := pdftext.Date(in); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, ok, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sitekit.PDF(map[string]string{"Title": "t"}, "text"))
	f.Add([]byte("%PDF-1.7\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		doc, err := pdftext.Read(t.Context(), body)
		if (doc == nil) == (err == nil) {
			t.Errorf("%v and %v", doc, err)
		}
	})
}

// The information dictionary of a PDF is optional.
func TestAPDFWithoutMetadata(t *testing.T) {
	t.Parallel()
	const body = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n" +
		"4 0 obj<</Length 33>>stream\nBT /F1 24 Tf 72 700 Td (Hi) Tj ET\nendstream endobj\n" +
		"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Size 6/Root 1 0 R>>\n%%EOF"
	doc, err := pdftext.Read(t.Context(), []byte(body))
	if err != nil || len(doc.Pages) != 1 || doc.Pages[0] != "Hi" || doc.Title != "" {
		t.Errorf("%+v, %v", doc, err)
	}
}
