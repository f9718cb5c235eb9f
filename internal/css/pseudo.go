package css

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// remedies maps a pseudo-class that only [Parse] knows to its spelling for a browser.
var remedies = map[string]string{
	"contains":    "give `matches` next to css",
	"containsown": "give `matches` next to css",
	"matches":     "give `matches` next to css",
	"matchesown":  "give `matches` next to css",
	"haschild":    "write :has(> …)",
	"input":       "write :is(input, select, textarea, button)",
}

// ofBrowser lists pseudo-classes without arguments that only a browser can judge, because they
// depend on the user or on checked values.
var ofBrowser = []string{
	"active", "autofill", "default", "focus", "focus-visible", "focus-within", "fullscreen", "host", "hover", "in-range", "indeterminate",
	"invalid", "modal", "muted", "out-of-range", "paused", "picture-in-picture", "playing", "popover-open", "target", "user-invalid",
	"user-valid", "valid", "visited",
}

// pseudo reads a pseudo-class.
func (p *parser) pseudo() simple {
	begin := p.pos
	p.pos++
	if p.accept(":") {
		p.element(begin)
	}
	name := lower(p.ident("the name of a pseudo-class after :"))
	if p.browser {
		if remedy, own := remedies[name]; own {
			p.fail(begin, "a browser knows no :%s: %s", name, remedy)
		}
	}
	if p.peek() != '(' {
		return p.plain(begin, name)
	}
	p.pos++
	s := p.withArguments(begin, name)
	p.space()
	p.need(")", "the argument of :"+name)
	return s
}

// element rejects a pseudo-element.
func (p *parser) element(begin int) {
	name := ""
	if p.identBegins() {
		name = lower(p.name())
	}
	switch {
	case p.browser:
		p.fail(begin, "an element in the page has no ::, only its looks have")
	case name == "text":
		p.fail(begin, "::text is Scrapy's: leave it out, because a field takes the text by itself")
	case name == "attr":
		attr := "href"
		if p.accept("(") && p.identBegins() {
			attr = p.name()
		}
		p.fail(begin, "::attr is Scrapy's: give attr: %s next to css", attr)
	}
	p.fail(begin, "::%s selects no element, because it belongs to the rendering of a page", name)
}

func (p *parser) plain(begin int, name string) simple {
	if s, ok := states[name]; ok {
		return state{s, name == "empty"}
	}
	switch name {
	case "first-child":
		return &nth{b: 1}
	case "last-child":
		return &nth{b: 1, last: true}
	case "first-of-type":
		return &nth{b: 1, ofType: true}
	case "last-of-type":
		return &nth{b: 1, ofType: true, last: true}
	case "is", "where", "not", "has", "nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type", "lang", "contains", "containsown", "matches", "matchesown", "haschild":
		p.fail(begin, ":%s needs an argument: :%s(…)", name, name)
	case "before", "after", "first-line", "first-letter":
		p.fail(begin, ":%s selects no element, because it belongs to the rendering of a page", name)
	}
	if slices.Contains(ofBrowser, name) {
		if p.browser {
			return state{holds: never}
		}
		p.fail(begin, "only a browser knows :%s, so a field cannot use it", name)
	}
	p.fail(begin, "there is no pseudo-class :%s", name)
	return nil
}

func (p *parser) withArguments(begin int, name string) simple {
	switch name {
	case "is", "where", "not":
		return nested{list: p.list(false), not: name == "not"}
	case "has":
		if p.inHas {
			p.fail(begin, ":has can't stand in :has")
		}
		p.inHas = true
		defer func() { p.inHas = false }()
		return &has{list: p.list(true)}
	case "haschild":
		list := p.list(true)
		for _, s := range list {
			s.combs[len(s.combs)-1] = '>'
		}
		return &has{list: list}
	case "nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type":
		return p.nth(name)
	case "lang":
		return p.lang()
	case "contains", "containsown":
		return text{part: strings.ToLower(p.words()), own: name == "containsown"}
	case "matches", "matchesown":
		pos := p.pos
		return text{re: p.pattern(pos, p.words()), own: name == "matchesown"}
	case "dir", "state", "host", "host-context", "nth-col":
		if p.browser && name != "nth-col" {
			p.ident("a name")
			return state{holds: never}
		}
		p.fail(begin, "only a browser knows :%s, so a field cannot use it", name)
	}
	if _, ok := states[name]; ok {
		p.fail(begin, ":%s takes no argument", name)
	}
	p.fail(begin, "there is no pseudo-class :%s()", name)
	return nil
}

// nth reads an+b and, of children, a list after "of".
func (p *parser) nth(name string) simple {
	n := &nth{last: strings.Contains(name, "last"), ofType: strings.HasSuffix(name, "type")}
	p.space()
	begin := p.pos
	for !p.end() && (isName(p.src[p.pos]) || p.src[p.pos] == '+' || isSpace(p.src[p.pos])) {
		if isSpace(p.src[p.pos]) && strings.HasPrefix(lower(strings.TrimLeft(p.src[p.pos:], " \t\r\n\f")), "of") {
			break
		}
		p.pos++
	}
	var ok bool
	if n.a, n.b, ok = parseNth(p.src[begin:p.pos]); !ok {
		p.fail(begin, "%q is no position: write 3, odd, even or 2n+1", strings.TrimSpace(p.src[begin:p.pos]))
	}
	p.space()
	if pos := p.pos; !n.ofType && len(p.src) >= pos+2 && lower(p.src[pos:pos+2]) == "of" {
		p.pos += 2
		n.of = p.list(false)
	}
	return n
}

// parseNth reads an+b (CSS Syntax Level 3, section 6).
func parseNth(s string) (a, b int, ok bool) {
	s = lower(strings.Trim(s, " \t\r\n\f"))
	switch s {
	case "odd":
		return 2, 1, true
	case "even":
		return 2, 0, true
	}
	i := strings.IndexByte(s, 'n')
	if i < 0 {
		b, ok = integer(s)
		return 0, b, ok
	}
	switch s[:i] {
	case "", "+":
		a = 1
	case "-":
		a = -1
	default:
		if a, ok = integer(s[:i]); !ok {
			return 0, 0, false
		}
	}
	rest := strings.Trim(s[i+1:], " \t\r\n\f")
	if rest == "" {
		return a, 0, true
	}
	sign, digits := rest[:1], strings.TrimLeft(rest[1:], " \t\r\n\f")
	if sign != "+" && sign != "-" || digits == "" || digits[0] == '+' || digits[0] == '-' {
		return 0, 0, false
	}
	b, ok = integer(sign + digits)
	return a, b, ok
}

// integer reads digits with an optional sign. A number that is too large is the
// largest.
func integer(s string) (int, bool) {
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" || len(s)-len(digits) > 1 {
		return 0, false
	}
	n, _ := strconv.ParseInt(s, 10, 32)
	return int(n), true
}

// lang reads ranges of languages between commas.
func (p *parser) lang() simple {
	var l lang
	for {
		p.space()
		if c := p.peek(); c == '"' || c == '\'' {
			l.ranges = append(l.ranges, lower(p.quoted()))
		} else {
			l.ranges = append(l.ranges, lower(p.ident("a language")))
		}
		p.space()
		if !p.accept(",") {
			return l
		}
	}
}

// words reads a text in quotation marks, or all up to the closing parenthesis.
func (p *parser) words() string {
	p.space()
	if c := p.peek(); c == '"' || c == '\'' {
		return p.quoted()
	}
	begin := p.pos
	for depth := 0; !p.end(); p.pos++ {
		switch p.src[p.pos] {
		case '\\':
			p.pos++
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return strings.TrimSpace(p.src[begin:p.pos])
			}
		}
	}
	p.pos = len(p.src)
	return p.src[begin:]
}

func (p *parser) pattern(pos int, src string) *regexp.Regexp {
	re, err := regexp.Compile(src)
	if err != nil {
		p.fail(pos, "%s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re
}
