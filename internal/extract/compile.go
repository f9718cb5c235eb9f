package extract

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
)

// maxNested is how deep blocks of fields may stand in each other.
const maxNested = 8

// pageRules are the compiled rules of one page kind.
type pageRules struct {
	name   string // of the page kind
	kind   string // of the records; empty: none are stored
	fields []*field
	rules  []*rule
	each   []*each
	assets []*assetRule
	links  *linkRules
	key    template

	leaveOut func(string) string // takes secrets out of the values of a path; nil: there are none

	timeout time.Duration // of the rules on one page; zero: the default

	// late are the fields that stored assets fill in.
	late []seine.AssetField

	// emptyOK keeps records without a value of the page.
	emptyOK bool

	// noText means that no rule looks at the text of elements.
	noText bool
}

// rule is a compiled VerdictRule.
type rule struct {
	state  seine.State
	when   *expression
	why    string
	status bool // it mentions status
	final  bool // no other attempt
}

// itself lets an asset whose URL is the page's own take the page. A second request would get the
// same bytes.
func itself(assets []AssetRule) []AssetRule {
	assets = slices.Clone(assets)
	for i, a := range assets {
		if strings.TrimSpace(a.URL) == "url" && !a.Body && !a.All && a.Upgrade == nil && a.OnFailure == "" {
			assets[i].URL, assets[i].Body = "", true
		}
	}
	return assets
}

// page compiles the rules of one page kind.
func (c *compiler) page(rules Rules) *pageRules {
	rules.Assets = itself(rules.Assets)
	s := &pageRules{name: rules.Name, kind: rules.Kind, timeout: rules.Timeout, emptyOK: rules.EmptyOK, noText: !rules.readText()}
	if s.kind == "" {
		s.kind = "record"
	}
	if len(s.kind) > 63 || !fieldName.MatchString(s.kind) {
		c.say("kind", "%q is not a name: letters, digits and '_', not a digit first, at most 63", s.kind)
	}
	s.fields = c.fields("fields", rules.Fields, pageScope, 0)
	names := newScope(s.fields)
	c.late(s.fields, rules.Assets)
	if c.broken {
		names.loosen()
	}
	for i, r := range rules.Verdict {
		s.rules = append(s.rules, c.rule(fmt.Sprintf("verdict[%d]", i), r, names))
	}
	for _, a := range rules.Assets {
		s.assets = append(s.assets, c.asset("assets."+a.Name, a, names))
	}
	for _, f := range s.fields {
		if f.late != nil {
			s.late = append(s.late, *f.late)
		}
	}
	c.assetNames("assets", rules.Assets)
	// A page that is a file itself is not empty for lack of fields.
	s.emptyOK = s.emptyOK || slices.ContainsFunc(rules.Assets, func(a AssetRule) bool { return a.Body })
	for i, e := range rules.Each {
		s.each = append(s.each, c.each(rules, i, e, s.fields, names))
	}
	s.links = c.linkRules(rules, names)
	if len(c.pages) < 2 && len(rules.Each) == 0 || len(rules.Assets) > 0 {
		s.key = c.key(rules.Key, rules.Assets, s.fields)
	}
	if rules.NoRecord {
		s.kind = ""
		if len(rules.Assets) > 0 {
			c.say("record", "none stores no record, and an asset belongs to one; leave out record or assets")
		}
		if len(rules.Each) > 0 {
			c.say("record", "none stores no record, and each makes records; leave out one of them")
		}
	}
	if len(rules.Each) > 0 && len(rules.Assets) > 0 {
		c.say("assets", "each makes several records, and a file belongs to one; move it into each.assets")
	}
	return s
}

// loosen gives fields that did not compile any type: they have a name, but no type.
func (s *scope) loosen() {
	for name := range s.strict {
		if _, ok := s.lists[name]; ok {
			s.strict[name] = s.loose[name]
		}
	}
}

type compiler struct {
	prefix   string // of the paths of a page kind: "pages.product."
	pages    []string
	problems []Problem
	broken   bool // a field did not compile
}

func (c *compiler) say(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{Path: c.at(path), Message: fmt.Sprintf(format, args...)})
}

// at returns the path of a rule in the file. The store key is one for all page kinds.
func (c *compiler) at(path string) string {
	if path == keyPath {
		return path
	}
	return c.prefix + path
}

func (c *compiler) sayNear(path, word string, among []string, format string, args ...any) {
	c.problems = append(c.problems, Problem{Path: c.at(path), Message: fmt.Sprintf(format, args...), Near: Nearest(word, among)})
}

// short reports whether a source text is within its length limit.
func (c *compiler) short(path, src string) bool {
	if len(src) > maxSource {
		c.say(path, "has %d bytes; at most %d", len(src), maxSource)
		return false
	}
	return true
}

func (c *compiler) pattern(path, src string) *pattern {
	if !c.short(path, src) {
		return nil
	}
	re, err := compilePattern(src)
	if err != nil {
		c.say(path, "bad regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return nil
	}
	return re
}

func (c *compiler) expression(path, src string, want reflect.Kind, names *scope) *expression {
	e, mistakes := names.compile(src, want)
	for _, m := range mistakes {
		c.problems = append(c.problems, Problem{Path: c.at(path), Message: m.message, Near: m.near})
	}
	return e
}

// verdictKeys are the words for the states that a rule may give.
var verdictKeys = map[seine.State]string{
	seine.Skipped: "skip", seine.Stale: "stale", seine.Error: "error", seine.Done: "done",
}

func (c *compiler) rule(path string, r VerdictRule, names *scope) *rule {
	word, ok := verdictKeys[r.State]
	if r.State == seine.Error && r.Final {
		word = "fail"
	}
	if !ok {
		c.say(path, "a rule gives skip, stale, error, fail or done, not %v", r.State)
		return nil
	}
	if len(r.Why) > 500 {
		c.say(path+".why", "has %d bytes; at most 500", len(r.Why))
	}
	e := c.expression(path+"."+word, r.When, reflect.Bool, names)
	if e == nil {
		return nil
	}
	if r.Shown != "" {
		e.src = r.Shown
	}
	why := r.Why
	if why == "" {
		why = cut(e.src, 200)
	}
	return &rule{state: r.State, when: e, why: why, status: slices.Contains(e.mentions, "status"), final: r.Final}
}

// keyPath is the path of the template of an asset's key.
const keyPath = "store.key"

// key compiles the template of the keys of assets, over fields.
func (c *compiler) key(src string, assets []AssetRule, fields []*field) template {
	const path = keyPath
	if src == "" {
		src = DefaultKey
	}
	t, err := parseTemplate(src)
	if err != nil {
		c.say(path, "%v", err)
		return nil
	}
	names := []string{"id", "key", "asset", "ext", numberName}
	t.number(fields)
	unfit := map[string]string{"url": "url", "status": "status", "meta": "meta"}
	for _, f := range fields {
		if f.late != nil {
			unfit[f.name] = "known only when the file is stored"
			continue
		}
		if f.scalar() {
			names = append(names, f.name)
		} else {
			unfit[f.name] = "a list or an object"
		}
	}
	for _, p := range t {
		if p.name == "" || slices.Contains(names, p.name) {
			continue
		}
		if what, ok := unfit[p.name]; ok && !reserved[p.name] {
			why := "a key takes one value"
			if f := fieldNamed(fields, p.name); f != nil && f.late != nil {
				why = "name another field"
			}
			c.say(path, "{%s} is %s: %s", p.name, what, why)
			continue
		}
		c.sayNear(path, p.name, names, "unknown name {%s} in the key", p.name)
	}
	if err := t.checkLiteral(); err != nil {
		c.say(path, "%q %v", src, err)
	}
	if !t.has("id") && !t.has("key") {
		c.say(path, "%q has neither {id} nor {key}: all tasks would share a file", src)
	}
	if len(assets) > 1 && !t.has("asset") {
		c.say(path, "%q has no {asset}: the assets of a task would share a file", src)
	}
	for _, a := range assets {
		if a.All && !t.has("asset") && !t.has(numberName) {
			c.say(path, "%q has neither {asset} nor {n}: the files of the list %s would share a path", src, a.Name)
		}
	}
	c.imageKeys(path, src, t, assets)
	return t
}

func fieldNamed(fields []*field, name string) *field {
	for _, f := range fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

func (f *field) scalar() bool {
	if f.first != nil {
		return !slices.ContainsFunc(f.first, func(alternative *field) bool { return !alternative.scalar() })
	}
	return !f.all && f.nested == nil && f.typ != "price"
}
