package engine

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
)

// work is a claimed task with everything that follows from its key and its meta, resolved once.
type work struct {
	frontier.Claimed

	// task is the scraper's view. err means that the key is invalid for the job.
	task seine.Task
	err  error

	meta discovery.Meta
	own  hosts.Own

	// pageKind is nil if the job has none. challenge is its condition, or the job's.
	pageKind  *seine.PageKind
	challenge seine.PageTest

	// rereads is how often a sitemap is read, and how often the newest end of a space is explored.
	rereads seine.Recrawl

	// to receives the body of a sitemap, and caught all that is kept of the page beside its result.
	to     io.Writer
	caught *capture

	// sites may receive the job's credentials for this task, beside the sites of the job.
	sites []string

	// owed is set if only assets are missing: see owed.go.
	owed *owed

	// The claim was requested at asked and answered at answered.
	asked, answered time.Time
}

var errKey = errors.New("key is not valid for this job")

// resolve returns the work of a claimed task. An operator who adds a URL trusts its site. A page
// that links to another site does not make that site trusted.
func resolve(job *seine.Job, c frontier.Claimed, asked time.Time) work {
	w := work{Claimed: c, asked: asked, caught: &capture{}}
	page, err := frontier.PageURL(job, c.Key)
	if err != nil {
		w.err, page = errKey, ""
	}
	var given map[string]any
	w.meta, given = discovery.SplitMeta(c.Meta)
	w.own = hosts.OwnOf(c, page)
	if page != "" && !w.meta.Foreign {
		w.sites = []string{page}
	}
	if w.lists() {
		w.rereads = shortest(job)
	} else {
		w.rereads.Every = job.Explore.Recrawl
		w.pageKind = job.PageKind(c.Page, page)
		if w.challenge = job.Challenge; w.pageKind != nil && w.pageKind.Challenge != nil {
			w.challenge = w.pageKind.Challenge
		}
	}
	w.task = seine.Task{
		Page: nameOf(w.pageKind), Send: frontier.SendOf(w.pageKind, frontier.ShowSend(job, w.meta.Send), given),
		Job: job.Name, Key: c.Key, ID: c.Key, URL: page, Priority: c.Priority, Attempt: c.Attempt,
		Meta: given, Depth: w.meta.Depth,
	}
	if in, ok := owing(c); ok {
		w.owed = &in
	}
	return w
}

// lists reports whether the task reads a sitemap: see sitemap.go.
func (w work) lists() bool { return w.Page == frontier.SitemapPage }

// page returns the canonical URL of the task's page, empty if the key is invalid or if only assets
// are fetched.
func (w work) page() string {
	if w.owed != nil || w.err != nil {
		return ""
	}
	return w.task.URL
}

func nameOf(kind *seine.PageKind) string {
	if kind == nil {
		return ""
	}
	return kind.Name
}

// request returns the request of the task's page, as its page kind wants it.
func (w work) request() seine.Request {
	req := seine.Request{URL: w.task.URL, CredentialsTo: w.sites, To: w.to}
	if k := w.pageKind; k != nil {
		req.Wait, req.Steps, req.Header = k.Wait, k.Steps, k.Header.Clone()
		if len(k.Via) > 0 {
			req.Via = k.Via[0]
			if w.Waited == seine.Stale {
				req.Via = k.Via[len(k.Via)-1]
			}
		}
	}
	send := w.task.Send
	if send == nil {
		return req
	}
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Method, req.Body = send.Method, []byte(send.Body)
	maps.Copy(req.Header, send.Header)
	if send.Body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", contentType(send.Body))
	}
	return req
}

// contentType returns the type of a body that no header names.
func contentType(body string) string {
	if body = strings.TrimSpace(body); strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[") {
		return "application/json"
	}
	return "application/x-www-form-urlencoded"
}

// outcome is the result of an attempt, with its ending and all that is stored with it.
type outcome struct {
	work
	ending
	facts attempt

	page    *seine.Page
	records []seine.Record
	assets  []assetfile.Stored
	follow  []seine.Follow
	leftOut []seine.LeftOut

	// left counts the entries of a sitemap that are not tasks.
	left []frontier.LeftOut

	// failures are the assets that are not stored although their records are. A further attempt
	// fetches the assets in pending.
	failures []frontier.FailedAsset
	pending  []seine.Asset

	// found is the attempt's findings about the page.
	found finding

	// digest identifies the rules that made the records. Nil means the job's.
	digest []byte

	span trace.Span // of the task; the committer ends it
}

// reasonOfFailure is the reason of a task that is done without some asset.
func (o *outcome) reasonOfFailure() string {
	return "asset " + o.failures[0].Name + ": " + o.failures[0].Reason
}
