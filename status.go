package seine

import (
	"fmt"
	"net/http"
)

// StatusVerdict returns the meaning of an HTTP status without a deciding rule. 404, 410 and 451 are
// skipped. These are errors: statuses from 400 on, responses that are no page because the request
// did not ask for them (206, 304) or that lead nowhere (other 3xx, including redirects without a
// Location), and invalid HTTP statuses.
func StatusVerdict(status int) (v Verdict, decided bool) {
	failed := func(format string, args ...any) (Verdict, bool) {
		return Verdict{State: Error, Reason: fmt.Sprintf(format, args...)}, true
	}
	switch {
	case status < 100 || status > 599:
		return failed("%03d is no HTTP status", status)
	case status < 200:
		return failed("HTTP %d is an interim answer, and no other came", status)
	case status == http.StatusPartialContent:
		return failed("HTTP 206 brings a part that the request did not name")
	case status < 300:
		return Verdict{}, false
	case status == http.StatusNotModified:
		return failed("HTTP 304 answers a condition that was not set")
	case redirects(status):
		return failed("HTTP %d has no Location", status)
	case status < 400:
		return failed("HTTP %d is no redirect that is followed", status)
	case status == http.StatusNotFound, status == http.StatusGone, status == http.StatusUnavailableForLegalReasons:
		return Verdict{State: Skipped, Reason: fmt.Sprintf("HTTP %d", status)}, true
	}
	return failed("HTTP %d", status)
}

// redirects reports whether a status requires a Location.
func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// PageVerdict is [StatusVerdict] of a page's status, with regard to the page's request.
func PageVerdict(p *Page) (v Verdict, decided bool) {
	if p.Asked && (p.Status == http.StatusPartialContent || p.Status == http.StatusNotModified) {
		return Verdict{}, false
	}
	return StatusVerdict(p.Status)
}

// AsksFor reports whether a request with a header asks for a status that is no
// whole page: 206 with a Range, 304 with a condition. Fetchers set [Page.Asked]
// to it.
func AsksFor(h http.Header, status int) bool {
	switch status {
	case http.StatusPartialContent:
		return h.Get("Range") != ""
	case http.StatusNotModified:
		return h.Get("If-None-Match") != "" || h.Get("If-Modified-Since") != ""
	}
	return false
}
