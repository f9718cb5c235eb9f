package css

import (
	"strings"
)

// maxNesting is how deep selectors may be nested.
const maxNesting = 50

// Parse reads a list of selectors. A mistake is a [*SyntaxError].
func Parse(src string) (*Selector, error) {
	p := &parser{scanner: scanner{src: src}}
	return p.parse()
}

// CheckBrowser checks a selector for a browser. It may hold conditions that only a browser can
// judge, and none that only [Parse] knows.
func CheckBrowser(src string) error {
	p := &parser{scanner: scanner{src: src}, browser: true}
	_, err := p.parse()
	return err
}

type parser struct {
	scanner
	browser bool
	depth   int
	inHas   bool
}

func (p *parser) parse() (s *Selector, err error) {
	defer func() {
		switch m := recover().(type) {
		case nil:
		case *SyntaxError:
			s, err = nil, m
		default:
			panic(m)
		}
	}()
	list := p.list(false)
	if !p.end() {
		p.fail(p.pos, "%s has no meaning here", p.found())
	}
	return &Selector{list: list}, nil
}

// list reads selectors between commas, up to the end or a closing parenthesis.
func (p *parser) list(relative bool) (list []*complexSelector) {
	if p.depth++; p.depth > maxNesting {
		p.fail(p.pos, "the selector is nested more than %d deep", maxNesting)
	}
	defer func() { p.depth-- }()
	for {
		list = append(list, p.complex(relative))
		if !p.accept(",") {
			return list
		}
	}
}

// complex reads one selector, and the white space around it.
func (p *parser) complex(relative bool) *complexSelector {
	s := &complexSelector{}
	p.space()
	if relative {
		s.relative = true
		s.compounds = append(s.compounds, &compound{anchor: true})
		comb := byte(' ')
		if c := p.peek(); c == '>' || c == '+' || c == '~' {
			p.pos++
			p.space()
			comb = c
		}
		s.combs = append(s.combs, comb)
	} else if c := p.peek(); c == '>' || c == '+' || c == '~' {
		p.fail(p.pos, "a selector begins with %c: write :scope %c …", c, c)
	}
	for {
		s.compounds = append(s.compounds, p.compound())
		spaced := p.space()
		switch c := p.peek(); {
		case p.end() || c == ',' || c == ')':
			reverse(s)
			return s
		case c == '>' || c == '+' || c == '~':
			p.pos++
			p.space()
			s.combs = append(s.combs, c)
		case spaced:
			s.combs = append(s.combs, ' ')
		default:
			p.fail(p.pos, "%s has no meaning here", p.found())
		}
	}
}

// reverse puts the last compound first.
func reverse(s *complexSelector) {
	for i, j := 0, len(s.compounds)-1; i < j; i, j = i+1, j-1 {
		s.compounds[i], s.compounds[j] = s.compounds[j], s.compounds[i]
	}
	for i, j := 0, len(s.combs)-1; i < j; i, j = i+1, j-1 {
		s.combs[i], s.combs[j] = s.combs[j], s.combs[i]
	}
}

func (p *parser) compound() *compound {
	c := &compound{}
	begin := p.pos
	if p.identBegins() || p.peek() == '*' || p.peek() == '|' && !strings.HasPrefix(p.src[p.pos:], "||") {
		c.name = p.typeName()
	}
	for {
		if p.pos > begin {
			p.comments()
		}
		pos := p.pos
		switch p.peek() {
		case '#':
			p.pos++
			if p.browser && !p.identBegins() {
				p.fail(pos, `a browser knows no #%c: write [id="%c…"]`, p.peek(), p.peek())
			}
			id := p.name()
			if id == "" {
				p.fail(p.pos, "an id is missing after #: found %s", p.found())
			}
			c.simple = append(c.simple, idSelector{id})
		case '.':
			p.pos++
			c.simple = append(c.simple, classSelector{p.ident("a class after .")})
		case '[':
			c.simple = append(c.simple, p.attribute())
		case ':':
			c.simple = append(c.simple, p.pseudo())
		default:
			if p.pos == begin {
				p.fail(p.pos, "a selector is missing: found %s", p.found())
			}
			return c
		}
	}
}

// typeName reads a type selector such as p, *, svg|a, *|a or |a.
func (p *parser) typeName() *name {
	n := &name{anyPrefix: true}
	first := p.nameOrStar()
	if p.peek() == '|' && !strings.HasPrefix(p.src[p.pos:], "|=") && !strings.HasPrefix(p.src[p.pos:], "||") {
		p.pos++
		n.anyPrefix = first == "*"
		if first != "*" {
			n.prefix = first
		}
		if p.browser && n.prefix != "" {
			p.fail(p.pos, "a browser knows no prefix %s: write *|", n.prefix)
		}
		first = p.nameOrStar()
		if first == "" {
			p.fail(p.pos, "a name is missing after |: found %s", p.found())
		}
	}
	if first != "*" {
		n.local, n.lower = first, lower(first)
	}
	return n
}

func (p *parser) nameOrStar() string {
	if p.accept("*") {
		return "*"
	}
	if !p.identBegins() {
		return ""
	}
	return p.name()
}

// attribute reads [name], [name=value] and so on.
func (p *parser) attribute() simple {
	begin := p.pos
	p.pos++
	p.space()
	a := attributeSelector{}
	first := p.nameOrStar()
	if p.peek() == '|' && !strings.HasPrefix(p.src[p.pos:], "|=") {
		p.pos++
		if a.anyPrefix = first == "*"; !a.anyPrefix {
			a.prefix = first
		}
		if p.browser && a.prefix != "" {
			p.fail(begin, "a browser knows no prefix %s: write *|", a.prefix)
		}
		first = p.ident("a name after |")
	}
	if first == "" || first == "*" {
		p.fail(p.pos, "the name of an attribute is missing after [: found %s", p.found())
	}
	a.key, a.lower = first, lower(first)
	p.space()
	if p.accept("]") {
		return a
	}
	pos := p.pos
	if a.op = p.peek(); a.op != '=' {
		p.pos++
		if !strings.ContainsRune("~|^$*!#", rune(a.op)) || a.op == 0 {
			p.pos = pos
			p.fail(pos, "] or = is missing after the name of an attribute: found %s", p.found())
		}
	}
	p.need("=", "the name of an attribute")
	if p.browser && (a.op == '!' || a.op == '#') {
		whole, _, _ := strings.Cut(p.src[begin:], "]")
		remedy := "write :not([…=…])"
		if a.op == '#' {
			remedy = "give `attr` and `matches` next to css"
		}
		p.fail(begin, "a browser knows no %s]: %s", whole, remedy)
	}
	p.space()
	a.value = p.value(a.op)
	p.space()
	if p.identBegins() {
		flag := p.pos
		switch f := lower(p.name()); f {
		case "i", "s":
			a.fold = f[0]
		default:
			p.fail(flag, "%s is no flag: i or s", f)
		}
		p.space()
	}
	p.need("]", "the value of an attribute")
	if a.op == '#' {
		a.re = p.pattern(begin, a.value)
	}
	return a
}

// value reads the value of an attribute: an identifier or a quoted text, and outside of browsers
// any text up to ].
func (p *parser) value(op byte) string {
	if c := p.peek(); c == '"' || c == '\'' {
		return p.quoted()
	}
	if p.identBegins() && op != '#' {
		begin := p.pos
		s := p.name()
		if c := p.peek(); p.browser || isSpace(c) || c == ']' {
			return s
		}
		p.pos = begin
	}
	if p.browser {
		p.fail(p.pos, "the value of an attribute is missing: found %s. Write it in quotation marks", p.found())
	}
	begin := p.pos
	for depth := 0; !p.end() && p.src[begin] != '='; p.pos++ {
		c := p.src[p.pos]
		if c == ']' && depth == 0 || isSpace(c) && op != '#' {
			break
		}
		switch {
		case c == '\\':
			p.pos++
		case c == '[' && op == '#':
			depth++
		case c == ']':
			depth--
		}
	}
	p.pos = min(p.pos, len(p.src))
	if begin == p.pos {
		p.fail(p.pos, "the value of an attribute is missing: found %s", p.found())
	}
	return strings.TrimSpace(p.src[begin:p.pos])
}

// lower makes ASCII letters lower case.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] |= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}
