package robots

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/charset"
)

const (
	// MaxBytes is the most bytes of a robots.txt that count, the least that RFC 9309 section 2.5
	// permits. A line that the limit cuts does not count.
	MaxBytes = 500 << 10

	// MaxDelay bounds Crawl-delay. A host that asks for more gets one request per hour.
	MaxDelay = time.Hour

	// maxLine is the most bytes of a line that count, as in Google's parser: less than eight times
	// the longest URL of old browsers.
	maxLine = 8*2083 - 1
)

// group is what one agent, or all of them, is told.
type group struct {
	rules  []rule
	usages []Usage
	delay  time.Duration
}

// parser collects the group of the agent and the group of all agents.
type parser struct {
	agent string
	out   Rules

	specific, global group
	hasSpecific      bool // some line names the agent

	// Agent lines after a record that the RFC does not define join the rules of their group, but
	// that record does not hold for them.
	rules, others agents
}

// agents states for whom the current line is.
type agents struct {
	specific, global bool
	closed           bool // the next agent line starts a new group
}

// begin prepares for another agent line.
func (a *agents) begin() {
	if a.closed {
		*a = agents{}
	}
}

// Parse returns the rules of a robots.txt for an agent, a product token such as "Seine". Groups
// that name the agent, in any case, are joined. If there is none, the groups of "*" hold.
func Parse(body []byte, agent string) *Rules {
	if len(body) > MaxBytes {
		body = body[:MaxBytes]
		body = body[:bytes.LastIndexAny(body, "\r\n")+1]
	}
	p := parser{agent: agent}
	for _, line := range bytes.FieldsFunc(withoutMark(body), func(r rune) bool { return r == '\n' || r == '\r' }) {
		p.line(string(line[:min(len(line), maxLine)]))
	}
	g := p.global
	if p.hasSpecific {
		g = p.specific
	}
	p.out.rules, p.out.Usages, p.out.Delay = sorted(g.rules), g.usages, g.delay
	return &p.out
}

// withoutMark removes a byte order mark, which may be cut, and converts UTF-16.
func withoutMark(body []byte) []byte {
	if bytes.HasPrefix(body, []byte("\xff\xfe")) || bytes.HasPrefix(body, []byte("\xfe\xff")) {
		body, _ = charset.ToUTF8(body, "text/plain", "")
	}
	for _, c := range []byte("\xef\xbb\xbf") {
		if len(body) == 0 || body[0] != c {
			break
		}
		body = body[1:]
	}
	return body
}

func (p *parser) line(line string) {
	key, value, ok := keyValue(line)
	if !ok {
		return
	}
	switch {
	case starts(key, "user-agent", "useragent", "user agent"):
		p.userAgent(value)
	case starts(key, "allow"):
		p.rule(true, value)
	case starts(key, "disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"):
		p.rule(false, value)
	case starts(key, "sitemap", "site-map"):
		if value != "" {
			p.out.Sitemaps = append(p.out.Sitemaps, value)
		}
	case strings.EqualFold(key, "crawl-delay"):
		p.delay(value)
	case strings.EqualFold(key, "content-usage"):
		p.usage("Content-Usage", value)
	case strings.EqualFold(key, "content-signal"):
		p.usage("Content-Signal", value)
	}
}

// keyValue splits a line. A space stands for a missing colon if the line has exactly two words.
func keyValue(line string) (key, value string, ok bool) {
	line, _, _ = strings.Cut(line, "#")
	line = strings.Trim(line, spaces)
	if key, value, ok = strings.Cut(line, ":"); !ok {
		i := strings.IndexAny(line, " \t")
		if i < 0 {
			return "", "", false
		}
		key, value = line[:i], strings.Trim(line[i:], spaces)
		if strings.ContainsAny(value, " \t") {
			return "", "", false
		}
	}
	key, value = strings.Trim(key, spaces), strings.Trim(value, spaces)
	return key, value, key != ""
}

const spaces = " \t\v\f\r\n"

// starts reports whether a key starts with one of the names, in any case.
func starts(key string, names ...string) bool {
	for _, n := range names {
		if len(key) >= len(n) && strings.EqualFold(key[:len(n)], n) {
			return true
		}
	}
	return false
}

func (p *parser) userAgent(value string) {
	p.rules.begin()
	p.others.begin()
	if value == "*" || strings.HasPrefix(value, "*") && strings.IndexByte(spaces, value[1]) >= 0 {
		p.rules.global, p.others.global = true, true
		return
	}
	n := 0
	for n < len(value) && (isLetter(value[n]) || value[n] == '-' || value[n] == '_') {
		n++
	}
	if n > 0 && strings.EqualFold(value[:n], p.agent) {
		p.rules.specific, p.others.specific, p.hasSpecific = true, true, true
	}
}

// each calls f for the groups of some agents, and ends their agent lines.
func (p *parser) each(a *agents, f func(*group)) {
	a.closed = true
	if a.specific {
		f(&p.specific)
	}
	if a.global {
		f(&p.global)
	}
}

// rule adds an Allow or Disallow line. Only these end the agent lines of a group (section 2.2.4:
// other records must not).
func (p *parser) rule(allow bool, value string) {
	p.rules.closed, p.others.closed = true, true
	if value == "" {
		return
	}
	name := "Disallow: "
	if allow {
		name = "Allow: "
	}
	added := []rule{{allow: allow, line: name + value, pattern: compile(value)}}
	if i := strings.LastIndexByte(value, '/'); allow && i >= 0 && strings.HasPrefix(value[i:], "/index.htm") {
		added = append(added, rule{allow: true, line: name + value, pattern: compile(value[:i+1] + "$")})
	}
	p.each(&p.rules, func(g *group) { g.rules = append(g.rules, added...) })
}

// delay reads a Crawl-delay in seconds. The longest of a group counts.
func (p *parser) delay(value string) {
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || !(seconds > 0) { // a negation, because NaN compares false
		return
	}
	d := MaxDelay
	if seconds < MaxDelay.Seconds() {
		d = time.Duration(seconds * float64(time.Second))
	}
	p.each(&p.others, func(g *group) { g.delay = max(g.delay, d) })
}

// usage reads "[path] preferences".
func (p *parser) usage(name, value string) {
	path := "/"
	if strings.HasPrefix(value, "/") || strings.HasPrefix(value, "*") {
		i := strings.IndexAny(value, " \t")
		if i < 0 {
			return
		}
		path, value = value[:i], strings.Trim(value[i:], spaces)
	}
	if value == "" {
		return
	}
	p.each(&p.others, func(g *group) { g.usages = append(g.usages, Usage{Name: name, Path: path, Value: value}) })
}
