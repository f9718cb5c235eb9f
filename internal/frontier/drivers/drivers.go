// Package drivers opens a frontier by its URL: sqlite:PATH or postgres://…, and
// what a program has linked besides ([Link]).
package drivers

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/litefrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
)

// ErrURL says that a text names no frontier.
var ErrURL = errors.New("not a frontier")

// Frontier is a frontier that can bring its schema up to date.
type Frontier interface {
	frontier.Frontier
	Migrate(ctx context.Context) (int64, error)
}

// Options change how a frontier behaves; the zero value works.
type Options struct {
	// Now is the frontier's clock; nil: the driver's own.
	Now func() time.Time

	// Conns is the most connections. Default: what the URL says
	// (pool_max_conns=N), else 2.
	Conns int32
}

// Opener opens the frontier at a URL of its scheme.
type Opener func(ctx context.Context, at string, opts Options) (Frontier, error)

var (
	linking sync.Mutex
	linked  = map[string]Opener{}
)

// Link makes a scheme known to [Open], such as cloudsql, whose libraries not
// every program needs. A program's main does it.
func Link(scheme string, open Opener) {
	linking.Lock()
	defer linking.Unlock()
	linked[scheme] = open
}

func linkedTo(scheme string) Opener {
	linking.Lock()
	defer linking.Unlock()
	return linked[scheme]
}

// Open opens the frontier at a URL. It doesn't look at the schema.
func Open(ctx context.Context, at string, opts Options) (Frontier, error) {
	switch scheme, rest, _ := strings.Cut(at, ":"); scheme {
	case "sqlite":
		path := strings.TrimPrefix(rest, "//")
		if path == "" {
			return nil, fmt.Errorf("%w: %q names no file: sqlite:./data/seine.db", ErrURL, at)
		}
		f, err := litefrontier.Open(ctx, path, litefrontier.Options{Now: opts.Now})
		if err != nil {
			return nil, err
		}
		return f, nil
	case "postgres", "postgresql":
		f, err := pgfrontier.Open(ctx, at, pgfrontier.Options{Now: opts.Now, Conns: opts.Conns})
		if err != nil {
			return nil, err
		}
		return f, nil
	default:
		if open := linkedTo(scheme); open != nil {
			return open(ctx, at, opts)
		}
	}
	return nil, fmt.Errorf("%w: %q: give sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE", ErrURL, Redact(at))
}

var password = regexp.MustCompile(`(?i)(password|passwd|sslpassword)=[^&\s]*`)

// Redact returns a frontier's or store's URL without what is secret in it.
func Redact(at string) string {
	if place, query, found := strings.Cut(at, "?"); found && strings.HasPrefix(at, "cloudsql://") {
		return Redact(place) + "?" + query // the user's name there may be an e-mail
	}
	if u, err := url.Parse(at); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			u.User = url.UserPassword(u.User.Username(), "xxxxx")
			at = u.String()
		}
	} else if i := strings.LastIndex(at, "@"); err != nil && i > 0 {
		// What can't be parsed may still hold a password.
		if j := strings.Index(at, "://"); j > 0 && j < i {
			at = at[:j+3] + "xxxxx" + at[i:]
		}
	}
	return password.ReplaceAllString(at, "${1}=xxxxx")
}
