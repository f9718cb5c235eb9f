package jobfile

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/css"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/weburl"
)

// assembly makes a job of a decoded file, and checks what no single value can
// know.
type assembly struct {
	*decoder
	doc      *document
	root     *node
	warnings report

	// partial reports that some variables are not set, whose keys are left out. unneeded lists the
	// keys that the caller does not need.
	partial  bool
	unneeded []string
}

// readBounded reads a file up to one byte over the bound, which Parse refuses.
func readBounded(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, maxBytes+1)) }

// check reports a wrong value at path, unless a mistake inside it is already known, because then it
// is not the value of the file.
func (a *assembly) check(path string, wrong bool, format string, args ...any) {
	known := func(m Mistake) bool { return m.Path != "" && inside(m.Path, path) }
	if wrong && !slices.ContainsFunc(a.mistakes, known) {
		a.say(a.at(path), path, format, args...)
	}
}

// has reports whether the file has a value at path.
func (a *assembly) has(path string) bool {
	_, ok := a.values[path]
	return ok
}

// unresolved returns a key's text with its variables unresolved, because the text is stored and
// shown.
func (a *assembly) unresolved(path, value string) string {
	if written, ok := a.written[path]; ok {
		return written
	}
	return value
}

func (a *assembly) job() seine.Job {
	doc := a.doc
	if err := ValidName(doc.Job); err != nil && a.has("job") {
		a.check("job", true, "job: %v", err)
	}
	for path, s := range map[string]string{"permission": doc.Permission, "contact": doc.Contact, "fetch.user_agent": doc.Fetch.UserAgent} {
		a.check(path, !httpguts.ValidHeaderFieldValue(s), "%s has a line break or a control character", path)
	}
	job := seine.Job{
		Name: doc.Job, Permission: a.unresolved("permission", doc.Permission), Contact: doc.Contact,
		Seeds: a.seeds(), Fetch: a.fetch(), Pace: a.pace(),
		Store:       seine.Store{URL: doc.Store.URL, Key: doc.Store.Key},
		Limit:       seine.Limit{Assets: doc.Limit.Assets, Records: doc.Limit.Records, Tasks: doc.Limit.Tasks, Yield: float64(doc.Limit.Yield)},
		Concurrency: or(doc.Concurrency, 0), MaxFailures: doc.MaxFailures, Frontier: doc.Frontier,
		Retry: seine.Retries{Error: or(doc.Retry.Error, 0), Stale: or(doc.Retry.Stale, 0)},
	}
	for _, d := range []struct {
		from *duration
		to   *time.Duration
	}{{doc.Retry.Backoff, &job.Retry.Backoff}, {doc.Retry.HostDown, &job.Retry.HostDown}, {doc.Retry.Refused, &job.Retry.Refused}} {
		if d.from != nil {
			*d.to = wanted(time.Duration(*d.from))
		}
	}
	job.RecordPages, job.Pages = doc.RecordPages, a.pages()
	job.Session = a.session()
	job.OnDrift = seine.OnDrift(doc.OnDrift)
	if doc.Challenge != nil {
		job.Challenge = a.pageTest("challenge", *doc.Challenge)
	}
	a.manners(&job)
	if doc.Explore != nil {
		job.Explore = a.explore(*doc.Explore)
	}
	a.scheme("store.url", doc.Store.URL, "file:", "gs:", "s3:", "azblob:", "mem:")
	a.check("store.key", strings.HasPrefix(doc.Store.Key, "_screenshots/"),
		"store.key: the folder _screenshots/ is for pictures of pages that failed: give another folder")
	a.check("store.key", derived.Records(&job) && strings.HasPrefix(doc.Store.Key, "pages/"),
		"store.key: the folder pages/ is for the recordings of record_pages: give another folder")
	a.scheme("frontier", doc.Frontier, "sqlite:", "postgres:", "postgresql:", "cloudsql:")
	return job
}

// scheme checks that a URL begins with one of the schemes.
func (a *assembly) scheme(path, url string, known ...string) {
	if !a.has(path) {
		return
	}
	scheme, _, ok := strings.Cut(url, ":")
	if ok && slices.Contains(known, scheme+":") {
		return
	}
	// Without a colon the whole could be a secret, or a folder.
	near := ""
	if ok {
		near = extract.Nearest(scheme+":", known)
	}
	a.check(path, true, "%s begins with none of %s%s", path, strings.Join(known, ", "), didYouMean(near))
}

// or returns what p points to, or d.
func or[T any](p *T, d T) T {
	if p == nil {
		return d
	}
	return *p
}

// wanted returns a written duration, for which zero means none and not the default.
func wanted(d time.Duration) time.Duration {
	if d == 0 {
		return seine.None
	}
	return d
}

func (a *assembly) fetch() seine.Fetch {
	f := a.doc.Fetch
	out := seine.Fetch{
		Via: seine.Via(f.Via), UserAgent: f.UserAgent, MaxRedirects: or(f.MaxRedirects, 0),
		MaxBody: int64(or(f.MaxBody, 0)), MaxAsset: int64(or(f.MaxAsset, 0)),
		Timeout: time.Duration(or(f.Timeout, 0)), AssetTimeout: time.Duration(or(f.AssetTimeout, 0)),
		Header: a.headers("fetch.headers", f.Headers), NoScreenshots: !or(f.Screenshots, true),
	}
	for path, d := range map[string]*duration{"fetch.timeout": f.Timeout, "fetch.asset_timeout": f.AssetTimeout} {
		a.check(path, d != nil && *d == 0, "%s is 0: nothing could be fetched in no time", path)
	}
	for _, address := range f.AllowPrivate {
		out.AllowPrivate = append(out.AllowPrivate, address.net)
	}
	if f.Proxy != nil {
		out.Proxies = a.proxies(*f.Proxy)
	}
	for i, host := range f.CredentialsTo {
		path := index("fetch.credentials_to", i)
		at, err := weburl.Canonical("https://" + host + "/")
		bad := err != nil || strings.ContainsAny(host, "/?#@\\") || weburl.Host(at) == ""
		a.check(path, bad, "%s: %q is not a host: give HOST or HOST:PORT, for example images.shop.example", path, a.show(host))
		out.CredentialsTo = append(out.CredentialsTo, host)
	}
	for i, w := range f.Wait {
		out.Wait = append(out.Wait, a.wait(index("fetch.wait", i), w))
	}
	out.Chrome = a.chrome()
	if f.Chrome != nil && !a.renders() {
		a.warnings.file = a.file
		a.warnings.say(a.at("fetch.chrome"), "fetch.chrome", "fetch.chrome is not used via http: add `via: chrome`")
	}
	if len(f.Wait) > 0 && !a.renders() {
		a.warnings.file = a.file
		a.warnings.say(a.at("fetch.wait"), "fetch.wait", "fetch.wait is not used via http, where a page is judged at once")
	}
	return out
}

// renders reports whether the file names the browser for some pages.
func (a *assembly) renders() bool {
	return a.doc.Fetch.Via == string(seine.ViaChrome) || slices.ContainsFunc(a.doc.Pages, func(e entry[pageKeys]) bool {
		return e.value.Via != nil && slices.Contains(*e.value.Via, seine.ViaChrome)
	})
}

// languageTag matches the part of BCP 47 that browsers take: a language, a script and a region.
var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$`)

// maxViewport bounds a window, because a larger one is a mistake and costs memory.
const maxViewport = 10_000

func (a *assembly) chrome() seine.Chrome {
	c := a.doc.Fetch.Chrome
	if c == nil {
		return seine.Chrome{}
	}
	out := seine.Chrome{Locale: c.Locale, Desktop: c.Profile == "desktop"}
	if v := c.Viewport; v != nil {
		out.Width, out.Height = v.width, v.height
		a.check("fetch.chrome.viewport", min(v.width, v.height) < 1 || max(v.width, v.height) > maxViewport,
			"fetch.chrome.viewport is %dx%d; each side must be 1 to %d", v.width, v.height, maxViewport)
	}
	a.check("fetch.chrome.locale", c.Locale != "" && !languageTag.MatchString(c.Locale),
		"fetch.chrome.locale: %q is not a language tag: en-US, de-CH, fr", a.show(c.Locale))
	for _, kind := range c.Load {
		out.Load = append(out.Load, seine.Resource(kind))
	}
	out.IgnoreDialogs, out.IgnoreWindows = slices.Contains(c.Ignore, "dialog"), slices.Contains(c.Ignore, "window")
	out.IgnoreDownloads = slices.Contains(c.Ignore, "download")
	return out
}

func (a *assembly) wait(path string, w wait) seine.Wait {
	out := seine.Wait{CSS: w.CSS, Attr: w.Attr, Unless: w.Unless, Always: w.Always}
	if w.Any != nil {
		for i, each := range *w.Any {
			at := index(path+".any", i)
			out.Any = append(out.Any, a.wait(at, each))
			a.check(at, each.Any != nil || each.Stable != nil, "%s: a condition of any has css, attr and matches", at)
		}
		a.check(path+".any", len(*w.Any) == 0, "%s.any is empty", path)
		a.check(path, w.CSS != "" || w.Stable != nil, "%s: any stands alone: give each condition inside it", path)
	}
	a.browserSelector(path+".unless", w.Unless)
	if w.Stable != nil {
		out.Stable = time.Duration(*w.Stable)
		a.check(path+".stable", out.Stable == 0, "%s.stable is 0: a page is always the same for no time", path)
	}
	switch {
	case w.Stable != nil && (w.CSS != "" || w.Attr != "" || w.Matches != ""):
		a.check(path, true, "%s: stable stands alone; make it a wait of its own", path)
	case w.Stable == nil && w.CSS == "" && w.Any == nil:
		a.check(path, true, "%s: a wait has css, any or stable", path)
	}
	a.browserSelector(path+".css", w.CSS)
	if w.Matches != "" {
		var err error
		out.Matches, err = regexp.Compile(w.Matches)
		a.check(path+".matches", err != nil, "%s.matches: bad regular expression: %v", path, trimRegexp(err))
	}
	return out
}

// browserSelector checks a selector that a browser evaluates.
func (a *assembly) browserSelector(path, selector string) {
	if selector == "" {
		return
	}
	err := css.CheckBrowser(selector)
	a.check(path, err != nil, "%s: bad selector %q: %v", path, a.show(selector), err)
}

func trimRegexp(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "error parsing regexp: ")
}

// owned lists the headers that the fetchers write themselves. Another value would break the
// connection or the decoding.
var owned = map[string]string{
	"Host": "", "Content-Length": "", "Transfer-Encoding": "", "Connection": "", "Upgrade": "", "Te": "",
	"Trailer": "", "Keep-Alive": "", "Accept-Encoding": "", "User-Agent": ": give fetch.user_agent",
}

// headers checks headers and returns them, nil if there are none.
func (a *assembly) headers(at string, list entries[string]) http.Header {
	header := http.Header{}
	for _, e := range list {
		path := at + "." + e.name
		name := http.CanonicalHeaderKey(e.name)
		hint, own := owned[name]
		switch {
		case !httpguts.ValidHeaderFieldName(e.name):
			a.check(path, true, "%s: %q is no header name", at, a.show(e.name))
		case own:
			a.check(path, true, "%s: the fetcher sets this header itself%s", path, hint)
		case !httpguts.ValidHeaderFieldValue(e.value):
			a.check(path, true, "%s has a line break or a control character", path)
		case header.Get(name) != "":
			a.check(path, true, "%s: the header is defined twice: case does not matter", path)
		}
		header.Set(name, e.value)
	}
	if len(header) == 0 {
		return nil
	}
	return header
}

func (a *assembly) pace() seine.Pace {
	p := a.doc.Pace
	out := seine.Pace{Scope: seine.PaceScope(p.Scope), Delay: spanOf(p.Delay), Assets: seine.AssetPace{
		Delay: spanOf(p.Assets.Delay), Concurrency: or(p.Assets.Concurrency, 0),
	}}
	if p.Concurrency != nil {
		if out.Concurrency = *p.Concurrency; out.Concurrency == 0 {
			out.Concurrency = seine.Unlimited
		}
	}
	if r := p.Rest; r != nil {
		out.Rest = seine.Rest{Every: r.Every, For: time.Duration(r.For)}
		a.check("pace.rest.for", r.For == 0, "pace.rest.for is 0: leave rest out")
	}
	if c := p.Cooldown; c != nil {
		out.Cooldown = seine.Cooldown{After: c.After, For: time.Duration(c.For)}
		a.check("pace.cooldown.for", c.For == 0, "pace.cooldown.for is 0: leave cooldown out")
	}
	if p.Hours != nil {
		out.Hours = seine.Hours(*p.Hours)
	}
	return out
}

// spanOf returns the written span, or none for 0s.
func spanOf(s *span) seine.Span {
	switch {
	case s == nil:
		return seine.Span{}
	case s.max == 0:
		return seine.Span{Min: seine.None, Max: seine.None}
	}
	return seine.Span{Min: s.min, Max: s.max}
}

// ValidName returns why name cannot name a job, or nil.
func ValidName(name string) error {
	_, err := seine.Job{Name: name, Scraper: &extract.Scraper{}}.Normal()
	return err
}
