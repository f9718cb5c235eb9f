package jobfile

import (
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
)

// rules returns the file's rules about pages for the compiler.
func (a *assembly) rules() extract.Rules {
	rules := extract.Rules{Kind: a.doc.Kind, EmptyOK: a.doc.Empty == "ok", Key: a.doc.Store.Key,
		Timeout: time.Duration(or(a.doc.Fetch.Timeout, 0)), Fields: a.fields("fields", a.doc.Fields)}
	rules.Verdict = a.verdicts("verdict", a.doc.Verdict)
	for _, e := range a.doc.Assets {
		rules.Assets = append(rules.Assets, a.assetRule("assets."+e.name, e))
	}
	return rules
}

// verdicts returns rules of verdict. A rule with a mistake keeps its place, so that the numbers of
// the others stay.
func (a *assembly) verdicts(path string, list []verdict) []extract.VerdictRule {
	var out []extract.VerdictRule
	for i, v := range list {
		rule, ok := a.verdict(index(path, i), v)
		if !ok {
			rule = extract.VerdictRule{State: seine.Done, When: "true"}
		}
		out = append(out, rule)
	}
	return out
}

func (a *assembly) fields(path string, list entries[field]) []extract.Field {
	fields := make([]extract.Field, 0, len(list))
	for _, e := range list {
		f := a.field(path+"."+e.name, e.value)
		f.Name = e.name
		fields = append(fields, f)
	}
	return fields
}

func (a *assembly) field(path string, f field) extract.Field {
	out := extract.Field{
		All: f.All, Type: f.Type, Locale: f.Locale, Decimal: f.Decimal, Format: f.Format, Currency: f.Currency,
		NoTrim: f.Trim != nil && !*f.Trim,
		Drop:   f.Keep != nil && !*f.Keep,
	}
	for _, text := range []struct {
		key  string
		from *string
		to   *string
	}{
		{"css", f.CSS, &out.CSS},
		{"xpath", f.XPath, &out.XPath},
		{"text", f.Text, &out.Text},
		{"regex", f.Regex, &out.Regex},
		{"meta", f.Meta, &out.Meta},
		{"json", f.JSON, &out.JSON},
		{"column", f.Column, &out.Column},
		{"asset", f.Asset, &out.Asset},
		{"attr", f.Attr, &out.Attr},
		{"match", f.Match, &out.Match},
	} {
		if text.from == nil {
			continue
		}
		at := path + "." + text.key
		if *text.from == "" && !blamed(a.mistakes, at) {
			a.say(a.at(at), at, "%s is empty", at)
		}
		*text.to = *text.from
	}
	if f.JSONLD != nil {
		out.JSONLD, out.JSONLDType = f.JSONLD.path, f.JSONLD.typ
		if at := path + ".jsonld"; out.JSONLD == "" && out.JSONLDType == "" && !blamed(a.mistakes, at) {
			a.say(a.at(at), at, "%s is empty", at)
		}
	}
	if f.Table != nil {
		out.Table, out.TableIn = f.Table.header, f.Table.css
		if at := path + ".table"; out.Table == "" && !blamed(a.mistakes, at) {
			a.say(a.at(at), at, "%s is empty", at)
		}
	}
	a.structured(path, f, &out)
	if f.Or != nil {
		out.Or = f.Or.v
	}
	if f.First != nil {
		out.First = []extract.Field{}
		for i, alternative := range *f.First {
			out.First = append(out.First, a.field(fmt.Sprintf("%s.first[%d]", path, i), alternative))
		}
	}
	if f.Fields != nil {
		out.Fields = a.fields(path+".fields", *f.Fields)
	}
	return out
}

// structured sets the source of a field that reads things of a form of their own.
func (a *assembly) structured(path string, f field, out *extract.Field) {
	if f.Microdata != nil {
		out.Structured, out.Path, out.StructuredType = "microdata", f.Microdata.path, f.Microdata.typ
	}
	for _, of := range []struct {
		key  string
		path *string
	}{{"opengraph", f.OpenGraph}, {"article", f.Article}, {"pdf", f.PDF}, {"feed", f.Feed}} {
		if of.path == nil {
			continue
		}
		at := path + "." + of.key
		if out.Structured != "" {
			a.say(a.at(at), at, "%s looks in two places, %s and %s: give only one of them, or first", path, out.Structured, of.key)
		}
		out.Structured, out.Path = of.key, *of.path
		if *of.path == "" && !blamed(a.mistakes, at) {
			a.say(a.at(at), at, "%s is empty", at)
		}
	}
}

func (a *assembly) verdict(path string, v verdict) (extract.VerdictRule, bool) {
	rule := extract.VerdictRule{Why: a.unresolved(path+".why", v.Why)}
	given := 0
	for _, word := range []struct {
		key   string
		state seine.State
		when  *string
		final bool
	}{
		{"skip", seine.Skipped, v.Skip, false},
		{"stale", seine.Stale, v.Stale, false},
		{"error", seine.Error, v.Error, false},
		{"fail", seine.Error, v.Fail, true},
		{"done", seine.Done, v.Done, false},
	} {
		if word.when != nil {
			rule.State, rule.When, rule.Final = word.state, *word.when, word.final
			rule.Shown = a.unresolved(path+"."+word.key, *word.when)
			given++
		}
	}
	if given != 1 && !blamed(a.mistakes, path) {
		a.say(a.at(path), path, "%s: a rule has one of skip, stale, error, fail and done", path)
	}
	return rule, given == 1
}

func (a *assembly) assetRule(path string, e entry[asset]) extract.AssetRule {
	rule := extract.AssetRule{
		Name: e.name, URL: e.value.URL.expression, All: e.value.All, Body: e.value.Body, Types: e.value.Types,
		Optional: e.value.Optional, OnFailure: e.value.OnFailure,
	}
	if source := e.value.URL.source; source != nil {
		f := a.field(path+".url", *source)
		rule.Source = &f
	}
	if u := e.value.Upgrade; u != nil {
		rule.Upgrade = &seine.Upgrade{From: u.From, To: u.To}
	}
	if i := e.value.Image; i != nil {
		rule.Image = &seine.Image{To: i.To, Quality: or(i.Quality, 0), PNG: i.PNG, Mode: mode(i.Mode), Keep: i.Keep, MaxPixels: or(i.MaxPixels, 0)}
		if i.Resize != nil {
			rule.Image.Resize = &seine.Size{Width: i.Resize.width, Height: i.Resize.height}
		}
		if i.Min != nil {
			rule.Image.MinWidth, rule.Image.MinHeight = i.Min.width, i.Min.height
		}
		if c := i.Crop; c != nil {
			rule.Image.Crop = &seine.Crop{
				OfWidth: c.Of.width, OfHeight: c.Of.height,
				Left: c.Box[0], Top: c.Box[1], Right: c.Box[2], Bottom: c.Box[3],
			}
		}
	}
	return rule
}

// mode returns the mode of resizing, empty for the default.
func mode(word string) string {
	if word == seine.ModeFit {
		return ""
	}
	return word
}
