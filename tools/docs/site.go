package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var style []byte

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// site is the documentation.
type site struct {
	root  string
	pages []*page // in the order of the navigation
	by    map[string]*page
	files map[string]bool // pictures, by their paths in the repository
}

// page is a Markdown file.
type page struct {
	source  string // its path in the repository
	section string
	title   string
	text    []byte
	doc     ast.Node
	heads   []heading
}

type heading struct{ ID, Text string }

// out is the path of the page in the site.
func (p *page) out() string {
	dir, file := path.Split(p.source)
	if file == "README.md" {
		return dir + "index.html"
	}
	return dir + strings.TrimSuffix(file, ".md") + ".html"
}

var markdown = goldmark.New(
	goldmark.WithExtensions(extension.GFM),
	goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	goldmark.WithRendererOptions(html.WithUnsafe()), // the pages are our own
)

// load reads the pages of sections.
func load(root string, sections []section) (*site, error) {
	s := &site{root: root, by: map[string]*page{}, files: map[string]bool{}}
	for _, sec := range sections {
		for _, pattern := range sec.pages {
			found, err := fs.Glob(os.DirFS(root), pattern)
			if err != nil || len(found) == 0 {
				return nil, errors.Join(err, fmt.Errorf("no page %s", pattern))
			}
			for _, source := range found {
				if s.by[source] != nil {
					continue // named before the pattern
				}
				p, err := read(root, source)
				if err != nil {
					return nil, err
				}
				p.section = sec.title
				s.pages, s.by[source] = append(s.pages, p), p
			}
		}
	}
	return s, nil
}

func read(root, source string) (*page, error) {
	body, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(source)))
	if err != nil {
		return nil, err
	}
	p := &page{source: source, text: body}
	p.doc = markdown.Parser().Parse(text.NewReader(body), parser.WithContext(parser.NewContext(parser.WithIDs(&ids{seen: map[string]bool{}}))))
	for n := p.doc.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok {
			continue
		}
		id, _ := h.AttributeString("id")
		name, _ := id.([]byte)
		switch h.Level {
		case 1:
			p.title = plain(h, body)
		case 2:
			p.heads = append(p.heads, heading{string(name), plain(h, body)})
		}
	}
	if p.title == "" {
		return nil, fmt.Errorf("%s has no title", source)
	}
	return p, nil
}

// plain returns the text of a node.
func plain(n ast.Node, body []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && enter {
			b.Write(t.Segment.Value(body))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// ids makes the anchors of headings as GitHub does, because the pages' links name those.
type ids struct{ seen map[string]bool }

// Generate returns the anchor of a heading.
func (i *ids) Generate(value []byte, _ ast.NodeKind) []byte {
	var b strings.Builder
	for _, r := range strings.ToLower(string(bytes.TrimSpace(value))) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-', r == '_', letter(r):
			b.WriteRune(r)
		}
	}
	id := b.String()
	for n := 1; i.seen[id]; n++ {
		id = fmt.Sprintf("%s-%d", b.String(), n)
	}
	i.seen[id] = true
	return []byte(id)
}

// Put marks an anchor as taken.
func (i *ids) Put(value []byte) { i.seen[string(value)] = true }

// write writes the site into a folder.
func (s *site) write(out string) error {
	var faults []error
	for i, p := range s.pages {
		body, err := s.render(p)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		var b bytes.Buffer
		if err := pageTemplate.Execute(&b, s.view(i, body)); err != nil {
			return err
		}
		if err := put(out, p.out(), b.Bytes()); err != nil {
			return err
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	for file := range s.files {
		body, err := os.ReadFile(filepath.Join(s.root, filepath.FromSlash(file)))
		if err == nil {
			err = put(out, file, body)
		}
		if err != nil {
			return err
		}
	}
	return put(out, "style.css", style)
}

func put(out, name string, body []byte) error {
	at := filepath.Join(out, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	return os.WriteFile(at, body, 0o644)
}

// view is the data of the template.
type view struct {
	Title, Up string
	Body      template.HTML
	Heads     []heading
	Nav       []navSection
	Prev      *navPage
	Next      *navPage
}

type navSection struct {
	Title string
	Pages []navPage
	Open  bool
}

type navPage struct {
	Title, URL string
	Here       bool
}

func (s *site) view(at int, body template.HTML) view {
	here := s.pages[at]
	up := strings.Repeat("../", strings.Count(here.out(), "/"))
	link := func(i int) *navPage {
		if i < 0 || i >= len(s.pages) {
			return nil
		}
		return &navPage{s.pages[i].title, up + s.pages[i].out(), i == at}
	}
	v := view{Title: here.title, Up: up, Body: body, Heads: here.heads, Prev: link(at - 1), Next: link(at + 1)}
	for i, p := range s.pages {
		if n := len(v.Nav); n == 0 || v.Nav[n-1].Title != p.section {
			v.Nav = append(v.Nav, navSection{Title: p.section})
		}
		last := &v.Nav[len(v.Nav)-1]
		last.Pages, last.Open = append(last.Pages, *link(i)), last.Open || i == at
	}
	return v
}

// names lists the pages.
func (s *site) names() (out []string) {
	for _, p := range s.pages {
		out = append(out, p.source)
	}
	slices.Sort(out)
	return out
}
