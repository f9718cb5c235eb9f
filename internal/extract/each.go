package extract

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/seinehq/seine"
)

// maxRecordKey is the largest key of a record in bytes, as of a task.
const maxRecordKey = 2000

// each is a compiled Each.
type each struct {
	path   string // of the rule in the file
	source *field
	where  *expression
	key    template
	merge  bool
	fields []*field
	assets []*assetRule
	keys   template // of the assets
}

// eachPath returns the path of a rule. A single one has no number.
func eachPath(all []Each, i int) string {
	if len(all) == 1 {
		return "each"
	}
	return fmt.Sprintf("each[%d]", i)
}

// eachSources are the sources that give the matches of a rule.
var eachSources = []string{"css", "xpath", "json", "jsonld", "microdata", "feed"}

// each compiles a rule. outer are the fields of the page.
func (c *compiler) each(rules Rules, i int, e Each, outer []*field, names *scope) *each {
	path := eachPath(rules.Each, i)
	out := &each{path: path, merge: e.Merge}
	source := e.Source
	source.All = true
	if n := sources(source); len(n) != 1 || !slices.Contains(eachSources, n[0].key) {
		c.say(path, "gives no records; give css, xpath, json, jsonld, microdata or feed")
		return out
	}
	source.Name, source.Fields = "each", e.Fields
	if len(e.Fields) == 0 {
		c.say(path+".fields", "is empty; give the fields of each record")
		return out
	}
	before := len(c.problems)
	if out.source = c.field(path, source, pageScope, 0, ""); len(c.problems) > before {
		return out
	}
	out.fields = out.source.nested
	if len(c.pages) > 0 {
		for _, f := range out.fields {
			if reserved[f.name] {
				c.say(path+".fields."+f.name, "the name %s is reserved for the task in expressions and keys", f.name)
			}
			if fieldNamed(outer, f.name) != nil {
				c.say(path+".fields."+f.name, "the page has a field %s too: a record has both, so give one another name", f.name)
			}
		}
	}
	all := slices.Concat(outer, out.fields)
	inner := newScope(all)
	if c.broken {
		inner.loosen()
	}
	if e.Where != "" {
		out.where = c.expression(path+".where", e.Where, reflect.Bool, inner)
	}
	out.key = c.recordKey(path+".key", e.Key, all)
	for _, a := range e.Assets {
		out.assets = append(out.assets, c.asset(path+".assets."+a.Name, a, inner))
	}
	c.assetNames(path+".assets", e.Assets)
	if slices.ContainsFunc(e.Assets, func(a AssetRule) bool { return a.Body }) {
		c.say(path+".assets", "body: true is the page itself, and not of one record")
	}
	if len(e.Assets) > 0 {
		out.keys = c.key(rules.Key, e.Assets, all)
	}
	return out
}

// recordKey compiles the template of a record's key.
func (c *compiler) recordKey(path, src string, fields []*field) template {
	if src == "" {
		c.say(path, "missing key \"key\"; a template of the record's own key, such as {sku}")
		return nil
	}
	t, err := parseTemplate(src)
	if err != nil {
		c.say(path, "%v", err)
		return nil
	}
	names := []string{"id", "key"}
	for _, f := range fields {
		if f.scalar() && f.late == nil {
			names = append(names, f.name)
		}
	}
	own := false
	for _, p := range t {
		if p.name != "" && !slices.Contains(names, p.name) {
			c.sayNear(path, p.name, names, "unknown name {%s} in the key", p.name)
		}
		own = own || p.name != "" && p.name != "id" && p.name != "key"
	}
	if !own {
		c.say(path, "%q has no field: all records of a page would share a key", src)
	}
	return t
}

// records adds a record for each match. found reports whether there was a match, also one that
// Where leaves out.
func (e *each) records(r *reading, s *pageRules, env, outer map[string]any, out *seine.Result, trace *Trace) (found bool, err error) {
	var scope item
	if e.source.wantsDocument() {
		doc, err := r.document()
		if err != nil {
			return false, err
		}
		if scope.node = doc; doc == nil {
			r.why = r.noDoc.Error()
			return false, nil
		}
	}
	r.why, r.broken = "", false
	n := 0
	var inner error
	err = e.source.find(r, scope, func(it item) bool {
		found = true
		if n++; n > maxItems {
			inner = fmt.Errorf("%s gives more than %d records", e.path, maxItems)
			return false
		}
		if inner = r.watch.tick(); inner == nil {
			inner = e.record(r, s, it, env, outer, out, trace)
		}
		return inner == nil
	})
	if !found && r.why == "" {
		r.why = r.unmatched(e.source.from)
	}
	return found, errors.Join(err, inner)
}

// record adds the record of one match.
func (e *each) record(r *reading, s *pageRules, it item, env, outer map[string]any, out *seine.Result, trace *Trace) error {
	own := make(map[string]any, len(e.fields))
	for _, f := range e.fields {
		v, _, err := f.read(r, it)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", e.path, f.name, err)
		}
		own[f.name] = v
	}
	values := maps.Clone(env)
	maps.Copy(values, own)
	if e.where != nil {
		v, err := e.where.run(values)
		if err != nil {
			return fmt.Errorf("%s.where: %w", e.path, err)
		}
		if keep, _ := v.(bool); !keep {
			return nil
		}
	}
	key, err := e.keyOf(values)
	if err != nil {
		return err
	}
	for _, other := range out.Records {
		if other.Key == key {
			return fmt.Errorf("%s.key: the page has two records %q", e.path, cut(key, 100))
		}
	}
	fields := kept(s.fields, outer)
	maps.Copy(fields, kept(e.fields, own))
	out.Records = append(out.Records, seine.Record{Kind: s.kind, Key: key, Fields: fields, Merge: e.merge})
	values["id"], values["key"] = key, key
	of := pageRules{assets: e.assets, key: e.keys, leaveOut: s.leaveOut}
	assets, err := of.owed(r, values, trace)
	if err != nil {
		return err
	}
	for i := range assets {
		assets[i].Record = key
	}
	out.Assets = append(out.Assets, assets...)
	return nil
}

// keyOf returns the key of a record. A missing value fails the task: the record would have no
// identity.
func (e *each) keyOf(values map[string]any) (string, error) {
	key := ""
	for _, p := range e.key {
		if p.name == "" {
			key += p.literal
			continue
		}
		v := printed(values[p.name])
		if v == "" {
			return "", fmt.Errorf("%s.key needs %s: missing", e.path, p.name)
		}
		key += v
	}
	if len(key) > maxRecordKey {
		return "", fmt.Errorf("%s.key has %d bytes; at most %d", e.path, len(key), maxRecordKey)
	}
	return key, nil
}
