package asset

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/seinehq/seine"
)

// get gets a file. The page that names it holds its own body and the files behind its blob: URLs; a
// data: URL (RFC 2397) holds its own.
func get(ctx context.Context, from seine.Fetcher, a seine.Asset, at string, of *seine.Page) (*seine.Page, error) {
	switch {
	case a.Body:
		return bodyPage(of)
	case hasScheme(at, "blob:"):
		return blobPage(at, of)
	case hasScheme(at, "data:"):
		return dataPage(at)
	}
	page, err := from.Fetch(ctx, seine.Request{URL: at, Raw: true})
	if err == nil {
		return page, nil
	}
	if _, bad := url.Parse(at); bad != nil {
		return nil, Fault("not a URL")
	}
	if !hasScheme(at, "http:") && !hasScheme(at, "https:") {
		return nil, Fault("the URL is not http, https, data or blob")
	}
	return nil, fmt.Errorf("fetch %s: %w", at, err)
}

func hasScheme(at, scheme string) bool {
	return len(at) > len(scheme) && strings.EqualFold(at[:len(scheme)], scheme)
}

// bodyPage is the page itself as a file.
func bodyPage(of *seine.Page) (*seine.Page, error) {
	if of == nil || of.Raw == nil && len(of.Body) > 0 {
		return nil, Fault("the page's own body was not kept: set Fetch.KeepRaw")
	}
	return &seine.Page{URL: of.URL, Status: of.Status, Header: of.Header, Body: of.Raw}, nil
}

// blobPage is the file behind a blob: URL of a rendered page.
func blobPage(at string, of *seine.Page) (*seine.Page, error) {
	if of == nil || of.Via != seine.ViaChrome {
		return nil, Fault("a blob: URL exists only in a browser: set fetch.via to chrome")
	}
	b, ok := of.Blobs[at]
	switch {
	case !ok:
		return nil, blobFault("no image or link of the page has it")
	case b.Why != "":
		return nil, blobFault(b.Why)
	}
	page := &seine.Page{URL: at, Status: http.StatusOK, Header: http.Header{}, Body: b.Body}
	if b.Type != "" {
		page.Header.Set("Content-Type", b.Type)
	}
	return page, nil
}

// blobFault is the reason why a blob: URL gives no file. Another attempt renders the page again.
func blobFault(why string) error { return retry{Fault("blob: URL can't be read: " + why)} }

// retry is a fault that another attempt may not meet.
type retry struct{ Fault }

func (r retry) Unwrap() error { return r.Fault }

// dataPage decodes a data: URL by the Fetch standard, where base64 may lack its padding and hold
// white space.
func dataPage(at string) (*seine.Page, error) {
	head, text, found := strings.Cut(at[len("data:"):], ",")
	if !found {
		return nil, Fault("data: URL without a comma")
	}
	body, err := url.PathUnescape(text)
	if err != nil {
		body = text // a percent sign that begins no escape stands for itself
	}
	media := strings.TrimSpace(head)
	if at := strings.LastIndexByte(media, ';'); at >= 0 && strings.EqualFold(strings.TrimSpace(media[at+1:]), "base64") {
		media = strings.TrimSpace(media[:at])
		packed := strings.TrimRight(strings.Join(strings.Fields(body), ""), "=")
		decoded, err := base64.RawStdEncoding.DecodeString(packed)
		if err != nil {
			return nil, Fault("data: URL is not base64")
		}
		body = string(decoded)
	}
	if media == "" || strings.HasPrefix(media, ";") {
		media = "text/plain" + media
	}
	return &seine.Page{URL: at, Status: http.StatusOK, Header: http.Header{"Content-Type": {media}}, Body: []byte(body)}, nil
}

// maxShown is the largest number of bytes of a data: URL in a record. The store holds the whole
// file.
const maxShown = 64

// ShownURL returns the URL as a record keeps it.
func ShownURL(at string) string {
	if strings.HasPrefix(strings.ToLower(at), "data:") && len(at) > maxShown {
		return at[:maxShown] + "…"
	}
	return at
}
