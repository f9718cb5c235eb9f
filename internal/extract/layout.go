package extract

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seinehq/seine/internal/assetfile"
)

// Layout reads the paths of a job's files. It is the inverse of the job's key template.
type Layout struct {
	key     template
	assets  []string
	lists   []string
	kinds   []kindFiles
	foreign bool
	code    bool
	shape   *regexp.Regexp
	groups  []string // the name that each group of shape stands for
}

// kindFiles are the files that the records of one kind can have, and the files that they must have.
type kindFiles struct {
	kind            string
	names, required []string
}

// Place holds the values in a path. Its values are as [Sanitize] left them.
type Place struct {
	// ID is what stood for {id} or {key}.
	ID string

	// Asset is the name of the asset.
	Asset string

	// Values holds the fields of the template by name; nil when it has none.
	Values map[string]string
}

// layout adds the files of a page kind.
func (s *pageRules) layout(l *Layout) {
	own := l.addAssets(s.key, s.assets)
	if len(s.each) == 0 {
		l.addKind(s.kind, own)
	}
	for _, e := range s.each {
		l.addKind(s.kind, l.addAssets(e.keys, e.assets))
	}
}

// addKind adds the files of a kind. A record of several rules must have what all of them require.
func (l *Layout) addKind(kind string, files kindFiles) {
	files.kind = kind
	for i, k := range l.kinds {
		if k.kind == kind {
			l.kinds[i].names = append(k.names, files.names...)
			l.kinds[i].required = slices.DeleteFunc(k.required, func(name string) bool { return !slices.Contains(files.required, name) })
			return
		}
	}
	l.kinds = append(l.kinds, files)
}

func (l *Layout) addAssets(key template, assets []*assetRule) (files kindFiles) {
	if l.key == nil {
		l.key = key
	}
	for _, a := range assets {
		names := []string{a.Name}
		if a.All {
			l.lists, names[0] = append(l.lists, a.Name), a.Name+"_1"
		}
		if a.keepsOriginal() {
			names = append(names, names[0]+assetfile.OriginalSuffix)
		}
		if !a.All {
			l.assets = append(l.assets, names...)
		}
		files.names = append(files.names, names...)
		if !a.Optional && a.OnFailure == "" {
			files.required = append(files.required, names...)
		}
	}
	return files
}

// allAssets lists the asset rules of the page and of its records.
func (s *pageRules) allAssets() []*assetRule {
	all := slices.Clone(s.assets)
	for _, e := range s.each {
		all = append(all, e.assets...)
	}
	return all
}

// mostAssets is the most files of a page of this kind. bounded is false if a list has no bound.
func (s *pageRules) mostAssets() (n int, bounded bool) {
	for _, e := range s.each {
		if len(e.assets) > 0 {
			return 0, false
		}
	}
	n = len(s.assets)
	for _, a := range s.assets {
		if a.All {
			return 0, false
		}
		if a.keepsOriginal() {
			n++
		}
	}
	return n, true
}

// CodeLayout returns the layout of a job whose assets and paths Go code chooses. assets are the
// names that its records have. No asset is required, and every path of a record is right. A
// template that can't be read means no path.
func CodeLayout(key string, assets []string) *Layout {
	if key == "" {
		key = DefaultKey
	}
	t, err := parseTemplate(key)
	if err != nil {
		t = template{{literal: key}}
	}
	l := &Layout{key: t, assets: assets, code: true}
	l.compile()
	return l
}

// Foreign returns the layout of a store that Seine did not fill, where the value of a field may be
// any folder name or part of one, except a hidden one.
func (l *Layout) Foreign() *Layout {
	out := &Layout{key: l.key, assets: l.assets, lists: l.lists, kinds: l.kinds, foreign: true, code: l.code}
	out.compile()
	return out
}

// Assets lists the names of the assets with one file, in the order of the rules. The name of a kept
// original follows its asset.
func (l *Layout) Assets() []string { return l.assets }

// Lists lists the names of the assets that are lists, in the order of the rules.
func (l *Layout) Lists() []string { return l.lists }

// NumberOf splits the name of a file of a list, photo_12 or photo_12_original, into the list's name
// and the number. ok is false for any other name.
func (l *Layout) NumberOf(asset string) (list string, n int, ok bool) {
	for _, list := range l.lists {
		digits, found := strings.CutPrefix(strings.TrimSuffix(asset, assetfile.OriginalSuffix), list+"_")
		if n, err := strconv.Atoi(digits); found && err == nil && n > 0 && strconv.Itoa(n) == digits {
			return list, n, true
		}
	}
	return "", 0, false
}

// Required lists the assets that every record of a kind must have. have lists its files,
// which decide if the job has no such kind any more.
func (l *Layout) Required(kind string, have []string) []string {
	for _, k := range l.kinds {
		if k.kind == kind {
			return k.required
		}
	}
	return l.RequiredWith(have)
}

// RequiredWith lists the assets that a record must have, if only its files are known. It decides
// for the kind that lacks the fewest of them.
func (l *Layout) RequiredWith(have []string) []string {
	var (
		best  []string
		least = -1
	)
	for _, k := range l.kinds {
		if len(l.kinds) > 1 && !slices.ContainsFunc(have, func(name string) bool { return l.among(k.names, name) }) {
			continue
		}
		lack := 0
		for _, name := range k.required {
			if !slices.Contains(have, name) {
				lack++
			}
		}
		if least < 0 || lack < least {
			best, least = k.required, lack
		}
	}
	return best
}

// among reports whether a file's name is one of names, or a further file of a list among them.
func (l *Layout) among(names []string, name string) bool {
	if slices.Contains(names, name) {
		return true
	}
	list, _, ok := l.NumberOf(name)
	return ok && slices.Contains(names, list+"_1")
}

// Fields lists the fields that the template names, in its order.
func (l *Layout) Fields() []string {
	var names []string
	for _, p := range l.key {
		if p.name != "" && !notField(p.name) && !slices.Contains(names, p.name) {
			names = append(names, p.name)
		}
	}
	return names
}

func notField(name string) bool {
	return name == "id" || name == "key" || name == "asset" || name == "ext" || name == numberName
}

// NamesIDs reports whether [Layout.Parse] reads an ID in each path. It does not for a job in Go,
// whose code chooses the paths.
func (l *Layout) NamesIDs() bool {
	return !l.code && slices.ContainsFunc(l.key, func(p part) bool { return p.name == "id" || p.name == "key" })
}

// Prefix is the folder that all paths lie in, with a slash at its end; empty
// when the template begins with a name.
func (l *Layout) Prefix() string {
	if len(l.key) == 0 || l.key[0].name != "" {
		return ""
	}
	literal := l.key[0].literal
	return literal[:strings.LastIndexByte(literal, '/')+1]
}

const (
	anyName      = `([^/.\p{Cc}][^/\p{Cc}]*?)`
	anyValue     = `([\p{L}\p{Nd}_-][\p{L}\p{Nd}._-]*?)`
	anyExtension = `([A-Za-z0-9]+)`
	anyNumber    = `([1-9][0-9]{0,3})`
)

// compile makes the pattern of the paths. Values match as short as possible and names of assets as
// long as possible, so that 7_big_front.png is the asset big_front of 7 if such an asset exists.
func (l *Layout) compile() {
	longest := slices.Clone(l.assets)
	for _, list := range l.lists {
		longest = append(longest, list+"_")
	}
	slices.SortStableFunc(longest, func(a, b string) int { return len(b) - len(a) })
	for i, a := range longest {
		longest[i] = regexp.QuoteMeta(a)
		if list, ends := strings.CutSuffix(a, "_"); ends && slices.Contains(l.lists, list) {
			longest[i] += `[1-9][0-9]{0,3}(?:` + assetfile.OriginalSuffix + `)?`
		}
	}
	var b strings.Builder
	b.WriteString(`^`)
	for _, p := range l.key {
		switch {
		case p.name == "":
			b.WriteString(regexp.QuoteMeta(p.literal))
			continue
		case p.name == "asset":
			b.WriteString(`(` + strings.Join(longest, `|`) + `)`)
		case p.name == "ext":
			b.WriteString(anyExtension)
		case p.name == numberName:
			b.WriteString(anyNumber)
		case l.foreign && !notField(p.name):
			b.WriteString(anyName)
		default:
			b.WriteString(anyValue)
		}
		name := p.name
		if name == "key" {
			name = "id"
		}
		l.groups = append(l.groups, name)
	}
	b.WriteString(`$`)
	l.shape = regexp.MustCompile(b.String()) // everything in it is quoted
}

// Parse returns the values in a path. ok is false if the template cannot have made it.
func (l *Layout) Parse(path string) (place Place, ok bool) {
	m := l.shape.FindStringSubmatch(path)
	if m == nil {
		return Place{}, false
	}
	found := map[string]string{}
	for i, name := range l.groups {
		v := m[i+1]
		if was, twice := found[name]; twice && was != v || len(v) > maxValue {
			return Place{}, false
		}
		found[name] = v
		if !notField(name) {
			if place.Values == nil {
				place.Values = map[string]string{}
			}
			place.Values[name] = v
		}
	}
	place.ID, place.Asset = found["id"], found["asset"]
	switch { // without {asset} there is one, or one list
	case place.Asset != "":
	case len(l.assets) > 0:
		place.Asset = l.assets[0]
	case len(l.lists) > 0:
		place.Asset = l.lists[0] + "_" + found[numberName]
	}
	return place, true
}

// Fits reports whether the template can make a path from these values. A name that value does not
// know matches any text.
func (l *Layout) Fits(path, id, asset string, value func(name string) (v string, known bool)) bool {
	if l.code {
		return true
	}
	var pattern []part // a name in it is a part that may be anything
	for _, p := range l.key {
		v, known := p.literal, true
		switch p.name {
		case "":
		case "id", "key":
			v = Sanitize(id)
		case "asset":
			v = Sanitize(asset)
		case numberName:
			v = l.numberText(asset)
		case "ext":
			known = false
		default:
			if v, known = value(p.name); known {
				v = Sanitize(v)
			}
		}
		if !known {
			pattern = append(pattern, part{name: p.name})
			continue
		}
		pattern = append(pattern, part{literal: v})
	}
	return fits(pattern, path)
}

// numberText returns the number of a file in its list, 1 for a file of no list.
func (l *Layout) numberText(asset string) string {
	_, n, ok := l.NumberOf(asset)
	if !ok {
		n = 1
	}
	return strconv.Itoa(n)
}

// fits matches a pattern in which a name stands for one or more characters of
// one path element.
func fits(pattern []part, path string) bool {
	for i, p := range pattern {
		if p.name == "" {
			rest, ok := strings.CutPrefix(path, p.literal)
			if !ok {
				return false
			}
			path = rest
			continue
		}
		for n := 1; n <= len(path) && path[n-1] != '/'; n++ {
			if fits(pattern[i+1:], path[n:]) {
				return true
			}
		}
		return false
	}
	return path == ""
}

// Printed returns a record's value as a key writes it, or an empty string for a value that a key
// cannot hold. Numbers may be json.Number.
func Printed(v any) string {
	n, ok := v.(json.Number)
	if !ok {
		return printed(v)
	}
	if i, err := n.Int64(); err == nil {
		return printed(i)
	}
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	return printed(f)
}
