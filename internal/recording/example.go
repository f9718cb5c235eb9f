package recording

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/redact"
)

// An Example is a recorded page as a text file, with the result that is expected of it. The file is
// an archive in the format txtar with these parts:
//
//	page.json    the task and the head of the response
//	body         the body; body.base64 if it is no text, or if it holds a line of the archive
//	raw, dom     as body, if the page has them
//	expect.json  the expected result
type Example struct {
	// Kind is the page kind, and Meta the data of the task.
	Key, Kind string
	Meta      map[string]any
	Page      *seine.Page

	// Expect is the expected result as JSON.
	Expect []byte
}

// exampleHead is page.json.
type exampleHead struct {
	Kind string         `json:"page,omitempty"`
	Meta map[string]any `json:"meta,omitempty"`
	head
}

const expectPart = "expect.json"

// Clean returns a page as a recording has it: without secrets.
func Clean(key string, page *seine.Page, hide ...*redact.Replacer) (*seine.Page, error) {
	h, content, err := headOf(key, page, hide)
	if err != nil {
		return nil, err
	}
	return decode(h, content)
}

// Format returns the text of an example.
func (e Example) Format() ([]byte, error) {
	h, content, err := headOf(e.Key, e.Page, nil)
	if err != nil {
		return nil, err
	}
	out := exampleHead{Kind: e.Kind, Meta: e.Meta, head: h}
	archive := &txtar.Archive{Files: []txtar.File{{}}}
	for _, p := range h.Parts {
		piece := content[:p.Bytes]
		content = content[p.Bytes:]
		if p.Kind == "blob" {
			return nil, errors.New("an example holds no blob: images; record the page instead")
		}
		if p.Same {
			continue
		}
		name, text := p.Kind, piece
		if !plain(piece) {
			name, text = p.Kind+".base64", wrapped(piece)
		}
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: withNewline(text)})
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, err
	}
	archive.Files[0] = txtar.File{Name: "page.json", Data: append(text, '\n')}
	archive.Files = append(archive.Files, txtar.File{Name: expectPart, Data: withNewline(e.Expect)})
	return txtar.Format(archive), nil
}

// plain reports whether a part can stand in an archive as it is: as text, without a line that
// begins another part.
func plain(b []byte) bool {
	return utf8.Valid(b) && len(txtar.Parse(append([]byte("-- x --\n"), b...)).Files) == 1
}

func wrapped(b []byte) []byte {
	text := base64.StdEncoding.EncodeToString(b)
	var out []byte
	for len(text) > 76 {
		out, text = append(append(out, text[:76]...), '\n'), text[76:]
	}
	return append(out, text...)
}

func withNewline(b []byte) []byte {
	if len(b) == 0 || b[len(b)-1] == '\n' {
		return b
	}
	return append(bytes.Clone(b), '\n')
}

// ParseExample reads an example. Errors name the part.
func ParseExample(text []byte) (Example, error) {
	parts := map[string][]byte{}
	for _, f := range txtar.Parse(text).Files {
		if _, twice := parts[f.Name]; twice {
			return Example{}, fmt.Errorf("part %s is there twice", f.Name)
		}
		parts[f.Name] = f.Data
	}
	var in exampleHead
	dec := json.NewDecoder(bytes.NewReader(parts["page.json"]))
	dec.DisallowUnknownFields()
	dec.UseNumber() // the numbers of meta keep their digits
	if err := dec.Decode(&in); err != nil {
		return Example{}, fmt.Errorf("part page.json: %w: write it with `seine try JOB KEY --save NAME`", err)
	}
	for name, v := range in.Meta {
		in.Meta[name] = number.Value(v)
	}
	var content []byte
	for i, p := range in.Parts {
		if p.Same {
			continue
		}
		b, ok := parts[p.Kind]
		if encoded, found := parts[p.Kind+".base64"]; !ok && found {
			text := strings.Map(func(r rune) rune {
				if r == '\n' || r == '\r' {
					return -1
				}
				return r
			}, string(encoded))
			var err error
			if b, err = base64.StdEncoding.DecodeString(text); err != nil {
				return Example{}, fmt.Errorf("part %s.base64: %w", p.Kind, err)
			}
		} else if !ok {
			return Example{}, fmt.Errorf("part %s is not there", p.Kind)
		}
		if len(b) == p.Bytes+1 { // the newline of the archive
			b = b[:p.Bytes]
		}
		in.Parts[i].Bytes = len(b) // a person may change it
		content = append(content, b...)
	}
	page, err := decode(in.head, content)
	return Example{Key: in.Key, Kind: in.Kind, Meta: in.Meta, Page: page, Expect: parts[expectPart]}, err
}

// WithExpect returns the text of an example with another expectation. The rest stays.
func WithExpect(text, expect []byte) []byte {
	archive := txtar.Parse(text)
	for i, f := range archive.Files {
		if f.Name == expectPart {
			archive.Files[i].Data = withNewline(expect)
			return txtar.Format(archive)
		}
	}
	archive.Files = append(archive.Files, txtar.File{Name: expectPart, Data: withNewline(expect)})
	return txtar.Format(archive)
}
