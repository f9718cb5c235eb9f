package chromefetch

import (
	"fmt"
	"slices"

	cdpfetch "github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/weburl"
)

// What steps fill in is a credential, such as the password of a log-in. It goes to the requested
// site and to the sites that may receive credentials.

// mayFill returns a fault if a value with a secret would be filled into a page of another site,
// which a redirect or a script can have brought.
func (t *tab) mayFill(value string) error {
	t.mu.Lock()
	at := t.url
	t.mu.Unlock()
	if t.permits(at) || !t.secret(value) {
		return nil
	}
	return t.stepFault("the page is on another site, %s, that fetch.credentials_to does not name", weburl.Host(at))
}

// filled remembers that a value was filled in.
func (t *tab) filled(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.values = append(t.values, value)
}

// fills reports whether the steps of the request fill something in.
func (t *tab) fills() bool {
	for _, s := range t.req.Steps {
		if s.Fill != "" {
			return true
		}
	}
	return false
}

// permits reports whether credentials may go to a canonical URL.
func (t *tab) permits(at string) bool {
	return fetch.SameSite(t.first, at) || fetch.MayCarry(at, t.req.CredentialsTo)
}

// secret reports whether a text holds a secret of the job.
func (t *tab) secret(text string) bool { return t.f.job.Secret != nil && t.f.job.Secret(text) }

// tells returns a fault if a request would bring to another site what was filled in: a document
// with a body, or anything with a secret in its URL or its body.
func (t *tab) tells(ev *cdpfetch.EventRequestPaused) error {
	t.mu.Lock()
	values := t.values
	t.mu.Unlock()
	if len(values) == 0 || ev.Request == nil {
		return nil
	}
	at, err := weburl.Canonical(ev.Request.URL)
	if err != nil || t.permits(at) {
		return nil //nolint:nilerr // what is no URL of the web reaches no host
	}
	told := ev.ResourceType == network.ResourceTypeDocument && ev.Request.HasPostData
	if !told && slices.ContainsFunc(values, t.secret) {
		body := ""
		for _, part := range ev.Request.PostDataEntries {
			body += string(part.Bytes)
		}
		hidden := ev.Request.HasPostData && body == "" // too long to be shown, or a file
		told = hidden || t.secret(ev.Request.URL) || t.secret(body)
	}
	if !told {
		return nil
	}
	return fetch.Fault{Reason: fetch.StepFailed, Err: fmt.Errorf(
		"%w: what the steps fill in would go to another site, %s: name it in fetch.credentials_to, or give its URL", seine.ErrFinal, weburl.Host(at))}
}
