package extract

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"
)

// linkRules are the compiled rules about links of a page kind.
type linkRules struct {
	rules           []*linkRule
	obey, canonical bool
}

// linkRule is a compiled FollowRule.
type linkRule struct {
	path, from string
	source     *field // nil: Rel, or the one link of URL
	rel        string
	url        template
	to         string
	match, not []URLPattern
	when       *expression
	limit      int
	priority   *int
	meta       []namedExpression

	method string
	body   template
	json   bool // the body is JSON
	header []namedTemplate
}

type namedExpression struct {
	name       string
	expression *expression
}

type namedTemplate struct {
	name     string
	template template
}

// linkSources are the keys that a follow rule may have as a source.
var linkSources = []string{"css", "xpath", "json", "jsonld", "regex"}

func (c *compiler) linkRules(rules Rules, names *scope) *linkRules {
	if len(rules.Follow) == 0 && !rules.Canonical {
		return nil
	}
	out := &linkRules{obey: rules.Obey, canonical: rules.Canonical}
	for i, f := range rules.Follow {
		out.rules = append(out.rules, c.linkRule(fmt.Sprintf("follow[%d]", i), f, names))
	}
	return out
}

func (c *compiler) linkRule(path string, f FollowRule, names *scope) *linkRule {
	out := &linkRule{
		path: path, rel: f.Rel, to: f.To, match: f.Match, not: f.Not, limit: f.Limit, priority: f.Priority, method: f.Method,
	}
	c.linkSource(path, f, out)
	if f.To != "" && !slices.Contains(c.pages, f.To) {
		c.sayNear(path+".to", f.To, c.pages, "there is no page kind %q", f.To)
	}
	if f.When != "" {
		out.when = c.expression(path+".when", f.When, reflect.Bool, names)
	}
	inner := names.with("value", types.String)
	own := []string{"value"}
	for _, m := range f.Meta {
		own = append(own, "meta."+m.Name)
		out.meta = append(out.meta, namedExpression{m.Name, c.expression(path+".meta."+m.Name, m.Value, reflect.Invalid, inner)})
	}
	own = append(own, scalars(names.fields)...)
	url := f.URL
	if url == "" {
		url = "{value}"
		if out.source == nil && out.rel == "" {
			c.say(path, "gives no links; give css, xpath, json, jsonld, regex, header: link with rel, or url")
		}
	}
	out.url = c.linkTemplate(path+".url", url, own)
	c.request(path, f, out, own)
	return out
}

// scalars lists the names that a template of a link may use in addition to its own.
func scalars(fields []*field) []string {
	out := []string{"id", "key"}
	for _, f := range fields {
		if f.scalar() && f.late == nil {
			out = append(out, f.name)
		}
	}
	return out
}

// linkSource compiles where the links are.
func (c *compiler) linkSource(path string, f FollowRule, out *linkRule) {
	has := sources(f.Source)
	switch {
	case len(has) > 0 && f.Rel != "":
		c.say(path, "looks in two places, %s and header; give one of them", has[0].key)
		return
	case f.Rel != "":
		out.from = "header link " + f.Rel
		return
	case len(has) == 0:
		out.from = "url " + f.URL
		return
	case !slices.Contains(linkSources, has[0].key):
		c.say(path+"."+has[0].key, "gives no links; give css, xpath, json, jsonld or regex")
		return
	}
	source := f.Source
	source.All = true
	if source.CSS != "" && source.Attr == "" {
		source.Attr = "href"
	}
	out.source = c.field(path, source, pageScope, 0, "")
	out.from = out.source.from
}

// request compiles the method, the body and the headers.
func (c *compiler) request(path string, f FollowRule, out *linkRule, names []string) {
	if f.Body != "" {
		out.body = bodyTemplate(f.Body, names)
		begin := strings.TrimSpace(out.body[0].literal)
		out.json = strings.HasPrefix(begin, "{") || strings.HasPrefix(begin, "[")
		if out.method == "" {
			c.say(path+".body", "a GET has no body; add method: POST")
		}
	}
	for _, h := range f.Header {
		out.header = append(out.header, namedTemplate{h.Name, c.linkTemplate(path+".headers."+h.Name, h.Value, names)})
	}
}

// linkTemplate compiles a template of a link over names. {meta.NAME} may be any value of the task.
func (c *compiler) linkTemplate(path, src string, names []string) template {
	t, err := parseTemplate(src)
	if err != nil {
		c.say(path, "%v", err)
		return nil
	}
	for _, p := range t {
		if p.name != "" && !slices.Contains(names, p.name) && !metaName.MatchString(p.name) {
			c.sayNear(path, p.name, names, "unknown name {%s} in the template", p.name)
		}
	}
	return t
}

var (
	metaName = regexp.MustCompile(`^meta\.[^{}]+$`)
	inBraces = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_.]*)\}`)
)

// bodyTemplate splits a body at the names that it may hold. id and key are not among them, because
// {id} is a selection of GraphQL. Other braces stand for themselves.
func bodyTemplate(src string, names []string) template {
	var t template
	at := 0
	for _, m := range inBraces.FindAllStringSubmatchIndex(src, -1) {
		name := src[m[2]:m[3]]
		if name == "id" || name == "key" || !slices.Contains(names, name) && !metaName.MatchString(name) {
			continue
		}
		if m[0] > at {
			t = append(t, part{literal: src[at:m[0]]})
		}
		t = append(t, part{name: name})
		at = m[1]
	}
	if at < len(src) {
		t = append(t, part{literal: src[at:]})
	}
	return t
}

// with returns the scope with one more name.
func (s *scope) with(name string, t types.Type) *scope {
	out := &scope{
		strict: types.Map{}, loose: types.Map{}, names: append(slices.Clone(s.names), name), lists: s.lists,
		fields: s.fields, late: s.late,
	}
	for k, v := range s.strict {
		out.strict[k] = v
	}
	for k, v := range s.loose {
		out.loose[k] = v
	}
	out.strict[name], out.loose[name] = t, t
	return out
}
