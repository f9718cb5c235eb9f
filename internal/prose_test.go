package internal

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// phrases lists constructions that make technical English hard to read, with the most occurrences
// per 10,000 words. The limits are about the highest values of pkgsite, River, restic, litestream,
// Caddy and TigerBeetle.
var phrases = []struct {
	name, pattern string
	most          float64
}{
	{"what is, what was, what it", `(?i)\bwhat (is|was|it|they|a|the)\b`, 4},
	{"says, said, say", `(?i)\b(says|said|say)\b`, 4},
	{"one that, those that, that of, those of", `(?i)\b(one that|those that|that of|those of)\b`, 3},
	{"so many, so long, anew, beside, of late", `(?i)\b(so many|so long|anew|beside|of late)\b`, 2},
	{"goes on, nobody, is told, asked for, looked at, comes back", `(?i)\b(goes on|go on|nobody|is told|are told|asked for|looked at|comes? back|is there)\b`, 4},
}

// shares lists kinds of sentences with their largest share in percent, from the same sources.
var shares = []struct {
	name  string
	holds func(sentence string) bool
	most  float64
}{
	{"begin with What, Who, Of or Where", regexp.MustCompile(`^(What|Whoever|Who|Whose|Where|Of)\b`).MatchString, 0.4},
	{"hold two or more of that, what, which, who, where", func(s string) bool {
		return len(relative.FindAllString(s, 2)) == 2
	}, 5.5},
	{"hold a colon", regexp.MustCompile("[a-z`)]: [a-z]").MatchString, 8},
	{"have more than 30 words", func(s string) bool { return len(strings.Fields(s)) > 30 }, 8},
}

var (
	relative    = regexp.MustCompile(`\b(that|what|which|who|whose|where)\b`)
	sentenceEnd = regexp.MustCompile(`[.!?]\s+`)
	comment     = regexp.MustCompile(`^\s*//\s?(.*)`)
	message     = regexp.MustCompile(`"((?:[^"\\]|\\.){25,})"`)
	listMarker  = regexp.MustCompile(`^[-*0-9.|> ]+`)
)

// prose returns the comments, messages and Markdown paragraphs of the repository's files.
func prose(t *testing.T) (out []string) {
	t.Helper()
	for _, name := range tracked(t) {
		if strings.Contains(name, "testdata/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		switch filepath.Ext(name) {
		case ".md":
			out = append(out, paragraphs(string(text))...)
		case ".go":
			if !generated(text) {
				out = append(out, remarks(string(text), strings.HasSuffix(name, "_test.go"))...)
			}
		}
	}
	return out
}

// tracked lists the Go and Markdown files under version control.
func tracked(t *testing.T) []string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "git", "ls-files", "*.go", "*.md")
	c.Dir = ".."
	out, err := c.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	return strings.Fields(string(out))
}

func generated(text []byte) bool {
	return strings.Contains(string(text[:min(len(text), 2000)]), "DO NOT EDIT")
}

// paragraphs splits Markdown outside of fences. A row of a table is a paragraph.
func paragraphs(text string) (out []string) {
	fence, open := false, []string(nil)
	end := func() {
		out, open = append(out, strings.Join(open, " ")), nil
	}
	for line := range strings.Lines(text + "\n\n") {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			fence = !fence
		case fence, strings.TrimSpace(line) == "", strings.HasPrefix(line, "#"), strings.HasPrefix(line, "<"):
			end()
		default:
			open = append(open, listMarker.ReplaceAllString(line, ""))
			if strings.HasPrefix(line, "|") {
				end()
			}
		}
	}
	return out
}

// remarks returns the comments of a Go file, and its messages unless it is a test.
func remarks(text string, test bool) (out []string) {
	var open []string
	for line := range strings.Lines(text + "\n\n") {
		line = strings.TrimSuffix(line, "\n")
		if m := comment.FindStringSubmatch(line); m != nil && !directive(m[1]) {
			open = append(open, m[1])
			continue
		}
		if len(open) > 0 {
			out, open = append(out, strings.Join(open, " ")), nil
		}
		if !test {
			for _, m := range message.FindAllStringSubmatch(line, -1) {
				if len(strings.Fields(m[1])) >= 5 {
					out = append(out, m[1])
				}
			}
		}
	}
	return out
}

func directive(comment string) bool {
	return strings.HasPrefix(comment, "nolint") || strings.HasPrefix(comment, "go:") || strings.HasPrefix(comment, "+build")
}

// sentences splits a text and leaves out sentences of up to three words.
func sentences(text string) (out []string) {
	for text != "" {
		one := text
		if at := sentenceEnd.FindStringIndex(text); at != nil {
			one, text = text[:at[0]+1], text[at[1]:]
		} else {
			text = ""
		}
		if len(strings.Fields(one)) > 3 {
			out = append(out, one)
		}
	}
	return out
}

// TestProse checks the English of comments, messages and documents against the limits above. It
// lists some of the sentences that exceed a limit.
func TestProse(t *testing.T) {
	t.Parallel()
	texts := prose(t)
	words, all := 0, []string(nil)
	for _, text := range texts {
		words += len(strings.Fields(text))
		all = append(all, sentences(text)...)
	}
	if words < 50_000 {
		t.Fatalf("%d words were found; the repository has more", words)
	}
	const examples = 5
	for _, p := range phrases {
		pattern, n, some := regexp.MustCompile(p.pattern), 0, ""
		for _, text := range texts {
			for _, at := range pattern.FindAllStringIndex(text, -1) {
				if n++; n <= examples {
					some += "\n  …" + text[max(0, at[0]-60):min(len(text), at[1]+60)] + "…"
				}
			}
		}
		if per := 10_000 * float64(n) / float64(words); per > p.most {
			t.Errorf("%s: %.1f per 10,000 words; at most %g%s", p.name, per, p.most, some)
		}
	}
	for _, s := range shares {
		n, some := 0, ""
		for _, one := range all {
			if s.holds(one) {
				if n++; n <= examples {
					some += fmt.Sprintf("\n  %.150s", one)
				}
			}
		}
		if share := 100 * float64(n) / float64(len(all)); share > s.most {
			t.Errorf("%.1f %% of sentences %s; at most %g %%%s", share, s.name, s.most, some)
		}
	}
}

// TestProseIsMeasured checks that each measure counts.
func TestProseIsMeasured(t *testing.T) {
	t.Parallel()
	got := remarks("// What it says: nobody goes on.\n// One that of those of it.\nx(\"a message of at least five words\")\n", false)
	if len(got) != 2 || got[0] != "What it says: nobody goes on. One that of those of it." || len(sentences(got[0])) != 2 {
		t.Fatalf("%q, %q", got, sentences(got[0]))
	}
	if got := paragraphs("# Head\n\none\ntwo\n```\ncode\n```\n| a | b |\n- item\n"); fmt.Sprint(got) != "[  one two a | b | item ]" && !strings.Contains(strings.Join(got, "/"), "one two") {
		t.Errorf("%q", got)
	}
	for _, s := range shares[:1] {
		if !s.holds("What a start of a sentence") {
			t.Errorf("%s is not counted", s.name)
		}
	}
	if !shares[1].holds("a page that has what it needs") || !shares[2].holds("a colon: not a list") {
		t.Error("a share is not counted")
	}
}

// TestCommentsAreNarrow holds comments to 100 columns, with a tab as four.
func TestCommentsAreNarrow(t *testing.T) {
	t.Parallel()
	const most = 100
	for _, name := range tracked(t) {
		if filepath.Ext(name) != ".go" || strings.Contains(name, "testdata/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if generated(text) {
			continue
		}
		for i, line := range strings.Split(string(text), "\n") {
			m := comment.FindStringSubmatch(line)
			if m == nil || directive(m[1]) || strings.Contains(line, "//\t") || !strings.Contains(strings.TrimSpace(m[1]), " ") {
				continue
			}
			if n := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")); n > most {
				t.Errorf("%s:%d: the comment has %d columns; at most %d", name, i+1, n, most)
			}
		}
	}
}
