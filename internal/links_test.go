package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	linkOfMarkdown = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"`)
	codeOfMarkdown = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	headOfMarkdown = regexp.MustCompile(`(?m)^#{1,6} +(.*)$`)
)

// Each link of a document leads to a file, or to a heading that is there.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, path := range documents(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range linkOfMarkdown.FindAllStringSubmatch(codeOfMarkdown.ReplaceAllString(string(text), ""), -1) {
			link := m[1] + m[2]
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			checked++
			file, anchor, _ := strings.Cut(link, "#")
			to := path
			if file != "" {
				to = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: %s leads to no file", path, link)
			} else if anchor != "" && !anchors(t, to)[anchor] {
				t.Errorf("%s: %s leads to no heading", path, link)
			}
		}
	}
	if checked < 50 {
		t.Errorf("%d links; want the documents to have more", checked)
	}
}

// anchors returns the names of the headings of a document, as code hosts make them.
func anchors(t *testing.T, path string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, m := range headOfMarkdown.FindAllStringSubmatch(string(text), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])
		out[name] = true
	}
	return out
}
