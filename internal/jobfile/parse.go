package jobfile

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/idspace"
	"github.com/seinehq/seine/internal/redact"
)

// File is a job file that was read and found right.
type File struct {
	// Name is the name or path that it was given.
	Name string

	// Job has its defaults put in. Its Source and Digest are of the text with
	// variables unresolved.
	Job seine.Job

	// Scraper is the Job's, for its Explain.
	Scraper *extract.Scraper

	// Secrets holds the values from the environment with at least five bytes. No output contains
	// them.
	Secrets []string

	// Warnings are not wrong, but likely not meant.
	Warnings Mistakes

	// Partial reports that some variables are not set, but none that the caller of [LoadPart] or
	// [ParsePart] needs.
	Partial bool
}

// Load reads the job file at path. It fails like [Parse], and when the file
// can't be read.
func Load(path string, getenv func(string) (string, bool)) (*File, error) {
	return LoadPart(path, getenv)
}

// LoadPart reads the job file at path like [ParsePart].
func LoadPart(path string, getenv func(string) (string, bool), unneeded ...string) (*File, error) {
	f, err := os.Open(path) //nolint:gosec // the path is the user's own
	if err != nil {
		return nil, fmt.Errorf("read job file: %w", err)
	}
	defer func() { _ = f.Close() }()
	src, err := readBounded(f)
	if err != nil {
		return nil, fmt.Errorf("read job file: %w", err)
	}
	return ParsePart(path, src, getenv, unneeded...)
}

// Parse reads a job file; name is what messages call it. Variables are looked
// up with getenv. It fails with [Mistakes], all of them.
func Parse(name string, src []byte, getenv func(string) (string, bool)) (*File, error) {
	return read(name, src, getenv, nil)
}

// ParsePart is Parse for a caller that does not need the values of some keys, such as
// fetch.headers. Their variables need not be set. Texts in seeds get [Placeholder], and other keys
// get their default. A file that can't be read so fails like Parse.
func ParsePart(name string, src []byte, getenv func(string) (string, bool), unneeded ...string) (*File, error) {
	f, err := read(name, src, getenv, unneeded)
	if err != nil && len(unneeded) > 0 {
		// If a placeholder does not fit, report the missing variable.
		return read(name, src, getenv, nil)
	}
	return f, err
}

func read(name string, src []byte, getenv func(string) (string, bool), unneeded []string) (*File, error) {
	r := &report{file: name}
	root := parseTree(src, r)
	if root == nil {
		return nil, r.err()
	}
	variables := &resolver{report: r, getenv: getenv, unneeded: unneeded}
	variables.resolve(root, "")
	sum, err := digest(root)
	if err != nil {
		return nil, err
	}
	root.prune()
	d := &decoder{report: r, keys: map[string]place{}, values: map[string]place{}, written: map[string]string{}}
	var doc document
	d.decode(reflect.ValueOf(&doc).Elem(), root, "", limits{})
	a := &assembly{decoder: d, doc: &doc, root: root, partial: variables.unset, unneeded: unneeded}
	job := a.job()
	rules := a.site()
	scraper := a.scraper(rules)
	check, schemas := a.schemas(rules)
	job.Check = check
	job.Scope = a.scope(job.Seeds, scraper != nil && scraper.Follows())
	if scraper != nil {
		a.goals(&job, scraper.MostAssets(), scraper.OneRecord() && !scraper.Follows())
		raw, blobs := scraper.Uses()
		job.Fetch.KeepRaw, job.Fetch.KeepBlobs = raw, (blobs || derived.Records(&job)) && derived.Renders(&job)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	job.Scraper = scraper
	job.Secrets, job.Variables = variables.secret()
	job.Secrets = append(job.Secrets, proxySecrets(job.Fetch.Proxies)...)
	scraper.LeaveOut(redact.New(job.Secrets).Replace)
	scraper.ReadFrom(src)
	if job.Digest = sum; schemas != nil {
		both := sha256.Sum256(append(slices.Clone(sum), schemas...))
		job.Digest = both[:]
	}
	job, err = job.Normal()
	if err = errors.Join(err, errors.Join(idspace.Check(job.Seeds.IDs)...)); err != nil {
		// Every problem that Normal finds should be found above, with its position. This reports
		// rules that only Normal knows.
		for line := range strings.Lines(err.Error()) {
			r.say(place{1, 1}, "", "%s", strings.TrimSpace(line))
		}
		return nil, r.err()
	}
	return &File{
		Name: name, Job: job, Scraper: scraper, Secrets: r.secrets, Partial: variables.unset,
		Warnings: sorted(a.warnings.mistakes, r.secrets),
	}, nil
}

// scraper compiles the rules. A problem of the compiler is left out if a mistake at the same
// position is known.
func (a *assembly) scraper(rules []extract.Rules) *extract.Scraper {
	known := a.mistakes
	scraper, problems := extract.Compile(rules...)
	for _, p := range problems {
		if !blamed(known, p.Path) {
			a.say(a.at(p.Path), p.Path, "%s: %s%s", p.Path, p.Message, didYouMean(p.Near))
		}
	}
	return scraper
}

// blamed reports whether a mistake at path, inside it or around it is already known.
func blamed(known Mistakes, path string) bool {
	for _, m := range known {
		if m.Path != "" && (inside(m.Path, path) || inside(path, m.Path)) {
			return true
		}
	}
	return false
}

// inside reports whether a path equals another or lies in it.
func inside(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
