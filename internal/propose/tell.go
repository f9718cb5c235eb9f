package propose

import (
	"net/url"
	"regexp"
	"slices"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/weburl"
)

// Tell puts the patterns into a job of two kinds, a list and its items, that tell a list at a URL
// from the items. The parsed job decides: the URL and the page after it belong to the list, and the
// links to the items. If no patterns do, the items have none, and Tell returns false.
//
// The pattern of the items may match the list, because * matches an empty text as well: /posts/*
// and /posts/. The list then has a pattern, which comes first.
func Tell(j *Job, list List, at string) bool {
	first, item := &j.Kinds[0], &j.Kinds[1]
	item.Match = []string{list.Match}
	for _, own := range ownPatterns(at) {
		first.Match = own
		job, ok := j.parsed()
		if !ok || kindOf(job, at) != first.Name || slices.ContainsFunc(list.Links, func(l string) bool { return kindOf(job, l) != item.Name }) {
			continue
		}
		if next := nextPattern(list.NextURL); next != "" && kindOf(job, list.NextURL) != first.Name {
			first.Match = append(slices.Clone(own), next)
			job, ok := j.parsed()
			if !ok || kindOf(job, list.NextURL) != first.Name || slices.ContainsFunc(list.Links, func(l string) bool { return kindOf(job, l) != item.Name }) {
				first.Match = own
			}
		}
		if first.Comment = "seeds belong to the first kind"; len(first.Match) > 0 {
			first.Comment = "the first kind whose match fits a URL counts"
		}
		return true
	}
	first.Match, item.Match, first.Comment = nil, nil, "seeds belong to the first kind"
	return false
}

// ownPatterns returns patterns that match a page and as little else as needed, the plainer first.
func ownPatterns(at string) [][]string {
	out := [][]string{nil}
	u, err := url.Parse(at)
	if err != nil {
		return out
	}
	u.Fragment = ""
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if !starred.MatchString(path) {
		out = append(out, []string{path})
		if u.RawQuery != "" && !starred.MatchString(u.RawQuery) {
			out = append(out, []string{path + "?" + u.RawQuery})
		}
	}
	if canonical, err := weburl.Canonical(u.String()); err == nil {
		out = append(out, []string{"re:^" + regexp.QuoteMeta(canonical) + "$"})
	}
	return out
}

var (
	starred    = regexp.MustCompile(`[*]`)
	lastNumber = regexp.MustCompile(`\d+([^\d]*)$`)
)

// nextPattern returns the pattern of the pages of a list by the second one: /posts/page*.html.
func nextPattern(at string) string {
	u, err := url.Parse(at)
	if err != nil || at == "" || starred.MatchString(u.Path) {
		return ""
	}
	return lastNumber.ReplaceAllString(u.EscapedPath(), "*$1")
}

// parsed returns the job of the job file.
func (j *Job) parsed() (*seine.Job, bool) {
	file, err := jobfile.Parse("job.yaml", []byte(j.YAML()), func(string) (string, bool) { return "", false })
	if err != nil {
		return nil, false
	}
	return &file.Job, true
}

// kindOf returns the page kind of a URL that no link leads to.
func kindOf(job *seine.Job, at string) string {
	canonical, err := weburl.Canonical(at)
	if err != nil {
		return ""
	}
	return job.PageKind("", canonical).Name
}
