package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/robots"
	"github.com/seinehq/seine/internal/sitemap"
)

// lister runs the attempts of tasks that read a sitemap, a feed or a robots.txt. It keeps the
// content in a temporary file, because the site sends it faster than the frontier admits its
// entries. What the content lists is admitted before the task is done. If the worker dies, the next
// attempt reads the sitemap again, and the frontier ignores the known keys.
type lister struct{ *executor }

// process is the life of such a task: fetch → read and admit → endingOf.
func (l lister) process(ctx context.Context, w work, pass *hosts.Pass, progress func()) outcome {
	out := outcome{work: w}
	file, err := os.CreateTemp("", "seine-sitemap-")
	if err != nil {
		pass.Leave(polite.Silent)
		return l.end(ctx, out, attempt{stage: stageScrape, err: fmt.Errorf("no temporary file: %w", err)})
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}()
	w.to = file
	page, after, err := l.fetch(ctx, w, pass)
	if err != nil {
		return l.end(ctx, out, attempt{stage: stageFetch, err: err})
	}
	out.page = page
	if w.notModified(page, l.job.Digest) {
		out.found.unchanged = true
		return l.end(ctx, out, judged(page, seine.Verdict{State: seine.Done}, after))
	}
	verdict, bad := statusOf(w, page.Status)
	if bad && (verdict.State != seine.Skipped || !discovery.ReadsRobots(w.task.URL)) {
		return l.end(ctx, out, judged(page, verdict, after))
	}
	progress()
	hash, err := fileHash(w, file, l.job.Digest)
	if err != nil {
		return l.end(ctx, out, attempt{stage: stageScrape, err: err})
	}
	if out.found.hash = hash; !bad && w.repeats(hash, l.job.Digest) {
		out.found.unchanged = true
		return l.end(ctx, out, judged(page, seine.Verdict{State: seine.Done}, after))
	}
	found, err := l.read(ctx, w, page, file, !bad, progress)
	if err != nil {
		return l.end(ctx, out, attempt{stage: stageScrape, err: err})
	}
	if !bad {
		verdict = found.verdict
	}
	out.left = found.left
	return l.end(ctx, out, judged(page, verdict, after))
}

// errUnlisted ends a sitemap that is read again and has left its index.
var errUnlisted = &hosts.DeclinedError{Reason: "no sitemap lists it any more"}

// listed returns errUnlisted for a sitemap that left its index. Its last reading may have ended
// after that of the index, so it is due once more, and what it listed then is unlisted now.
func (l lister) listed(ctx context.Context, w work) error {
	if !w.recrawl().Set() || w.meta.Depth == 0 {
		return nil
	}
	found, err := l.reader.Tasks(ctx, l.job.ID, frontier.Filter{Keys: []string{w.Key}, Limit: 1})
	if err != nil || len(found) == 0 || found[0].UnlistedAt.IsZero() {
		return err
	}
	now, err := l.reader.Clock(ctx)
	if err == nil {
		_, err = l.reader.Unlist(ctx, l.job.ID, w.Key, now)
	}
	if err != nil {
		return err
	}
	return errUnlisted
}

// statusOf returns the meaning of the status of a sitemap. One that the job file names must exist.
// If a host has no robots.txt, its requests end with a status from 400 to 499 (RFC 9309, section
// 2.3.1.3).
func statusOf(w work, status int) (v seine.Verdict, bad bool) {
	v, bad = seine.StatusVerdict(status)
	switch {
	case bad && v.State == seine.Skipped && !w.meta.Auto:
		v.State, v.Final = seine.Error, true
	case bad && discovery.ReadsRobots(w.task.URL) && status >= 400 && status < 500 && status != http.StatusTooManyRequests:
		v.State = seine.Skipped
	}
	return v, bad
}

// fileHash returns the hash of a sitemap that is read again, or nil.
func fileHash(w work, file io.ReadSeeker, rules []byte) ([]byte, error) {
	if !w.recrawl().Set() {
		return nil, nil
	}
	h := sha256.New()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if _, err := io.Copy(h, file); err != nil {
		return nil, err
	}
	return append(h.Sum(nil)[:digestBytes:digestBytes], ruleDigest(rules)...), nil
}

// found is the result of reading a sitemap.
type found struct {
	verdict seine.Verdict
	left    []frontier.LeftOut
}

// read admits the entries of a file. whole means that the file may show which pages left it. read
// fails only if the frontier does.
func (l lister) read(ctx context.Context, w work, page *seine.Page, file io.ReadSeeker, whole bool, progress func()) (found, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return found{}, err
	}
	var (
		list = discovery.NewListing(l.reader, &l.job.Job, l.job.ID, l.log, w.meta, w.task.URL, page.URL)
		sum  sitemap.Summary
		out  found
	)
	list.Disallowed = l.book.Disallowed
	if w.recrawl().Set() {
		at, err := l.reader.Clock(ctx)
		if err != nil {
			return found{}, err
		}
		list.Keep(l.reader, w.Key, at)
	}
	if discovery.ReadsRobots(w.task.URL) {
		text, err := io.ReadAll(io.LimitReader(file, robots.MaxBytes))
		if err != nil {
			return found{}, err
		}
		if err := list.AddRobots(ctx, robots.Parse(text, "seine").Sitemaps); err != nil {
			return found{}, err
		}
	} else {
		var failed error // of the frontier
		var err error
		sum, err = sitemap.Read(file, page.URL, func(e sitemap.Entry) error {
			var flushed bool
			if flushed, failed = list.Add(ctx, e); flushed {
				progress()
			}
			return failed
		})
		if failed != nil {
			return found{}, failed
		}
		out.verdict, whole = contentOf(w, sum, err), whole && err == nil && !sum.Incomplete
		if err != nil {
			sum.Invalid = 0 // it may be no sitemap
			l.log.WarnContext(ctx, "sitemap can't be read to its end", "task", w.Key, "err", err)
		}
	}
	var err error
	out.left, err = list.Flush(ctx, sum.Invalid)
	if err != nil {
		return found{}, err
	}
	unlisted := 0
	if whole { // the rest may list the missing pages
		if unlisted, err = list.Unlist(ctx); err != nil {
			return found{}, err
		}
	}
	added, known := list.Added()
	l.log.InfoContext(ctx, "sitemap read", "task", w.Key, "format", sum.Format, "pages", sum.Pages,
		"sitemaps", sum.Sitemaps, "new", added, "known", known, "unlisted", unlisted)
	return out, nil
}

// contentOf returns the verdict of a content. The entries before an error are tasks. The same bytes
// would end in the same way, so there is no further attempt. A host often answers an unknown path
// with a page, which is no error if the job file does not name the sitemap.
func contentOf(w work, sum sitemap.Summary, err error) seine.Verdict {
	v := seine.Verdict{State: seine.Error, Final: true}
	switch {
	case err == nil && sum.Incomplete:
		return seine.Verdict{State: seine.Done, Reason: "the sitemap ends within an element"}
	case err == nil:
		return seine.Verdict{State: seine.Done}
	case errors.Is(err, sitemap.ErrHTML):
		v.Reason = sitemap.ErrHTML.Error()
	case errors.Is(err, sitemap.ErrNoSitemap):
		v.Reason = sitemap.ErrNoSitemap.Error()
	case sum.Pages+sum.Sitemaps > sitemap.MaxEntries:
		v.Reason = fmt.Sprintf("lists more than %d entries", sitemap.MaxEntries)
	default:
		v.Reason = "the sitemap can't be read"
	}
	if w.meta.Auto && sum.Pages+sum.Sitemaps == 0 {
		v.State = seine.Skipped
	}
	return v
}

// redirects returns the kind of the redirects of a task. A sitemap may be outside of the scope of
// the pages.
func (w work) redirects() hosts.Kind {
	if w.lists() {
		return hosts.Sitemap
	}
	return hosts.Redirect
}
