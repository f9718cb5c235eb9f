package jobfile

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"

	"github.com/seinehq/seine/internal/idspace"
	"github.com/seinehq/seine/internal/number"
)

// several is one value, or a list of them.
type several[T any] []T

func (v *several[T]) decode(d *decoder, n *node, path string) {
	if n.kind != sequence {
		*v = make([]T, 1)
		d.decode(reflect.ValueOf(&(*v)[0]).Elem(), n, path, limits{})
		return
	}
	if len(n.items) == 0 {
		d.say(n.at, path, "%s is empty", name(path))
	}
	*v = make([]T, len(n.items))
	for i, item := range n.items {
		d.decode(reflect.ValueOf(&(*v)[i]).Elem(), item, index(path, i), limits{})
	}
}

// bound is an ID in the spelling of a job file. Its space decides how to read it. nil means that it
// is missing or wrong.
type bound struct{ n *node }

func (v *bound) decode(d *decoder, n *node, path string) {
	if n.broken || d.unclear(n, path) {
		return
	}
	if n.kind != scalar || !n.quoted && !n.variable && plainKind(n.text) == "null" {
		d.wrong(n, path, "a number, letters or a date")
		return
	}
	v.n = n
}

// fraction is a number from 0 to 1.
type fraction float64

func (v *fraction) decode(d *decoder, n *node, path string) {
	if n.broken || d.unclear(n, path) {
		return
	}
	var x float64
	if _, err := fmt.Sscan(n.text, &x); n.kind != scalar || err != nil || !plainNumber.MatchString(n.text) {
		d.wrong(n, path, "a number from 0 to 1")
		return
	}
	if x < 0 || x > 1 {
		d.say(n.at, path, "%s is %s; 0 to 1", name(path), n.shown())
		return
	}
	*v = fraction(x)
}

// spaces are the ID spaces of a job.
func (a *assembly) spaces(list several[idSpace]) []seine.IDSpace {
	var out []seine.IDSpace
	before := len(a.mistakes)
	for i, ids := range list {
		path := "seeds.ids"
		if _, many := a.values[index(path, i)]; many {
			path = index(path, i)
		}
		out = append(out, a.space(path, ids))
	}
	if len(a.mistakes) > before || a.wrongIn("seeds.ids") {
		return out
	}
	var all int64
	for i := range out {
		at := index("seeds.ids", i)
		all += idspace.Of(&out[i]).Len()
		if all < 0 {
			a.check(at, true, "%s: the spaces together hold more IDs than 64 bits count", at)
			break
		}
	}
	if all >= 0 {
		for _, o := range idspace.Overlaps(idspace.All(out)) {
			at := index("seeds.ids", o.Of)
			a.check(at, true, "%s: the ID %s is also one of %s, but spaces must not overlap", at, o.ID, index("seeds.ids", o.With))
		}
	}
	return out
}

// wrongIn reports whether a mistake inside a path is known.
func (a *assembly) wrongIn(path string) bool {
	return slices.ContainsFunc(a.mistakes, func(m Mistake) bool { return inside(m.Path, path) })
}

func (a *assembly) space(path string, ids idSpace) seine.IDSpace {
	s := seine.IDSpace{Prefix: ids.Prefix, Width: ids.Width, Check: seine.Check(ids.Check)}
	if ids.Step != nil {
		s.Step = *ids.Step
	}
	a.check(path+".prefix", strings.HasPrefix(ids.Prefix, " "), "%s.prefix %q begins with a space, but no key does", path, a.show(ids.Prefix))
	base := or(ids.Base, 10)
	a.check(path+".base", !slices.Contains([]int{10, 26, 36}, base), "%s.base is %d; it may be 10, 26, 36", path, base)
	dated := ids.Date != "" || base == 10 && ids.From.dated() && ids.To.dated()
	a.check(path+".check", ids.Check != "" && (dated || base != 10), "%s.check needs numbers in digits", path)
	a.check(path+".width", ids.Width != 0 && (dated || base != 10), "%s.width needs numbers in digits: letters and dates have a width of their own", path)
	a.check(path+".base", dated && base != 10, "%s.base and dates contradict each other", path)
	read := a.number
	switch {
	case dated:
		s.Date = a.layout(path+".date", ids.Date)
		read = a.day
	case base != 10:
		a.alphabet(path, ids, base, &s)
		read = a.word
	}
	from, okFrom := read(path+".from", ids.From, &s)
	to, okTo := read(path+".to", ids.To, &s)
	known := okFrom && okTo
	s.From, s.To = from, to
	a.check(path+".from", known && from > to, "%s: from %s is greater than to %s", path, ids.From.shown(), ids.To.shown())
	a.check(path+".to", known && to == math.MaxInt64, "%s.to: %d is too large: at most %d", path, to, int64(math.MaxInt64-1))
	if ids.Start != nil {
		s.Start = []int64{}
	}
	for i, start := range ids.Start {
		at := index(path+".start", i)
		n, ok := read(at, start, &s)
		if !ok {
			continue
		}
		s.Start = append(s.Start, n)
		if !known || from > to {
			continue
		}
		a.check(at, n < from || n > to, "%s: %s is outside the ID space of %s to %s", at, start.shown(), ids.From.shown(), ids.To.shown())
		a.check(at, (n-from)%max(s.Step, 1) != 0, "%s: %s is none of the ids from %s on in steps of %d", at, start.shown(), ids.From.shown(), s.Step)
	}
	return s
}

func (v bound) shown() string {
	if v.n == nil {
		return ""
	}
	return v.n.shown()
}

var isoDate = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)

var (
	looseDate    = regexp.MustCompile(`^[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}$`)
	alphanumeric = regexp.MustCompile(`^[0-9]*[A-Za-z][0-9A-Za-z]*$`)
)

func (v bound) dated() bool { return v.n != nil && isoDate.MatchString(v.n.text) }

var zero int64

// number, day and word read an ID by the kind of its space.
func (a *assembly) number(path string, v bound, _ *seine.IDSpace) (int64, bool) {
	if v.n == nil {
		return 0, false
	}
	switch text := v.n.text; {
	case looseDate.MatchString(text):
		a.say(v.n.at, path, "%s: %q is not a number: write a date as 2020-01-31", path, v.shown())
		return 0, false
	case alphanumeric.MatchString(text):
		a.say(v.n.at, path, "%s: %q has letters: add base: 26, or 36 with digits", path, v.shown())
		return 0, false
	}
	return a.integer(v.n, path, limits{min: &zero})
}

func (a *assembly) day(path string, v bound, _ *seine.IDSpace) (int64, bool) {
	if v.n == nil {
		return 0, false
	}
	t, err := time.Parse(time.DateOnly, v.n.text)
	if err != nil {
		a.say(v.n.at, path, "%s: %q is no date: 2020-01-31", path, v.shown())
		return 0, false
	}
	return seine.Day(t), true
}

func (a *assembly) word(path string, v bound, s *seine.IDSpace) (int64, bool) {
	if v.n == nil || s.Alphabet == "" {
		return 0, false
	}
	digit := func(r rune) bool { return !strings.ContainsRune(s.Alphabet, r) }
	if at := strings.IndexFunc(v.n.text, digit); at >= 0 || v.n.text == "" {
		a.say(v.n.at, path, "%s: %q holds a character outside %s", path, v.shown(), s.Alphabet)
		return 0, false
	}
	if len(v.n.text) != s.Width {
		a.say(v.n.at, path, "%s: %q has another length than from: give a space for each length", path, v.shown())
		return 0, false
	}
	bare := idspace.Space{Alphabet: s.Alphabet, Width: s.Width}
	n, ok := bare.Number(v.n.text)
	if !ok {
		a.say(v.n.at, path, "%s: %s does not fit 64 bits", path, v.shown())
	}
	return n, ok
}

// alphabet returns the digits of base 26 or 36, in the case of the bounds.
func (a *assembly) alphabet(path string, ids idSpace, base int, s *seine.IDSpace) {
	letters := ids.From.shown() + ids.To.shown()
	upper, lower := strings.ToLower(letters) != letters, strings.ToUpper(letters) != letters
	if upper && lower {
		a.check(path+".from", true, "%s: from %s and to %s mix large and small letters", path, ids.From.shown(), ids.To.shown())
		return
	}
	s.Alphabet = seine.Alphanumerics
	if base == 26 {
		s.Alphabet = seine.Letters
	}
	if lower {
		s.Alphabet = strings.ToLower(s.Alphabet)
	}
	if ids.From.n != nil {
		s.Width = len(ids.From.n.text)
	}
}

var dateOther = regexp.MustCompile(`^[^A-Za-z0-9]*$`)

// layout is how package time calls a format such as YYYY/MM/DD.
func (a *assembly) layout(path, format string) string {
	if format == "" {
		return time.DateOnly
	}
	rest, out := format, format
	for _, part := range [][2]string{{"YYYY", "2006"}, {"MM", "01"}, {"DD", "02"}} {
		a.check(path, strings.Count(format, part[0]) != 1, "%s: %q has %s not once: YYYY-MM-DD, DD.MM.YYYY, YYYYMMDD", path, a.show(format), part[0])
		rest, out = strings.ReplaceAll(rest, part[0], ""), strings.ReplaceAll(out, part[0], part[1])
	}
	a.check(path, !dateOther.MatchString(rest), "%s: %q holds other letters than YYYY, MM and DD", path, a.show(format))
	return out
}

// goals rejects a goal of more records than IDs, because each ID gives at most one record. A limit
// of assets or tasks above the reachable number gives only a warning, because a job that was
// narrowed for a trial keeps its limits. Without counted, an ID leads to any number of tasks and
// records.
func (a *assembly) goals(job *seine.Job, assets int, counted bool) {
	a.check("limit.yield", job.Limit.Yield > 0 && len(job.Seeds.IDs) == 0 && a.doc.Seeds.IDs == nil, "limit.yield needs an ID space to explore: give seeds.ids")
	if len(job.Seeds.IDs) == 0 || job.Seeds.File != "" || a.wrongIn("seeds") {
		return
	}
	var ids int64
	for i := range job.Seeds.IDs {
		ids += idspace.Of(&job.Seeds.IDs[i]).Len()
	}
	starts := len(job.Seeds.URLs) > 0
	for i := range job.Seeds.IDs {
		starts = starts || len(job.Seeds.IDs[i].Start) > 0
	}
	a.warnings.file = a.file
	doubt := func(path string, so bool, format string, args ...any) {
		if so {
			a.warnings.say(a.at(path), path, format, args...)
		}
	}
	doubt("explore.strategy", job.Explore.Strategy == seine.StrategyChain && !starts,
		"explore.strategy: a chain starts at known IDs: give seeds.ids.start, or `seine add` them")
	of, is := "the ID space has "+number.Counted(ids, "id"), ids
	if b := job.Explore.Budget; b > 0 && b < ids {
		of, is = "explore.budget is "+number.Counted(b, "answer"), b
	}
	a.check("limit.yield", job.Limit.Yield > 0 && (job.Explore.Strategy == seine.StrategyChain || job.Explore.Strategy == seine.StrategyOff),
		"limit.yield is not used with strategy: %s", job.Explore.Strategy)
	if !counted {
		return // links and each give more tasks and records than there are IDs
	}
	a.check("limit.records", job.Limit.Records > is, "limit.records: %s can't be met: %s, a record each; give at most %d, or no limit", number.Counted(job.Limit.Records, "record"), of, is)
	if is < math.MaxInt64/int64(max(assets, 1)) {
		doubt("limit.assets", assets > 0 && job.Limit.Assets > is*int64(assets),
			"limit.assets: %s can't be met: %s with %d each", number.Counted(job.Limit.Assets, "asset"), of, assets)
	}
	doubt("limit.tasks", job.Limit.Tasks > ids, "limit.tasks: %s can't be met: the ID space has %s", number.Counted(job.Limit.Tasks, "task"), number.Counted(ids, "id"))
}
