package jobfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// Limits of a job file. They bound the memory of a file that somebody else wrote.
const (
	maxBytes   = 1 << 20
	maxBraces  = 100_000 // the parser holds the tokens of a flow collection, at most 830 bytes each
	maxDepth   = 64
	maxKeys    = 10_000
	maxAnchors = 100
	maxNodes   = 200_000 // aliases written out
)

// kind is the kind of a node.
type kind int

const (
	scalar kind = iota
	mapping
	sequence
)

// node is a part of the file with its place.
type node struct {
	kind kind
	at   place

	// text is the text of a scalar. quoted reports that it cannot be a number.
	text   string
	quoted bool

	// written is the text before variables were resolved. variable reports that it held some.
	// public has the defaults of the file and ${NAME} for each value of the environment.
	written, public string
	variable        bool

	// unknown reports that it holds a variable that is neither set nor needed.
	unknown bool

	// broken reports that a mistake was found, so the value is ignored.
	broken bool

	pairs []pair
	items []*node
}

type pair struct {
	key   string
	at    place
	value *node
}

// get returns the value of a key, nil when there is none.
func (n *node) get(key string) *node {
	for _, p := range n.pairs {
		if p.key == key {
			return p.value
		}
	}
	return nil
}

// parseTree parses YAML 1.2 and reports every mistake with its place. If the syntax is wrong, it
// reports the first syntax mistake and returns nil.
func parseTree(src []byte, r *report) (root *node) {
	if !readable(src, r) {
		return nil
	}
	document := parseYAML(bytes.TrimPrefix(src, []byte("\ufeff")), r)
	if document == nil {
		return nil
	}
	b := &builder{report: r}
	if root = b.build(document, 0); b.full {
		return nil
	}
	return root
}

// parseYAML returns the root node of the only document. It reports a mistake and returns nil if
// there is none.
func parseYAML(src []byte, r *report) *yaml.Node {
	loader, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithPlugin(loaderlimits.New(
		loaderlimits.DepthFunc(func(depth int, _ *loaderlimits.DepthContext) error {
			if depth > maxDepth {
				return errDepth
			}
			return nil
		}))))
	if err != nil {
		r.say(place{1, 1}, "", "%v", err)
		return nil
	}
	var first, second yaml.Node
	if err := loader.Load(&first); errors.Is(err, io.EOF) || err == nil && len(first.Content) == 0 {
		r.say(place{1, 1}, "", "the file is empty")
		return nil
	} else if err != nil {
		sayYAML(err, src, r)
		return nil
	}
	if err := loader.Load(&second); err == nil {
		r.say(placeOf(&second), "", "a second document, but a job file is one job")
		return nil
	} else if !errors.Is(err, io.EOF) {
		sayYAML(err, src, r)
		return nil
	}
	return first.Content[0]
}

var errDepth = fmt.Errorf("the file is more than %d levels deep", maxDepth)

// sayYAML reports a syntax mistake.
func sayYAML(err error, src []byte, r *report) {
	e, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		r.say(place{1, 1}, "", "%v", err)
		return
	}
	at := place{max(e.Mark.Line, 1), max(e.Mark.Column, 1)}
	message := e.Message
	switch {
	case strings.Contains(message, errDepth.Error()):
		message = errDepth.Error()
	case strings.HasPrefix(message, "unknown anchor"):
		message = "the alias has no anchor before it: quote a text that begins with *"
	case strings.HasPrefix(message, "found incompatible YAML document"):
		message = "a directive, which a job file cannot have"
	case strings.HasPrefix(message, "found character that cannot start any token"):
		message = "a text cannot begin with this character: quote the text"
		if c := charAt(src, at); c == '\t' {
			message = "a tab cannot indent: use spaces"
		}
	case strings.HasPrefix(message, "did not find expected ',' or"):
		message += ": close the list, or quote a text that holds brackets or braces"
	case strings.HasPrefix(message, "did not find expected node content"):
		message += ": a value is missing; quote a text that begins with #, because # begins a comment"
	case strings.HasPrefix(message, "did not find expected alphabetic"):
		message += ": quote a text that begins with * or &"
	case strings.HasPrefix(message, "found unknown escape character"):
		message += ": a backslash in double quotes begins an escape, so give the text in single quotes"
	case strings.HasPrefix(message, "found unexpected end of stream"):
		message += ": close the quotation mark, and double a quotation mark within the text"
	case strings.HasPrefix(message, "mapping values are not allowed"):
		message += ": quote a text that holds a colon and a space, or check the indentation"
	}
	if e.ContextMsg != "" && e.ContextMark.Line > 0 && e.ContextMark.Line < at.line {
		message += fmt.Sprintf(" (%s that begins at %d:%d)", e.ContextMsg, e.ContextMark.Line, e.ContextMark.Column)
	}
	r.say(at, "", "%s", message)
}

// charAt returns the character at a place, 0 behind the end.
func charAt(src []byte, at place) rune {
	lines := strings.Split(string(src), "\n")
	if at.line > len(lines) {
		return 0
	}
	if line := []rune(lines[at.line-1]); at.column <= len(line) {
		return line[at.column-1]
	}
	return 0
}

// readable reports whether src is a text within the size limit.
func readable(src []byte, r *report) bool {
	if len(src) > maxBytes {
		r.say(place{1, 1}, "", "the file has %d bytes; at most %d are permitted: move a long list into seeds.file", len(src), maxBytes)
		return false
	}
	line, column, braces := 1, 1, 0
	for i := 0; i < len(src); {
		c, n := utf8.DecodeRune(src[i:])
		if c == utf8.RuneError && n == 1 {
			r.say(place{line, column}, "", "the byte %#02x is no UTF-8", src[i])
			return false
		}
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			r.say(place{line, column}, "", "the control character %U does not belong in a job file", c)
			return false
		}
		column++
		i += n
		if c == '\n' || c == '\r' && !bytes.HasPrefix(src[i:], []byte("\n")) {
			line, column = line+1, 1
		}
		if strings.ContainsRune("[]{}", c) {
			braces++
		}
		if braces > maxBraces {
			r.say(place{line, column}, "", "the file has more than %d brackets and braces: move a long list into seeds.file", maxBraces)
			return false
		}
	}
	return true
}

func placeOf(n *yaml.Node) place {
	return place{max(n.Line, 1), max(n.Column, 1)}
}

// builder turns the nodes of the YAML library into nodes of a job file, and rejects the parts of
// YAML that a job file does not need.
type builder struct {
	*report
	open    []*yaml.Node // the anchors that are being written out
	nodes   int
	keys    int
	anchors int
	full    bool
}

// limit reports once that the file exceeds a limit.
func (b *builder) limit(at place, format string, args ...any) {
	if !b.full {
		b.full = true
		b.say(at, "", "the file "+format, args...)
	}
}

func (b *builder) build(n *yaml.Node, depth int) *node {
	at := placeOf(n)
	empty := &node{at: at, broken: true}
	if len(b.open) == 0 && (n.Anchor != "" || n.Kind == yaml.AliasNode) {
		b.anchors++
	}
	b.nodes++
	switch {
	case b.nodes > maxNodes || depth > maxDepth:
		b.limit(at, "has more than %d values, or is more than %d levels deep", maxNodes, maxDepth)
	case b.anchors > maxAnchors:
		b.limit(at, "has more than %d anchors and aliases", maxAnchors)
	}
	if b.full {
		return empty
	}
	if n.Style&yaml.TaggedStyle != 0 {
		b.say(at, "", "the tag %s, which a job file cannot have: quote the text", n.Tag)
		return empty
	}
	switch n.Kind {
	case yaml.MappingNode:
		return b.mapping(at, n.Content, depth)
	case yaml.SequenceNode:
		list := &node{kind: sequence, at: at}
		for _, each := range n.Content {
			list.items = append(list.items, b.build(each, depth+1))
		}
		return list
	case yaml.AliasNode:
		return b.alias(n, at, depth)
	case yaml.ScalarNode:
		const quotes = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
		if n.Style&quotes != 0 {
			return &node{at: at, text: n.Value, quoted: true}
		}
		if n.ShortTag() == "!!null" {
			return &node{at: at, text: "null"}
		}
		return &node{at: at, text: n.Value}
	default:
		b.say(at, "", "is no value that a job file can have")
		return empty
	}
}

func (b *builder) alias(n *yaml.Node, at place, depth int) *node {
	for _, open := range b.open {
		if open == n.Alias {
			b.say(at, "", "the alias *%s stands inside itself", n.Value)
			return &node{at: at, broken: true}
		}
	}
	b.open = append(b.open, n.Alias)
	copied := b.build(n.Alias, depth+1)
	b.open = b.open[:len(b.open)-1]
	return copied
}

func (b *builder) mapping(at place, content []*yaml.Node, depth int) *node {
	m := &node{kind: mapping, at: at}
	if b.keys += len(content) / 2; b.keys > maxKeys {
		b.limit(at, "has more than %d keys", maxKeys)
	}
	first := map[string]place{}
	for i := 0; i+1 < len(content) && !b.full; i += 2 {
		key, value := content[i], content[i+1]
		keyAt := placeOf(key)
		switch {
		case key.Kind != yaml.ScalarNode:
			b.say(keyAt, "", "a key is a name, not a list, a mapping or an alias")
			continue
		case key.Style&yaml.TaggedStyle != 0:
			b.say(keyAt, "", "the tag %s, which a job file cannot have: quote the text", key.Tag)
			continue
		case key.Value == "<<" && key.ShortTag() == "!!merge":
			b.say(keyAt, "", "a merge key: write the keys out")
			continue
		}
		if before, twice := first[key.Value]; twice {
			b.say(keyAt, key.Value, "the key %q is defined twice, first on line %d", key.Value, before.line)
			continue
		}
		first[key.Value] = keyAt
		built := b.build(value, depth+1)
		if value.Kind == yaml.ScalarNode && value.Value == "" && value.Style == 0 {
			built.at = keyAt // there is no value to point at
		}
		m.pairs = append(m.pairs, pair{key: key.Value, at: keyAt, value: built})
	}
	return m
}
