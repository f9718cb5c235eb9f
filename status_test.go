package seine_test

import (
	"net/http"
	"testing"

	"github.com/seinehq/seine"
)

func TestPageVerdict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		header http.Header
		want   seine.State
		reason string
	}{
		{status: 200}, {status: 201}, {status: 203}, {status: 204}, {status: 207}, {status: 226},
		{status: 206, want: seine.Error, reason: "HTTP 206 brings a part that the request did not name"},
		{status: 206, header: http.Header{"Range": {"bytes=0-9"}}},
		{status: 206, header: http.Header{"If-None-Match": {"x"}}, want: seine.Error, reason: "HTTP 206 brings a part that the request did not name"},
		{status: 304, want: seine.Error, reason: "HTTP 304 answers a condition that was not set"},
		{status: 304, header: http.Header{"If-None-Match": {"x"}}},
		{status: 304, header: http.Header{"If-Modified-Since": {"x"}}},
		{status: 300, want: seine.Error, reason: "HTTP 300 is no redirect that is followed"},
		{status: 301, want: seine.Error, reason: "HTTP 301 has no Location"},
		{status: 302, want: seine.Error, reason: "HTTP 302 has no Location"},
		{status: 303, want: seine.Error, reason: "HTTP 303 has no Location"},
		{status: 305, want: seine.Error, reason: "HTTP 305 is no redirect that is followed"},
		{status: 307, want: seine.Error, reason: "HTTP 307 has no Location"},
		{status: 308, want: seine.Error, reason: "HTTP 308 has no Location"},
		{status: 399, want: seine.Error, reason: "HTTP 399 is no redirect that is followed"},
		{status: 400, want: seine.Error, reason: "HTTP 400"},
		{status: 404, want: seine.Skipped, reason: "HTTP 404"},
		{status: 410, want: seine.Skipped, reason: "HTTP 410"},
		{status: 451, want: seine.Skipped, reason: "HTTP 451"},
		{status: 503, want: seine.Error, reason: "HTTP 503"},
		{status: 599, want: seine.Error, reason: "HTTP 599"},
		{status: 600, want: seine.Error, reason: "600 is no HTTP status"},
		{status: 999, want: seine.Error, reason: "999 is no HTTP status"},
		{status: 99, want: seine.Error, reason: "099 is no HTTP status"},
		{status: 0, want: seine.Error, reason: "000 is no HTTP status"},
		{status: 103, want: seine.Error, reason: "HTTP 103 is an interim answer, and no other came"},
	} {
		v, decided := seine.PageVerdict(&seine.Page{Status: tt.status, Asked: seine.AsksFor(tt.header, tt.status)})
		if v.State != tt.want || v.Reason != tt.reason || decided != (tt.reason != "") {
			t.Errorf("PageVerdict of %d with %v = %v, %v; want %v %q", tt.status, tt.header, v, decided, tt.want, tt.reason)
		}
	}
}
