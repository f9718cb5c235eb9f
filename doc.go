// Package seine is the vocabulary of a distributed web scraper: what a job is,
// what a task of it asks for, what a page is, and what a scraper makes of it.
//
// A job is either a job file (package internal/jobfile reads it) or a [Job]
// with a [Scraper] written in Go; what runs it does not know which. Package
// worker runs jobs. This package imports the standard library only.
//
//	pending → in_progress → done
//	                      → skipped   not wanted: final
//	                      → stale     the page did not load as itself: tried again
//	                      → error     tried again; final when attempts are used up
package seine
