package chromefetch

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdpfetch "github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/weburl"
)

const defaultWidth, defaultHeight = 1920, 1080

// agent is the name that a page's requests and scripts see.
func (t *tab) agent() emulation.SetUserAgentOverrideParams {
	p := emulation.SetUserAgentOverrideParams{UserAgent: t.req.Header.Get("User-Agent"), AcceptLanguage: t.language()}
	if p.UserAgent == "" {
		p.UserAgent = fetch.UserAgent("", "")
	}
	if !t.f.job.Chrome.Desktop {
		return p
	}
	full, _ := strings.CutPrefix(t.browser.version[strings.IndexByte(t.browser.version, '/')+1:], "/")
	major, _, _ := strings.Cut(full, ".")
	if !strings.HasPrefix(p.UserAgent, "Mozilla/") {
		// A desktop's name, and who we are.
		p.UserAgent = fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%s.0.0.0 Safari/537.36 %s", major, p.UserAgent)
	}
	p.Platform = "Linux x86_64"
	brands := func(version string) []*emulation.UserAgentBrandVersion {
		return []*emulation.UserAgentBrandVersion{{Brand: "Chromium", Version: version}, {Brand: "Not.A/Brand", Version: "99"}}
	}
	p.UserAgentMetadata = &emulation.UserAgentMetadata{
		Brands: brands(major), FullVersionList: brands(full), Platform: "Linux", Architecture: "x86", Bitness: "64",
	}
	return p
}

// language returns the page's Accept-Language from the job's header, else from its locale.
func (t *tab) language() string {
	if l := t.req.Header.Get("Accept-Language"); l != "" {
		return l
	}
	locale := t.f.job.Chrome.Locale
	if locale == "" {
		locale = "en-US"
	}
	if short, _, found := strings.Cut(locale, "-"); found {
		return locale + "," + short
	}
	return locale
}

// own returns the request's headers that the browser does not set by itself. They go only to the
// requested host.
func own(h http.Header) http.Header {
	out := h.Clone()
	for _, k := range []string{"User-Agent", "Accept-Language", "Accept-Encoding", "Connection", "Content-Length", "Host", "Transfer-Encoding", "Upgrade"} {
		out.Del(k)
	}
	return out
}

// kinds lists the resources that a page does not need, by their names in the job file.
var kinds = []struct {
	kind     seine.Resource
	resource network.ResourceType
}{
	{seine.ResourceImage, network.ResourceTypeImage},
	{seine.ResourceStyle, network.ResourceTypeStylesheet},
	{seine.ResourceFont, network.ResourceTypeFont},
	{seine.ResourceMedia, network.ResourceTypeMedia},
}

// patterns lists the requests that stop for a decision: documents, for their redirects; blocked
// resources; and, if the request has credentials, requests to the sites that may receive them.
func (t *tab) patterns() []*cdpfetch.RequestPattern {
	out := []*cdpfetch.RequestPattern{
		{ResourceType: network.ResourceTypeDocument},
		{ResourceType: network.ResourceTypeDocument, RequestStage: cdpfetch.RequestStageResponse},
	}
	for _, k := range kinds {
		if !slices.Contains(t.f.job.Chrome.Load, k.kind) {
			out = append(out, &cdpfetch.RequestPattern{ResourceType: k.resource})
		}
	}
	for _, r := range []network.ResourceType{network.ResourceTypePing, network.ResourceTypeCSPViolationReport} {
		out = append(out, &cdpfetch.RequestPattern{ResourceType: r})
	}
	if t.fills() {
		return append(out, &cdpfetch.RequestPattern{URLPattern: "*"})
	}
	if len(own(t.req.Header)) > 0 {
		for _, site := range append([]string{t.url}, t.req.CredentialsTo...) {
			scheme, rest, isURL := strings.Cut(site, "://")
			if !isURL {
				scheme, rest = "http*", site
			}
			host, _, _ := strings.Cut(rest, "/")
			if scheme == "http" {
				scheme = "http*" // a site may move to https
			}
			out = append(out, &cdpfetch.RequestPattern{URLPattern: scheme + "://" + host + "/*"})
		}
	}
	return out
}

// isResponse reports whether a stopped request has its answer.
func isResponse(ev *cdpfetch.EventRequestPaused) bool {
	return ev.ResponseStatusCode != 0 || ev.ResponseErrorReason != "" || len(ev.ResponseHeaders) > 0
}

// paused decides about a request that waits for us.
func (t *tab) paused(ev *cdpfetch.EventRequestPaused) {
	var err error
	switch kind := ev.ResourceType; {
	case isResponse(ev):
		err = t.responded(ev)
	case t.tells(ev) != nil:
		t.fail(t.tells(ev))
		err = t.refuse(ev, network.ErrorReasonBlockedByClient)
	case kind == network.ResourceTypeDocument && t.main(ev.FrameID):
		first := t.unasked()
		if err = t.follow(ev); err != nil {
			reason := network.ErrorReasonBlockedByClient
			if errors.Is(err, errStays) {
				reason = network.ErrorReasonAborted // the document stays as it is
			} else {
				t.fail(err)
			}
			_ = t.refuse(ev, reason)
			return
		}
		err = t.send(ev, first)
	case t.blocked(kind):
		err = t.block(ev)
	default:
		err = t.goOn(ev)
	}
	// A request that is gone meanwhile is none of ours; a lost browser is seen
	// elsewhere.
	_ = err
}

// refuse ends a request, also when the page has failed.
func (t *tab) refuse(ev *cdpfetch.EventRequestPaused, reason network.ErrorReason) error {
	ctx, cancel := t.last()
	defer cancel()
	_, err := cdp.Call(ctx, t.target, cdpfetch.FailRequest, cdpfetch.FailRequestParams{RequestID: ev.RequestID, ErrorReason: reason})
	return err
}

// unasked reports whether no main document was requested yet.
func (t *tab) unasked() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked == nil
}

func (t *tab) blocked(kind network.ResourceType) bool {
	if kind == network.ResourceTypePing || kind == network.ResourceTypeCSPViolationReport {
		return true
	}
	for _, k := range kinds {
		if k.resource == kind {
			return !slices.Contains(t.f.job.Chrome.Load, k.kind)
		}
	}
	return false
}

// pixel is a GIF of one transparent pixel.
var pixel, _ = base64.StdEncoding.DecodeString("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

// block answers in place of the host. Images and styles seem to load, because a page may react to
// an image that fails.
func (t *tab) block(ev *cdpfetch.EventRequestPaused) error {
	var (
		media string
		body  []byte
	)
	switch ev.ResourceType {
	case network.ResourceTypeImage:
		media, body = "image/gif", pixel
	case network.ResourceTypeStylesheet:
		media = "text/css"
	case network.ResourceTypePing:
		media = "text/plain"
	default:
		_, err := cdp.Call(t.ctx, t.target, cdpfetch.FailRequest, cdpfetch.FailRequestParams{RequestID: ev.RequestID, ErrorReason: network.ErrorReasonBlockedByClient})
		return err
	}
	_, err := cdp.Call(t.ctx, t.target, cdpfetch.FulfillRequest, cdpfetch.FulfillRequestParams{
		RequestID: ev.RequestID, ResponseCode: http.StatusOK, Body: body,
		ResponseHeaders: []*cdpfetch.HeaderEntry{{Name: "Content-Type", Value: media}, {Name: "Access-Control-Allow-Origin", Value: "*"}},
	})
	return err
}

// goOn lets a request go, with the job's headers if it may carry them.
func (t *tab) goOn(ev *cdpfetch.EventRequestPaused) error {
	return t.send(ev, false)
}

// send lets a request go. The first one of the main document is sent with the method and the body
// of the task. The headers that describe the body go nowhere else.
func (t *tab) send(ev *cdpfetch.EventRequestPaused, first bool) error {
	p := cdpfetch.ContinueRequestParams{RequestID: ev.RequestID}
	extra := own(t.req.Header)
	switch {
	case first && t.req.Method != "" && t.req.Method != http.MethodGet:
		p.Method, p.PostData = t.req.Method, t.req.Body
	case len(t.req.Body) > 0:
		extra.Del("Content-Type")
	}
	if len(extra) > 0 && ev.Request != nil && t.mayCarry(ev) {
		h := headerOf(ev.Request.Headers)
		for k, v := range extra {
			h[http.CanonicalHeaderKey(k)] = v
		}
		trimReferer(h)
		for _, k := range slices.Sorted(maps.Keys(h)) {
			for _, v := range h[k] {
				p.Headers = append(p.Headers, &cdpfetch.HeaderEntry{Name: k, Value: v})
			}
		}
	}
	_, err := cdp.Call(t.ctx, t.target, cdpfetch.ContinueRequest, p)
	return err
}

// trimReferer leaves the origin in the Referer of a subrequest. If a host redirects a request whose
// headers were set here, those headers stay. The page's URL, which can hold a secret, would then go
// to another site.
func trimReferer(h http.Header) {
	at, err := url.Parse(h.Get("Referer"))
	if err != nil || at.Host == "" {
		return
	}
	h.Set("Referer", at.Scheme+"://"+at.Host+"/")
}

// errStays refuses a navigation without harm to the document.
var errStays = errors.New("the document stays")

// follow decides about the next main document: the first one, a redirect, or a navigation by
// script.
func (t *tab) follow(ev *cdpfetch.EventRequestPaused) error {
	to, err := weburl.Canonical(ev.Request.URL)
	if err != nil {
		return fetch.Fault{Reason: fetch.BadRedirect, Err: err}
	}
	if t.unwanted(to) {
		return errStays
	}
	t.mu.Lock()
	from, first := t.url, t.asked == nil
	t.request, t.answer, t.bytes = ev.NetworkID, document{}, 0
	if first {
		t.asked = []string{}
		t.mu.Unlock()
		return nil
	}
	t.asked = append(t.asked, from)
	t.url = to
	many := len(t.asked) > max(t.f.job.MaxRedirects, 0)
	t.mu.Unlock()
	if many {
		return fetch.Fault{Reason: fetch.ManyRedirects, Host: weburl.Host(from), Err: fmt.Errorf("more than %d redirects", t.f.job.MaxRedirects)}
	}
	if t.req.OnRedirect == nil {
		return nil
	}
	t.limit.Pause()
	defer t.limit.Resume()
	if err := t.req.OnRedirect(t.ctx, from, to); err != nil {
		return fmt.Errorf("redirect: %w", err)
	}
	return nil
}
