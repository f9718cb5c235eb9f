// Package derived tells what follows from the values of a job.
package derived

import (
	"slices"

	"github.com/seinehq/seine"
)

// Unpaced reports that nothing limits a host.
func Unpaced(p seine.Pace) bool {
	return p.Delay == seine.Span{} && p.Concurrency == seine.Unlimited && p.Scope == seine.ScopeHost && p.Rest == seine.Rest{}
}

// Renders reports whether some pages of a job need a browser.
func Renders(j *seine.Job) bool {
	if in := j.Session.LogIn; in != nil && len(in.Steps) > 0 {
		return true
	}
	if len(j.Pages) == 0 {
		return j.Fetch.Via == seine.ViaChrome
	}
	return slices.ContainsFunc(j.Pages, func(k seine.PageKind) bool {
		return slices.Contains(k.Via, seine.ViaChrome) || len(k.Via) == 0 && j.Fetch.Via == seine.ViaChrome
	})
}

// Recorded reports whether the responses of a page kind are stored. nil is a job without page
// kinds.
func Recorded(j *seine.Job, k *seine.PageKind) bool {
	if k != nil && k.RecordPages != nil {
		return *k.RecordPages
	}
	return j.RecordPages
}

// Records reports whether responses of any page kind are stored.
func Records(j *seine.Job) bool {
	return j.RecordPages || slices.ContainsFunc(j.Pages, func(k seine.PageKind) bool { return Recorded(j, &k) })
}

// Filed is a scraper whose rules are in a job file.
type Filed interface {
	seine.Scraper

	// Source returns the file as it was written, with unresolved secrets.
	Source() []byte
}

// Source returns the text of the file of a job. It is nil for a job made in Go.
func Source(j *seine.Job) []byte {
	if s, ok := j.Scraper.(Filed); ok {
		return s.Source()
	}
	return nil
}
