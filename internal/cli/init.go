package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/propose"
	"github.com/seinehq/seine/internal/terminal"
)

// initKinds are the kinds of projects.
var initKinds = []string{"ids", "site", "api", "shop", "archive", "images"}

// initCommand is `seine init`.
type initCommand struct {
	*app

	kind, dir, name, contact, via string
	private                       bool
}

func newInit(a *app) *cobra.Command {
	x := &initCommand{app: a}
	c := &cobra.Command{
		Use: "init [URL]", Short: "Read a page and write a job file, a test and a README for it", Args: oneURL,
		Long: `Fetches a page as a worker does, obeys robots.txt, and proposes rules for it: fields
from JSON-LD, microdata, meta elements, tables and prices, the entries of a feed, the
links of a list, and the next page. If the page is a list, its first item is fetched
too. The values that the rules give are printed.

It writes job.yaml, its JSON Schema for editors, testdata/ with the pages and their
results, README.md and .gitignore into a new folder, named after the host. "seine
validate", "try", "test" and "run" work with them at once. No file is replaced.

The kind of the project is found from the page, or given with --kind:

  ids       one page per number: the longest number of the URL becomes {id}
  site      a list or a page with links, and pages of items
  shop      the same, visited again each day for changed prices
  archive   the same, with PDF files and recorded pages
  api       records in a JSON body
  images    a list of image URLs, urls.csv; with a URL, the images of that page

Without a URL, questions are asked on a terminal.`,
		Example: `  seine init https://shop.example.org/c/shoes
  seine init --kind ids https://cards.example.org/cert/70000001`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	}
	f := c.Flags()
	f.StringVar(&x.kind, "kind", "", "ids, site, shop, archive, api or images (default: by the page)")
	f.StringVar(&x.dir, "dir", "", "folder to make (default: the name of the job)")
	f.StringVar(&x.name, "name", "", "name of the job (default: by the host)")
	f.StringVar(&x.contact, "contact", "", "address that the user agent names")
	f.StringVar(&x.via, "via", "http", "http, or chrome for a page that scripts build")
	f.BoolVar(&x.private, "allow-private", false, "allow the URL's host although its address is private")
	_ = c.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(initKinds, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// oneURL rejects more than one argument.
func oneURL(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("init: give one URL. --dir names the folder, for example --dir %s", terminal.Escape(args[1]))
	}
	return nil
}

func (a *initCommand) run(ctx context.Context, args []string) error {
	at := ""
	if len(args) == 1 {
		at = args[0]
	}
	if at == "" && a.kind != "images" {
		if err := a.ask(&at); err != nil {
			return err
		}
	}
	switch {
	case a.kind != "" && !slices.Contains(initKinds, a.kind):
		return usagef("--kind %s: give one of %s", terminal.Escape(a.kind), strings.Join(initKinds, ", "))
	case a.via != "http" && a.via != "chrome":
		return usagef("--via %s: give http or chrome", terminal.Escape(a.via))
	}
	host := "images"
	if at != "" {
		var err error
		if host, err = hostOf("init", at); err != nil {
			return err
		}
	}
	if a.name == "" {
		a.name = jobName(host)
	}
	if a.dir == "" {
		a.dir = a.name
	}
	for _, name := range []string{"job.yaml", "README.md", ".gitignore", "urls.csv", propose.SchemaFile} {
		if _, err := os.Lstat(filepath.Join(a.dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return usagef("init: %s is there: name another folder with --dir, or remove it", filepath.Join(a.dir, name))
		}
	}
	s := &sketch{initCommand: a, at: at, host: host, command: "init"}
	if a.kind == "images" {
		return s.images(ctx)
	}
	if err := s.draw(ctx); err != nil {
		return err
	}
	return s.write(ctx)
}

// hostOf returns the host of a page's URL.
func hostOf(command, at string) (string, error) {
	u, err := url.Parse(at)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", usagef("%s: %s is not a URL of http or https: give the address of a page, as in https://shop.example.org/", command, terminal.Escape(at))
	}
	return u.Host, nil
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// jobName returns the name of a job for a host.
func jobName(host string) string {
	name := strings.Trim(notInName.ReplaceAllString(strings.TrimPrefix(host, "www."), "-"), "-")
	if name == "" {
		return "job"
	}
	return strings.ToLower(name[:min(len(name), 63)])
}

// ask asks for the URL, the kind and the contact. In a pipe it names the arguments.
func (a *initCommand) ask(at *string) error {
	if f, ok := a.stdin.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return usagef("init: give the URL of a page, as in `seine init https://shop.example.org/c/shoes`, or --kind images")
	}
	lines := bufio.NewScanner(io.LimitReader(a.stdin, 1<<16))
	for _, q := range []struct {
		to   *string
		text string
	}{
		{at, "URL of a page: "},
		{&a.kind, "Kind (" + strings.Join(initKinds, ", ") + "; empty: by the page): "},
		{&a.contact, "Your address, for the user agent (may be empty): "},
	} {
		if *q.to != "" {
			continue
		}
		_, _ = fmt.Fprint(a.stderr, q.text)
		if !lines.Scan() {
			return usagef("init: the answers ended early")
		}
		*q.to = strings.TrimSpace(lines.Text())
	}
	return nil
}

// files writes the job file, README.md and .gitignore. pages states that testdata has pages.
func (a *initCommand) files(job, title, export string, pages bool) error {
	test := "seine try job.yaml KEY --save first   # save a page in testdata, for seine test\n"
	if pages {
		test = "seine test job.yaml          # apply the rules to the pages in testdata, without a request\n"
	}
	readme := fmt.Sprintf("# %s\n\nWith [Seine](https://github.com/seinehq/seine), in this folder:\n\n```sh\nseine validate job.yaml      # check the job file\n%sseine run job.yaml           # fetch; the same command continues after a stop\nseine status job.yaml\n%s\n```\n\nTasks, records and files lie in `data/` of the folder in which the commands run.\n\nBefore a long run, write down in `job.yaml` who permitted it, and read robots.txt and the terms of\nthe site. `limit` ends a first run early.\n", title, test, export)
	for _, f := range []struct{ name, text string }{
		{"job.yaml", job}, {"README.md", readme}, {".gitignore", "/data/\n"}, {propose.SchemaFile, string(jobfile.Schema())},
	} {
		if err := writeExample(filepath.Join(a.dir, f.name), []byte(f.text)); err != nil {
			return fmt.Errorf("init: %w", err)
		}
	}
	return nil
}

// next prints the next commands. They run in the folder of the project, because a job's data is
// in data/ of the folder in which a command runs.
func (a *initCommand) next(key string) {
	a.print("next:")
	if dir := filepath.Clean(a.dir); dir != "." {
		a.print("  cd %s", terminal.Escape(quoted(dir)))
	}
	a.print("  seine validate job.yaml")
	if key != "" {
		a.print("  seine test job.yaml")
		a.print("  seine try job.yaml %s", terminal.Escape(quoted(key)))
	}
	a.print("  seine run job.yaml")
}

var bare = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]+$`)

// quoted returns a word for a shell.
func quoted(s string) string {
	if bare.MatchString(s) && !strings.HasPrefix(s, "-") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// found prints fields with their values.
func (a *initCommand) found(list []propose.Field) {
	for _, f := range list {
		a.print("  %-16s %s", f.Name, terminal.Escape(shortened(f.Value)))
	}
}

// shortened returns a value on one short line.
func shortened(v any) string {
	text, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		text = string(b)
	}
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return text
}
