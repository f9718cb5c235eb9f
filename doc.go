// Package seine is the vocabulary of a distributed web scraper: jobs, tasks, pages, scrapers and
// results.
//
// A job is either a job file (package internal/jobfile reads it) or a [Job] with a [Scraper]
// written in Go, and both run in the same way. Package worker runs jobs. This package imports the
// standard library only.
//
//	pending → in_progress → done
//	                      → skipped   not wanted (final)
//	                      → stale     not the requested page (retried)
//	                      → error     tried again; final when attempts are used up
package seine
