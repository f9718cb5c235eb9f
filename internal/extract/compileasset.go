package extract

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
)

// assetRule is a compiled AssetRule.
type assetRule struct {
	AssetRule
	url    *expression // nil: source or Body
	source *field
	from   string // how messages and the trace call where the URL comes from
}

var (
	assetName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
	mediaType = regexp.MustCompile(`^([a-z0-9][a-z0-9!#$&^_.+-]*/([a-z0-9][a-z0-9!#$&^_.+-]*|\*)|\*/\*)$`)
	numbered  = regexp.MustCompile(`^[0-9]+(` + assetfile.OriginalSuffix + `)?$`)
)

// maxSuffix is the number of bytes of the largest number of a list: _1000.
const maxSuffix = len("_1000")

func (c *compiler) assetNames(path string, assets []AssetRule) {
	seen := map[string]bool{}
	for _, a := range assets {
		names := []string{a.Name}
		if a.keepsOriginal() {
			names = append(names, a.Name+assetfile.OriginalSuffix)
		}
		for _, n := range names {
			// Some file systems take front and Front for one file.
			if name := strings.ToLower(n); seen[name] {
				c.say(path+"."+a.Name, "asset %s is defined twice", n)
			} else {
				seen[name] = true
			}
		}
		for _, list := range assets {
			rest, ok := strings.CutPrefix(strings.ToLower(a.Name), strings.ToLower(list.Name)+"_")
			if list.All && ok && (a.All && numbered.MatchString(rest+"_1") || numbered.MatchString(rest)) {
				c.say(path+"."+a.Name, "the name is one of the list %s, whose files are %s_1, %s_2 and so on", list.Name, list.Name, list.Name)
			}
		}
	}
}

func (c *compiler) asset(path string, a AssetRule, names *scope) *assetRule {
	most := 63
	if a.keepsOriginal() {
		most -= len(assetfile.OriginalSuffix)
	}
	if a.All {
		most -= maxSuffix
	}
	if len(a.Name) > most || !assetName.MatchString(a.Name) {
		c.say(path, "%q is not a name: letters, digits, '_' and '-', at most %d", a.Name, most)
	}
	if u := a.Upgrade; u != nil {
		switch {
		case u.From == "":
			c.say(path+".upgrade.from", "is empty: nothing could be replaced")
		case u.From == u.To:
			c.say(path+".upgrade.to", "is the same as from")
		}
	}
	if i := a.Image; i != nil {
		c.image(path+".image", *i)
	}
	for i, t := range a.Types {
		if !mediaType.MatchString(t) {
			c.say(fmt.Sprintf("%s.types[%d]", path, i), "%q is not a media type: image/*, application/pdf", t)
		}
	}
	c.oneOf(path+".on_failure", "word", a.OnFailure, []string{seine.KeepRecord})
	if a.OnFailure != "" && a.Optional {
		c.say(path+".on_failure", "does not go with optional: true, which leaves the asset out")
	}
	if a.Body {
		return c.bodyAsset(path, a)
	}
	out := &assetRule{AssetRule: a, from: a.URL}
	switch {
	case a.Source != nil:
		source := *a.Source
		if a.All {
			source = asList(source)
		}
		if source.Asset != "" || source.Column == "" && len(sources(source)) == 0 && source.First == nil {
			c.say(path+".url", "gives no place to look: give css, xpath, regex, meta, json, jsonld, column or first")
			return nil
		}
		if out.source = c.field(path+".url", source, pageScope, 0, ""); out.source.nested != nil {
			c.say(path+".url.fields", "an object is no URL")
		}
		out.from = out.source.called()
	case strings.TrimSpace(a.URL) == "":
		c.say(path, "does not name the file: give url, or body: true for the page itself")
		return nil
	case a.All:
		out.url = c.listExpression(path+".url", a.URL, names)
	case names.lists[strings.TrimSpace(a.URL)]:
		c.say(path+".url", "%s is a list: add all: true to store each file, or name one: %s[0]", strings.TrimSpace(a.URL), strings.TrimSpace(a.URL))
		return nil
	default:
		out.url = c.expression(path+".url", a.URL, reflect.String, names)
	}
	if out.url == nil && out.source == nil {
		return nil
	}
	return out
}

// asList makes a source, or each of its alternatives, take every value.
func asList(f Field) Field {
	if f.First == nil {
		f.All = true
		return f
	}
	f.First = slices.Clone(f.First)
	for i := range f.First {
		f.First[i].All = true
	}
	return f
}

// bodyAsset compiles an asset that is the page's own body.
func (c *compiler) bodyAsset(path string, a AssetRule) *assetRule {
	for _, beside := range []struct {
		key string
		set bool
	}{{"url", a.URL != "" || a.Source != nil}, {"all", a.All}, {"upgrade", a.Upgrade != nil}, {"on_failure", a.OnFailure != ""}} {
		if beside.set {
			c.say(path+"."+beside.key, "does not go with body: true, where the page itself is the file")
		}
	}
	return &assetRule{AssetRule: a, from: "body"}
}

// listExpression compiles an expression that gives a list of URLs.
func (c *compiler) listExpression(path, src string, names *scope) *expression {
	if name := strings.TrimSpace(src); fieldName.MatchString(name) {
		if list, field := names.lists[name]; field && !list && names.strict[name] != names.loose[name] {
			c.say(path, "%s is not a list: give the field all: true", name)
			return nil
		}
	}
	return c.expression(path, src, reflect.Slice, names)
}

// late checks the fields that stored assets fill in, and names the asset of each.
func (c *compiler) late(fields []*field, assets []AssetRule) {
	var known []string
	for _, a := range assets {
		known = append(known, a.Name)
	}
	for _, f := range fields {
		if f.late == nil {
			continue
		}
		at := "fields." + f.name + ".asset"
		i := slices.Index(known, f.late.Asset)
		switch {
		case i < 0:
			c.sayNear(at, f.late.Asset, known, "there is no asset %q", f.late.Asset)
		case assets[i].All && !f.all:
			c.say(at, "%s is a list of files: give the field all: true", f.late.Asset)
		case !assets[i].All && f.all:
			c.say("fields."+f.name+".all", "%s is one file: leave all out", f.late.Asset)
		}
	}
}

// assetField compiles a field that a stored asset fills in.
func (c *compiler) assetField(path string, f Field, out *field, in where, depth int) {
	name, property, _ := strings.Cut(f.Asset, ".")
	out.late = &seine.AssetField{Field: f.Name, Asset: name, Property: property, All: f.All, Or: f.Or}
	switch {
	case in != pageScope || depth > 0 || f.Name == "":
		c.say(path+".asset", "is for a field of the record itself")
	case f.Drop:
		c.say(path+".keep", "the field is only for the record, so expressions and the key do not see it")
	case f.Type != "" || f.Match != "" || f.Attr != "" || f.Fields != nil || f.Locale != "" || f.Decimal != "":
		c.say(path+".asset", "goes with all and or alone")
	case property == "":
		c.say(path+".asset", "%q is not a property: write NAME.PROPERTY, such as front.original_width", f.Asset)
	case !slices.Contains(AssetProperties, property):
		c.sayNear(path+".asset", property, AssetProperties, "an asset has no property %q: %s", property, strings.Join(AssetProperties, ", "))
	}
}

// AssetProperties are the properties of a stored asset that a field can name. Sizes are in pixels
// and bytes. The original ones belong to the file as it came. phash is the perceptual hash.
var AssetProperties = []string{
	"width", "height", "bytes", "sha256", "path", "url", "original_width", "original_height", "original_bytes", "original_sha256",
	"phash",
}
