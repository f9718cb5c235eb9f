package discovery

import (
	"errors"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// KeyOf returns the key of the task that a follow asks for.
func KeyOf(f seine.Follow) string {
	if f.ID != "" {
		return f.ID
	}
	return f.URL
}

// The mistakes of a follow that no key has.
var (
	errNoTarget   = errors.New("it has neither a URL nor an ID")
	errTwoTargets = errors.New("it has a URL and an ID: give one of them")
	errNoTemplate = errors.New("it has an ID, and the job has no seeds.url")
	errURLIsNoID  = errors.New("its ID is a URL: give it as URL")
)

// targeted returns why a follow names no target of the job, or nil.
func targeted(job *seine.Job, f seine.Follow) error {
	switch {
	case f.URL == "" && f.ID == "":
		return errNoTarget
	case f.URL != "" && f.ID != "":
		return errTwoTargets
	case f.ID != "" && job.Seeds.URL == "":
		return errNoTemplate
	case f.ID != "" && frontier.IsURL(f.ID):
		return errURLIsNoID
	}
	return nil
}

// Located returns follows with absolute URLs. A follow that can't be a task of the job is an error,
// or is left out if it is optional.
func Located(
	job *seine.Job, follow []seine.Follow, resolve func(ref string) (string, error),
) (out []seine.Follow, left []seine.LeftOut, err error) {
	for _, f := range follow {
		written := KeyOf(f)
		err := targeted(job, f)
		if err == nil && f.URL != "" && !frontier.IsURL(f.URL) {
			f.URL, err = resolve(f.URL)
		}
		if err == nil && !f.Optional {
			_, err = frontier.Admit(job, frontier.Seed{
				Key: KeyOf(f), Foreign: true, Page: f.Page, Priority: f.Priority, Meta: f.Meta, Send: f.Send,
			})
		}
		switch {
		case err == nil:
			out = append(out, f)
		case f.Optional:
			left = append(left, seine.LeftOut{URL: written, Reason: err.Error()})
		case written == "":
			return nil, nil, fmt.Errorf("%w: follow: %w", seine.ErrFinal, err)
		default:
			return nil, nil, fmt.Errorf("%w: follow %.60q: %w", seine.ErrFinal, written, err)
		}
	}
	return out, left, nil
}
