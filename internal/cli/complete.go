package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

const (
	// completeWithin bounds how long a shell waits for a frontier.
	completeWithin = 2 * time.Second

	// maxCompleted bounds the keys in one answer; maxJobFile bounds the bytes read to recognize a
	// job file.
	maxCompleted = 100
	maxJobFile   = 64 << 10
)

// completionOf completes the arguments and flags of all commands.
type completionOf struct{ *app }

func newCompletion(a *app) *completionOf { return &completionOf{a} }

// completion returns the words that may follow.
type completion = func(c *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective)

// completions registers the completions of all commands and flags.
func (a *completionOf) register(root *cobra.Command) {
	files := func(_ context.Context, _ []string, word string) []string { return jobFiles(word) }
	jobs := func(ctx context.Context, _ []string, word string) []string {
		return append(a.jobNames(ctx), jobFiles(word)...)
	}
	for _, c := range root.Commands() {
		switch c.Name() {
		case "validate", "run", "doctor":
			c.ValidArgsFunction = complete(at(0, files))
		case "worker":
			c.ValidArgsFunction = complete(files)
		case "try":
			c.ValidArgsFunction = complete(at(0, files), after(0, a.keys))
		case "tasks", "retry":
			c.ValidArgsFunction = complete(at(0, jobs), after(0, a.keys))
		case "add", "status", "pause", "resume", "drain", "recount", "audit", "clean", "count", "export":
			c.ValidArgsFunction = complete(at(0, jobs))
		default:
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
		for flag, words := range map[string]words{
			"state": a.stateWords, "reason": a.reasons, "by": a.fields, "host": a.hosts,
			"format": anyOf("jsonl", "csv"), "via": anyOf("auto", "http", "chrome"),
		} {
			if c.Flags().Lookup(flag) != nil {
				_ = c.RegisterFlagCompletionFunc(flag, complete(words))
			}
		}
	}
	_ = root.RegisterFlagCompletionFunc("log", complete(anyOf(logText, logJSON)))
	_ = root.RegisterFlagCompletionFunc("output", complete(anyOf("json")))
}

// words lists candidates for word, after args.
type words func(ctx context.Context, args []string, word string) []string

func anyOf(all ...string) words {
	return func(context.Context, []string, string) []string { return all }
}

// at completes the argument with index n only, after every later argument.
func at(n int, of words) words {
	return func(ctx context.Context, args []string, word string) []string {
		if len(args) != n {
			return nil
		}
		return of(ctx, args, word)
	}
}

func after(n int, of words) words {
	return func(ctx context.Context, args []string, word string) []string {
		if len(args) <= n {
			return nil
		}
		return of(ctx, args, word)
	}
}

// complete returns the candidates that have word as a prefix and are not an argument yet. If a path
// has no candidate, the shell completes files.
func complete(of ...words) completion {
	return func(c *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx := c.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		ctx, stop := context.WithTimeout(ctx, completeWithin)
		defer stop()
		var out []cobra.Completion
		for _, list := range of {
			for _, w := range list(ctx, args, word) {
				if strings.HasPrefix(w, word) && !slices.Contains(args, w) && !slices.Contains(out, w) {
					out = append(out, w)
				}
			}
		}
		if len(args) == 0 && len(out) == 0 && strings.ContainsAny(word, `/\`) {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// jobKey matches the key job, which every job file has.
var jobKey = regexp.MustCompile(`(?m)^["']?job["']?\s*:`)

// jobFiles lists the job files whose path has word as a prefix.
func jobFiles(word string) []string {
	dir, name := filepath.Split(word)
	folder := dir
	if folder == "" {
		folder = "."
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		path := dir + e.Name()
		switch ext := filepath.Ext(e.Name()); {
		case e.IsDir() || !strings.HasPrefix(e.Name(), name), ext != ".yaml" && ext != ".yml":
		case isJobFile(path):
			out = append(out, path)
		}
	}
	return out
}

func isJobFile(path string) bool {
	f, err := os.Open(path) //nolint:gosec // in the user's own folder
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxJobFile))
	return err == nil && jobKey.Match(text)
}

// jobNames lists the jobs of the frontier.
func (a *completionOf) jobNames(ctx context.Context) []string {
	f, err := a.open(ctx, a.frontierOf(nil))
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	jobs, err := f.Jobs(ctx)
	if err != nil {
		return nil
	}
	var out []string
	for _, j := range jobs {
		out = append(out, j.Name)
	}
	return out
}

// ofJob calls do for the job that args name.
func (a *completionOf) ofJob(ctx context.Context, args []string, do func(f frontier.Reader, info frontier.JobInfo) ([]string, error)) []string {
	if len(args) == 0 {
		return nil
	}
	f, info, err := a.infoAt(ctx, args[0])
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	out, err := do(f, info)
	if err != nil {
		return nil
	}
	return out
}

// keys lists keys of tasks that have word as a prefix.
func (a *completionOf) keys(ctx context.Context, args []string, word string) []string {
	return a.ofJob(ctx, args, func(f frontier.Reader, info frontier.JobInfo) ([]string, error) {
		var out []string
		// Tasks are ordered by key, so all keys with this prefix follow word.
		for _, filter := range []frontier.Filter{{Keys: []string{word}, Limit: 1}, {After: word, Limit: maxCompleted}} {
			tasks, err := f.Tasks(ctx, info.ID, filter)
			if err != nil {
				return nil, err
			}
			for _, t := range tasks {
				out = append(out, t.Key)
			}
		}
		return out, nil
	})
}

// stateWords lists states, also after a comma.
func (a *completionOf) stateWords(_ context.Context, _ []string, word string) []string {
	given := word[:strings.LastIndexByte(word, ',')+1]
	var out []string
	for _, s := range seine.States {
		if !slices.Contains(strings.Split(given, ","), s.String()) {
			out = append(out, given+s.String())
		}
	}
	return out
}

func (a *completionOf) reasons(ctx context.Context, args []string, _ string) []string {
	return a.ofJob(ctx, args, func(f frontier.Reader, info frontier.JobInfo) ([]string, error) {
		s, err := f.Status(ctx, info.ID)
		var out []string
		for _, r := range frontier.Plain(s.Reasons) {
			if r.Reason != "" {
				out = append(out, r.Reason)
			}
		}
		return out, err
	})
}

func (a *completionOf) hosts(ctx context.Context, args []string, _ string) []string {
	return a.ofJob(ctx, args, func(f frontier.Reader, info frontier.JobInfo) ([]string, error) {
		s, err := f.Status(ctx, info.ID)
		var out []string
		for _, h := range s.Hosts {
			if frontier.IsHost(h.Host) {
				out = append(out, h.Host)
			}
		}
		return out, err
	})
}

// fields lists the fields of a job's rules.
func (a *completionOf) fields(ctx context.Context, args []string, _ string) []string {
	return a.ofJob(ctx, args, func(_ frontier.Reader, info frontier.JobInfo) ([]string, error) {
		job, err := a.stored(info, needs{})
		if err != nil {
			return nil, err
		}
		if rules, ok := job.Scraper.(*extract.Scraper); ok {
			return rules.Columns(), nil
		}
		return nil, nil
	})
}
