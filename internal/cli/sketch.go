package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
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
	said  []string // about the page
}

// fetched is a page with the key of its task in the proposed job.
type fetched struct {
	name, key string
	kind      string // empty for a job with one kind
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
	s.pages = []fetched{{name: "first", key: page.URL, page: page}}
	s.job.Seeds = propose.Pages(page.URL)
	if list, ok, err := propose.Feed(ctx, page); err != nil {
		return err
	} else if ok && s.kind == "" {
		s.records(list, "a feed with %d entries")
		return nil
	}
	if list, ok := propose.Answer(page); ok && s.kind != "site" && s.kind != "shop" {
		s.records(list, "a JSON body with a list of %d records")
		return nil
	}
	if s.kind == "api" {
		return fmt.Errorf("init: %s is no JSON with a list of objects: give the address of such an answer, or another --kind", s.at)
	}
	if propose.IsPDF(page) {
		return s.document(ctx, page)
	}
	doc, err := html.ParseContext(ctx, page)
	if err != nil {
		return s.unread(s.at, page, err)
	}
	defer doc.Close()
	return s.rules(ctx, page, doc)
}

// rules proposes the rules of an HTML page.
func (s *sketch) rules(ctx context.Context, page *seine.Page, doc *html.Document) error {
	if s.kind == "ids" {
		seeds, ok := propose.IDs(page.URL)
		if !ok {
			return usagef("init: %s has no number of two digits or more: give the URL of one item, as in https://cards.example.org/cert/70000001", s.at)
		}
		s.job.Seeds = seeds
		return s.single(ctx, page, doc)
	}
	if list, ok := propose.Links(doc); ok && s.kind != "" || ok && !propose.IsItem(doc) {
		return s.list(ctx, list)
	}
	if s.kind == "" && !propose.IsItem(doc) {
		if list, ok, err := propose.Table(ctx, doc); err != nil {
			return err
		} else if ok {
			s.records(list, "a table with %d rows")
			return nil
		}
	}
	if s.kind != "" {
		at, err := s.sitemap(ctx)
		if err != nil {
			return err
		}
		if at == "" {
			s.said = append(s.said, "the page has no list of links, and the host has no sitemap, so the job reads this page alone. For more, give the URL of a page that links to them")
			return s.single(ctx, page, doc)
		}
		s.job.Seeds, s.job.Scope = propose.Sitemap(page.URL), propose.Pattern(page.URL)
		s.note("seine: the page has no list of links, so the pages come from the sitemap %s", terminal.Escape(at))
		return s.single(ctx, page, doc)
	}
	s.said = append(s.said, "the job reads this page alone. With --kind site its siblings come from the sitemap of the host, if there is one")
	return s.single(ctx, page, doc)
}

// unread returns the error about a page that no rules are proposed for.
func (s *sketch) unread(at string, page *seine.Page, err error) error {
	return fmt.Errorf("init: %s is %s, and rules are proposed for HTML, XML, JSON, feeds and PDF: give the URL of the page that links to it (for a list of image URLs: --kind images): %w",
		terminal.Escape(at), terminal.Escape(cmp.Or(page.Type, "no text")), err)
}

// document proposes the job of a PDF.
func (s *sketch) document(ctx context.Context, page *seine.Page) error {
	if s.kind != "" && s.kind != "archive" {
		return usagef("init: %s is a PDF: give --kind archive, or leave --kind out", terminal.Escape(s.at))
	}
	k, err := s.pdf(ctx, page)
	if err != nil {
		return err
	}
	s.said = append(s.said, "the page is one PDF. For many, give the page that links to them")
	k.Name = ""
	s.job.Kinds = []propose.Kind{k}
	return nil
}

// pdf proposes the kind of a PDF.
func (s *sketch) pdf(ctx context.Context, page *seine.Page) (k propose.Kind, err error) {
	k = propose.Kind{Name: "item", Assets: []string{"file: {body: true}"}}
	if k.Fields, _, err = propose.Check(ctx, page, propose.Document()); err != nil || len(k.Fields) > 0 {
		return k, err
	}
	if _, err = propose.Apply(ctx, page, "{pdf: text}"); err == nil {
		err = errors.New("it has no text")
	}
	return k, fmt.Errorf("init: %s is a PDF without values: give another one, or the page that links to it: %w", terminal.Escape(page.URL), err)
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
	tried, err := wiring.Try(ctx, wiring.TrialConfig{Job: job, Version: Version, Chrome: s.chrome}, n)
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
	list, notes := propose.Item(doc)
	s.tell(notes)
	if s.kind == "archive" {
		if pdf, ok := propose.PDF(doc); ok {
			list = append(list, pdf)
			k.Assets = []string{`pdf: {url: pdf, types: [application/pdf], optional: true}`}
		}
	}
	k.Name = "item"
	var left []propose.Field
	if k.Fields, left, err = propose.Check(ctx, page, list); err != nil {
		return k, err
	}
	for _, f := range left {
		if said := propose.Unread(f); said != "" {
			s.tell([]string{said})
		}
	}
	if s.kind == "shop" {
		k.Recrawl = "{every: 24h, history: true}"
	}
	if len(k.Fields) <= 2 {
		said := "the page has little structure: the job file is a start, so add fields with `seine try`"
		if s.via == "http" {
			said += ". If scripts build the page, run init again with --via chrome"
		}
		s.said = append(s.said, said)
	}
	if len(k.Fields) == 0 {
		return k, errors.New("init: the page has no text: nothing can be proposed. If scripts build the page, give --via chrome")
	}
	return k, nil
}

// tell adds notes about the page, each once.
func (s *sketch) tell(notes []string) {
	for _, note := range notes {
		if note = terminal.Escape(note); !slices.Contains(s.said, note) {
			s.said = append(s.said, note)
		}
	}
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
	item, err := s.itemOf(ctx, page)
	if err != nil {
		return err
	}
	follow := []string{list.Follow}
	if list.Next != "" {
		follow = append(follow, list.Next)
	}
	s.pages[0].kind = "list"
	s.pages = append(s.pages, fetched{name: "item", key: page.URL, kind: "item", page: page})
	s.job.Kinds = []propose.Kind{{Name: "list", None: true, Follow: follow}, item}
	if !propose.Tell(&s.job, list, s.pages[0].key) {
		s.said = append(s.said, "the URLs of the items look like the list's: the links of the list tell them apart, and a URL that `seine try` or `add` gets is taken for a list")
	}
	return nil
}

// itemOf proposes the kind of an item of a list.
func (s *sketch) itemOf(ctx context.Context, page *seine.Page) (propose.Kind, error) {
	if propose.IsPDF(page) {
		return s.pdf(ctx, page)
	}
	doc, err := html.ParseContext(ctx, page)
	if err != nil {
		return propose.Kind{}, s.unread(page.URL, page, err)
	}
	defer doc.Close()
	return s.item(ctx, page, doc)
}

// records proposes several records of one page.
func (s *sketch) records(list propose.List, what string) {
	s.note("seine: "+what, list.Items)
	if len(list.Left) > 0 {
		s.said = append(s.said, "left out: "+terminal.Escape(strings.Join(list.Left, ", ")))
	}
	s.tell(list.Notes)
	k := propose.Kind{Name: "list", Each: list.Each, Key: list.Key, Where: list.Where, Fields: list.Fields, Common: list.Common}
	if list.Next != "" {
		k.Follow = []string{list.Next}
		s.pages[0].kind = k.Name
	} else {
		k.Name = ""
	}
	s.job.Kinds = []propose.Kind{k}
}

// write writes the project and checks it.
func (s *sketch) write(ctx context.Context) error {
	text := s.job.YAML()
	file, err := jobfile.Parse("job.yaml", []byte(text), s.lookup)
	if err != nil {
		return fmt.Errorf("init: the proposal is no valid job file, which is a defect of Seine: %w\n%s", err, text)
	}
	type example struct{ path, text string }
	var examples []example
	for _, p := range s.pages {
		e := recording.Example{Key: p.key, Kind: p.kind}
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
	if err := s.files(text, "Records of "+s.host, "seine export job.yaml -o records.jsonl", true); err != nil {
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
	for _, said := range s.said {
		s.note("seine: %s", said)
	}
	key := s.pages[len(s.pages)-1].key
	if s.kind == "ids" {
		key = propose.IDOf(key)
	}
	s.next(key)
	return nil
}
