package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/propose"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/terminal"
)

// shellCommand is `seine shell`.
type shellCommand struct {
	*initCommand

	page *seine.Page
}

const shellHelp = `A line is a rule of a field, and its values are printed:

  h1.title              a CSS selector; "css h1.title" is the same
  a.next @href          an attribute
  //dt[.="Year"]/..     an XPath expression; "xpath …" is the same
  text main             the visible text
  regex ISBN (\d+)      the first group
  meta og:title         a meta element
  json data.items       a path into a JSON body
  jsonld offers.price   a path into JSON-LD; microdata and opengraph are the same
  table Weight          the cells of a header
  article text          the text of an article; pdf text, feed entries
  {css: h1, match: '#(\d+)'}   any keys of a field

:propose   fields that init would write     :page   the response
:quit      or Ctrl-D                         :help   this text`

func newShell(a *app) *cobra.Command {
	x := &shellCommand{initCommand: &initCommand{app: a}}
	c := &cobra.Command{
		Use: "shell URL|FILE", Short: "Fetch a page and try selectors on it", Args: cobra.ExactArgs(1),
		Long: `Fetches a page once, as a worker does, or opens a page that "seine try --save" wrote.
Then each line is applied to it, and the values are printed with the line for the job
file. Tab completes sources and the classes and ids of the page. In a pipe, lines are
read from standard input.

` + shellHelp,
		Example: `  seine shell https://shop.example.org/p/17
  echo 'h1' | seine shell testdata/first.txtar`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
	f := c.Flags()
	f.StringVar(&x.via, "via", "http", "http, or chrome for a page that scripts build")
	f.StringVar(&x.contact, "contact", "", "address that the user agent names")
	f.BoolVar(&x.private, "allow-private", false, "allow the URL's host although its address is private")
	return c
}

func (a *shellCommand) run(ctx context.Context, at string) (err error) {
	if a.via != "http" && a.via != "chrome" {
		return usagef("--via %s: give http or chrome", terminal.Escape(a.via))
	}
	if strings.HasSuffix(at, ".txtar") {
		a.page, err = openExample(at)
	} else {
		a.page, err = a.fetchOnce(ctx, at)
	}
	if err != nil {
		return err
	}
	a.describe()
	if f, ok := a.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return a.interact(ctx, f)
	}
	return a.lines(ctx)
}

func openExample(path string) (*seine.Page, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is the user's own
	if err != nil {
		return nil, fmt.Errorf("shell: %w", err)
	}
	e, err := recording.ParseExample(text)
	if err != nil {
		return nil, fmt.Errorf("shell: %s: %w", path, err)
	}
	return e.Page, nil
}

// fetchOnce fetches the page of a URL.
func (a *shellCommand) fetchOnce(ctx context.Context, at string) (*seine.Page, error) {
	host, err := hostOf("shell", at)
	if err != nil {
		return nil, err
	}
	a.name = jobName(host)
	s := &sketch{initCommand: a.initCommand, at: at, host: host, command: "shell"}
	page, err := s.fetch(ctx, at)
	if s.chrome != nil {
		err = errors.Join(err, s.chrome.Close())
	}
	return page, err
}

func (a *shellCommand) describe() {
	a.print("%s  HTTP %d, %s, %s", terminal.Escape(a.page.URL), a.page.Status, terminal.Escape(a.page.Type), size(int64(len(a.page.Body))))
}

// lines reads lines from a pipe.
func (a *shellCommand) lines(ctx context.Context) error {
	in := bufio.NewScanner(a.stdin)
	for in.Scan() {
		if !a.line(ctx, in.Text()) {
			return nil
		}
	}
	return in.Err()
}

// interact reads lines from a terminal, with history and completion.
func (a *shellCommand) interact(ctx context.Context, f *os.File) error {
	before, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return err
	}
	defer func() { _ = term.Restore(int(f.Fd()), before) }()
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{f, a.stdout}, "seine> ")
	names := propose.Names(ctx, a.page)
	t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		if key != '\t' || pos != len(line) {
			return "", 0, false
		}
		if out := completeLine(line, names); out != line {
			return out, len(out), true
		}
		return "", 0, false
	}
	to := a.stdout
	a.stdout = t // a terminal in raw mode needs carriage returns
	defer func() { a.stdout = to }()
	for {
		line, err := t.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !a.line(ctx, line) {
			return nil
		}
	}
}

// completeLine completes the last word of a line as far as the names that begin with it agree.
func completeLine(line string, names []string) string {
	at := strings.LastIndexAny(line, " >+~(,{") + 1
	last := line[at:]
	if last == "" {
		return line
	}
	// A name may follow a tag: div.pro.
	if dot := strings.LastIndexAny(last, ".#:"); dot > 0 {
		at, last = at+dot, last[dot:]
	}
	common := ""
	for _, n := range names {
		if !strings.HasPrefix(n, last) {
			continue
		}
		if common == "" {
			common = n
			continue
		}
		for !strings.HasPrefix(n, common) {
			common = common[:len(common)-1]
		}
	}
	if len(common) <= len(last) {
		return line
	}
	return line[:at] + common
}

// maxValues is the number of values that are printed.
const maxValues = 10

// line carries out a line. It reports whether the shell goes on.
func (a *shellCommand) line(ctx context.Context, line string) bool {
	line = strings.TrimSpace(line)
	switch line {
	case "":
		return true
	case ":quit", ":q", "exit", "quit":
		return false
	case ":help", "?", "help":
		a.print("%s", shellHelp)
		return true
	case ":page":
		a.describe()
		return true
	case ":propose":
		a.propose(ctx)
		return true
	}
	rule := propose.Line(line)
	values, err := propose.Apply(ctx, a.page, rule)
	var mistakes jobfile.Mistakes
	switch {
	case errors.As(err, &mistakes):
		a.print("%s", terminal.Escape(mistakes[0].Message))
		return true
	case err != nil:
		a.print("%s", terminal.Escape(err.Error()))
		return ctx.Err() == nil
	case len(values) == 0:
		a.print("no value")
		return true
	}
	for i, v := range values {
		if i == maxValues {
			a.print("  … %d more", len(values)-maxValues)
			break
		}
		a.print("  %s", terminal.Escape(shortened(v)))
	}
	if len(values) > 1 && !strings.Contains(rule, "all:") {
		a.print("%s; with all: true the field holds all of them", counted(len(values), "value"))
	}
	a.print("name: %s", terminal.Escape(rule))
	return true
}

// propose prints the fields that init would write.
func (a *shellCommand) propose(ctx context.Context) {
	list, err := propose.Fields(ctx, a.page)
	if err != nil {
		a.print("%s", terminal.Escape(err.Error()))
		return
	}
	for _, f := range list {
		a.print("%s: %s   # %s", f.Name, terminal.Escape(f.Rule), terminal.Escape(shortened(f.Value)))
	}
	if len(list) == 0 {
		a.print("nothing is proposed for this page")
	}
}
