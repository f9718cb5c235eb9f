package extract

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/markup"
	sites "github.com/seinehq/seine/internal/scope"
	"github.com/seinehq/seine/internal/weburl"
)

// maxLinks is the most links of one page.
const maxLinks = 50_000

// Reasons why a link is not followed.
const (
	whyNofollow  = "nofollow"
	whyNoMatch   = "match"
	whyNot       = "not"
	whyNotWeb    = "no web address"
	whyMalformed = "malformed URL"
	whyOverLimit = "over the limit of its rule"
)

// follow adds the links of a page, and the canonical URL of a done page.
func (s *pageRules) follow(r *reading, env map[string]any, out *seine.Result, trace *Trace) error {
	l := s.links
	if l == nil {
		return nil
	}
	if l.canonical && out.Verdict.Rule == "" {
		out.Canonical = r.canonical()
	}
	if len(l.rules) == 0 {
		return nil
	}
	nofollow := l.obey && r.asksNotToFollow()
	seen := map[string]bool{}
	for _, rule := range l.rules {
		if err := rule.links(r, env, nofollow, l.obey, seen, out, trace); err != nil {
			return fmt.Errorf("%s: %w", rule.path, err)
		}
	}
	return nil
}

// links adds the links of one rule.
func (rule *linkRule) links(
	r *reading, env map[string]any, nofollow, obey bool, seen map[string]bool, out *seine.Result, trace *Trace,
) error {
	if rule.when != nil {
		v, err := rule.when.run(env)
		if err != nil {
			return fmt.Errorf("when: %w", err)
		}
		if holds, _ := v.(bool); !holds {
			return nil
		}
	}
	n := 0
	matched := false
	found := func(f seine.Follow, why string) error {
		matched = matched || !aboutOthers(why)
		id := rule.to + " " + f.URL
		if f.Send != nil {
			id += " " + f.Send.Method + " " + f.Send.Body
		}
		if why == "" && seen[id] {
			return nil
		}
		if why == "" && rule.limit > 0 && n >= rule.limit {
			why = whyOverLimit
		}
		if trace != nil {
			trace.Links = append(trace.Links, LinkTrace{URL: f.URL, Rule: rule.path + ": " + rule.from, Page: rule.to, Why: why})
		}
		if len(out.Follow)+len(out.LeftOut) >= maxLinks {
			return fmt.Errorf("the page has more than %d links", maxLinks)
		}
		if aboutOthers(why) {
			return nil
		}
		if why != "" {
			out.LeftOut = append(out.LeftOut, seine.LeftOut{URL: f.URL, Reason: why})
			return nil
		}
		seen[id] = true
		n++
		out.Follow = append(out.Follow, f)
		return nil
	}
	r.why = ""
	none := true
	ended, err := rule.values(r, func(value string, node *html.Node) error {
		none = false
		if err := r.watch.tick(); err != nil {
			return err
		}
		f, why := rule.link(r, env, value)
		if why == "" && (nofollow || obey && node != nil && hasRel(node, "nofollow")) {
			why = whyNofollow
		}
		return found(f, why)
	})
	if none && trace != nil {
		why := cmp.Or(r.unreadBody(), r.why, r.unmatched(rule.from))
		trace.NoLinks = append(trace.NoLinks, rule.path+": "+why)
	}
	if !matched && !ended && err == nil {
		out.Unmatched = append(out.Unmatched, rule.path+": "+rule.from)
	}
	return err
}

// aboutOthers reports whether a rule is about other links than the one that is not followed.
func aboutOthers(why string) bool { return why == whyNoMatch || why == whyNot || why == whyNotWeb }

// values gives what the source of a rule finds. A rule without a source gives one empty value.
// ended means that a JSON value is null or false, as APIs end a list.
func (rule *linkRule) values(r *reading, yield func(value string, node *html.Node) error) (ended bool, err error) {
	if rule.rel != "" {
		for _, link := range linkHeader(r.page.Header, rule.rel) {
			if err := yield(link, nil); err != nil {
				return false, err
			}
		}
		return false, nil
	}
	if rule.source == nil {
		return false, yield("", nil)
	}
	var scope item
	if rule.source.wantsDocument() {
		if scope.node, err = r.document(); err != nil {
			return false, err
		}
	}
	var inner error
	err = rule.source.find(r, scope, func(it item) bool {
		value, ok := rule.raw(r, it)
		if ok {
			inner = yield(value, it.node)
		}
		ended = ended || !ok && (it.json.Type == gjson.Null || it.json.Type == gjson.False) && it.json.Exists()
		return inner == nil
	})
	return ended, cmp.Or(inner, err)
}

// raw returns the value of a match as the page writes it.
func (rule *linkRule) raw(r *reading, it item) (string, bool) {
	f := rule.source
	var value string
	switch {
	case it.json.Exists():
		v := f.fromJSON(r, it.json)
		if v == nil || v == false { // the end of a list
			return "", false
		}
		if value = printed(v); value == "" && v != "" {
			return "", true // a list or an object is no link, which is counted
		}
	case it.node != nil && f.attr != "":
		attr, present := attribute(it.node, f.attr)
		if !present {
			return "", false
		}
		if strings.EqualFold(f.attr, "srcset") {
			attr = firstCandidate(attr)
		}
		value = attr
	case it.node != nil:
		value = r.text(it.node)
	default:
		value = it.text
	}
	if f.match != nil {
		m, err := f.match.first(r.watch, value)
		if m == nil || err != nil {
			return "", false
		}
		value, _ = group(value, m)
	}
	if it.node != nil && f.attr != "" {
		value = strings.Trim(value, " \t\n\f\r") // other white space is part of a URL
	} else {
		value = strings.TrimSpace(value)
	}
	return value, value != "" || it.node != nil && f.attr != ""
}

// link returns the link of a value, or why it is not followed.
func (rule *linkRule) link(r *reading, env map[string]any, value string) (f seine.Follow, why string) {
	f = seine.Follow{URL: value, Page: rule.to, Priority: rule.priority, Optional: true, Next: rule.pages()}
	values := env
	if len(rule.meta) > 0 {
		values = maps.Clone(env)
		values["value"] = value
	}
	var meta map[string]any
	for _, m := range rule.meta {
		if meta == nil {
			meta = map[string]any{}
		}
		v, err := m.expression.run(values)
		if err != nil {
			return f, "meta " + m.name + ": " + cut(err.Error(), 100)
		}
		meta[m.name] = v
	}
	if len(meta) > 0 {
		f.Meta = meta
	}
	names := func(name string) any {
		key, ok := strings.CutPrefix(name, "meta.")
		switch {
		case name == "value":
			return value
		case !ok:
			return env[name]
		}
		if v, own := meta[key]; own {
			return v
		}
		return r.task.Meta[key]
	}
	url, missing := rule.url.inURL(names)
	if missing != "" {
		return f, "no value for {" + missing + "}"
	}
	abs, err := r.canonicalLink(url)
	switch {
	case err != nil && isNotWeb(err):
		return f, whyNotWeb
	case err != nil:
		return f, whyMalformed
	}
	f.URL = abs
	if len(rule.match) > 0 && !slices.ContainsFunc(rule.match, func(p URLPattern) bool { return p.Match(abs) }) {
		return f, whyNoMatch
	}
	if slices.ContainsFunc(rule.not, func(p URLPattern) bool { return p.Match(abs) }) {
		return f, whyNot
	}
	f.Send, missing = rule.send(names)
	if missing != "" {
		return f, "no value for {" + missing + "}"
	}
	if rule.pages() && r.isItself(f) {
		return f, sites.WhyStands
	}
	return f, ""
}

// pages reports whether the rule leads from one page of a list to the next, by a cursor, a number
// or the Link header.
func (rule *linkRule) pages() bool {
	return rule.rel != "" || rule.source == nil || rule.source.json
}

// isItself reports whether a link asks for the page that it stands on.
func (r *reading) isItself(f seine.Follow) bool {
	own, send := r.task.Send, f.Send
	if (own == nil) != (send == nil) || own != nil && (own.Method != send.Method || own.Body != send.Body) {
		return false
	}
	for _, url := range []string{r.task.URL, r.page.URL} {
		if same, err := weburl.Canonical(url); err == nil && same == f.URL {
			return true
		}
	}
	return false
}

// send returns the request of a rule that is more than a GET, or nil.
func (rule *linkRule) send(value func(string) any) (send *seine.Send, missing string) {
	if rule.method == "" && rule.body == nil && len(rule.header) == 0 {
		return nil, ""
	}
	send = &seine.Send{Method: rule.method}
	if send.Body, missing = rule.body.inBody(value, rule.json); missing != "" {
		return nil, missing
	}
	for _, h := range rule.header {
		v, missing := h.template.plain(value)
		if missing != "" {
			return nil, missing
		}
		if send.Header == nil {
			send.Header = http.Header{}
		}
		send.Header.Set(h.name, strings.Map(func(c rune) rune {
			if c < ' ' || c == 0x7f {
				return -1
			}
			return c
		}, v))
	}
	return send, ""
}

// hasRel reports whether an element has a link type.
func hasRel(n *html.Node, rel string) bool {
	v, _ := attribute(n, "rel")
	return slices.ContainsFunc(strings.Fields(v), func(w string) bool { return strings.EqualFold(w, rel) })
}

// canonical returns the canonical URL that the page names, empty if it is the page's own.
func (r *reading) canonical() string {
	to := ""
	for _, link := range linkHeader(r.page.Header, "canonical") {
		to = link
		break
	}
	if doc, err := r.document(); err == nil && doc != nil && to == "" && !r.tree.XML {
		for n := markup.Next(doc, doc); n != nil; n = markup.Next(n, doc) {
			if n.DataAtom == atom.Link && hasRel(n, "canonical") {
				to, _ = attribute(n, "href")
				break
			}
		}
	}
	if strings.TrimSpace(to) == "" {
		return ""
	}
	abs, err := r.resolve(to)
	if err != nil {
		return ""
	}
	abs, err = weburl.Canonical(abs)
	if err != nil {
		return ""
	}
	for _, own := range []string{r.task.URL, r.task.Key, r.page.URL} {
		if same, err := weburl.Canonical(own); err == nil && same == abs {
			return ""
		}
	}
	return abs
}

// asksNotToFollow reports whether the page asks that none of its links is followed.
func (r *reading) asksNotToFollow() bool {
	for _, v := range r.page.Header.Values("X-Robots-Tag") {
		agent, rules, named := strings.Cut(v, ":")
		if !named {
			rules = v
		} else if !strings.EqualFold(strings.TrimSpace(agent), "seine") {
			continue
		}
		if hasDirective(rules) {
			return true
		}
	}
	doc, err := r.document()
	if err != nil || doc == nil {
		return false
	}
	for n := markup.Next(doc, doc); n != nil; n = markup.Next(n, doc) {
		if n.DataAtom != atom.Meta {
			continue
		}
		name, _ := attribute(n, "name")
		if name = strings.ToLower(strings.TrimSpace(name)); name != "robots" && name != "seine" {
			continue
		}
		if content, _ := attribute(n, "content"); hasDirective(content) {
			return true
		}
	}
	return false
}

// hasDirective reports whether a list of robots rules holds nofollow or none.
func hasDirective(list string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(w string) bool {
		w = strings.TrimSpace(w)
		return strings.EqualFold(w, "nofollow") || strings.EqualFold(w, "none")
	})
}
