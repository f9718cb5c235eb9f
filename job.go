package seine

import (
	"net/http"
	"regexp"
	"time"
)

// Job is what to scrape, how far and how gently. Its zero values mean the
// defaults named below; [Job.Normal] puts them in.
type Job struct {
	// Name is the job's name in a frontier, at most 63 letters, digits, '.', '_' and '-'. Required.
	Name string

	// Permission states who allowed the job. It is kept with the job and its records.
	Permission string

	// Contact is a mail address or URL, sent in the user agent.
	Contact string

	// Digest identifies the rules that made a record. Default: a digest of the job file, or of
	// the values of a job made in Go.
	Digest []byte

	// Secrets lists values that are never stored or logged. A page that shows one is stored with
	// xxxxx in its place.
	Secrets []string

	// Variables are secrets by name. The key of a task holds ${NAME} in place of the value, which
	// is put in when the page is fetched. Values that a URL writes in two ways stay.
	Variables map[string]string `json:"-"`

	// Pages are the page kinds of the job. Empty: all pages are alike.
	Pages []PageKind

	// Scope bounds the links that are followed.
	Scope Scope

	// URLs widens the rule for two URLs of one page.
	URLs CanonicalURLs

	// RecordPages stores the response of each attempt that ends a task, so that other rules can
	// judge it later without a request. See [PageKind.RecordPages].
	RecordPages bool

	// Robots is whether robots.txt and the robots instructions of pages count. Default ObeyRules.
	Robots Obey

	// Consent is whether signals against the use of a page or file for training count. Default
	// ObeyRules.
	Consent Obey

	// Session is how the job is known to its site. Default: as a visitor without cookies.
	Session Session

	// Challenge reports whether a page asks for proof of a human or reports a ban, in addition to
	// the known ones. Such a page blocks its host. Default: no page.
	Challenge PageTest `json:"-"`

	// Fields declares the fields of records. Exports then have exactly these columns, with these
	// types, also of fields that no record has a value for. A record with another field, with a
	// value of another type, or without a required value is quarantined: see [Violation]. A job
	// file states its fields in its rules.
	// Default: any fields; exports then find types by the values. See [FieldsOf].
	Fields []Field

	// Check judges a record before it is stored, by the page kind of its page. A record that it
	// rejects is quarantined: see [Violation]. Default: every record passes.
	Check func(page string, r Record) *Violation `json:"-"`

	// OnDrift is the reaction to a drift. Default DriftWarns.
	OnDrift OnDrift

	// Seeds are the requests that the job starts from.
	Seeds Seeds

	// Fetch is how pages are requested. Default: over HTTP.
	Fetch Fetch

	// Pace limits the requests to each host. Default: one request per second and host.
	Pace Pace

	// Store is the place of the files. Default: the folder ./data/NAME.
	Store Store

	// Explore chooses the IDs of Seeds.IDs. Default: the forager.
	Explore Explore

	// Limit bounds the whole life of the job. Default: no bound.
	Limit Limit

	// Retry is how often a task is attempted. The zero value has the defaults of [Retries].
	Retry Retries

	// Scraper turns pages into results. Required.
	Scraper Scraper

	// Concurrency is the number of tasks at once in one worker. Default 16 for
	// ViaHTTP, two a CPU for ViaChrome.
	Concurrency int

	// MaxFailures is the number of final error tasks above which a run ends
	// with exit code 9. Default 0.
	MaxFailures int

	// Frontier is the frontier named by the job file; a flag or the environment
	// goes before it. Default sqlite:./data/seine.db.
	Frontier string

	normal bool
}

// Seeds are the requests that a job starts from.
type Seeds struct {
	// IDs are ID spaces, none of which has an id of another one. They need URL.
	IDs []IDSpace

	// URL is the template of the URL of an ID: "https://a.example/cert/{id}".
	URL string

	// URLs are pages, one task each.
	URLs []string

	// Pages are pages of named kinds, one task each.
	Pages []SeedPage

	// Sitemaps are URLs of sitemaps and feeds. Auto also reads the sitemaps of each seed's host,
	// named by robots.txt or at /sitemap.xml.
	Sitemaps []string

	// Auto also reads the sitemaps of each seed's host. Default: only Sitemaps.
	Auto bool

	// File is the path of a list, one key a line or {"key": …, "priority": …, "meta": {…}}, a table
	// as CSV or TSV, rows as JSONL, or a Parquet file. Gzip is undone when the name ends in .gz.
	File string

	// Columns maps the names under which the job knows the columns of the list to their own names:
	// {"url": "image_link"}. Other columns keep their names.
	Columns map[string]string `json:",omitempty"`
}

// SeedPage is a page of a named kind.
type SeedPage struct{ URL, Page string }

// Via names a fetcher.
type Via string

// The two fetchers.
const (
	ViaHTTP   Via = "http"
	ViaChrome Via = "chrome"
)

// Fetch configures requests for pages and assets.
type Fetch struct {
	// Via is the fetcher of pages; assets always go by ViaHTTP. Default ViaHTTP.
	Via Via

	// Wrap returns the fetcher of the job's requests in place of ViaHTTP, for pages, robots.txt and
	// assets. standard is Seine's own. A fetcher may sign or change a request and pass it on, or
	// bring the page itself. It then keeps the bounds of [Request], calls OnRedirect, and fails
	// with the errors of [Fetcher]. The pace, robots.txt and the retries of the job apply in any
	// case. Wrap is called once per worker. Default: standard.
	Wrap func(standard Fetcher) Fetcher `json:"-"`

	// Wait lists the conditions that a rendered page must meet, in order. ViaHTTP ignores it.
	Wait []Wait

	// Timeout bounds one page, redirects and body included. The scraper has the same time again.
	// Default 20s.
	Timeout time.Duration

	// AssetTimeout bounds one asset. Default 15s.
	AssetTimeout time.Duration

	// MaxBody is the most bytes kept of a page, after Content-Encoding is
	// undone; a longer one is an error. Default 8 MiB.
	MaxBody int64

	// MaxAsset is the same for an asset. Default 64 MiB.
	MaxAsset int64

	// KeepRaw keeps the bytes of each page as they came, for assets with [Asset.Body]. MaxAsset
	// bounds them in place of MaxBody, and the longer of Timeout and AssetTimeout their fetch.
	KeepRaw bool

	// KeepBlobs makes ViaChrome read the blob: images of an open page, for assets with such a URL.
	// MaxAsset bounds the images of a page together.
	KeepBlobs bool

	// MaxRedirects is the most redirects followed. Default 10.
	MaxRedirects int

	// Header is added to the requests for pages and assets. All but Accept, Accept-Language and
	// User-Agent are credentials. They go only to the origins of Seeds and to CredentialsTo.
	Header http.Header

	// CredentialsTo lists further hosts, as HOST or HOST:PORT, that receive the credentials.
	// Default none.
	CredentialsTo []string

	// UserAgent replaces the default "Seine/VERSION (+CONTACT)". If it does not name Seine, the
	// default follows it.
	UserAgent string

	// AllowPrivate lists the addresses that are not global unicast and may be
	// asked all the same, such as 127.0.0.1 at port 8080. Default none.
	AllowPrivate []PrivateNet

	// Proxies lists URLs of proxies with the schemes http, https and socks5. A proxy that fails
	// rests, and the next one is taken. The environment's proxies are never used. Default none.
	Proxies []string

	// NoScreenshots keeps no pictures of pages that failed in ViaChrome.
	NoScreenshots bool

	// Chrome configures the display of a page in ViaChrome.
	Chrome Chrome
}

// Chrome configures how a browser shows a page.
type Chrome struct {
	// Width and Height of the window in CSS pixels. Default 1920 by 1080.
	Width, Height int

	// Locale is a language tag that dates, numbers and Accept-Language follow.
	// Default en-US.
	Locale string

	// Desktop makes the browser identify as a desktop browser. Its user agent comes before the
	// job's, and the flag that shows automation to scripts is off.
	Desktop bool

	// Load lists the resources that pages may load in addition to documents, scripts and data.
	// Other resources keep their src. Images and styles seem to load but are empty, and fonts,
	// media and styles with an integrity fail. Default none.
	Load []Resource

	// A page that opens a dialog or a window or starts a download fails. With
	// IgnoreDialogs the dialog is dismissed, with IgnoreWindows the window is
	// not opened, with IgnoreDownloads nothing is downloaded, and the page is judged
	// as it stands. A page that is a download itself always fails.
	IgnoreDialogs, IgnoreWindows, IgnoreDownloads bool
}

// Resource is a kind of resource of a page.
type Resource string

// The resources that a page does not need to be read.
const (
	ResourceImage Resource = "image"
	ResourceStyle Resource = "style"
	ResourceFont  Resource = "font"
	ResourceMedia Resource = "media"
)

// Wait is a condition of a rendered page: a selector, a matching attribute of it, or a page that
// stays unchanged.
type Wait struct {
	// CSS is the selector of an element that must exist.
	CSS string

	// Attr is an attribute of the element that must match Matches. Default: the element's visible
	// text.
	Attr string

	// Matches is the pattern. Default: any text.
	Matches *regexp.Regexp

	// Stable is the time for which the page must stay unchanged.
	Stable time.Duration

	// Any are conditions of which one suffices. The other fields but Unless and Always are empty.
	Any []Wait

	// Unless is a selector that ends all waiting at once, if it matches.
	Unless string

	// Always waits also on a page with a status from 400 on.
	Always bool
}

// None is a zero duration for fields in which zero means the default.
const None time.Duration = -1

// Unlimited is a count without a bound for fields in which zero means the default.
const Unlimited = -1

// Span is a duration that is drawn uniformly between two bounds at each use.
type Span struct{ Min, Max time.Duration }

// At returns the duration at draw, a number in [0, 1).
func (s Span) At(draw float64) time.Duration {
	return s.Min + time.Duration(draw*float64(s.Max-s.Min))
}

// Store configures the storage of assets.
type Store struct {
	// URL is a bucket or folder, such as file:./data/cards/ or gs://bucket/prefix. A flag or the
	// environment goes before it. Default file:./data/NAME/.
	URL string

	// Key is the template of an asset's key. Default {id}_{asset}.{ext}.
	Key string
}

// Strategy chooses the ids of an ID space.
type Strategy string

// The strategies of an ID space.
const (
	StrategyForager Strategy = "forager"
	StrategyChain   Strategy = "chain"
	StrategyRandom  Strategy = "random"
	StrategyOff     Strategy = "off"
)

// Explore configures the exploration of an ID space.
type Explore struct {
	// Strategy defaults to StrategyForager.
	Strategy Strategy

	// Patience is the number of misses in a row after which a chain ends.
	// Default 1.
	Patience int

	// Max is the farthest distance from its last hit that the forager's local search requests.
	// Blocks is the number of blocks that it divides the space into. Default 16 and 4096.
	Max, Blocks int

	// Budget is the most answers of explored ids, over the job's life; then no
	// more are chosen. Default 0: no bound.
	Budget int64

	// Hit reports whether a page is a hit of local search, by its ID and its verdict, Done or
	// Skipped. Both are stored, so that a changed Hit can judge earlier tasks without a request.
	// A stale page or an error is no evidence. nil means that a hit is a page that is Done.
	Hit func(id string, v Verdict) bool `json:"-"`

	// Absent reports whether a page without a hit shows that its ID does not exist, by the same
	// values as Hit. The forager estimates the newest ID of a space from the IDs that exist. nil
	// means pages that were skipped for status 404 or 410.
	Absent func(id string, v Verdict) bool `json:"-"`

	// Recrawl is the time after which the newest end of a space is explored again: the IDs that
	// were absent and lie above the newest ID. Default: the interval of their page kind's recrawl,
	// if it has one. The other absent IDs are never visited again.
	Recrawl time.Duration `json:",omitempty"`

	// Neighbor makes a chain follow its results instead of an ID space.
	Neighbor NeighborFunc `json:"-"`
}

// NeighborFunc returns the key of the neighbor of a task's page. dir is +1 for the next neighbor
// and -1 for the previous one. An empty key means that there is none.
type NeighborFunc func(task Task, page *Page, dir int) (key string)

// Limit bounds a job's life. Zero is no bound.
type Limit struct {
	// Assets is the most stored files.
	Assets int64

	// Records is the most stored records.
	Records int64

	// Tasks is the most tasks that end.
	Tasks int64

	// Yield ends exploring when no block of a space promises as many hits per answer.
	Yield float64
}

// Retries is the most attempts of a task, by what its last attempt ended in.
type Retries struct {
	// Error is the most attempts of a task that ends in error. Default 8.
	Error int

	// Stale is the most attempts of a task that stays stale. Default 3.
	Stale int

	// Backoff is the wait before the second attempt; it doubles from there, to
	// at most an hour. Default 20s.
	Backoff time.Duration

	// HostDown is for how long a host may refuse connections or not resolve. Then all its tasks end
	// in error together. Default 20m.
	HostDown time.Duration

	// Refused is for how long a host may answer a task with HTTP 429 or 503. These answers cost no
	// attempt. Then the task ends in error. Default 24h.
	Refused time.Duration
}
