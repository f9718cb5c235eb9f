package httpfetch

import "testing"

func TestIsText(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"text/html", "text/csv", "application/xhtml+xml", "application/ld+json", "application/json", "image/svg+xml", "application/rss+xml"} {
		if !isText(typ) {
			t.Errorf("isText(%q) = false", typ)
		}
	}
	for _, typ := range []string{"", "image/png", "application/pdf", "application/octet-stream", "video/mp4"} {
		if isText(typ) {
			t.Errorf("isText(%q) = true", typ)
		}
	}
}
