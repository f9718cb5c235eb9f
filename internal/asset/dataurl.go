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

// fetchURL gets a file. A data: URL (RFC 2397) holds its own.
func fetchURL(ctx context.Context, from seine.Fetcher, at string) (*seine.Page, error) {
	if len(at) > 5 && strings.EqualFold(at[:5], "data:") {
		return dataPage(at)
	}
	page, err := from.Fetch(ctx, seine.Request{URL: at, Raw: true})
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", at, err)
	}
	return page, nil
}

// dataPage decodes a data: URL by the Fetch standard's rules: base64 may lack its padding and hold
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

// maxShown is the largest number of bytes of a data: URL that a record keeps: the file itself is in
// the store.
const maxShown = 64

// shownURL returns the URL as a record keeps it.
func shownURL(at string) string {
	if strings.HasPrefix(strings.ToLower(at), "data:") && len(at) > maxShown {
		return at[:maxShown] + "…"
	}
	return at
}
