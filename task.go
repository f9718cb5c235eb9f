package seine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// Task is one request, or one id, of one job.
type Task struct {
	// Job is the name of the job.
	Job string

	// Key is unique in the job forever. It is the ID or the canonical URL.
	Key string

	// ID replaces {id} and equals the key.
	ID string

	// URL is the page to fetch.
	URL string

	// Page is the name of the page's kind; empty for a job without page kinds.
	Page string

	// Send is set for a request that is more than a GET.
	Send *Send

	// Depth is the number of links followed from the seed.
	Depth int

	// Priority is 0, first, to 3, last; 1 is the default.
	Priority int

	// Meta holds the data that was given with the task.
	Meta map[string]any

	// Attempt is 1 the first time.
	Attempt int
}

// Request asks for one page.
type Request struct {
	// URL is an absolute http: or https: URL. Required.
	URL    string
	Method string // default GET
	Body   []byte // sent with Method

	// Header is sent to URL, after the headers of the job.
	Header http.Header
	Via    Via // default: the job's

	// CredentialsTo lists further URLs whose sites may receive the job's credentials, in addition
	// to the sites of Job.Seeds and the hosts of Fetch.CredentialsTo. Credentials are all headers
	// but Accept, Accept-Encoding, Accept-Language and User-Agent. Header goes to URL in any case.
	CredentialsTo []string

	// Cookies are the cookies of a session. A fetcher sends each one to the places that it belongs
	// to. Page.Cookies has them with the changes of the responses. Default nil: no session.
	Cookies []Cookie

	// Wait are conditions of a rendered page before it is read. ViaHTTP ignores them.
	Wait []Wait

	// Steps are actions in a rendered page before it is read.
	Steps []Step

	// Screenshot receives a picture of a page that ViaChrome has shown and that then failed, as a
	// JPEG. With Shoot it receives one of each page. Nil: none is made.
	Screenshot func(image []byte)

	// Shoot asks for a picture of each page. Default: of failed pages.
	Shoot bool

	// Raw leaves the body as it came, not converted to UTF-8: an asset.
	Raw bool

	// KeepRaw returns the bytes of the body before their conversion to UTF-8 too, in Page.Raw.
	KeepRaw bool

	// KeepBlobs reads the blob: images of a rendered page into Page.Blobs.
	KeepBlobs bool

	// MaxBlob is the most bytes of all blob: images of the page together, or zero for MaxBody.
	// Zero: MaxBody.
	MaxBlob int64

	// To receives the bytes of the body of a response with a status from 200 to 299, in place of
	// Page.Body, so that a long body takes little memory. Such a request goes by ViaHTTP. If To
	// returns an error, the fetch ends with that error. Nil: the body is in Page.Body.
	To io.Writer

	// MaxBody is the most bytes of the body. Zero: the fetcher's default.
	MaxBody int64

	// Timeout bounds the whole request. Zero: the fetcher's default, 20 seconds.
	Timeout time.Duration

	// OnRedirect is called with canonical URLs before a fetcher sends the request of a redirect. It
	// may wait until the host of to may be requested. Timeout does not count its duration. If it
	// returns an error, the fetch ends with that error. Nil: redirects are followed at once.
	OnRedirect func(ctx context.Context, from, to string) error
}

// Page is any response that a fetcher brought back, a 404 too.
type Page struct {
	// URL is the page's own, after redirects.
	URL string

	// Base is the URL by which the page's base element resolves references. Parsing with package
	// html sets it. Empty: URL.
	Base string

	// Status is the HTTP status of the response, 200 to 599.
	Status int

	// Header is the header of the response, with canonical names.
	Header http.Header

	// Asked reports that the request permits a partial response: a 206 by its Range, or a 304 by
	// its condition.
	Asked bool

	// Body is the response after Content-Encoding is undone; text is UTF-8
	// unless the request was Raw.
	Body []byte

	// Raw is the body as it came, if the request had KeepRaw. An HTML page that a browser rendered
	// has the HTML of Body. Raw may share its memory with Body.
	Raw []byte

	// Blobs maps the URLs of a rendered page's blob: images to their content, if the request had
	// KeepBlobs.
	Blobs map[string]Blob

	// DOM is the tree of a page in a browser after its scripts ran, in a format of Seine. Rules are
	// applied to it. Body is its HTML, which a parser may read as another tree. nil means the tree
	// of Body.
	DOM []byte

	// Type is the media type of the header, or else the detected one, without parameters and in
	// lower case.
	Type string

	// Charset is the encoding of a text before it was converted to UTF-8, by its
	// name in the Encoding standard and in lower case: "windows-1251". The queries
	// of the page's links are encoded in it. Empty: UTF-8.
	Charset string

	// Via is the fetcher that brought the page.
	Via Via

	// FetchedAt is the time at which the whole response had arrived, in UTC.
	FetchedAt time.Time

	// Took is the duration of the request, redirects too.
	Took time.Duration

	// Redirects lists the URLs that were asked before URL.
	Redirects []string

	// Cookies are the cookies of the request as the responses changed them. A browser's page has
	// those that its main documents receive.
	Cookies []Cookie

	// Waits tells how each wait of the request ended.
	Waits []Waited

	// Notes lists remarks for a person, such as a refresh that was not followed. They are for `try`
	// and the log.
	Notes []string
}

// Blob is a file that a rendered page held in the browser's memory.
type Blob struct {
	// Type is the media type that the page gave it, or empty.
	Type string

	// Body is the content. Empty with Why.
	Body []byte

	// Why is the reason why the bytes can't be read; empty if Body holds them.
	Why string
}

// Waited tells how one wait ended. An expired wait is not an error, and the page is judged in its
// current state.
type Waited struct {
	// Wait is the condition as a job file writes it.
	Wait string `json:"wait"`

	// OK reports that the condition held before the time was up.
	OK bool `json:"ok"`

	// Took is the time that was waited.
	Took time.Duration `json:"-"`

	// By is the condition of Any that held, or the reason why the wait ended early, such as
	// "unless: CSS" or "HTTP 404". It is empty if the wait's own condition held, or if the wait
	// expired.
	By string `json:"by,omitempty"`
}

// Fetcher gets one page. A response of any status is a page; an error means
// that there is none. Errors that a caller acts on: [ErrHost], [ErrRefused],
// [ErrTooLarge].
type Fetcher interface {
	Fetch(ctx context.Context, req Request) (*Page, error)
}

// The errors of a fetch.
var (
	// ErrHost is a fault of the whole host: its name does not resolve, it refuses connections, or
	// its certificate is invalid. It costs a task no attempt.
	ErrHost = errors.New("host fault")

	// ErrRefused reports an address that the job may not request. Final.
	ErrRefused = errors.New("address refused")

	// ErrDiskFull reports that the disk of the frontier or of the store is full.
	ErrDiskFull = errors.New("disk full")

	// ErrFinal is a failure that another attempt would repeat. The task ends in error at once.
	ErrFinal = errors.New("can't change")

	// ErrTooLarge is a body over its bound.
	ErrTooLarge = errors.New("body too large")
)
