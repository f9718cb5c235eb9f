package markup

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

func (x *xmlParser) startTag() {
	begin := x.pos
	x.pos++
	name := x.name()
	if name == "" {
		x.fail(begin, "< begins no tag: as text it is &lt;")
	}
	if x.at == x.doc {
		for n := x.doc.FirstChild; n != nil; n = n.NextSibling {
			if n.Type == html.ElementNode {
				x.fail(begin, "<%s> stands outside the root element", shortened(name))
			}
		}
	}
	attr, empty := x.attributeList(name, begin)
	x.attributes(len(attr))
	undo := x.declare(attr)
	n := x.add(html.ElementNode, name)
	n.Attr = attr
	prefix, local, ok := strings.Cut(name, ":")
	if !ok {
		prefix, local = "", name
	}
	n.Namespace = x.namespaces[prefix]
	if atom := a.Lookup([]byte(local)); atom != 0 && n.Namespace == xhtmlNamespace {
		n.Namespace, n.Data, n.DataAtom = "", local, atom
	}
	if empty {
		x.undeclare(undo)
		return
	}
	x.open = append(x.open, opened{name: name, begin: begin, undo: undo})
	x.at = n
}

// attributeList reads the attributes of a start tag and its end.
func (x *xmlParser) attributeList(tag string, begin int) (attr []html.Attribute, empty bool) {
	var seen map[string]bool
	for {
		spaced := x.space()
		if x.pos >= len(x.src) {
			x.fail(begin, "the tag <%s has no end", shortened(tag))
		}
		switch c := x.src[x.pos]; {
		case c == '>':
			x.pos++
			return attr, false
		case c == '/' && strings.HasPrefix(x.src[x.pos:], "/>"):
			x.pos += 2
			return attr, true
		case !spaced:
			x.fail(x.pos, "white space is missing before an attribute of <%s>", shortened(tag))
		}
		at := x.pos
		name := x.name()
		if name == "" {
			r, _ := utf8.DecodeRuneInString(x.src[x.pos:])
			x.fail(at, "%q is no attribute of <%s>", r, shortened(tag))
		}
		x.space()
		if x.pos >= len(x.src) || x.src[x.pos] != '=' {
			x.fail(at, "attribute %s of <%s> has no value", shortened(name), shortened(tag))
		}
		x.pos++
		x.space()
		value := x.attributeValue(name, at)
		if seen == nil {
			seen = map[string]bool{}
		}
		if seen[name] {
			x.fail(at, "attribute %s of <%s> stands twice", shortened(name), shortened(tag))
		}
		seen[name] = true
		prefix, local, ok := strings.Cut(name, ":")
		if !ok {
			prefix, local = "", name
		}
		attr = append(attr, html.Attribute{Namespace: prefix, Key: local, Val: value})
	}
}

func (x *xmlParser) attributeValue(name string, begin int) string {
	if x.pos >= len(x.src) || x.src[x.pos] != '"' && x.src[x.pos] != '\'' {
		x.fail(begin, "the value of attribute %s is not in quotation marks", shortened(name))
	}
	quote := x.src[x.pos]
	x.pos++
	var b strings.Builder
	for {
		end := strings.IndexAny(x.src[x.pos:], string(quote)+"<&")
		if end < 0 {
			x.fail(begin, "the value of attribute %s has no end", shortened(name))
		}
		b.WriteString(allowed(spaces(lines(x.src[x.pos : x.pos+end]))))
		x.pos += end
		switch x.src[x.pos] {
		case quote:
			x.pos++
			return b.String()
		case '<':
			x.fail(x.pos, "< stands in the value of attribute %s: there it is &lt;", shortened(name))
		}
		b.WriteString(x.reference(0))
	}
}

// declare notes the namespaces that attributes declare.
func (x *xmlParser) declare(attr []html.Attribute) (undo []namespace) {
	for _, at := range attr {
		prefix, is := at.Key, at.Namespace == "xmlns"
		if at.Namespace == "" && at.Key == "xmlns" {
			prefix, is = "", true
		}
		if is {
			uri, was := x.namespaces[prefix]
			undo = append(undo, namespace{prefix, uri, was})
			x.namespaces[prefix] = at.Val
		}
	}
	return undo
}

func (x *xmlParser) undeclare(undo []namespace) {
	for _, n := range undo {
		if n.was {
			x.namespaces[n.prefix] = n.uri
		} else {
			delete(x.namespaces, n.prefix)
		}
	}
}

func (x *xmlParser) endTag() {
	begin := x.pos
	x.pos += 2
	name := x.name()
	x.space()
	if x.pos >= len(x.src) || x.src[x.pos] != '>' {
		x.fail(begin, "the tag </%s has no end", shortened(name))
	}
	x.pos++
	last := len(x.open) - 1
	if last < 0 {
		x.fail(begin, "</%s> closes nothing", shortened(name))
	}
	o := x.open[last]
	if o.name != name {
		line := strings.Count(x.src[:o.begin], "\n") + 1
		x.fail(begin, "</%s> stands where </%s> is due: line %d opens <%s>", shortened(name), shortened(o.name), line, shortened(o.name))
	}
	x.flush()
	x.undeclare(o.undo)
	x.open = x.open[:last]
	x.at = x.at.Parent
}
