// Package pdftext reads the text and the metadata of PDF files.
//
// PDFium reads them as WebAssembly, in a sandbox without files and network, with a memory of its
// own per file. A file that is broken, encrypted or too large gives one error, and so does a fault
// of PDFium. The end of the context ends the reading.
package pdftext

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const (
	// memoryPages bounds the memory of the sandbox: 256 MiB in pages of 64 KiB.
	memoryPages = 4096

	// maxPages and maxText bound a document. A record has no room for more text.
	maxPages = 10_000
	maxText  = 1 << 20

	// atOnce is the number of files that are read at a time.
	atOnce = 2
)

// These errors say why a file gives no text. They are equal at every attempt.
var (
	ErrNotPDF    = errors.New("the file is no PDF")
	ErrBroken    = errors.New("the PDF is broken")
	ErrEncrypted = errors.New("the PDF needs a password")
	ErrTooLarge  = errors.New("the PDF is too large")
)

// Document is what a file holds.
type Document struct {
	// Pages are the texts of the pages. A scanned page has an empty text.
	Pages []string

	Title, Author, Subject, Keywords, Creator, Producer string

	// Created and Modified are as the file has them: D:20260305143000+01'00'.
	Created, Modified string
}

// library compiles PDFium once per process, when the first file is read. It takes about four
// seconds of one processor.
var library = sync.OnceValues(func() (pdfium.Pool, error) {
	return webassembly.Init(webassembly.Config{
		Context: context.Background(), // outlives the task that needs it first
		MaxIdle: atOnce, MaxTotal: atOnce, FSConfig: wazero.NewFSConfig(), Stdout: io.Discard, Stderr: io.Discard,
		RuntimeConfig: wazero.NewRuntimeConfig().WithMemoryLimitPages(memoryPages).WithCloseOnContextDone(true).
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling),
	})
})

// Ready prepares the library, so that a bound on the time of Read is a bound on the file.
func Ready() error {
	_, err := library()
	if err != nil {
		return fmt.Errorf("compile PDFium: %w", err)
	}
	return nil
}

// Read reads a file.
func Read(ctx context.Context, body []byte) (*Document, error) {
	if !strings.Contains(string(body[:min(len(body), 1024)]), "%PDF-") {
		return nil, ErrNotPDF
	}
	pool, err := library()
	if err != nil {
		return nil, fmt.Errorf("compile PDFium: %w", err)
	}
	out, err := readIn(ctx, pool, body)
	if errors.Is(err, ErrBroken) && ctx.Err() == nil {
		// A file before it may have damaged the instance. A new one took its place.
		out, err = readIn(ctx, pool, body)
	}
	return out, err
}

// readIn reads a file in an instance of PDFium. After an error the instance is ended.
func readIn(ctx context.Context, pool pdfium.Pool, body []byte) (*Document, error) {
	in, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = in.Kill() })
	out, err := read(in, body)
	if !stop() {
		return nil, ctx.Err()
	}
	if err != nil && !errors.Is(err, ErrEncrypted) && !errors.Is(err, ErrTooLarge) {
		_ = in.Kill() // its memory may be damaged
		return nil, err
	}
	_ = in.Close()
	return out, err
}

func read(in pdfium.Pdfium, body []byte) (*Document, error) {
	opened, err := in.OpenDocument(&requests.OpenDocument{File: &body})
	switch {
	case errors.Is(err, pdferrors.ErrPassword), errors.Is(err, pdferrors.ErrSecurity):
		return nil, ErrEncrypted
	case err != nil:
		return nil, fmt.Errorf("%w: %s", ErrBroken, firstLine(err))
	}
	doc := opened.Document
	count, err := in.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %s", ErrBroken, firstLine(err))
	case count.PageCount == 0:
		return nil, fmt.Errorf("%w: it has no page", ErrBroken)
	case count.PageCount > maxPages:
		return nil, fmt.Errorf("%w: %d pages; at most %d", ErrTooLarge, count.PageCount, maxPages)
	}
	out := &Document{Pages: make([]string, count.PageCount)}
	sum := 0
	for i := range out.Pages {
		text, err := in.GetPageText(&requests.GetPageText{Page: requests.Page{ByIndex: &requests.PageByIndex{Document: doc, Index: i}}})
		if err != nil {
			return nil, fmt.Errorf("%w: page %d: %s", ErrBroken, i+1, firstLine(err))
		}
		out.Pages[i] = Lines(text.Text)
		if sum += len(out.Pages[i]); sum > maxText {
			return nil, fmt.Errorf("%w: more than %d bytes of text", ErrTooLarge, maxText)
		}
	}
	return out, out.about(in, doc)
}

// noDictionary is the error of the library for a document without an information dictionary, which
// is optional (ISO 32000-1, section 14.3.3).
const noDictionary = "Could not get metadata"

// about reads the document's information dictionary.
func (d *Document) about(in pdfium.Pdfium, doc references.FPDF_DOCUMENT) error {
	meta, err := in.GetMetaData(&requests.GetMetaData{Document: doc})
	if err != nil && err.Error() == noDictionary {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: its metadata: %s", ErrBroken, firstLine(err))
	}
	for _, tag := range meta.Tags {
		to, ok := map[string]*string{
			"Title": &d.Title, "Author": &d.Author, "Subject": &d.Subject, "Keywords": &d.Keywords,
			"Creator": &d.Creator, "Producer": &d.Producer, "CreationDate": &d.Created, "ModDate": &d.Modified,
		}[tag.Tag]
		if ok {
			*to = strings.TrimSpace(tag.Value)
		}
	}
	return nil
}

// firstLine returns the reason of an error of the library.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line[:min(len(line), 100)]
}

// Lines returns a text with one line feed per line. A hyphen that PDFium marks as a break of a word
// (U+FFFE, U+0002) joins the lines.
func Lines(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	s = strings.NewReplacer("\ufffe\n", "", "\x02\n", "", "\ufffe", "", "\x02", "").Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// Date returns a date of a PDF (ISO 32000-1, section 7.9.4) as text of ISO 8601, as exact as the
// date is. It reports false for a text that is none.
func Date(s string) (string, bool) {
	s = strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(s), "D:"), "'", "")
	zone := ""
	if i := strings.IndexAny(s, "Z+-"); i >= 0 {
		s, zone = s[:i], s[i:]
	}
	layouts := map[int][2]string{6: {"200601", "2006-01"}, 8: {"20060102", "2006-01-02"}, 12: {"200601021504", "2006-01-02T15:04:05"}, 14: {"20060102150405", "2006-01-02T15:04:05"}}
	layout, ok := layouts[len(s)]
	if !ok {
		return "", false
	}
	if len(s) < 12 || zone == "" {
		t, err := time.Parse(layout[0], s)
		return t.Format(layout[1]), err == nil
	}
	if zone[0] == 'Z' {
		zone = "+0000"
	}
	if len(zone) == 3 {
		zone += "00"
	}
	t, err := time.Parse(layout[0]+"-0700", s+zone)
	return t.Format(time.RFC3339), err == nil
}
