package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/worker"
)

// place is a frontier's or store's URL, and where the choice came from.
type place struct{ url, from string }

// String is safe to print.
func (p place) String() string { return fmt.Sprintf("%s (%s)", drivers.Redact(p.url), p.from) }

// frontierOf chooses the frontier: flag over environment over job file over
// default. job may be nil.
func (a *app) frontierOf(job *seine.Job) place {
	for _, p := range []place{
		{a.frontier, a.flag("--frontier")},
		{a.getenv("SEINE_FRONTIER"), "SEINE_FRONTIER"},
		{a.getenv("DATABASE_URL"), "DATABASE_URL"},
		{a.originalDSN(), "DB_HOST"},
	} {
		if p.url != "" {
			return p
		}
	}
	if job != nil && job.Frontier != "" {
		return place{job.Frontier, "job file"}
	}
	return place{worker.DefaultFrontier, "default"}
}

// flag names a flag, or what chose its value in the user's stead.
func (a *app) flag(name string) string {
	if a.chosenBy != "" {
		return a.chosenBy
	}
	return name
}

// originalDSN is the frontier that the original's environment names.
func (a *app) originalDSN() string {
	host := a.getenv("DB_HOST")
	if host == "" {
		return ""
	}
	or := func(name, fallback string) string {
		if v := a.getenv(name); v != "" {
			return v
		}
		return fallback
	}
	u := url.URL{Scheme: "postgres", User: url.User(or("DB_USER", "psa")), Path: "/" + or("DB_NAME", "psa")}
	if pw := a.getenv("DB_PASSWORD"); pw != "" {
		u.User = url.UserPassword(u.User.Username(), pw)
		a.redact.add([]string{pw})
	}
	port := a.getenv("DB_PORT")
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
func (a *app) storeOf(job *seine.Job) place {
	gcs := a.getenv("GCS_BUCKET")
	if gcs != "" {
		gcs = "gs://" + strings.TrimPrefix(gcs, "gs://")
	}
	for _, p := range []place{{a.store, a.flag("--store")}, {a.getenv("SEINE_STORE"), "SEINE_STORE"}, {gcs, "GCS_BUCKET"}} {
		if p.url != "" {
			return p
		}
	}
	if job.Name != "" && job.Store.URL != "file:./data/"+job.Name+"/" {
		return place{job.Store.URL, "job file"}
	}
	return place{job.Store.URL, "default"}
}

// load reads a job file and says its warnings.
func (a *app) load(path string) (*seine.Job, *jobfile.File, error) {
	file, err := jobfile.Load(path, a.env)
	if err != nil {
		var mistakes jobfile.Mistakes
		if !errors.As(err, &mistakes) {
			err = coded{exitJobFile, err}
		}
		return nil, nil, err
	}
	return a.loaded(file, filepath.Dir(path))
}

func (a *app) loaded(file *jobfile.File, dir string) (*seine.Job, *jobfile.File, error) {
	a.redact.add(file.Secrets)
	for _, w := range file.Warnings {
		a.say("seine: warning: %v", w)
	}
	job := file.Job
	job.Secrets = file.Secrets
	if job.Seeds.File != "" && !filepath.IsAbs(job.Seeds.File) {
		job.Seeds.File = filepath.Join(dir, job.Seeds.File)
	}
	return &job, file, a.originalBounds(&job)
}

// originalBounds lets the original's MIN_CERT_ID and MAX_CERT_ID bound the ids.
func (a *app) originalBounds(job *seine.Job) error {
	if len(job.Seeds.IDs) == 0 || a.getenv("MIN_CERT_ID") == "" && a.getenv("MAX_CERT_ID") == "" {
		return nil
	}
	ids, was := job.Seeds.IDs[0], job.Seeds.IDs[0]
	if len(job.Seeds.IDs) > 1 || ids.Date != "" || ids.Alphabet != "" {
		return usagef("MIN_CERT_ID and MAX_CERT_ID bound a single space of numbers: job %s has another", job.Name)
	}
	for name, bound := range map[string]*int64{"MIN_CERT_ID": &ids.From, "MAX_CERT_ID": &ids.To} {
		v := a.getenv(name)
		if v == "" {
			continue
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			return usagef("%s=%q is not an id", name, v)
		}
		*bound = n
	}
	if ids.From > ids.To {
		return usagef("MIN_CERT_ID and MAX_CERT_ID leave no id: %d is greater than %d", ids.From, ids.To)
	}
	if ids.From != was.From || ids.To != was.To {
		a.say("seine: ids %d to %d (MIN_CERT_ID, MAX_CERT_ID)", ids.From, ids.To)
	}
	job.Seeds.IDs = []seine.IDSpace{ids}
	return nil
}

// errNoFile: the SQLite file is not there. No server is to be asked after.
var errNoFile = errors.New("no frontier")

// open opens a frontier whose schema fits.
func (a *app) open(ctx context.Context, at place) (drivers.Frontier, error) {
	if path, ok := strings.CutPrefix(at.url, "sqlite:"); ok {
		// Looking must not make a file.
		if _, err := os.Stat(strings.TrimPrefix(path, "//")); err != nil {
			return nil, coded{exitFrontier, fmt.Errorf("%w at %s: %w: `seine run` makes one", errNoFile, at, errors.Unwrap(err))}
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

// isFile reports whether an argument names a job file and not a job.
func isFile(arg string) bool {
	if strings.HasSuffix(arg, ".yaml") || strings.HasSuffix(arg, ".yml") || strings.ContainsAny(arg, `/\`) {
		return true
	}
	_, err := os.Stat(arg)
	return err == nil
}

// infoAt finds a registered job by its file or its name; what is in the job is
// not needed, so neither are its secrets.
func (a *app) infoAt(ctx context.Context, arg string) (drivers.Frontier, frontier.JobInfo, error) {
	if isFile(arg) {
		f, _, info, err := a.jobAt(ctx, arg)
		return f, info, err
	}
	f, err := a.open(ctx, a.frontierOf(nil))
	if err != nil {
		return nil, frontier.JobInfo{}, err
	}
	info, err := find(ctx, f, arg)
	if err != nil {
		_ = f.Close()
		return nil, info, fmt.Errorf("%s: %w", a.frontierOf(nil), err)
	}
	return f, info, nil
}

// jobAt finds a job by its file, or by its name in the frontier, which keeps
// the file's text.
func (a *app) jobAt(ctx context.Context, arg string) (drivers.Frontier, *seine.Job, frontier.JobInfo, error) {
	var job *seine.Job
	if isFile(arg) {
		var err error
		if job, _, err = a.load(arg); err != nil {
			return nil, nil, frontier.JobInfo{}, err
		}
	}
	at := a.frontierOf(job)
	f, err := a.open(ctx, at)
	if err != nil {
		return nil, nil, frontier.JobInfo{}, err
	}
	name := arg
	if job != nil {
		name = job.Name
	}
	info, err := find(ctx, f, name)
	if err == nil && job == nil {
		job, err = a.stored(info)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, info, fmt.Errorf("%s: %w", at, err)
	}
	return f, job, info, nil
}

// find looks a job up by name; its error names the jobs that are there.
func find(ctx context.Context, f frontier.Frontier, name string) (frontier.JobInfo, error) {
	jobs, err := f.Jobs(ctx)
	if err != nil {
		return frontier.JobInfo{}, err
	}
	var names []string
	for _, j := range jobs {
		if j.Name == name {
			return j, nil
		}
		names = append(names, j.Name)
	}
	if len(names) == 0 {
		return frontier.JobInfo{}, usagef("%w: %q; the frontier has none yet", frontier.ErrNoJob, name)
	}
	return frontier.JobInfo{}, usagef("%w: %q; there are %s", frontier.ErrNoJob, name, strings.Join(names, ", "))
}

// stored makes the job of the text that the frontier keeps.
func (a *app) stored(info frontier.JobInfo) (*seine.Job, error) {
	var config struct {
		Source string `json:"source"`
	}
	if err := json.Unmarshal(info.Config, &config); err != nil || config.Source == "" {
		return nil, usagef("job %s has no job file in the frontier: name its file", info.Name)
	}
	file, err := jobfile.Parse(info.Name, []byte(config.Source), a.env)
	if err != nil {
		return nil, err
	}
	job, _, err := a.loaded(file, ".")
	return job, err
}
