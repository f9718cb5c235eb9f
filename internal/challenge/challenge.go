// Package challenge recognizes pages that ask for proof of a human, and pages that report a ban. It
// is pure.
//
// Seine does not solve or evade them. The host is blocked with the name as the reason. A wrong
// match would stop a whole host, so a signature asks for the header, title or status of an
// interstitial. A captcha in a form, the script of a vendor on a normal page, or an article about
// challenges do not match. The signatures are data: signatures.json, with the source of each.
package challenge

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html"
	"slices"
	"strings"
	"sync"
)

// maxBody is the most bytes of a body that are searched. Interstitials are smaller.
const maxBody = 64 << 10

// Page is a response.
type Page struct {
	Status int

	// Header is the header of the response, an http.Header.
	Header map[string][]string

	// Body is the text in UTF-8. Of a longer one, the first 64 KiB count.
	Body []byte
}

//go:embed signatures.json
var file []byte

// signature is one form of a challenge. All conditions that it states have to hold. Texts are in
// lower case.
type signature struct {
	// Name is the reason for which the host is blocked. Source tells where the signature is from.
	Name, Source string

	// Status lists the statuses of which the page has one.
	Status []int

	// Header maps names of headers to a text that the value contains.
	Header map[string]string

	// Title lists the titles of which the page has one.
	Title []string

	// All and Any are texts in the body. Lacks are texts that are not in it.
	All, Any, Lacks []string

	// Under is the length in bytes below which the body is.
	Under int
}

var signatures = sync.OnceValue(func() (s []signature) {
	if err := json.Unmarshal(file, &s); err != nil {
		panic(err) // the file is part of the program
	}
	return s
})

// Of returns the name of the challenge that a page is: "Cloudflare challenge". ok is false for all
// other pages.
func Of(p Page) (name string, ok bool) {
	v := view{Page: p}
	for _, s := range signatures() {
		if v.matches(s) {
			return s.Name, true
		}
	}
	return "", false
}

// view is a page with its title, which is read when a signature asks for it.
type view struct {
	Page
	titled bool
	title  string
}

func (v *view) matches(s signature) bool {
	if len(s.Status) > 0 && !slices.Contains(s.Status, v.Status) {
		return false
	}
	for name, text := range s.Header {
		if !v.hasHeader(name, text) {
			return false
		}
	}
	if s.Under > 0 && len(v.Body) >= s.Under {
		return false
	}
	switch {
	case len(s.Title) > 0 && !slices.Contains(s.Title, v.heading()),
		len(s.Any) > 0 && !slices.ContainsFunc(s.Any, v.holds),
		slices.ContainsFunc(s.Lacks, v.holds):
		return false
	}
	return !slices.ContainsFunc(s.All, func(text string) bool { return !v.holds(text) })
}

func (v *view) hasHeader(name, text string) bool {
	for n, values := range v.Header {
		if strings.EqualFold(n, name) && slices.ContainsFunc(values, func(value string) bool { return strings.Contains(strings.ToLower(value), text) }) {
			return true
		}
	}
	return false
}

// searched returns the part of the body that counts.
func (v *view) searched() []byte { return v.Body[:min(len(v.Body), maxBody)] }

// rarity lists characters, rare ones in pages first.
const rarity = "@|~^{}[]_\\&;%qjzxkvwybgfmpuhdlcrnsioaet0123456789+*!?,.:#'-\"/=<> "

// holds reports whether the body contains a text, in any case. It looks for the rarest
// character of the text, because most normal pages are searched for some texts.
func (v *view) holds(text string) bool {
	at := 0
	for i := range len(text) {
		if strings.IndexByte(rarity, text[i]) < strings.IndexByte(rarity, text[at]) {
			at = i
		}
	}
	c := text[at]
	return holdsAt(v.searched(), text, at, c) || 'a' <= c && c <= 'z' && holdsAt(v.searched(), text, at, c-'a'+'A')
}

// holdsAt reports whether body contains a text, in any case, with the octet c at an index of it.
func holdsAt(body []byte, text string, at int, c byte) bool {
	for from := 0; ; from++ {
		i := bytes.IndexByte(body[from:], c)
		if i < 0 {
			return false
		}
		from += i
		begin := from - at
		if begin >= 0 && begin+len(text) <= len(body) && bytes.EqualFold(body[begin:begin+len(text)], []byte(text)) {
			return true
		}
	}
}

// heading returns the title in lower case.
func (v *view) heading() string {
	if v.titled {
		return v.title
	}
	v.titled = true
	const tag = "<title"
	rest := v.searched()
	for {
		i := bytes.IndexByte(rest, tag[0])
		if i < 0 || len(rest)-i < len(tag) {
			return ""
		}
		rest = rest[i:]
		if strings.EqualFold(string(rest[:len(tag)]), tag) {
			break
		}
		rest = rest[1:]
	}
	_, rest, ok := bytes.Cut(rest, []byte(">"))
	if !ok {
		return ""
	}
	rest, _, _ = bytes.Cut(rest, []byte("<"))
	title := strings.ReplaceAll(html.UnescapeString(strings.ToLower(string(rest))), "\u2019", "'")
	v.title = strings.ReplaceAll(strings.Join(strings.Fields(title), " "), "…", "...")
	return v.title
}
