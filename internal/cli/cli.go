// Package cli is the command. It reads flags and the environment and calls the packages that do the
// work. Data goes to standard output, everything else to standard error. No other package reads the
// environment.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seinehq/seine/internal/cloudsql"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/terminal"
)

// Version is the program's, stamped when it is built.
var Version = "dev"

// app is one call of the command.
type app struct {
	env      func(string) (string, bool)
	machine  string // where /proc and /sys are; empty: at the root
	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
	terminal bool
	screen   *screen // standard error, where it is a terminal

	frontier string // --frontier
	store    string // --store
	output   string // -o
	verbose  bool
	log      string // --log
	chosenBy string // what gave frontier and store, when no flag did

	// logs reports that a worker has started, so that output goes to its log.
	logs bool

	// release is closed by the second signal.
	release chan struct{}
	redact  *redactor
	repeats *repeats
}

// Main runs the command with the process's own arguments and streams, and
// returns its exit code.
func Main() int {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	a := &app{
		env: os.LookupEnv, stdin: os.Stdin, terminal: term.IsTerminal(int(os.Stderr.Fd())),
		release: make(chan struct{}), redact: &redactor{}, repeats: newRepeats(),
	}
	a.stdout, a.stderr = a.redact.writer(os.Stdout), a.redact.writer(os.Stderr)
	if a.terminal {
		a.screen = &screen{w: os.Stderr, width: columnsOf(os.Stderr)}
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
	cloudsql.Link()
	root := a.root() //nolint:contextcheck // commands take theirs from ExecuteContext
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
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

// complain prints the error that ended a command, with its remedy. A worker with a JSON log prints
// it as lines of that log. Any other command prints text.
func (a *app) complain(ctx context.Context, err error, hint string) {
	for line := range strings.Lines(strings.TrimSpace(err.Error() + "\n" + hint)) {
		switch line = strings.TrimRight(line, "\n"); {
		case line == "":
		case a.logs && a.logsJSON():
			a.logger(slog.LevelError).ErrorContext(ctx, line) //nolint:sloglint // the sentence is the message
		default:
			a.say("seine: %s", line)
		}
	}
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
of records and files. A job file says what to scrape, how far and how gently;
the same job file runs on a laptop (SQLite, a folder) and on a fleet of workers
(PostgreSQL, a bucket).

Exit codes: 0 done, 1 error, 2 usage, 3 job file, 4 frontier unreachable,
5 store unreachable, 6 browser, 7 limit met, 8 stopped by a signal before the
work was done, 9 more failures than max_failures, 10 audit found faults,
11 schema too old, too new or not ours, 12 disk full, 13 the clocks differ.`

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
	flags.StringVarP(&a.output, "output", "o", "", "json: machines read it")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "log every task and every warning")
	flags.StringVar(&a.log, "log", "", "text or json: how run and worker log (else SEINE_LOG, text)")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if a.output != "" && a.output != "json" {
			return usagef("-o %s: the only other format is json", a.output)
		}
		return nil
	}
	for _, c := range []*cobra.Command{
		a.validateCommand(), a.tryCommand(), a.runCommand(), a.addCommand(), a.workerCommand(), a.statusCommand(),
		a.tasksCommand(), a.retryCommand(), a.pauseCommand(), a.resumeCommand(), a.drainCommand(), a.recountCommand(), a.auditCommand(), a.cleanCommand(),
		a.countCommand(), a.exportCommand(), a.demoCommand(), a.migrateCommand(),
		a.doctorCommand(), a.schemaCommand(), a.versionCommand(),
	} {
		a.wrapArgs(c)
		root.AddCommand(c)
	}
	a.completions(root)
	return root
}

// wrapArgs turns a wrong number of arguments into a usage error that names the expected ones. It
// also rejects an empty place, because an unset variable must not divert a command to another place
// or close the address of its reports.
func (a *app) wrapArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usagef("%w: seine %s", err, c.Use)
		}
		if err := a.checkLog(); err != nil {
			return err
		}
		for _, name := range []string{"frontier", "store", "http"} {
			if f := c.Flags().Lookup(name); f != nil && f.Changed && f.Value.String() == "" {
				return usagef("--%s is empty: check that the variable is set, or leave the flag out for the default", name)
			}
		}
		return nil
	}
}

func (a *app) json() bool { return a.output == "json" }

func (a *app) getenv(name string) string {
	v, _ := a.env(name)
	return v
}

func (a *app) say(format string, args ...any) {
	_, _ = fmt.Fprintf(terminal.NewWriter(a.stderr), format+"\n", args...)
}

func (a *app) print(format string, args ...any) {
	_, _ = fmt.Fprintf(a.human(), format+"\n", args...)
}

// human returns where text for people goes. Terminal control characters are escaped.
func (a *app) human() io.Writer { return terminal.NewWriter(a.stdout) }

// checkLog reads how to log: --log over SEINE_LOG over text.
func (a *app) checkLog() error {
	from := "--log"
	if a.log == "" {
		a.log, from = a.getenv("SEINE_LOG"), "SEINE_LOG"
	}
	switch a.log {
	case "":
		a.log = logText
	case logText, logJSON:
	default:
		return usagef("%s %q: give text or json", from, a.log)
	}
	return nil
}

// The values of --log.
const (
	logText = "text"
	logJSON = "json"
)

// logsJSON reports whether a log is lines of JSON.
func (a *app) logsJSON() bool { return a.log == logJSON }

// draws reports whether a line is redrawn on a terminal.
func (a *app) draws() bool { return a.screen != nil && !a.logsJSON() }

// quietly groups repeated log lines until the returned function is called. -v shows all.
func (a *app) quietly(ctx context.Context, log *slog.Logger) (grouped *slog.Logger, end func()) {
	if a.verbose || a.repeats == nil {
		return log, func() {}
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.repeats.run(ctx)
	}()
	return slog.New(a.repeats.handler(log.Handler())), func() { stop(); <-done }
}

// logger logs to standard error: warnings, and each task with -v or in a worker.
func (a *app) logger(level slog.Level) *slog.Logger {
	if a.verbose {
		level = min(level, slog.LevelInfo)
	}
	if !a.logsJSON() {
		return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: severity}))
}

// severity repeats the level under Google's key and names. Without it Google's logging treats each
// line of standard error as an error.
func severity(groups []string, a slog.Attr) slog.Attr {
	level, ok := a.Value.Any().(slog.Level)
	if !ok || len(groups) > 0 || a.Key != slog.LevelKey {
		return a
	}
	name := "DEBUG"
	switch {
	case level >= slog.LevelError:
		name = "ERROR"
	case level >= slog.LevelWarn:
		name = "WARNING"
	case level >= slog.LevelInfo:
		name = "INFO"
	}
	return slog.Group("", slog.String(slog.LevelKey, level.String()), slog.String("severity", name))
}
