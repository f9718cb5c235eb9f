package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/cgroup"
	"github.com/seinehq/seine/internal/terminal"
)

// environment is the process's environment.
type environment struct {
	lookup  func(string) (string, bool)
	machine string // the folder of /proc and /sys, or empty for the root

	redact *redactor

	// called is the name of a program with jobs of its own. It is empty for the seine command.
	called string

	checkStore func(ctx context.Context, url string, getenv func(string) string) error
}

func (e *environment) getenv(name string) string {
	v, _ := e.lookup(name)
	return v
}

// group is this process's control group.
func (e *environment) group() cgroup.Group {
	if e.machine == "" {
		return cgroup.Own()
	}
	return cgroup.At(e.machine)
}

// console is a command's streams, with the flags that control its output.
type console struct {
	*environment

	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
	terminal bool    // standard error is one
	screen   *screen // standard error, if it is a terminal

	// size returns the size of standard output, if it is a terminal. redraws means that text on it
	// may be replaced.
	size    func() (columns, rows int)
	redraws bool

	output  string // -o
	verbose bool
	quiet   bool   // -q
	hushed  bool   // notes need -v, as in a demo
	log     string // --log

	// logs reports that a run or a worker has started, so that output goes to its log.
	logs    bool
	repeats *repeats
}

// complain prints the error that ended a command, with its remedy. A run or a worker with a
// JSON log prints it as lines of that log. Any other command prints text.
func (c *console) complain(ctx context.Context, err error, hint string) {
	for line := range strings.Lines(strings.TrimSpace(err.Error() + "\n" + hint)) {
		switch line = strings.TrimRight(line, "\n"); {
		case line == "":
		case c.logs && c.logsJSON():
			c.logger(slog.LevelError).ErrorContext(ctx, line) //nolint:sloglint // the sentence is the message
		default:
			c.say("seine: %s", line)
		}
	}
}

func (c *console) json() bool { return c.output == "json" }

func (c *console) say(format string, args ...any) {
	text := c.renamed(fmt.Sprintf(format+"\n", args...))
	if rest, ok := strings.CutPrefix(text, "seine: "); ok && c.called != "" {
		text = c.called + ": " + rest
	}
	_, _ = io.WriteString(terminal.NewWriter(c.stderr), text)
}

// note says something that needs no attention, unless -q is given.
func (c *console) note(format string, args ...any) {
	if c.notes() {
		c.say(format, args...)
	}
}

// notes reports whether notes are printed.
func (c *console) notes() bool { return !c.quiet && (!c.hushed || c.verbose) }

func (c *console) print(format string, args ...any) {
	_, _ = io.WriteString(c.human(), c.renamed(fmt.Sprintf(format+"\n", args...)))
}

// human returns where text for people goes. Terminal control characters are escaped.
func (c *console) human() io.Writer { return terminal.NewWriter(c.stdout) }

// data returns where values for programs go. A terminal shows them to a person, so its control
// characters are escaped.
func (c *console) data() io.Writer {
	if c.size != nil {
		return c.human()
	}
	return c.stdout
}

// table returns a table on standard output that fits the terminal.
func (c *console) table() *terminal.Table {
	t := &terminal.Table{To: c.human()}
	if c.size != nil {
		t.Width, _ = c.size()
	}
	return t
}

// checkLog reads how to log: --log over SEINE_LOG over text.
func (c *console) checkLog() error {
	from := "--log"
	if c.log == "" {
		c.log, from = c.getenv("SEINE_LOG"), "SEINE_LOG"
	}
	switch c.log {
	case "":
		c.log = logText
	case logText, logJSON:
	default:
		return usagef("%s %q: give text or json", from, c.log)
	}
	return nil
}

// logsJSON reports whether a log is lines of JSON.
func (c *console) logsJSON() bool { return c.log == logJSON }

// draws reports whether a line is redrawn on a terminal.
func (c *console) draws() bool { return c.screen != nil && !c.logsJSON() }

// quietly groups repeated log lines until the returned function is called. -v shows all.
func (c *console) quietly(ctx context.Context, log *slog.Logger) (grouped *slog.Logger, end func()) {
	if c.verbose || c.repeats == nil {
		return log, func() {}
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.repeats.run(ctx)
	}()
	return slog.New(c.repeats.handler(log.Handler())), func() { stop(); <-done }
}

// logger logs to standard error: warnings, and each task with -v or in a worker.
func (c *console) logger(level slog.Level) *slog.Logger {
	if c.verbose {
		level = min(level, slog.LevelInfo)
	}
	if !c.logsJSON() {
		return slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(slog.NewJSONHandler(c.stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: severity}))
}

// The values of --log.
const (
	logText = "text"
	logJSON = "json"
)

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

func (c *console) printJSON(v any) error {
	enc := json.NewEncoder(c.data())
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// outputs gives a command its own formats for -o, the first of which is the
// default.
func (c *console) outputs(cmd *cobra.Command, formats ...string) {
	cmd.Flags().StringVarP(&c.output, "output", "o", "", strings.Join(formats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", complete(anyOf(formats...)))
	cmd.PersistentPreRunE = func(*cobra.Command, []string) error {
		if c.output == "" {
			c.output = formats[0]
		}
		if !slices.Contains(formats, c.output) {
			return usagef("-o %s: give one of %s", c.output, strings.Join(formats, ", "))
		}
		return nil
	}
}
