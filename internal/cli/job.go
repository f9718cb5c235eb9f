package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/weburl"
	"github.com/seinehq/seine/internal/wiring"
)

// jobs loads jobs from their files or from the frontier.
type jobs struct {
	*environment
	*console
	*places
	*goJobs
}

// needs lists the parts of a job that a command uses in addition to the rules. In all other parts
// of the job file a variable may be unset.
type needs struct {
	hosts bool // the hosts of its pages
	store bool // its store
	seeds bool // its seeds and its permission
}

// unneeded lists the keys of a job file in which a variable may be unset.
func (j *jobs) unneeded(n needs) []string {
	keys := []string{"contact", "fetch.headers", "fetch.user_agent", "fetch.proxy", "session", "schema"}
	if !n.seeds {
		keys = append(keys, "permission", "seeds")
	}
	if !n.store || j.storeOf(&seine.Job{}).url != "" {
		keys = append(keys, "store.url")
	}
	if j.frontierOf(nil).from != defaultPlace {
		keys = append(keys, "frontier")
	}
	return keys
}

// load reads a whole job file for a command that runs the job, and prints its warnings.
func (j *jobs) load(path string) (*seine.Job, *jobfile.File, error) {
	if job, err := j.goJob(path); job != nil || err != nil {
		return job, fileOf(job), err
	}
	file, err := jobfile.Load(path, j.lookup)
	if err != nil {
		return nil, nil, j.unread(path, err)
	}
	return j.loaded(file, filepath.Dir(path))
}

// loaded prints the warnings of a job file and returns its job.
func (j *jobs) loaded(file *jobfile.File, dir string) (*seine.Job, *jobfile.File, error) {
	job, err := j.adopt(file, dir)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range file.Warnings {
		j.say("seine: warning: %v", w)
	}
	if len(job.Seeds.IDs) == 1 {
		if ids, was := job.Seeds.IDs[0], file.Job.Seeds.IDs[0]; ids.From != was.From || ids.To != was.To {
			j.note("seine: IDs %d to %d (MIN_CERT_ID, MAX_CERT_ID)", ids.From, ids.To)
		}
	}
	return job, file, nil
}

// look reads a job file for a command that does not run the job.
func (j *jobs) look(path string, n needs) (*seine.Job, error) {
	if job, err := j.goJob(path); job != nil || err != nil {
		return job, err
	}
	job, err := j.part(filepath.Dir(path), n, func(unneeded ...string) (*jobfile.File, error) {
		return jobfile.LoadPart(path, j.lookup, unneeded...)
	})
	if err != nil {
		return nil, j.unread(path, err)
	}
	return job, nil
}

// part reads a job file without the unneeded variables.
func (j *jobs) part(dir string, n needs, read func(unneeded ...string) (*jobfile.File, error)) (*seine.Job, error) {
	file, err := read(j.unneeded(n)...)
	if err == nil && n.hosts && file.Partial && lacksHost(&file.Job) {
		n.seeds = true
		file, err = read(j.unneeded(n)...)
	}
	if err != nil {
		return nil, err
	}
	return j.adopt(file, dir)
}

// lacksHost reports whether the host of seeds.url is in an unset variable.
func lacksHost(job *seine.Job) bool {
	if job.Seeds.URL == "" {
		return false
	}
	page, err := weburl.Expand(job.Seeds.URL, "1")
	return err != nil || strings.Contains(weburl.Host(page), jobfile.Placeholder)
}

// adopt returns a file's job with absolute paths. From here on no output contains its secrets.
func (j *jobs) adopt(file *jobfile.File, dir string) (*seine.Job, error) {
	j.redact.add(file.Secrets)
	j.redact.add(file.Job.Secrets)
	job := file.Job
	if job.Seeds.File != "" && !filepath.IsAbs(job.Seeds.File) {
		job.Seeds.File = filepath.Join(dir, job.Seeds.File)
	}
	return &job, j.originalBounds(&job)
}

// unread gives an error of a job file its exit code. If path looks like the name of a job, the
// error asks for the file, or lists the jobs of the program.
func (j *jobs) unread(path string, err error) error {
	var mistakes jobfile.Mistakes
	switch {
	case errors.As(err, &mistakes):
		return err
	case len(j.own) > 0 && !isThere(path) && !isJobPath(path):
		return coded{exitJobFile, fmt.Errorf("this program has no job %s: its jobs are %s", path, strings.Join(j.names(), ", "))}
	case !isFile(path) && jobfile.ValidName(path) == nil:
		for _, name := range []string{path + ".yaml", path + ".yml"} {
			if isThere(name) {
				return coded{exitJobFile, fmt.Errorf("the file %s does not exist, and this command takes a job file, not the name of a job: did you mean %s?", path, name)}
			}
		}
		return coded{exitJobFile, fmt.Errorf("the file %s does not exist, and this command takes a job file, such as %s.yaml, not the name of a job", path, path)}
	}
	return coded{exitJobFile, err}
}

// originalBounds lets the original's MIN_CERT_ID and MAX_CERT_ID bound the ids.
func (j *jobs) originalBounds(job *seine.Job) error {
	if len(job.Seeds.IDs) == 0 || j.getenv("MIN_CERT_ID") == "" && j.getenv("MAX_CERT_ID") == "" {
		return nil
	}
	ids := job.Seeds.IDs[0]
	if len(job.Seeds.IDs) > 1 || ids.Date != "" || ids.Alphabet != "" {
		return usagef("MIN_CERT_ID and MAX_CERT_ID bound a single space of numbers: job %s has another", job.Name)
	}
	for name, bound := range map[string]*int64{"MIN_CERT_ID": &ids.From, "MAX_CERT_ID": &ids.To} {
		v := j.getenv(name)
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
	job.Seeds.IDs = []seine.IDSpace{ids}
	return nil
}

// isFile reports whether an argument names a job file and not a job.
func isFile(arg string) bool {
	if strings.HasSuffix(arg, ".yaml") || strings.HasSuffix(arg, ".yml") || strings.ContainsAny(arg, `/\`) {
		return true
	}
	return isThere(arg)
}

// isThere reports whether path is a file.
func isThere(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// infoAt finds a registered job by its file or its name, for commands that use no other part of the
// job.
func (j *jobs) infoAt(ctx context.Context, arg string) (drivers.Frontier, frontier.JobInfo, error) {
	f, _, info, err := j.registeredAt(ctx, arg, needs{})
	return f, info, err
}

// jobAt finds a registered job by its file or its name. By its name, the job comes from the
// frontier, either from the text of its file or, for a job made in Go, from its definition.
func (j *jobs) jobAt(ctx context.Context, arg string, n needs) (drivers.Frontier, *seine.Job, frontier.JobInfo, error) {
	f, job, info, err := j.registeredAt(ctx, arg, n)
	if err == nil && job == nil {
		if job, err = j.stored(info, n); err != nil {
			_ = f.Close()
			return nil, nil, info, fmt.Errorf("%s: %w", j.frontierOf(nil), err)
		}
	}
	return f, job, info, err
}

// registeredAt finds a registered job. job is nil where arg is a name.
func (j *jobs) registeredAt(ctx context.Context, arg string, n needs) (f drivers.Frontier, job *seine.Job, info frontier.JobInfo, err error) {
	name := arg
	if job, err = j.goJob(arg); err != nil {
		return nil, nil, info, err
	}
	if job == nil && isFile(arg) {
		if job, err = j.look(arg, n); err != nil {
			return nil, nil, info, err
		}
		name = job.Name
	}
	at := j.frontierOf(job)
	if f, err = j.open(ctx, at); err != nil {
		return nil, nil, info, err
	}
	if info, err = find(ctx, f, name); err != nil {
		_ = f.Close()
		return nil, nil, info, fmt.Errorf("%s: %w", at, err)
	}
	if job != nil && len(job.Digest) == 0 {
		job.Digest = slices.Clone(info.Digest)
	}
	return f, job, info, nil
}

// goJob returns a job of the program by its name, or nil. Its secrets are in no output.
func (j *jobs) goJob(name string) (*seine.Job, error) {
	job, err := j.made(name)
	if job == nil || err != nil {
		return nil, err
	}
	j.redact.add(job.Secrets)
	return job, j.originalBounds(job)
}

// find looks a job up by name; its error names the jobs that are there.
func find(ctx context.Context, f frontier.Reader, name string) (frontier.JobInfo, error) {
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

// stored reads a job from the frontier. A job made in Go has no rules then.
func (j *jobs) stored(info frontier.JobInfo, n needs) (*seine.Job, error) {
	job, source, whole, err := wiring.Stored(info.Config)
	if err != nil {
		return nil, err
	}
	job.Name, job.Digest = info.Name, slices.Clone(info.Digest)
	switch {
	case len(source) > 0:
		return j.part(".", n, func(unneeded ...string) (*jobfile.File, error) {
			return jobfile.ParsePart(info.Name, source, j.lookup, unneeded...)
		})
	case !whole && n != needs{}:
		return nil, usagef("job %s was registered without a job file, by a version that stored only its name: start its program once, or give its job file", info.Name)
	}
	return &job, nil
}
