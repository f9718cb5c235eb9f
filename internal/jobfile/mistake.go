package jobfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing that is wrong in a job file.
type Mistake struct {
	// File is the name that the file was given.
	File string

	// Line and Column are where, from 1; columns count characters.
	Line, Column int

	// Path is the key, such as fetch.timeout or verdict[2].skip. It is empty for the file.
	Path string

	// Message states the mistake and the nearest correct word, if there is one. Values of the
	// environment are left out of it.
	Message string
}

// Error returns the mistake as compilers write one.
func (m Mistake) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Message)
}

// Mistakes are all that is wrong in a job file, in the order of their places.
type Mistakes []Mistake

// Error returns the mistakes, a line each.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

// place is a position in a file.
type place struct{ line, column int }

// report collects mistakes.
type report struct {
	file     string
	mistakes Mistakes

	// secrets are the values of the environment that no message may hold.
	secrets []string
}

// show returns a short text without secrets for a message. It removes secrets before it shortens
// the text, so that no part of a secret stays.
func (r *report) show(s string) string { return shorten(hide(s, r.secrets)) }

func (r *report) say(at place, path, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{
		File: r.file, Line: at.line, Column: at.column, Path: path, Message: fmt.Sprintf(format, args...),
	})
}

// maxMistakes bounds a report, because in a file that is no job file everything is wrong.
const maxMistakes = 100

// err returns the mistakes in order, without the values of secrets; nil when
// there are none.
func (r *report) err() error {
	if len(r.mistakes) == 0 {
		return nil
	}
	return sorted(r.mistakes, r.secrets)
}

func sorted(ms Mistakes, secrets []string) Mistakes {
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	ms = slices.Compact(ms)
	if len(ms) > maxMistakes {
		ms = ms[:maxMistakes]
	}
	for i := range ms {
		ms[i].Message = hide(ms[i].Message, secrets)
	}
	return ms
}

// hide writes *** for every secret. The longest secret goes first, because another may be part of
// it.
func hide(s string, secrets []string) string {
	secrets = slices.SortedFunc(slices.Values(secrets), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, secret := range secrets {
		s = strings.ReplaceAll(s, secret, "***")
	}
	return s
}

// didYouMean is the end of a message about a wrong word.
func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", near)
}
