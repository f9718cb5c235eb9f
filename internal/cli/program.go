package cli

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/idspace"
	"github.com/seinehq/seine/internal/jobfile"
)

// Program describes the program that the command is a part of.
type Program struct {
	// Jobs are the jobs of the program, made in Go. The seine command has none.
	Jobs []seine.Job

	// CheckStore reports a mistake in the credentials of a bucket. It links the libraries of
	// clouds, so only the seine command has it. Default: no check.
	CheckStore func(ctx context.Context, url string, getenv func(string) string) error
}

// goJobs are the jobs of a program.
type goJobs struct {
	own []seine.Job
}

// made returns the job with a name in its normal form, or nil.
func (g *goJobs) made(name string) (*seine.Job, error) {
	i := slices.IndexFunc(g.own, func(j seine.Job) bool { return j.Name == name })
	if i < 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	job, err := g.own[i].Normal()
	if err = errors.Join(append(idspace.Check(job.Seeds.IDs), err)...); err != nil {
		return nil, coded{exitJobFile, err}
	}
	return &job, nil
}

// names lists the jobs.
func (g *goJobs) names() []string {
	var names []string
	for _, j := range g.own {
		names = append(names, j.Name)
	}
	return names
}

// check reports two jobs of one name.
func (g *goJobs) check() error {
	names := g.names()
	slices.Sort(names)
	for i := 1; i < len(names); i++ {
		if names[i] == names[i-1] {
			return coded{exitJobFile, errors.New("two jobs of this program have the name " + names[i])}
		}
	}
	return nil
}

// withJob puts the name of the program's job before the arguments of a command, if they lack one. A
// worker without arguments runs all jobs.
func (g *goJobs) withJob(use string, args []string) []string {
	words := strings.Fields(use)
	if len(g.own) == 0 || len(words) < 2 || !strings.Contains(words[1], "JOB") {
		return args
	}
	switch names := g.names(); {
	case words[1] == "JOB…" && len(args) == 0:
		return names
	case len(names) > 1, len(args) > 0 && (args[0] == names[0] || isJobPath(args[0])):
		return args
	default:
		return append(names, args...)
	}
}

// isJobPath reports whether an argument is written like the path of a job file.
func isJobPath(arg string) bool {
	return strings.HasSuffix(arg, ".yaml") || strings.HasSuffix(arg, ".yml")
}

// adapt makes the commands fit a program with jobs of its own.
func (a *app) adapt(root *cobra.Command) {
	if len(a.own) == 0 {
		return
	}
	root.Use, root.Short = a.called, "Run the jobs "+strings.Join(a.names(), ", ")
	root.Long = strings.ReplaceAll(root.Short+".\n\n"+longHelp, "seine ", a.called+" ")
	for _, c := range root.Commands() {
		if c.Name() == "demo" {
			root.RemoveCommand(c)
			continue
		}
		c.Long, c.Example = a.renamed(c.Long), ""
		if run := c.RunE; run != nil {
			c.RunE = func(c *cobra.Command, args []string) error { return run(c, a.withJob(c.Use, args)) }
		}
	}
}

// renamed puts the name of the program into the commands that a text names.
func (e *environment) renamed(text string) string {
	if e.called == "" {
		return text
	}
	return strings.NewReplacer("`seine ", "`"+e.called+" ", `"seine `, `"`+e.called+" ").Replace(text)
}

// fileOf returns a job of the program as if it came from a job file.
func fileOf(job *seine.Job) *jobfile.File {
	if job == nil {
		return nil
	}
	return &jobfile.File{Name: job.Name, Job: *job}
}

// programName is the name of the running program.
func programName(arg0 string) string {
	return strings.TrimSuffix(filepath.Base(arg0), ".exe")
}
