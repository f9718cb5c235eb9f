package frontier

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/weburl"
)

// collapsed returns a canonical URL with ${NAME} in place of each secret, so that no key contains a
// secret. A canonical URL has no braces of its own.
func collapsed(variables map[string]string, page string) string {
	if len(variables) == 0 {
		return page
	}
	for _, name := range byLength(variables) {
		for _, f := range spellings(variables[name]) {
			page = strings.ReplaceAll(page, f.text, "${"+name+f.mark+"}")
		}
	}
	return page
}

// expanded returns a key with its secrets, each in the spelling that the key names.
func expanded(variables map[string]string, key string) string {
	if len(variables) == 0 || !strings.Contains(key, "${") {
		return key
	}
	for name, value := range variables {
		for _, f := range spellings(value) {
			key = strings.ReplaceAll(key, "${"+name+f.mark+"}", f.text)
		}
	}
	return key
}

// written is a secret as a canonical URL may write it, and the mark of that spelling in a key:
// ${NAME} or ${NAME:path}.
type written struct{ mark, text string }

// spellings returns the ways in which canonical URLs write a secret. A page may leave characters
// such as / and + as they are, and that URL is another one than with %2F.
func spellings(value string) (out []written) {
	const base = "http://h.example/"
	add := func(mark, prefix, form string) {
		text, err := weburl.Canonical(prefix + form)
		if text = strings.TrimPrefix(text, prefix); err != nil || text == "" || slices.ContainsFunc(out, func(s written) bool { return s.text == text }) {
			return
		}
		out = append(out, written{mark, text})
	}
	escaped := url.QueryEscape(value)
	add("", base, strings.ReplaceAll(escaped, "+", "%20"))
	add(":path", base, url.PathEscape(value))
	add(":form", base+"?", escaped)
	add(":plain", base+"?", strings.ReplaceAll(value, "#", "%23"))
	// The longest first, because a spelling may contain a shorter one.
	slices.SortStableFunc(out, func(a, b written) int { return cmp.Compare(len(b.text), len(a.text)) })
	return out
}

// HideSend returns the request of a link as the frontier stores it, with ${NAME} in place of each
// secret of the job. A ${ of the page becomes $${.
func HideSend(job *seine.Job, send *seine.Send) *seine.Send {
	return mapSend(job, send, func(text string) string {
		text = strings.ReplaceAll(text, "${", "$${")
		for _, name := range byLength(job.Variables) {
			if value := job.Variables[name]; value != "" {
				text = strings.ReplaceAll(text, value, "${"+name+"}")
			}
		}
		return text
	})
}

// ShowSend is the inverse of [HideSend].
func ShowSend(job *seine.Job, send *seine.Send) *seine.Send {
	return mapSend(job, send, func(text string) string {
		return variable.ReplaceAllStringFunc(text, func(found string) string {
			if strings.HasPrefix(found, "$$") {
				return found[1:]
			}
			if value, ok := job.Variables[found[len("${"):len(found)-1]]; ok {
				return value
			}
			return found
		})
	})
}

var variable = regexp.MustCompile(`\$\$\{|\$\{[A-Za-z_][A-Za-z0-9_]*\}`)

func mapSend(job *seine.Job, send *seine.Send, change func(string) string) *seine.Send {
	if send == nil || len(job.Variables) == 0 {
		return send
	}
	out := *send
	out.Body = change(out.Body)
	out.Header = out.Header.Clone()
	for _, values := range out.Header {
		for i, v := range values {
			values[i] = change(v)
		}
	}
	return &out
}

// byLength returns the names of variables. A secret that contains another one comes first.
func byLength(variables map[string]string) []string {
	return slices.SortedFunc(maps.Keys(variables), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(variables[b]), len(variables[a])), cmp.Compare(a, b))
	})
}
