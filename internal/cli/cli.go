// Package cli is the command. It reads flags and the environment and calls the packages that do the
// work. Data goes to standard output, everything else to standard error. Other packages get
// the environment from it. Only pgfrontier and pgx read the variables of libpq themselves.
//
// A new command is a file with a constructor, a word in the list of root, and a case in complete.go
// if it takes a job.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/number"
)

// Version is the program's, stamped when it is built.
var Version = "dev"

// app holds what all commands share: environment, streams, places and jobs.
type app struct {
	*environment
	*console
	*places
	*jobs

	// release is closed by the second signal.
	release chan struct{}
}

// newApp returns an app on the given environment and streams, without a terminal.
func newApp(of Program, env func(string) (string, bool), stdin io.Reader, stdout, stderr io.Writer) *app {
	e := &environment{lookup: env, redact: &redactor{}, checkStore: of.CheckStore}
	own := &goJobs{own: of.Jobs}
	if len(own.own) > 0 {
		e.called = programName(os.Args[0])
	}
	c := &console{environment: e, stdin: stdin, stdout: e.redact.writer(stdout), stderr: e.redact.writer(stderr), repeats: newRepeats()}
	p := &places{environment: e}
	return &app{environment: e, console: c, places: p, jobs: &jobs{environment: e, console: c, places: p, goJobs: own}, release: make(chan struct{})}
}

// isolated returns an app with another environment and with its own places, which by names as their
// source.
func (a *app) isolated(by string, env func(string) (string, bool)) *app {
	e := &environment{lookup: env, machine: a.machine, redact: a.environment.redact, checkStore: a.checkStore}
	c := *a.console
	c.environment = e
	p := &places{environment: e, frontier: a.frontier, store: a.store, chosenBy: by}
	return &app{environment: e, console: &c, places: p, jobs: &jobs{environment: e, console: &c, places: p, goJobs: &goJobs{}}, release: a.release}
}

// Main runs the command with the process's own arguments and streams, and
// returns its exit code.
func Main(of Program) int {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	a := newApp(of, os.LookupEnv, os.Stdin, os.Stdout, os.Stderr)
	if term.IsTerminal(int(os.Stdout.Fd())) {
		a.size, a.redraws = terminalSize(os.Stdout), a.getenv("TERM") != "dumb"
	}
	if a.terminal = term.IsTerminal(int(os.Stderr.Fd())); a.terminal && a.getenv("TERM") != "dumb" {
		a.screen = &screen{w: os.Stderr, size: terminalSize(os.Stderr)}
		a.stderr = a.redact.writer(a.screen)
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		stop()
		<-signals
		close(a.release)
		<-signals
		os.Exit(exitStopped)
	}()
	a.catchLibraryLog()
	return a.main(ctx, os.Args[1:])
}

func (a *app) main(ctx context.Context, args []string) int {
	root := a.root() //nolint:contextcheck // commands take theirs from ExecuteContext
	root.SetArgs(args)
	err := a.goJobs.check()
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	code, hint := exitCode(err), ""
	switch {
	case ofFrontier(err):
		hint = a.foreignPlace()
	case err != nil:
		hint = hints[code]
	}
	if err != nil {
		a.complain(ctx, err, hint)
	}
	return code
}

// ofFrontier reports whether an error is about which frontier was chosen.
func ofFrontier(err error) bool {
	for _, kind := range []error{errNoFile, drivers.ErrURL, frontier.ErrSchema, frontier.ErrUnavailable, frontier.ErrRights} {
		if errors.Is(err, kind) {
			return true
		}
	}
	var mistakes jobfile.Mistakes
	return errors.As(err, &mistakes) && slices.ContainsFunc(mistakes, func(m jobfile.Mistake) bool { return m.Path == "frontier" })
}

// hints holds remedies for errors without one of their own.
var hints = map[int]string{
	exitStore:    "is the folder or bucket there, and may this user write? `seine doctor` checks",
	exitDiskFull: "make room and run the same command again, which continues",
}

const longHelp = `Seine turns an ID space or a list of URLs into a clean, checked data set
of records and files. A job file states what to scrape, how much, and at which pace. The
same job file runs on a laptop (SQLite, a folder) and on a fleet of workers
(PostgreSQL, a bucket).

Exit codes: 0 done, 1 error, 2 usage, 3 job file, 4 frontier unreachable,
5 store unreachable, 6 browser, 7 limit met, 8 stopped by a signal before the
work was done, 9 more failures than max_failures, 10 audit found faults,
11 schema too old, too new or foreign, 12 disk full, 13 the clocks differ,
14 a saved page has another result.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "seine", Short: "Scrape an ID space or a list into a clean data set", Long: longHelp,
		SilenceErrors: true, SilenceUsage: true, Version: Version,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetIn(a.stdin)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%w: see `%s --help`", err, c.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.StringVar(&a.frontier, "frontier", "", "sqlite:PATH, postgres://… or cloudsql://… (else SEINE_FRONTIER, DATABASE_URL, DB_HOST …, the job file)")
	flags.StringVar(&a.store, "store", "", "file:FOLDER or the URL of a bucket (else SEINE_STORE, GCS_BUCKET, the job file)")
	flags.StringVarP(&a.output, "output", "o", "", "json for programs")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "log every task and every warning")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print results, warnings and errors only: no progress, no notes, no summary of a run")
	flags.StringVar(&a.log, "log", "", "text or json: how run and worker log (else SEINE_LOG, text)")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if a.output != "" && a.output != "json" {
			return usagef("-o %s: the only other format is json", a.output)
		}
		return nil
	}
	for _, c := range []*cobra.Command{
		newInit(a), newShell(a), newValidate(a), newTry(a), newTest(a), newRun(a), newAdd(a), newImport(a), newWorker(a), newStatus(a), newTop(a), newServe(a), newTasks(a), newQuarantine(a), newForget(a), newRetry(a), newDrop(a), newPrioritize(a), newPause(a), newResume(a), newDrain(a), newPace(a), newWorkers(a), newStop(a), newChanges(a),
		newRecount(a), newReprocess(a), newRender(a), newAudit(a), newClean(a), newCount(a), newDupes(a), newGallery(a), newExport(a), newDemo(a), newMigrate(a), newDoctor(a), newSchema(a), newVersion(a),
	} {
		a.wrapArgs(c)
		root.AddCommand(c)
	}
	newCompletion(a).register(root)
	a.adapt(root)
	return root
}

// argCount matches a count of arguments in an error of cobra.
var argCount = regexp.MustCompile(`\d+ arg\(s\)`)

// wrapArgs turns a wrong number of arguments into a usage error that names the expected ones. It
// also rejects an empty place, because an unset variable must not divert a command to another place
// or close the address of its reports.
func (a *app) wrapArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, a.withJob(c.Use, args)); err != nil {
			err = errors.New(argCount.ReplaceAllStringFunc(err.Error(), func(s string) string {
				n, _ := strconv.Atoi(strings.TrimSuffix(s, " arg(s)"))
				return number.Counted(n, "argument")
			}))
			if len(a.own) > 1 && strings.Contains(c.Use, "JOB") {
				err = fmt.Errorf("%w; the jobs are %s", err, strings.Join(a.names(), ", "))
			}
			return usagef("%w: %s %s", err, cmp.Or(a.called, "seine"), c.Use)
		}
		if err := a.checkLog(); err != nil {
			return err
		}
		if a.quiet && a.verbose {
			return usagef("--quiet and --verbose exclude each other")
		}
		for _, name := range []string{"frontier", "store", "http"} {
			if f := c.Flags().Lookup(name); f != nil && f.Changed && f.Value.String() == "" {
				return usagef("--%s is empty: check that the variable is set, or leave the flag out for the default", name)
			}
		}
		return nil
	}
}
