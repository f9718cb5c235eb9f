package jobfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a job file. The parser recurses, and takes time by the square of
// the keys of one mapping.
const (
	maxBytes   = 1 << 20
	maxDepth   = 64
	maxKeys    = 10_000
	maxAnchors = 100
	maxNodes   = 200_000 // aliases written out
)

// kind is what a node is.
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

	// text is a scalar's; quoted says that it can't be a number.
	text   string
	quoted bool

	// written is the text before variables were resolved; variable says that
	// there were some.
	written  string
	variable bool

	// broken says that a mistake was reported: the value is not looked at.
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

// parseTree reads YAML. What it reports may be a few mistakes or, of the
// syntax, the first; then there is no tree.
func parseTree(src []byte, r *report) (root *node) {
	if !readable(src, r) {
		return nil
	}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	defer func() {
		// The parser is not ours: whatever it can't take is a mistake in the file.
		if p := recover(); p != nil {
			root = nil
			r.say(place{1, 1}, "", "is no YAML that can be read: %v", p)
		}
	}()
	tokens := lexer.Tokenize(string(src))
	if !bounded(tokens, r) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, message := place{1, 1}, err.Error()
		if e, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			message = e.Message
			if e.Token != nil {
				at = placeOf(e.Token)
			}
		}
		line, _, _ := strings.Cut(message, "\n")
		r.say(at, "", "%s", line)
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case body == nil:
			body = doc.Body
		default:
			at := place{1, 1}
			if doc.Start != nil {
				at = placeOf(doc.Start)
			}
			r.say(at, "", "a second document: a job file is one job")
			return nil
		}
	}
	if body == nil {
		r.say(place{1, 1}, "", "the file is empty")
		return nil
	}
	b := &builder{report: r, anchors: map[string]ast.Node{}}
	if root = b.build(body, 0); b.full {
		return nil
	}
	return root
}

// readable says that src is a text of bearable size.
func readable(src []byte, r *report) bool {
	if len(src) > maxBytes {
		r.say(place{1, 1}, "", "the file has %d bytes; at most %d: a long list goes into seeds.file", len(src), maxBytes)
		return false
	}
	line, column := 1, 1
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
		if c == '\n' {
			line, column = line+1, 1
		}
		i += n
	}
	return true
}

// bounded says that the parser can take the tokens, and refuses what YAML has
// but a job file does not need.
func bounded(tokens token.Tokens, r *report) bool {
	before := len(r.mistakes)
	depth, keys, anchors, dashes, dashLine := 0, 0, 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType:
			if t.Position.Line != dashLine {
				dashes, dashLine = 0, t.Position.Line
			}
			dashes++
		case token.MappingValueType:
			keys++
		case token.AnchorType, token.AliasType:
			anchors++
		case token.TagType:
			r.say(placeOf(t), "", "the tag %s: a job file has none, quote what is text", t.Value)
		case token.MergeKeyType:
			r.say(placeOf(t), "", "a merge key: write the keys out")
		case token.MappingKeyType:
			r.say(placeOf(t), "", "a key behind a question mark: write key: value")
		case token.DirectiveType:
			r.say(placeOf(t), "", "a directive: a job file has none")
		}
		limit := ""
		switch {
		case depth > maxDepth, dashes > maxDepth, t.Position.Column > 4*maxDepth && t.Type == token.SequenceEntryType:
			limit = fmt.Sprintf("is more than %d levels deep", maxDepth)
		case keys > maxKeys:
			limit = fmt.Sprintf("has more than %d keys", maxKeys)
		case anchors > maxAnchors:
			limit = fmt.Sprintf("has more than %d anchors and aliases", maxAnchors)
		}
		if limit != "" {
			r.say(placeOf(t), "", "the file %s", limit)
			return false
		}
	}
	return len(r.mistakes) == before
}

func placeOf(t *token.Token) place {
	return place{t.Position.Line, max(t.Position.Column, 1)}
}

// builder makes nodes of the parser's.
type builder struct {
	*report
	anchors map[string]ast.Node
	open    []string // the aliases that are being written out
	nodes   int
	full    bool
}

func (b *builder) build(n ast.Node, depth int) *node {
	at := placeOf(n.GetToken())
	empty := &node{at: at, broken: true}
	if b.nodes++; b.full || b.nodes > maxNodes || depth > maxDepth {
		if !b.full {
			b.full = true
			b.say(at, "", "the file has more than %d values, or is more than %d levels deep", maxNodes, maxDepth)
		}
		return empty
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			at = placeOf(n.Values[0].Key.GetToken()) // the node's own is its first colon
		}
		return b.mapping(at, n.Values, depth)
	case *ast.MappingValueNode:
		return b.mapping(placeOf(n.Key.GetToken()), []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		list := &node{kind: sequence, at: at}
		for _, each := range n.Values {
			list.items = append(list.items, b.build(each, depth+1))
		}
		return list
	case *ast.AnchorNode:
		if n.Value == nil {
			return empty
		}
		b.anchors[n.Name.String()] = n.Value
		return b.build(n.Value, depth+1)
	case *ast.AliasNode:
		return b.alias(n, at, depth)
	case *ast.LiteralNode:
		return &node{at: at, text: n.Value.Value, quoted: true}
	case *ast.StringNode:
		t := n.Token.Type
		return &node{at: at, text: n.Value, quoted: t == token.SingleQuoteType || t == token.DoubleQuoteType}
	case *ast.NullNode:
		return &node{at: at, text: "null"}
	case ast.ScalarNode:
		return &node{at: at, text: n.GetToken().Value}
	default:
		b.say(at, "", "is no value that a job file can have")
		return empty
	}
}

func (b *builder) alias(n *ast.AliasNode, at place, depth int) *node {
	name := n.Value.String()
	target, ok := b.anchors[name]
	if !ok {
		b.say(at, "", "the alias *%s has no anchor before it", name)
		return &node{at: at, broken: true}
	}
	for _, open := range b.open {
		if open == name {
			b.say(at, "", "the alias *%s stands inside itself", name)
			return &node{at: at, broken: true}
		}
	}
	b.open = append(b.open, name)
	copied := b.build(target, depth+1)
	b.open = b.open[:len(b.open)-1]
	return copied
}

func (b *builder) mapping(at place, values []*ast.MappingValueNode, depth int) *node {
	m := &node{kind: mapping, at: at}
	first := map[string]place{}
	for _, v := range values {
		keyNode, ok := v.Key.(ast.Node)
		if !ok {
			continue
		}
		keyAt := placeOf(keyNode.GetToken())
		key := keyNode.GetToken().Value
		if before, twice := first[key]; twice {
			b.say(keyAt, key, "the key %q is there twice, first on line %d", key, before.line)
			continue
		}
		first[key] = keyAt
		value := b.build(v.Value, depth+1)
		if t := v.Value.GetToken(); t.Type == token.ImplicitNullType {
			value.at = keyAt // there is no value to point at
		}
		m.pairs = append(m.pairs, pair{key: key, at: keyAt, value: value})
	}
	return m
}
