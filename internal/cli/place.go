package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/runner"
)

// place is a frontier's or store's URL, and where the choice came from.
type place struct{ url, from string }

// String is safe to print.
func (p place) String() string { return fmt.Sprintf("%s (%s)", drivers.Redact(p.url), p.from) }

// places chooses the frontier and the store of a command.
type places struct {
	*environment

	frontier string // --frontier
	store    string // --store
	chosenBy string // the source of both, if no flag is
}

// defaultPlace marks a place that no setting chose.
const defaultPlace = "default"

// frontierOf chooses the frontier by flag, then environment, then job file, then default. job may
// be nil.
func (p *places) frontierOf(job *seine.Job) place {
	at := p.chooseFrontier(job)
	p.redact.add(drivers.Passwords(at.url))
	return at
}

func (p *places) chooseFrontier(job *seine.Job) place {
	for _, one := range []place{
		{p.frontier, p.flag("--frontier")},
		{p.getenv("SEINE_FRONTIER"), "SEINE_FRONTIER"},
		{p.getenv("DATABASE_URL"), "DATABASE_URL"},
		{p.originalDSN(), "DB_HOST"},
	} {
		if one.url != "" {
			return one
		}
	}
	if job != nil && job.Frontier != "" {
		return place{job.Frontier, definedIn(job)}
	}
	return place{runner.DefaultFrontier, defaultPlace}
}

// flag names a flag, or what chose its value in the user's stead.
func (p *places) flag(name string) string {
	if p.chosenBy != "" {
		return p.chosenBy
	}
	return name
}

// originalDSN is the frontier that the original's environment names.
func (p *places) originalDSN() string {
	host := p.getenv("DB_HOST")
	if host == "" {
		return ""
	}
	or := func(name, fallback string) string {
		if v := p.getenv(name); v != "" {
			return v
		}
		return fallback
	}
	u := url.URL{Scheme: "postgres", User: url.User(or("DB_USER", "psa")), Path: "/" + or("DB_NAME", "psa")}
	if pw := p.getenv("DB_PASSWORD"); pw != "" {
		u.User = url.UserPassword(u.User.Username(), pw)
		p.redact.add([]string{pw})
	}
	port := p.getenv("DB_PORT")
	if strings.HasPrefix(host, "/") { // a folder of sockets
		q := url.Values{"host": {host}}
		if port != "" {
			q.Set("port", port)
		}
		u.RawQuery = q.Encode()
		return u.String()
	}
	u.Host = host
	if port != "" {
		u.Host = net.JoinHostPort(host, port)
	}
	return u.String()
}

// storeOf chooses the store in the same way.
func (p *places) storeOf(job *seine.Job) place {
	at := p.chooseStore(job)
	p.redact.add(drivers.Passwords(at.url))
	return at
}

func (p *places) chooseStore(job *seine.Job) place {
	gcs := p.getenv("GCS_BUCKET")
	if gcs != "" {
		gcs = "gs://" + strings.TrimPrefix(gcs, "gs://")
	}
	for _, one := range []place{{p.store, p.flag("--store")}, {p.getenv("SEINE_STORE"), "SEINE_STORE"}, {gcs, "GCS_BUCKET"}} {
		if one.url != "" {
			return one
		}
	}
	if job.Name != "" && job.Store.URL != "file:./data/"+job.Name+"/" {
		return place{job.Store.URL, definedIn(job)}
	}
	return place{job.Store.URL, defaultPlace}
}

// definedIn names where a job's values come from.
func definedIn(job *seine.Job) string {
	if len(derived.Source(job)) == 0 {
		return "the job's program"
	}
	return "job file"
}

// missingFile reports that the SQLite file is missing. It is an [errNoFile].
type missingFile struct{ text string }

func (m missingFile) Error() string   { return m.text }
func (m missingFile) Unwrap() []error { return []error{errNoFile, fs.ErrNotExist} }

// noFile explains where to find the missing SQLite file.
func noFile(at place, path string, err error) error {
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w at %s: %w", errNoFile, at, errors.Unwrap(err))
	case at.from != defaultPlace:
		return missingFile{fmt.Sprintf("no frontier at %s: the file does not exist: `seine run` creates it", at)}
	}
	path = filepath.Clean(path)
	return missingFile{fmt.Sprintf("no %s in this folder: change to the folder of the job, or give its database: --frontier sqlite:FOLDER/%s; `seine run JOB.yaml` creates one", path, path)}
}

// foreignPlace names the environment variable that chose an unusable frontier. It returns an empty
// text if none did.
func (p *places) foreignPlace() string {
	switch at := p.frontierOf(nil); at.from {
	case "SEINE_FRONTIER", "DATABASE_URL", "DB_HOST":
		return fmt.Sprintf("the environment variable %s names this frontier: if it is another program's, unset it or choose another one: --frontier sqlite:./data/seine.db", at.from)
	}
	return ""
}

// errNoFile reports that the SQLite file is missing. No server is to be asked after.
var errNoFile = errors.New("no frontier")

// open opens a frontier whose schema fits.
func (p *places) open(ctx context.Context, at place) (drivers.Frontier, error) {
	if path, ok := strings.CutPrefix(at.url, "sqlite:"); ok {
		// Looking must not make a file.
		if _, err := os.Stat(strings.TrimPrefix(path, "//")); err != nil {
			return nil, coded{exitFrontier, noFile(at, strings.TrimPrefix(path, "//"), err)}
		}
	}
	f, err := drivers.Open(ctx, at.url, drivers.Options{})
	if err != nil {
		return nil, err
	}
	v, _, err := f.Version(ctx)
	if err == nil {
		err = frontier.CheckSchema(v)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
