package seine

import (
	"net/http"
	"slices"
	"time"
)

// PageKind is one kind of page of a job, such as the categories and the products of a shop. It
// states how its pages are requested. The scraper finds its name in [Task.Page].
type PageKind struct {
	// Name is 1 to 63 letters, digits and '_', not a digit first.
	Name string

	// Match reports whether a canonical URL belongs to the kind. It decides for tasks that name no
	// kind: the first kind that matches, else the first of the job. nil matches nothing.
	Match func(url string) bool `json:"-"`

	// Via lists fetchers. The first one fetches the page. After a stale attempt the next one does.
	// Default: Fetch.Via.
	Via []Via

	// Wait replaces Fetch.Wait if it is not nil.
	Wait []Wait

	// Steps are actions in a rendered page before it is read, in order. ViaHTTP ignores them.
	Steps []Step

	// Method and Body replace a GET. Body may hold {meta.NAME}, a value of the task's meta, escaped
	// for JSON or for a form.
	Method, Body string

	// Header is added to Fetch.Header, and is a credential like it.
	Header http.Header

	// Priority is the default of tasks that name none. nil: the priority of the page that links
	// to them, and 1 for seeds.
	Priority *int

	// Fields replaces Job.Fields if it is not nil.
	Fields []Field `json:",omitempty"`

	// Challenge replaces Job.Challenge if it is not nil.
	Challenge PageTest `json:"-"`

	// RecordPages replaces Job.RecordPages if it is not nil.
	RecordPages *bool

	// Recrawl is how often a page is fetched again. Default: never.
	Recrawl Recrawl
}

// Recrawl is how often a page is fetched again: Every, or an interval that follows the page's
// changes. It halves after a visit with a change and doubles after one without,
// between Min and Max.
type Recrawl struct {
	// Every is the fixed interval. Min and Max bound the interval that follows the changes. Give
	// Every or Max. Zero values: the page is never fetched again.
	Every, Min, Max time.Duration

	// History keeps the earlier versions of a record that changed.
	History bool
}

// Set reports whether pages are fetched again.
func (r Recrawl) Set() bool { return r.Every > 0 || r.Max > 0 }

// Step is one action in a rendered page. Exactly one of Click, Fill, Select, Scroll and Wait is
// set.
type Step struct {
	// Click and the others are selectors of the first element that they match.
	Click, Fill, Select string

	// Value is what Fill types and Select chooses, by value or label.
	Value string

	// Scroll scrolls to the end of the page that many times, and waits after each for its growth.
	Scroll int

	// Wait is a condition to wait for.
	Wait *Wait
}

// Scope bounds the links that a job follows. The zero value follows every link of the scraper.
type Scope struct {
	// Leave returns why a canonical URL is not followed, or an empty text. depth is the number of
	// links from a seed.
	Leave func(url string, depth int) string `json:"-"`

	// Pages is the most pages of one host, and Pattern of one family of URLs, that are admitted by
	// links. Zero is no bound.
	Pages, Pattern int64

	// Family names the family of a URL, such as shop.example/calendar/{n}. nil: no families.
	Family func(url string) string `json:"-"`
}

// CanonicalURLs states in which further parts two URLs of a job may differ and be one page.
type CanonicalURLs struct {
	// Drop lists names of query parameters that do not count. A name may end in *.
	Drop []string

	// Sort orders the query's parameters by name.
	Sort bool
}

// Obey is how a job treats the wishes of sites.
type Obey string

// ObeyRules follows the wishes of a site. Ignore needs [Job.Permission].
const (
	ObeyRules Obey = "obey"
	Ignore    Obey = "ignore"
)

// Send is a request that is more than a GET.
type Send struct {
	// Method is the HTTP method, such as POST. Default GET.
	Method string `json:"method,omitempty"`

	// Body is the body of the request, as it is sent. Empty: none.
	Body string `json:"body,omitempty"`

	// Header is added to the headers of the job. It is sent to the URL of the task only.
	Header http.Header `json:"header,omitempty"`
}

// PageKind returns the kind with a name. Without one it is the first kind that matches the URL,
// else the first kind of the job. It returns nil for a job without page kinds.
func (j *Job) PageKind(name, url string) *PageKind {
	if len(j.Pages) == 0 {
		return nil
	}
	for i := range j.Pages {
		if name != "" && j.Pages[i].Name == name {
			return &j.Pages[i]
		}
	}
	if name == "" {
		for i := range j.Pages {
			if m := j.Pages[i].Match; m != nil && m(url) {
				return &j.Pages[i]
			}
		}
	}
	return &j.Pages[0]
}

// renders reports whether some pages of the job need a browser.
func (j *Job) renders() bool {
	if in := j.Session.LogIn; in != nil && len(in.Steps) > 0 {
		return true
	}
	if len(j.Pages) == 0 {
		return j.Fetch.Via == ViaChrome
	}
	return slices.ContainsFunc(j.Pages, func(k PageKind) bool {
		return slices.Contains(k.Via, ViaChrome) || len(k.Via) == 0 && j.Fetch.Via == ViaChrome
	})
}
