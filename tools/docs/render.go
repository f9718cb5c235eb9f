package main

import (
	"bytes"
	"fmt"
	"html/template"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
)

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// render returns the HTML of a page, with the links of the site.
func (s *site) render(p *page) (template.HTML, error) {
	err := ast.Walk(p.doc, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if !enter {
			return ast.WalkContinue, nil
		}
		var err error
		switch n := n.(type) {
		case *ast.Link:
			n.Destination, err = s.link(p, n.Destination)
		case *ast.Image:
			err = s.picture(p, string(n.Destination))
		}
		return ast.WalkContinue, err
	})
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := markdown.Renderer().Render(&b, p.text, p.doc); err != nil {
		return "", err
	}
	out := b.String()
	for _, m := range source.FindAllStringSubmatch(out, -1) { // written as HTML
		if err := s.picture(p, m[1]); err != nil {
			return "", err
		}
	}
	// Wide tables and long lines scroll, also by the keyboard.
	out = strings.NewReplacer("<table>", `<div class="wide" tabindex="0"><table>`, "</table>", "</table></div>", "<pre>", `<pre tabindex="0">`).Replace(out)
	return template.HTML(both.ReplaceAllStringFunc(out, s.themes(p))), nil
}

var (
	source = regexp.MustCompile(`<img src="([^":]+)"`)
	both   = regexp.MustCompile(`<img src="([^"]+)-(?:light|dark)\.png"[^>]*>`)
)

// themes gives a picture with a light and a dark form both.
func (s *site) themes(p *page) func(string) string {
	return func(img string) string {
		name := both.FindStringSubmatch(img)[1]
		if s.picture(p, name+"-light.png") != nil || s.picture(p, name+"-dark.png") != nil {
			return img
		}
		img = regexp.MustCompile(`-(light|dark)\.png`).ReplaceAllString(img, "-light.png")
		return `<picture><source media="(prefers-color-scheme: dark)" srcset="` + name + `-dark.png">` + img + `</picture>`
	}
}

// picture adds a picture to the site.
func (s *site) picture(p *page, at string) error {
	if strings.Contains(at, ":") {
		return fmt.Errorf("%s: the picture %s is on another host", p.source, at)
	}
	file := path.Join(path.Dir(p.source), at)
	if _, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(file))); err != nil {
		return fmt.Errorf("%s: no picture %s", p.source, at)
	}
	s.files[file] = true
	return nil
}

// link returns the target of a link in the site.
func (s *site) link(p *page, at []byte) ([]byte, error) {
	to, fragment, _ := strings.Cut(string(at), "#")
	switch {
	case strings.Contains(to, ":"):
		return at, nil
	case to == "" && !s.anchor(p, fragment):
		return nil, fmt.Errorf("%s: no heading #%s on the page", p.source, fragment)
	case to == "":
		return at, nil
	}
	file := path.Join(path.Dir(p.source), to)
	if dir := path.Join(file, "README.md"); s.by[dir] != nil {
		file = dir
	}
	target := s.by[file]
	if target == nil {
		info, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(file)))
		if err != nil || strings.HasPrefix(file, "..") {
			return nil, fmt.Errorf("%s: the link %s leads to nothing", p.source, at)
		}
		kind := "blob"
		if info.IsDir() {
			kind = "tree"
		}
		return []byte(repository + "/" + kind + "/main/" + file), nil
	}
	if fragment != "" {
		if !s.anchor(target, fragment) {
			return nil, fmt.Errorf("%s: the link %s names no heading of %s", p.source, at, target.source)
		}
		fragment = "#" + fragment
	}
	up := strings.Repeat("../", strings.Count(p.out(), "/"))
	return []byte(up + target.out() + fragment), nil
}

// anchor reports whether a page has a heading with an anchor.
func (s *site) anchor(p *page, id string) (found bool) {
	_ = ast.Walk(p.doc, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if h, ok := n.(*ast.Heading); ok && enter {
			name, _ := h.AttributeString("id")
			if b, ok := name.([]byte); ok && string(b) == id {
				found = true
				return ast.WalkStop, nil
			}
		}
		return ast.WalkContinue, nil
	})
	return found
}
