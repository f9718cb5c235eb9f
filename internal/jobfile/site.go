package jobfile

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/scope"
	"github.com/seinehq/seine/internal/weburl"
)

// patterns compiles patterns of URLs.
func (a *assembly) patterns(path string, list *several[string]) []scope.Pattern {
	if list == nil {
		return nil
	}
	var out []scope.Pattern
	for i, src := range *list {
		p, err := scope.ParsePattern(src)
		at := path
		if len(*list) > 1 {
			at = index(path, i)
		}
		a.check(at, err != nil, "%s: bad pattern %q: %v", path, a.show(src), err)
		if err == nil {
			out = append(out, p)
		}
	}
	return out
}

// matches reports whether a URL fits a pattern.
func matches(list []scope.Pattern, url string) bool {
	return slices.ContainsFunc(list, func(p scope.Pattern) bool { return p.Match(url) })
}

// pages returns the page kinds of a job. The flat form has one without a name.
func (a *assembly) pages() []seine.PageKind {
	if len(a.doc.Pages) == 0 {
		r := a.recrawl("recrawl", a.doc.Recrawl)
		if a.doc.Follow == nil && !r.Set() {
			return nil
		}
		return []seine.PageKind{{Recrawl: r}}
	}
	for _, key := range []string{"fields", "each", "follow", "recrawl", "verdict", "assets", "empty", "kind"} {
		a.check(key, a.has(key), "%s and pages contradict each other; move %s into a page kind", key, key)
	}
	var out []seine.PageKind
	for _, e := range a.doc.Pages {
		out = append(out, a.pageKind("pages."+e.name, e))
	}
	a.unreachable()
	return out
}

func (a *assembly) pageKind(path string, e entry[pageKeys]) seine.PageKind {
	k := e.value
	a.check(path, strings.HasPrefix(e.name, "_"), "%s: a page kind's name begins with no \"_\"; rename the kind", path)
	out := seine.PageKind{
		Name: e.name, Method: methodOf(k.Method), Body: k.Body, Header: a.headers(path+".headers", k.Headers), Priority: k.Priority,
		Recrawl: a.recrawl(path+".recrawl", k.Recrawl), RecordPages: k.RecordPages,
	}
	if list := a.patterns(path+".match", k.Match); len(list) > 0 {
		out.Match = func(url string) bool { return matches(list, url) }
	}
	if k.Challenge != nil {
		out.Challenge = a.pageTest(path+".challenge", *k.Challenge)
	}
	if k.Via != nil {
		out.Via = *k.Via
	}
	if k.Wait != nil {
		out.Wait = []seine.Wait{}
		for i, w := range *k.Wait {
			out.Wait = append(out.Wait, a.wait(index(path+".wait", i), w))
		}
	}
	for i, s := range k.Steps {
		out.Steps = append(out.Steps, a.step(index(path+".steps", i), s))
	}
	rendered := slices.Contains(out.Via, seine.ViaChrome) || len(out.Via) == 0 && a.doc.Fetch.Via == string(seine.ViaChrome)
	for _, key := range []string{"wait", "steps"} {
		if a.has(path+"."+key) && !rendered {
			a.warnings.file = a.file
			a.warnings.say(a.at(path+"."+key), path+"."+key, "%s.%s is not used via http: add `via: chrome`", path, key)
		}
	}
	a.check(path+".body", k.Body != "" && (k.Method == "" || k.Method == http.MethodGet), "%s.body: a GET has no body; add method: POST", path)
	return out
}

// methodOf returns a method, empty for GET.
func methodOf(method string) string {
	if method == http.MethodGet {
		return ""
	}
	return method
}

func (a *assembly) recrawl(path string, r *recrawlKeys) seine.Recrawl {
	if r == nil {
		return seine.Recrawl{}
	}
	get := func(d *duration) time.Duration { return time.Duration(or(d, 0)) }
	out := seine.Recrawl{Every: get(r.Every), Min: get(r.Min), Max: get(r.Max), History: r.History}
	switch {
	case r.Every != nil && (r.Min != nil || r.Max != nil):
		a.check(path, true, "%s: every is fixed, and min and max adapt; give one of them", path)
	case r.Every == nil && (r.Min == nil || r.Max == nil):
		a.check(path, true, "%s; give every, or min and max", path)
	case r.Every != nil && out.Every < time.Second, r.Min != nil && out.Min < time.Second:
		a.check(path, true, "%s: an interval is at least 1s", path)
	case out.Min > out.Max:
		a.check(path, true, "%s: min %v is longer than max %v", path, out.Min, out.Max)
	}
	return out
}

func (a *assembly) step(path string, s stepKeys) seine.Step {
	out := seine.Step{Click: s.Click}
	given := 0
	count := func(is bool) {
		if is {
			given++
		}
	}
	count(s.Click != "")
	if s.Fill != nil {
		out.Fill, out.Value = s.Fill.CSS, s.Fill.Value
		count(true)
	}
	if s.Select != nil {
		out.Select, out.Value = s.Select.CSS, s.Select.Value
		count(true)
	}
	if s.Scroll != "" {
		out.Scroll = or(s.Times, 1)
		count(true)
	}
	if s.Wait != nil {
		w := a.wait(path+".wait", *s.Wait)
		out.Wait = &w
		count(true)
	}
	a.check(path, given != 1, "%s: a step has one of click, fill, select, scroll and wait", path)
	a.check(path+".times", s.Times != nil && s.Scroll == "", "%s.times is for scroll: end", path)
	for key, selector := range map[string]string{"click": out.Click, "fill.css": out.Fill, "select.css": out.Select} {
		a.browserSelector(path+"."+key, selector)
	}
	return out
}

// unreachable reports page kinds that no rule, pattern or seed leads to.
func (a *assembly) unreachable() {
	led := map[string]bool{}
	for _, e := range a.doc.Pages {
		if f := e.value.Follow; f != nil {
			for _, rule := range f.rules {
				led[rule.To] = true
			}
		}
	}
	for _, s := range a.doc.Seeds.URLs {
		led[s.page] = true
	}
	for i, e := range a.doc.Pages {
		path := "pages." + e.name
		a.check(path, i > 0 && e.value.Match == nil && !led[e.name],
			"%s: nothing leads to this page kind: give it match, or name it in the `to` of a follow rule", path)
	}
}

// scope returns the bounds of the links that are followed.
func (a *assembly) scope(seeds seine.Seeds, follows bool) seine.Scope {
	s := a.doc.Scope
	if s == nil {
		s = &scopeKeys{}
	}
	out := seine.Scope{Pages: s.Pages, Pattern: s.Pattern, Family: scope.PathPattern}
	if !follows && a.doc.Scope == nil && len(seeds.Sitemaps) == 0 && !seeds.Auto {
		return seine.Scope{}
	}
	options := scope.Options{Match: a.patterns("scope.match", s.Match), Not: a.patterns("scope.not", s.Not), Depth: or(s.Depth, 0)}
	if s.Hosts != nil {
		options.Hosts, options.Domain = s.Hosts.hosts, s.Hosts.domain
	}
	all := slices.Clone(seeds.URLs)
	for _, p := range seeds.Pages {
		all = append(all, p.URL)
	}
	all = append(all, seeds.Sitemaps...)
	if seeds.URL != "" {
		if at, err := weburl.Expand(seeds.URL, "1"); err == nil {
			all = append(all, at)
		}
	}
	for i, at := range all { // https://shop.example has no slash after its host
		if canonical, err := weburl.Canonical(at); err == nil {
			all[i] = canonical
		}
	}
	if len(all) == 0 && len(options.Hosts) == 0 {
		a.check("scope", a.has("seeds"), "the hosts of the links are unknown; give scope: {hosts: [shop.example]}")
		return out
	}
	within, err := scope.New(all, options)
	if err != nil {
		a.check("scope", true, "scope: %v", err)
		return out
	}
	out.Leave = func(url string, depth int) string {
		return cmp.Or(within.Reason(url, depth), scope.Trap(url, time.Now()))
	}
	for i, s := range a.doc.Seeds.URLs {
		at, err := weburl.Canonical(s.url)
		if err != nil {
			continue
		}
		why := within.Reason(at, 0)
		path := index("seeds.urls", i)
		a.check(path, why != "", "%s: %q is outside of scope (%s); widen scope, or leave the seed out", path, a.show(s.url), why)
	}
	return out
}

// site returns the rules of the job's page kinds.
func (a *assembly) site() []extract.Rules {
	if len(a.doc.Pages) == 0 {
		rules := a.rules()
		rules.Each = a.eaches("each", a.doc.Each)
		a.links("follow", a.doc.Follow, &rules)
		return []extract.Rules{rules}
	}
	var out []extract.Rules
	follows := false
	for _, e := range a.doc.Pages {
		k, path := e.value, "pages."+e.name
		rules := extract.Rules{
			Name: e.name, Kind: cmp.Or(k.Record, e.name), NoRecord: k.Record == "none", EmptyOK: k.Empty == "ok",
			Key: a.doc.Store.Key, Timeout: time.Duration(or(a.doc.Fetch.Timeout, 0)), Fields: a.fields(path+".fields", k.Fields),
		}
		if rules.NoRecord {
			rules.Kind = ""
		}
		rules.Verdict = a.verdicts(path+".verdict", k.Verdict)
		for _, e := range k.Assets {
			rules.Assets = append(rules.Assets, a.assetRule(path+".assets."+e.name, e))
		}
		rules.Each = a.eaches(path+".each", k.Each)
		a.links(path+".follow", k.Follow, &rules)
		follows = follows || len(rules.Follow) > 0
		a.check(path, len(k.Fields) == 0 && len(rules.Each) == 0 && len(k.Assets) == 0 && len(rules.Follow) == 0,
			"%s gives nothing: give fields, each, assets or follow", path)
		out = append(out, rules)
	}
	for i := range out {
		out[i].Canonical = follows
	}
	return out
}

// eaches returns the rules that make several records of a page.
func (a *assembly) eaches(path string, list *several[eachKeys]) []extract.Each {
	if list == nil {
		return nil
	}
	var out []extract.Each
	for i, e := range *list {
		at := path
		if len(*list) > 1 {
			at = index(path, i)
		}
		each := extract.Each{
			Source: a.field(at, field{CSS: e.CSS, XPath: e.XPath, JSON: e.JSON, JSONLD: e.JSONLD, Microdata: e.Microdata, Feed: e.Feed}),
			Key:    e.Key, Where: or(e.Where, ""), Merge: e.Merge, Fields: a.fields(at+".fields", e.Fields),
		}
		for _, asset := range e.Assets {
			each.Assets = append(each.Assets, a.assetRule(at+".assets."+asset.name, asset))
		}
		out = append(out, each)
	}
	return out
}

// links adds the rules about links.
func (a *assembly) links(path string, f *follows, rules *extract.Rules) {
	if f == nil {
		return
	}
	rules.Obey, rules.Canonical = a.doc.Robots != string(seine.Ignore), true
	if f.all {
		rules.Follow = []extract.FollowRule{{Source: extract.Field{CSS: extract.EveryLink}}}
		return
	}
	for i, k := range f.rules {
		rules.Follow = append(rules.Follow, a.link(index(path, i), k))
	}
}

func (a *assembly) link(path string, k followKeys) extract.FollowRule {
	out := extract.FollowRule{
		Source: a.field(path, field{CSS: k.CSS, XPath: k.XPath, JSON: k.JSON, JSONLD: k.JSONLD, Regex: k.Regex, Attr: k.Attr}),
		URL:    k.URL, To: k.To, When: or(k.When, ""), Limit: or(k.Limit, 0), Priority: k.Priority,
		Method: methodOf(k.Method), Body: k.Body,
	}
	a.check(path, (k.Header != "") != (k.Rel != ""), "%s: header: link and rel go together: {header: link, rel: next}", path)
	if k.Header != "" {
		out.Rel = k.Rel
	}
	for _, p := range a.patterns(path+".match", k.Match) {
		out.Match = append(out.Match, p)
	}
	for _, p := range a.patterns(path+".not", k.Not) {
		out.Not = append(out.Not, p)
	}
	for _, m := range k.Meta {
		out.Meta = append(out.Meta, extract.Named{Name: m.name, Value: string(m.value)})
	}
	a.headers(path+".headers", k.Headers)
	for _, h := range k.Headers {
		out.Header = append(out.Header, extract.Named{Name: h.name, Value: h.value})
	}
	return out
}

// manners returns how the job treats the wishes of sites.
func (a *assembly) manners(job *seine.Job) {
	job.Robots, job.Consent = seine.Obey(a.doc.Robots), seine.Obey(a.doc.Consent)
	for key, value := range map[string]seine.Obey{"robots": job.Robots, "consent": job.Consent} {
		a.check(key, value == seine.Ignore && strings.TrimSpace(job.Permission) == "",
			"%s: ignore needs permission: state who allowed it and when", key)
	}
	if u := a.doc.URLs; u != nil {
		job.URLs = seine.CanonicalURLs{Drop: slices.Clip(append([]string(nil), u.Drop...)), Sort: u.Sort}
		for i, name := range u.Drop {
			at := index("urls.drop", i)
			star := strings.IndexByte(name, '*')
			a.check(at, name == "" || name == "*" || star >= 0 && star != len(name)-1,
				"%s: %q is no parameter: give a name, or its beginning with * at the end", at, a.show(name))
		}
	}
}
