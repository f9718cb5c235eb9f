package chromefetch

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"

	"github.com/seinehq/seine"
)

// maxBlobs is the largest number of blob: URLs of one page that are read.
const maxBlobs = seine.MaxAssets

// blobs reads the files behind the blob: URLs of the page's images and links while the page is
// open, because such URLs end with the page. A file that can't be read has the reason in its Why.
func (t *tab) blobs(ctx context.Context) (map[string]seine.Blob, error) {
	var urls []string
	if err := t.call(ctx, "blobs", &urls, maxBlobs); err != nil {
		return nil, err
	}
	left := orDefault(t.req.MaxBlob, t.req.MaxBody)
	out := make(map[string]seine.Blob, len(urls))
	for _, url := range urls {
		b, err := t.blob(ctx, url, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(b.Body))
		out[url] = b
	}
	return out, nil
}

// blob reads one file of at most limit bytes.
func (t *tab) blob(ctx context.Context, url string, limit int64) (seine.Blob, error) {
	var got struct {
		Size int64  `json:"size"`
		Type string `json:"type"`
		Body []byte `json:"body"`
		Why  string `json:"why"`
	}
	if err := t.call(ctx, "blob", &got, url, limit); err != nil {
		return seine.Blob{}, err
	}
	if got.Why == "" && got.Size <= limit {
		return seine.Blob{Type: got.Type, Body: got.Body}, nil
	}
	if got.Why == "" {
		return seine.Blob{Why: fmt.Sprintf("more than %d bytes", limit)}, nil
	}
	// A page may revoke the URL once its image is shown, and its policy may forbid to read it. The
	// browser still has the image that it loaded.
	t.mu.Lock()
	id, loaded := t.blobRequests[url]
	t.mu.Unlock()
	gone := seine.Blob{Why: "the page revoked it or does not let it be read"}
	if !loaded {
		return gone, nil
	}
	shown, err := cdp.Call(ctx, t.target, network.GetResponseBody, network.GetResponseBodyParams{RequestID: id})
	switch {
	case ctx.Err() != nil:
		return seine.Blob{}, context.Cause(ctx)
	case err != nil, len(shown.Body) == 0:
		return gone, nil //nolint:nilerr // the browser has it no more
	case int64(len(shown.Body)) > limit:
		return seine.Blob{Why: fmt.Sprintf("more than %d bytes", limit)}, nil
	}
	return seine.Blob{Body: shown.Body}, nil
}

// loadedBlob notes the request of a blob: URL that the page loaded.
func (t *tab) loadedBlob(ev *network.EventResponseReceived) {
	if !t.req.KeepBlobs || !strings.HasPrefix(ev.Response.URL, "blob:") {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.blobRequests == nil {
		t.blobRequests = map[string]network.RequestID{}
	}
	if len(t.blobRequests) < maxBlobs {
		t.blobRequests[ev.Response.URL] = ev.RequestID
	}
}

// buffer is the number of bytes of responses that the browser keeps for the tab.
func (t *tab) buffer() int64 {
	if t.req.KeepBlobs {
		return max(t.req.MaxBody, t.req.MaxBlob) + spare
	}
	return t.req.MaxBody + spare
}
