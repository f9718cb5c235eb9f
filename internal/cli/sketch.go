package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/internal/fetch/chromefetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/propose"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/terminal"
	"github.com/seinehq/seine/internal/wiring"
)

// sketch makes the project of a page.
type sketch struct {
	*initCommand

	at, host string
	command  string // of messages
	job      propose.Job
	chrome   *chromefetch.Chrome

	// pages are the fetched pages by the names of their examples.
	pages []fetched
	said  string // of the page
}

// fetched is a page with the key of its task in the proposed job.
type fetched struct {
	name, key string
	page      *seine.Page
}

// initDelay lies between two requests of init.
const initDelay = time.Second

// draw fetches the page and proposes a job.
func (s *sketch) draw(ctx context.Context) error {
	s.job = propose.Job{Name: s.name, Contact: s.contact, URL: s.at, Chrome: s.via == "chrome", Record: s.kind == "archive"}
	if s.private {
		s.job.Allow = []string{s.host}
	}
	page, err := s.fetch(ctx, s.at)
	if err != nil {
		return err
	}
	if s.chrome != nil {
		defer func() { _ = s.chrome.Close() }()
	}
	s.pages = []fetched{{"first", page.URL, page}}
	s.job.Seeds = propose.Pages(page.URL)
	if list, ok, err := propose.Feed(ctx, page); err != nil {
		return err
	} else if ok && s.kind == "" {
		return s.records(ctx, list, "a feed with %d entries")
	}
	if list, ok := propose.JSON(page.URL, page.Body); ok && s.kind != "site" && s.kind != "shop" {
		return s.records(ctx, list, "a JSON body with a list of %d records")
	}
	if s.kind == "api" {
		return fmt.Errorf("init: %s is no JSON with a list of objects: give the address of such an answer, or another --kind", s.at)
	}
	doc, err := html.ParseContext(ctx, page)
	if err != nil {
		return fmt.Errorf("init: %s: %w", s.at, err)
	}
	defer doc.Close()
	if s.kind == "ids" {
		seeds, ok := propose.IDs(page.URL)
		if !ok {
			return usagef("init: %s has no number of two digits or more: give the URL of one item, as in https://cards.example.org/cert/70000001", s.at)
		}
		s.job.Seeds = seeds
		return s.single(ctx, page, doc)
	}
	if list, ok := propose.Links(doc); ok && s.kind != "" || ok && len(things(doc)) == 0 {
		return s.list(ctx, list)
	}
	if list, ok := propose.Table(doc); ok && s.kind == "" && len(things(doc)) == 0 {
		return s.records(ctx, list, "a table with %d rows")
	}
	if s.kind != "" {
		s.job.Seeds = propose.Sitemap(page.URL)
		s.note("seine: the page has no list of links, so the pages come from the sitemap of the host")
		item, err := s.item(ctx, page, doc)
		if err != nil {
			return err
		}
		item.Match = propose.Pattern(page.URL)
		s.job.Kinds = []propose.Kind{{Name: "other", None: true, Comment: "pages of the sitemap that are none of the others"}, item}
		return nil
	}
	return s.single(ctx, page, doc)
}

// things returns the main things of a page's JSON-LD that are one item.
func things(doc *html.Document) (out []any) {
	for _, typ := range []string{"Product", "Article", "NewsArticle", "Recipe", "JobPosting", "Event", "Book", "Movie", "ScholarlyArticle"} {
		if all := doc.JSONLD(typ, ""); len(all) == 1 {
			out = append(out, all...)
		}
	}
	return out
}

// probe is the job that fetches a page for a proposal.
const probe = `job: %s
seeds: {urls: [%q]}
fetch: {via: %s, allow_private: [%s]}
fields: {title: {css: title}}
empty: ok
`

// fetch fetches a page as a worker does.
func (s *sketch) fetch(ctx context.Context, at string) (*seine.Page, error) {
	allow := ""
	if s.private {
		allow = propose.Text(s.host)
	}
	src := fmt.Sprintf(probe, s.name, at, s.via, allow)
	if s.contact != "" {
		src += "contact: " + propose.Text(s.contact) + "\n"
	}
	file, err := jobfile.Parse("init", []byte(src), s.lookup)
	if err != nil {
		return nil, usagef("%s: %s: %w", s.command, terminal.Escape(at), err)
	}
	job := &file.Job
	if s.via == "chrome" && s.chrome == nil {
		if s.chrome, err = s.browser().Open(ctx, s.logger(slog.LevelWarn), *job); err != nil {
			return nil, fmt.Errorf("%s: --via chrome: %w", s.command, err)
		}
	}
	n, err := frontier.Admit(job, frontier.Seed{Key: at})
	if err != nil {
		return nil, err
	}
	s.note("seine: fetching %s", terminal.Escape(at))
	tried, err := wiring.Try(ctx, wiring.Trial{Job: job, New: n, Version: Version, Chrome: s.chrome})
	switch {
	case err != nil:
		return nil, err
	case tried.Page == nil && ctx.Err() != nil:
		return nil, errStopped
	case tried.Page == nil && tried.Err != nil && strings.Contains(tried.Err.Error(), "allow_private"):
		return nil, fmt.Errorf("%s: %s: the address is private; --allow-private allows it for this host", s.command, terminal.Escape(at))
	case tried.Page == nil && tried.Err != nil:
		return nil, fmt.Errorf("%s: %s: %w", s.command, terminal.Escape(at), tried.Err)
	case tried.Page == nil:
		return nil, fmt.Errorf("%s: %s: %s", s.command, terminal.Escape(at), tried.Reason)
	case tried.Page.Status < 200 || tried.Page.Status > 299:
		return nil, fmt.Errorf("%s: %s answered %d %s: give the URL of a page that is there", s.command, terminal.Escape(at), tried.Page.Status, http.StatusText(tried.Page.Status))
	case len(tried.Page.Body) == 0:
		return nil, fmt.Errorf("%s: %s is an empty page", s.command, terminal.Escape(at))
	}
	return tried.Page, nil
}

// item proposes the kind of a page about one thing.
func (s *sketch) item(ctx context.Context, page *seine.Page, doc *html.Document) (k propose.Kind, err error) {
	list := propose.Item(doc)
	if s.kind == "archive" {
		if pdf, ok := propose.PDF(doc); ok {
			list = append(list, pdf)
			k.Assets = []string{`pdf: {url: pdf, types: [application/pdf], optional: true}`}
		}
	}
	k.Name = "item"
	if k.Fields, err = propose.Check(ctx, page, list); err != nil {
		return k, err
	}
	if s.kind == "shop" {
		k.Recrawl = "{every: 24h, history: true}"
	}
	if len(k.Fields) <= 2 {
		s.said = "the page has little structure: the job file is a start, so add fields with `seine try`"
		if s.via == "http" {
			s.said += ". If scripts build the page, run init again with --via chrome"
		}
	}
	if len(k.Fields) == 0 {
		return k, errors.New("init: the page has no text: nothing can be proposed. If scripts build the page, give --via chrome")
	}
	return k, nil
}

func (s *sketch) single(ctx context.Context, page *seine.Page, doc *html.Document) error {
	k, err := s.item(ctx, page, doc)
	k.Name = ""
	s.job.Kinds = []propose.Kind{k}
	return err
}

// list proposes the kinds of a list and its items.
func (s *sketch) list(ctx context.Context, list propose.List) error {
	select {
	case <-ctx.Done():
		return errStopped
	case <-time.After(initDelay):
	}
	s.note("seine: a list of %d things", list.Items)
	page, err := s.fetch(ctx, list.First)
	if err != nil {
		return err
	}
	doc, err := html.ParseContext(ctx, page)
	if err != nil {
		return fmt.Errorf("init: %s: %w", list.First, err)
	}
	defer doc.Close()
	item, err := s.item(ctx, page, doc)
	if err != nil {
		return err
	}
	follow := []string{list.Follow}
	if list.Next != "" {
		follow = append(follow, list.Next)
	}
	item.Match = list.Match
	if propose.Pattern(s.at) == list.Match { // the list itself would be an item
		item.Match = ""
	}
	s.job.Kinds = []propose.Kind{{Name: "list", None: true, Comment: "seeds belong to the first kind", Follow: follow}, item}
	s.pages = append(s.pages, fetched{"item", page.URL, page})
	return nil
}

// records proposes several records of one page.
func (s *sketch) records(_ context.Context, list propose.List, what string) error {
	s.note("seine: "+what, list.Items)
	k := propose.Kind{Name: "list", Each: list.Each, Key: list.Key, Fields: list.Fields}
	if list.Next != "" {
		k.Follow = []string{list.Next}
	} else {
		k.Name = ""
	}
	s.job.Kinds = []propose.Kind{k}
	return nil
}

// write writes the project and checks it.
func (s *sketch) write(ctx context.Context) error {
	text := s.job.YAML()
	file, err := jobfile.Parse("job.yaml", []byte(text), s.lookup)
	if err != nil {
		return fmt.Errorf("init: the proposal is no valid job file, which is a defect of Seine: %w\n%s", err, text)
	}
	kinds := map[string]string{"first": "", "item": "item"}
	if len(s.job.Kinds) > 1 {
		kinds["first"] = s.job.Kinds[0].Name
		if s.job.Kinds[0].Name == "other" {
			kinds["first"] = "item"
		}
	} else {
		kinds["first"] = s.job.Kinds[0].Name
	}
	type example struct{ path, text string }
	var examples []example
	for _, p := range s.pages {
		e := recording.Example{Key: p.key, Kind: kinds[p.name]}
		if s.kind == "ids" {
			e.Key = propose.IDOf(p.key)
		}
		if e.Page, err = recording.Clean(e.Key, p.page); err != nil {
			return err
		}
		if e.Expect, err = wiring.Judge(ctx, &file.Job, e); err != nil {
			return err
		}
		out, err := e.Format()
		if err != nil {
			return err
		}
		examples = append(examples, example{filepath.Join(s.dir, "testdata", p.name+".txtar"), string(out)})
	}
	if err := s.files(text, "Records of "+s.host, "seine export job.yaml -o records.jsonl"); err != nil {
		return err
	}
	for _, e := range examples {
		if err := writeExample(e.path, []byte(e.text)); err != nil {
			return err
		}
	}
	s.print("wrote %s with", terminal.Escape(filepath.Join(s.dir, "job.yaml")))
	for _, k := range s.job.Kinds {
		if k.Each != "" {
			s.print("  %s of each record", counted(len(k.Fields), "field"))
			continue
		}
		s.found(k.Fields)
	}
	if s.said != "" {
		s.note("seine: %s", s.said)
	}
	key := s.pages[len(s.pages)-1].key
	if s.kind == "ids" {
		key = propose.IDOf(key)
	}
	s.next(key)
	return nil
}
