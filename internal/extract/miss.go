package extract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seinehq/seine"
)

// maxWhy is the largest number of bytes of a reason why a field is missing.
const maxWhy = 300

// miss notes why the field that is being read has no value. The first reason counts.
func (r *reading) miss(format string, args ...any) {
	if r.why == "" {
		r.why = cut(fmt.Sprintf(format, args...), maxWhy)
	}
}

// unmatched returns the reason of a source that matched nothing. It says what the body is if the
// page was sent as HTML and holds no tag.
func (r *reading) unmatched(from string) string {
	why := "nothing matches " + from
	if r.noTag {
		why += ": the body holds no HTML: " + described(r.page.Type, r.body())
	}
	return why
}

// unread records that the source of a field is unreadable. It takes precedence over a miss.
func (r *reading) unread(err error) {
	if !r.broken || r.why == "" {
		r.why = cut(err.Error(), maxWhy)
	}
	r.broken = true
}

// unreadBody returns why the body is not in a format that the rules needed, empty if it is.
func (r *reading) unreadBody() string {
	switch {
	case r.noDoc != nil:
		return r.noDoc.Error()
	case r.jsonErr != nil:
		return r.jsonErr.Error()
	}
	return ""
}

// noFieldFound returns the verdict of a page on which no field of the record was found. found
// reports by name whether a field has a value of the page; why holds the reasons of the others.
func (s *pageRules) noFieldFound(r *reading, task seine.Task) (seine.Verdict, bool) {
	if s.emptyOK {
		return seine.Verdict{}, false
	}
	first, wanted := "", 0
	for _, f := range s.fields {
		if f.drop || !f.reads() {
			continue
		}
		wanted++
		why, missing := r.missing[f.name]
		if !missing {
			return seine.Verdict{}, false
		}
		if first == "" {
			first = f.name + ": " + why
		}
	}
	if wanted == 0 {
		return seine.Verdict{}, false
	}
	// The same bytes give nothing again. An empty page may be a temporary fault of the site, so one
	// more attempt decides.
	return seine.Verdict{
		State: seine.Error, Reason: "no field found: " + first, Final: r.brokenPage || task.Attempt > 1,
	}, true
}

// whyOf returns why a field has no value, or why its list leaves out some of the matches.
func (r *reading) whyOf(f *field, from string) string {
	if from == "" || from == "or" || r.left == 0 {
		return r.missing[f.name]
	}
	out := "left out: " + count(r.left, "match") + " without a value"
	if r.why != "" && f.nested == nil && f.first == nil {
		out += ": " + r.why
	}
	return out
}

// reads reports whether a field reads the page.
func (f *field) reads() bool {
	if f.first != nil {
		return slices.ContainsFunc(f.first, (*field).reads)
	}
	return f.find != nil && !f.given
}

// noteMissing remembers why a field has no value of the page. A default replaces a value that a
// readable page does not have, not a value on an unreadable page.
func (r *reading) noteMissing(f *field, from string) {
	if from != "" && (from != "or" || !r.broken) {
		return
	}
	if r.missing == nil {
		r.missing = map[string]string{}
	}
	why := r.why
	if why == "" {
		why = "nothing found"
	}
	r.missing[f.name] = strings.TrimSpace(why)
	r.brokenPage = r.brokenPage || r.broken
}
