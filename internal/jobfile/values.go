package jobfile

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones, also where a system has none

	"github.com/seinehq/seine"
)

// How the values that decode themselves are written. The schema has the same
// patterns.
const (
	durationPattern = `^(0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+)$`
	spanPattern     = `^(0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+)(\.\.(0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+))?$`
	hoursPattern    = `^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]( [A-Za-z0-9_+/-]+)?$`
	sizePattern     = `^[0-9]+(\.[0-9]+)? ?(B|kB|MB|GB|KiB|MiB|GiB)$`
	dimsPattern     = `^[0-9]+x[0-9]+$`
)

// maxDuration bounds a duration to a hundred years.
const maxDuration = 100 * 365 * 24 * time.Hour

var (
	durationForm = regexp.MustCompile(durationPattern)
	durationPart = regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d)`)
	hoursForm    = regexp.MustCompile(hoursPattern)
	sizeForm     = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?(B|kB|MB|GB|KiB|MiB|GiB)$`)
	dimsForm     = regexp.MustCompile(`^([0-9]{1,7})x([0-9]{1,7})$`)
)

var units = map[string]time.Duration{
	"ns": 1, "us": time.Microsecond, "µs": time.Microsecond, "ms": time.Millisecond,
	"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// ParseDuration reads a duration as Go writes it, with d for days.
func ParseDuration(s string) (time.Duration, error) {
	if !durationForm.MatchString(s) {
		if plainNumber.MatchString(s) {
			return 0, fmt.Errorf("has no unit: 500ms, 20s, 1m30s, 2d")
		}
		return 0, fmt.Errorf("is no duration: 500ms, 20s, 1m30s, 2d")
	}
	var sum float64
	for _, part := range durationPart.FindAllStringSubmatch(s, -1) {
		n, err := strconv.ParseFloat(part[1], 64)
		if err != nil {
			return 0, fmt.Errorf("is no duration: %w", err)
		}
		sum += n * float64(units[part[2]])
	}
	if sum > float64(maxDuration) {
		return 0, fmt.Errorf("is longer than a hundred years")
	}
	return time.Duration(math.Round(sum)), nil
}

// scalarText returns a scalar as it is written, whatever its type.
func (d *decoder) scalarText(n *node, path, want string) (string, bool) {
	if n.broken || d.unclear(n, path) {
		return "", false
	}
	if n.kind != scalar || !n.quoted && plainKind(n.text) == "null" {
		d.wrong(n, path, want)
		return "", false
	}
	return n.text, true
}

// duration is a time.Duration: 20s.
type duration time.Duration

func (v *duration) decode(d *decoder, n *node, path string) {
	s, ok := d.scalarText(n, path, "a duration such as 20s")
	if !ok {
		return
	}
	parsed, err := ParseDuration(s)
	if err != nil {
		d.say(n.at, path, "%s: %q %v", name(path), n.shown(), err)
		return
	}
	*v = duration(parsed)
}

// span is a seine.Span: 1s, or 20s..30s.
type span struct{ min, max time.Duration }

func (v *span) decode(d *decoder, n *node, path string) {
	s, ok := d.scalarText(n, path, "a duration such as 20s, or 20s..30s")
	if !ok {
		return
	}
	least, most, two := strings.Cut(s, "..")
	if !two {
		most = least
	}
	var err error
	if v.min, err = ParseDuration(least); err == nil {
		v.max, err = ParseDuration(most)
	}
	switch {
	case err != nil:
		d.say(n.at, path, "%s: %q %v", name(path), n.shown(), err)
	case v.min > v.max:
		d.say(n.at, path, "%s: %v is longer than %v: put the shorter one first", name(path), v.min, v.max)
	}
}

// hours is a seine.Hours: 22:00-06:00, or 22:00-06:00 Europe/Berlin.
type hours seine.Hours

func (v *hours) decode(d *decoder, n *node, path string) {
	s, ok := d.scalarText(n, path, "hours such as 22:00-06:00")
	if !ok {
		return
	}
	if !hoursForm.MatchString(s) {
		d.say(n.at, path, "%s: %q are no hours of the day: 22:00-06:00, or 22:00-06:00 Europe/Berlin (UTC without a zone)", name(path), n.shown())
		return
	}
	times, zone, _ := strings.Cut(s, " ")
	from, to, _ := strings.Cut(times, "-")
	v.From, v.To = sinceMidnight(from), sinceMidnight(to)
	if v.From == v.To {
		d.say(n.at, path, "%s: %q is the whole day, which is the default: leave it out", name(path), n.shown())
	}
	at, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		d.say(n.at, path, "%s: %q is no time zone: Europe/Berlin, America/New_York, UTC", name(path), zone)
	}
	v.Zone = at
}

// sinceMidnight reads 22:00, whose form was checked.
func sinceMidnight(s string) time.Duration {
	h, _ := strconv.Atoi(s[:2])
	m, _ := strconv.Atoi(s[3:])
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
}

var sizes = map[string]float64{
	"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
}

// size is a number of bytes: 8MiB.
type size int64

func (v *size) decode(d *decoder, n *node, path string) {
	s, ok := d.scalarText(n, path, "a size such as 8MiB")
	if !ok {
		return
	}
	m := sizeForm.FindStringSubmatch(s)
	if m == nil && plainInt.MatchString(s) {
		m = []string{s, strings.TrimPrefix(s, "+"), "B"}
	}
	if m == nil {
		d.say(n.at, path, "%s: %q is no size: 500kB, 8MiB, 1GiB, or bytes", name(path), n.shown())
		return
	}
	x, err := strconv.ParseFloat(m[1], 64)
	if bytes := x * sizes[m[2]]; err == nil && bytes >= 1 && bytes <= 1<<40 {
		*v = size(bytes)
		return
	}
	d.say(n.at, path, "%s: %q is not between 1 byte and 1024GiB", name(path), n.shown())
}

// dims is a width and a height: 1024x1768.
type dims struct{ width, height int }

func (v *dims) decode(d *decoder, n *node, path string) {
	s, ok := d.scalarText(n, path, "a width and a height such as 1024x1768")
	if !ok {
		return
	}
	m := dimsForm.FindStringSubmatch(s)
	if m == nil {
		d.say(n.at, path, "%s: %q is no width and height: 1024x1768", name(path), n.shown())
		return
	}
	v.width, _ = strconv.Atoi(m[1]) // seven digits at most
	v.height, _ = strconv.Atoi(m[2])
}

// box is four edges: [left, top, right, bottom].
type box [4]int

func (v *box) decode(d *decoder, n *node, path string) {
	if n.kind != sequence || len(n.items) != len(v) {
		got := n.what()
		if n.kind == sequence {
			got = fmt.Sprintf("a list of %d", len(n.items))
		}
		d.say(n.at, path, "%s wants [left, top, right, bottom], got %s", name(path), got)
		return
	}
	bound := int64(1 << 20)
	least := -bound
	for i, item := range n.items {
		if edge, ok := d.integer(item, fmt.Sprintf("%s[%d]", path, i), limits{min: &least, max: &bound}); ok {
			v[i] = int(edge)
		}
	}
}

// address is an address or a prefix, with or without a port: 127.0.0.1:8080.
type address struct{ net seine.PrivateNet }

func (v *address) decode(d *decoder, n *node, path string) {
	if joined := n.joined(); joined != nil {
		n = joined
	}
	s, ok := d.text(n, path)
	if !ok {
		return
	}
	var err error
	if v.net, err = seine.ParsePrivateNet(s); err != nil {
		why := errors.Unwrap(err).Error()
		if strings.Contains(why, "neither") {
			why += ": a name could point anywhere"
		}
		d.say(n.at, path, "%s: %q %s", name(path), n.shown(), why)
	}
}

// joined returns the plain text that the parser took for a mapping of one key. Inside braces the
// parser splits at every colon, although YAML requires a space after it. nil means that n is not
// such a mapping.
func (n *node) joined() *node {
	if n.kind != mapping || len(n.pairs) != 1 {
		return nil
	}
	p := n.pairs[0]
	if p.value == nil || p.value.kind != scalar || p.value.quoted || p.value.at != (place{p.at.line, p.at.column + len(p.key) + 1}) {
		return nil
	}
	text := p.key + ":" + p.value.text
	return &node{at: p.at, text: text, written: text}
}

// linked is a path into JSON-LD, or keys that select it.
type linked struct{ typ, path string }

func (v *linked) decode(d *decoder, n *node, path string) {
	if n.kind == mapping {
		var keys linkedKeys
		d.structure(reflect.ValueOf(&keys).Elem(), n, path)
		v.typ, v.path = keys.Type, keys.Path
		if v.typ == "" && n.get("type") == nil {
			d.say(d.place(path, n.at), path, "missing key \"type\"%s", within(path))
		}
		return
	}
	v.path, _ = d.text(n, path)
}

// tableCells is the text of a header cell, or keys that select it.
type tableCells struct{ header, css string }

func (v *tableCells) decode(d *decoder, n *node, path string) {
	if n.kind == mapping {
		var keys tableKeys
		d.structure(reflect.ValueOf(&keys).Elem(), n, path)
		v.header, v.css = keys.Header, keys.CSS
		return
	}
	v.header, _ = d.text(n, path)
}

// assetURL is an expression, or a source with the keys of a field.
type assetURL struct {
	expression string
	source     *field
}

func (v *assetURL) decode(d *decoder, n *node, path string) {
	if n.kind == mapping {
		v.source = &field{}
		d.structure(reflect.ValueOf(v.source).Elem(), n, path)
		return
	}
	v.expression, _ = d.text(n, path)
}

// literal is any scalar, or a list of them.
type literal struct{ v any }

func (v *literal) decode(d *decoder, n *node, path string) {
	switch n.kind {
	case mapping:
		d.wrong(n, path, "a text, a number, true, false or a list of them")
	case sequence:
		list := []any{}
		for i, item := range n.items {
			var each literal
			if item.kind != scalar {
				d.wrong(item, path, "a list of texts and numbers")
				continue
			}
			each.decode(d, item, fmt.Sprintf("%s[%d]", path, i))
			list = append(list, each.v)
		}
		v.v = list
	default:
		v.v = d.literal(n, path)
	}
}

func (d *decoder) literal(n *node, path string) any {
	if n.broken || d.unclear(n, path) {
		return nil
	}
	if n.quoted {
		return n.text
	}
	switch plainKind(n.text) {
	case "null":
		return nil
	case "bool":
		return strings.EqualFold(n.text, "true")
	case "number":
		if i, err := strconv.ParseInt(n.text, 10, 64); err == nil {
			return i
		}
		x, err := strconv.ParseFloat(n.text, 64)
		if err != nil || math.IsInf(x, 0) {
			d.say(n.at, path, "%s: %s does not fit 64 bits", name(path), n.shown())
			return nil
		}
		return x
	}
	return n.text
}
