// Package drivers opens a frontier by its URL: sqlite:PATH, postgres://…, or a scheme that the
// program linked ([Link]).
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

// ErrURL means that a text names no frontier.
var ErrURL = errors.New("not a frontier")

// Frontier is a frontier with a schema that can be upgraded.
type Frontier interface {
	frontier.Frontier
	Migrate(ctx context.Context) (int64, error)
}

// Options configure a frontier. The zero value works.
type Options struct {
	// Now is the frontier's clock. Default: the driver's own.
	Now func() time.Time

	// Conns is the largest number of connections. Default: pool_max_conns of the URL, else 2.
	Conns int32
}

// Opener opens the frontier at a URL of its scheme.
type Opener func(ctx context.Context, at string, opts Options) (Frontier, error)

var (
	linking sync.Mutex
	linked  = map[string]Opener{}
)

// Link adds a scheme to [Open], such as cloudsql, whose libraries not every program needs. The main
// function of a program calls it.
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

// Open opens the frontier at a URL. It does not check the schema.
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

// Near reports whether a frontier is a local file, which cannot become unreachable.
func Near(f any) bool {
	_, lite := f.(*litefrontier.Frontier)
	return lite
}

// The password in a query, and in a connection string of keywords and values.
var (
	queried = regexp.MustCompile(`(?i)(password|passwd|sslpassword)=[^&\s]*`)
	keyed   = regexp.MustCompile(`(?i)(password|passwd|sslpassword)\s*=\s*('(?:[^'\\]|\\.)*'?|(?:[^\s\\]|\\.)*)`)
)

// Redact returns the URL of a frontier or a store without its secrets.
func Redact(at string) string {
	if place, query, found := strings.Cut(at, "?"); found {
		// The endpoint of a store is a URL in a parameter.
		pairs := strings.Split(query, "&")
		for i, pair := range pairs {
			name, value, _ := strings.Cut(pair, "=")
			if inner, err := url.QueryUnescape(value); err == nil && strings.Contains(inner, "://") {
				if clean := Redact(inner); clean != inner {
					pairs[i] = name + "=" + clean
				}
			}
		}
		at = place + "?" + strings.Join(pairs, "&")
	}
	if place, query, found := strings.Cut(at, "?"); found && strings.HasPrefix(at, "cloudsql://") {
		return Redact(place) + "?" + query // the user's name there may be an e-mail
	}
	scheme, rest, isURL := strings.Cut(at, "://")
	if !isURL {
		return keyed.ReplaceAllString(at, "${1}=xxxxx")
	}
	u, err := url.Parse(at)
	user, after, has := lastCut(rest, "@")
	switch {
	case err == nil && !strings.Contains(u.Path+u.Fragment+keys(u.RawQuery), "@"):
		if _, has := u.User.Password(); has {
			u.User = url.UserPassword(u.User.Username(), "xxxxx")
			at = u.String()
		}
	case has:
		// The password contains a delimiter of URLs. It ends at the last possible place.
		if name, _, has := strings.Cut(user, ":"); has && err == nil {
			user = name + ":"
		} else {
			user = ""
		}
		at = scheme + "://" + user + "xxxxx@" + after
	}
	return queried.ReplaceAllString(at, "${1}=xxxxx")
}

// Passwords returns the passwords in the URL of a frontier or a store, and in its endpoint.
func Passwords(at string) []string {
	u, err := url.Parse(at)
	if err != nil {
		return nil
	}
	var out []string
	if password, has := u.User.Password(); has {
		out = append(out, password)
	}
	for _, values := range u.Query() {
		for _, v := range values {
			if strings.Contains(v, "://") {
				out = append(out, Passwords(v)...)
			}
		}
	}
	return out
}

// keys returns a query up to its first value.
func keys(query string) string {
	before, _, _ := strings.Cut(query, "=")
	return before
}

// lastCut slices s at the last sep.
func lastCut(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
