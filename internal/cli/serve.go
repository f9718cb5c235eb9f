package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/health"
	"github.com/seinehq/seine/internal/terminal"
	"github.com/seinehq/seine/internal/web"
)

// serveCommand is `seine serve`.
type serveCommand struct {
	*app

	http, token, cert, key string
	hosts                  []string
}

func newServe(a *app) *cobra.Command {
	x := &serveCommand{app: a}
	c := &cobra.Command{
		Use: "serve", Short: "Serve the console: pages and a JSON API about the jobs of a frontier", Args: cobra.NoArgs,
		Long: `Serves the jobs of a frontier as pages and as JSON: states, rates, hosts, reasons,
drift, pictures, ID spaces, and lists of tasks. The numbers are live.
/api/openapi.json describes the API.

It only reads, until --token-file names a file with a token of at least 16 characters.
Then a person signs in with it, and a program sends it as a bearer token. They pause,
drain and resume jobs and hosts, change paces, send tasks back, drop and prioritize
them, and stop workers. "seine changes" lists each action.

It listens on this machine alone. For other machines, give --http ADDRESS with
--tls-cert and --tls-key, or put a proxy before it. Everyone who reaches the address
can read. --host permits a name in the browser's address line.`,
		Example: `  seine serve
  seine serve --frontier postgres://seine@db.example/seine --token-file token.txt`,
		RunE: func(c *cobra.Command, _ []string) error { return x.run(c.Context()) },
	}
	f := c.Flags()
	f.StringVar(&x.http, "http", "127.0.0.1:8712", "HOST:PORT to listen on; port 0 is a free one")
	f.StringVar(&x.token, "token-file", "", "file with the token that permits actions (default: reading only)")
	f.StringVar(&x.cert, "tls-cert", "", "certificate of the console, as PEM")
	f.StringVar(&x.key, "tls-key", "", "its private key, as PEM")
	f.StringSliceVar(&x.hosts, "host", nil, "host names under which the console is asked, beside addresses and localhost")
	return c
}

// minToken is the least length of a token.
const minToken = 16

func (a *serveCommand) run(ctx context.Context) error {
	if err := health.Address(a.http); err != nil {
		return usagef("--http: %w", err)
	}
	if (a.cert == "") != (a.key == "") {
		return usagef("--tls-cert and --tls-key: give both")
	}
	token, err := a.readToken()
	if err != nil {
		return err
	}
	f, err := a.open(ctx, a.frontierOf(nil))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	console, end, err := a.webConsole(f, token, a.hosts)
	if err != nil {
		return err
	}
	defer end()
	return a.listen(ctx, console)
}

// consoleFrontier is the part of a frontier that the console and its forms use.
type consoleFrontier interface {
	web.Frontier
	holder
	requeuer
}

// webConsole opens the console of a frontier.
func (a *app) webConsole(f consoleFrontier, token string, hosts []string) (http.Handler, func(), error) {
	opened := &stores{app: a, open: map[frontier.JobID]*storeOfJob{}}
	console, err := web.New(web.Config{
		Frontier: f, Token: token, Hosts: hosts, Log: a.logger(slog.LevelInfo), Files: opened.of,
		Tune: func(ctx context.Context, info frontier.JobInfo, form url.Values) (string, error) {
			return a.tuneByForm(ctx, f, info, form)
		},
		Spaces: func(ctx context.Context, info frontier.JobInfo, s frontier.Status, part web.Part) ([]any, error) {
			return a.spacesOfJob(ctx, f, info, s, part)
		},
		Report: func(_ context.Context, info frontier.JobInfo, s frontier.Status) any {
			job, _ := a.stored(info, needs{}) // nil if it is not known here
			return statusOf(info.Name, s, about(job))
		},
		Hold: func(ctx context.Context, info frontier.JobInfo, host string, paused bool) error {
			_, err := hold(ctx, f, held{info, host}, paused)
			return err
		},
		Requeue: func(ctx context.Context, info frontier.JobInfo, filter frontier.Filter, each func(int)) error {
			job, err := a.stored(info, needs{hosts: true})
			if err != nil {
				return err
			}
			_, err = requeue(ctx, f, job, info.ID, filter, func(n int, _ []string) { each(n) })
			return err
		},
	})
	if err != nil {
		return nil, nil, err
	}
	return console, func() { console.Close(); opened.close() }, nil
}

func (a *serveCommand) readToken() (string, error) {
	if a.token == "" {
		return "", nil
	}
	text, err := os.ReadFile(a.token)
	if err != nil {
		return "", usagef("--token-file: %w", err)
	}
	token := string(bytes.TrimSpace(text))
	if len(token) < minToken {
		return "", usagef("--token-file %s: the token has %d characters: write at least %d random ones, as from `openssl rand -hex 24`", a.token, len(token), minToken)
	}
	a.redact.add([]string{token})
	return token, nil
}

// listen serves until ctx ends.
func (a *serveCommand) listen(ctx context.Context, handler http.Handler) error {
	at, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.http)
	if err != nil {
		return fmt.Errorf("serve: %w: choose another address with --http", err)
	}
	// Live numbers are written for as long as a console is open: each write has a bound of its own.
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, WriteTimeout: 30 * time.Second}
	done := make(chan error, 1)
	scheme := "http"
	if a.cert != "" {
		scheme = "https"
	}
	go func() {
		if a.cert != "" {
			done <- server.ServeTLS(at, a.cert, a.key)
			return
		}
		done <- server.Serve(at)
	}()
	a.say("seine: console of %s at %s://%s/", a.frontierOf(nil), scheme, terminal.Escape(at.Addr().String()))
	if host, _, err := net.SplitHostPort(at.Addr().String()); err == nil && !net.ParseIP(host).IsLoopback() && a.cert == "" {
		a.say("seine: warning: other machines can read this console, without encryption")
	}
	select {
	case <-ctx.Done():
		_ = server.Close()
		return nil
	case err := <-done:
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve: %w", err)
	}
}
