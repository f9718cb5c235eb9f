package markup

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

// The numbers in the list that a browser's tree is transferred as. Texts are
// strings. The list begins with its version and flags.
const (
	domEnd = iota
	domHTML
	domSVG
	domMath
	domOther
	domAttribute
	domState
	domComment
	domDoctype
	domInstruction
	domShadow

	domVersion = 1
	domXML     = 1
	domQuirks  = 2
)

// DOM builds the tree of a page in a browser, from the list that chromefetch/js/dom.js writes. It
// fails on a list that is not complete, on a tree over a bound, and when ctx ends.
func DOM(ctx context.Context, list []byte, o Options) (d *Document, err error) {
	b := &domBuilder{
		maker: &maker{ctx: ctx, most: o.maxNodes()}, src: string(list),
		out: &Document{Root: &html.Node{Type: html.DocumentNode}, Scripting: true},
	}
	b.at = b.out.Root
	defer stopped(&err)
	b.build()
	return b.out, nil
}

type domBuilder struct {
	*maker
	src string
	pos int
	out *Document
	at  *html.Node

	last   *html.Node // the element that attributes and states belong to
	shadow bool       // the next node is one of a shadow root
}

func (b *domBuilder) fail() {
	panic(stop{&Error{Message: "the browser's tree of the page is not complete: byte " + strconv.Itoa(b.pos)}})
}

func (b *domBuilder) build() {
	b.need('[')
	if b.number() != domVersion {
		b.fail()
	}
	flags := b.number()
	b.out.XML, b.out.Quirks = flags&domXML != 0, flags&domQuirks != 0
	for b.more() {
		if b.src[b.pos] == '"' {
			b.add(html.TextNode, b.text())
			continue
		}
		switch kind := b.number(); kind {
		case domEnd:
			if b.at == b.out.Root {
				b.fail()
			}
			b.at, b.last = b.at.Parent, nil
		case domHTML, domSVG, domMath, domOther:
			b.element(kind)
		case domAttribute:
			prefix, key, ok := strings.Cut(b.text(), ":")
			if !ok {
				prefix, key = "", prefix
			}
			value := b.text()
			if b.last == nil {
				b.fail()
			}
			b.last.Attr = append(b.last.Attr, html.Attribute{Namespace: prefix, Key: key, Val: value})
		case domState:
			state := State(b.number())
			if b.last == nil {
				b.fail()
			}
			if b.out.States == nil {
				b.out.States = map[*html.Node]State{}
			}
			b.out.States[b.last] = state
		case domComment:
			b.add(html.CommentNode, b.text())
		case domDoctype:
			n := b.add(html.DoctypeNode, b.text())
			for _, key := range []string{"public", "system"} {
				if id := b.text(); id != "" {
					n.Attr = append(n.Attr, html.Attribute{Key: key, Val: id})
				}
			}
		case domInstruction:
			n := b.add(html.RawNode, b.text())
			n.Attr = []html.Attribute{{Val: b.text()}}
		case domShadow:
			b.shadow = true
		default:
			b.fail()
		}
	}
	if b.at != b.out.Root {
		b.fail()
	}
}

func (b *domBuilder) element(kind int) {
	namespace := map[int]string{domHTML: "", domSVG: "svg", domMath: "math"}[kind]
	if kind == domOther {
		namespace = b.text()
	}
	n := b.add(html.ElementNode, b.text())
	n.Namespace = namespace
	if kind != domOther {
		n.DataAtom = a.Lookup([]byte(n.Data))
	}
	if kind == domHTML && n.DataAtom == 0 && b.out.XML {
		n.Namespace = xhtmlNamespace
	}
	count := b.number()
	b.attributes(count)
	if count > 0 {
		n.Attr = make([]html.Attribute, 0, min(count, 64))
	}
	for range count {
		key := b.text()
		n.Attr = append(n.Attr, html.Attribute{Key: key, Val: b.text()})
	}
	b.at, b.last = n, n
}

func (b *domBuilder) add(t html.NodeType, data string) *html.Node {
	n := b.node()
	n.Type, n.Data = t, data
	b.at.AppendChild(n)
	if b.shadow {
		if b.out.Shadow == nil {
			b.out.Shadow = map[*html.Node]bool{}
		}
		b.out.Shadow[n] = true
		b.shadow = false
	}
	b.last = nil
	return n
}

func (b *domBuilder) need(c byte) {
	if b.pos >= len(b.src) || b.src[b.pos] != c {
		b.fail()
	}
	b.pos++
}

// more advances to the next value, and returns false at the end of the list.
func (b *domBuilder) more() bool {
	if b.pos >= len(b.src) {
		b.fail()
	}
	if b.src[b.pos] == ']' {
		return false
	}
	b.comma()
	if b.pos >= len(b.src) {
		b.fail()
	}
	return true
}

func (b *domBuilder) comma() {
	if b.pos > 1 {
		b.need(',')
	}
}

// number reads a number. The comma before it was read by more, or is read here.
func (b *domBuilder) number() int {
	if b.pos < len(b.src) && b.src[b.pos] == ',' {
		b.pos++
	}
	begin := b.pos
	for b.pos < len(b.src) && '0' <= b.src[b.pos] && b.src[b.pos] <= '9' {
		b.pos++
	}
	n, err := strconv.Atoi(b.src[begin:b.pos])
	if err != nil || n > max(len(b.src), int(allStates)) {
		b.fail()
	}
	return n
}

// text reads a string, with the comma before it.
func (b *domBuilder) text() string {
	if b.pos < len(b.src) && b.src[b.pos] == ',' {
		b.pos++
	}
	b.need('"')
	begin := b.pos
	plain := true
	for {
		i := strings.IndexAny(b.src[b.pos:], `"\`)
		if i < 0 {
			b.pos = len(b.src)
			b.fail()
		}
		b.pos += i + 1
		if b.src[b.pos-1] == '"' {
			break
		}
		plain = false
		b.pos++
		if b.pos > len(b.src) {
			b.fail()
		}
	}
	s := b.src[begin : b.pos-1]
	if !plain {
		var out string
		if json.Unmarshal([]byte(b.src[begin-1:b.pos]), &out) != nil {
			b.fail()
		}
		return out
	}
	if !utf8.ValidString(s) {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.Clone(s)
}
