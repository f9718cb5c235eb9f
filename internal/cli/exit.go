package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/wiring"
)

// The exit codes of the command.
const (
	exitOK       = 0  // done; a worker: after a graceful drain
	exitError    = 1  // anything else that went wrong
	exitUsage    = 2  // flags or arguments
	exitJobFile  = 3  // the job file, or what it asks for, is not right
	exitFrontier = 4  // the frontier can't be reached
	exitStore    = 5  // the store can't be reached
	exitBrowser  = 6  // no browser, or it does not start
	exitLimit    = 7  // a limit was met
	exitStopped  = 8  // a signal came before the work was done
	exitFailures = 9  // more final error tasks than max_failures
	exitSchema   = 11 // the schema is too old or too new
	exitDiskFull = 12
	exitClock    = 13 // this machine's clock is too far from the frontier's
)

// coded is an error with an exit code of its own.
type coded struct {
	code int
	err  error
}

func (c coded) Error() string { return c.err.Error() }
func (c coded) Unwrap() error { return c.err }

func usagef(format string, args ...any) error { return coded{exitUsage, fmt.Errorf(format, args...)} }

var errStopped = errors.New("stopped by a signal before the work was done; the same command continues")

// exitCode returns the exit code for a command's error.
func exitCode(err error) int {
	var (
		c        coded
		mistakes jobfile.Mistakes
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &c):
		return c.code
	case errors.As(err, &mistakes), errors.Is(err, frontier.ErrChanged), errors.Is(err, frontier.ErrKey), errors.Is(err, discovery.ErrSeeds):
		return exitJobFile
	case errors.Is(err, drivers.ErrURL):
		return exitUsage
	case errors.Is(err, seine.ErrDiskFull):
		return exitDiskFull
	case errors.Is(err, frontier.ErrSchema):
		return exitSchema
	case errors.Is(err, frontier.ErrUnavailable), errors.Is(err, frontier.ErrRights):
		return exitFrontier
	case errors.Is(err, frontier.ErrClock):
		return exitClock
	case errors.Is(err, wiring.ErrStore):
		return exitStore
	case errors.Is(err, wiring.ErrBrowser):
		return exitBrowser
	case errors.Is(err, runner.ErrLimit):
		return exitLimit
	case errors.Is(err, errStopped), errors.Is(err, runner.ErrStopped), errors.Is(err, context.Canceled):
		return exitStopped
	case strings.HasPrefix(err.Error(), "unknown command"): // cobra has no error of its own for it
		return exitUsage
	}
	return exitError
}
