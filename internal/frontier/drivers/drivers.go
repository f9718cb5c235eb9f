// Package drivers opens a frontier by its URL: sqlite:PATH or postgres://….
package drivers

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
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

	// Conns is the most connections. Default 2.
	Conns int32
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
	}
	return nil, fmt.Errorf("%w: %q: give sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE", ErrURL, Redact(at))
}

var password = regexp.MustCompile(`(?i)(password|passwd|sslpassword)=[^&\s]*`)

// Redact returns a frontier's or store's URL without what is secret in it.
func Redact(at string) string {
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
