package xpath

import (
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Tree is the index of a document with its nodes in document order. It takes 32 bytes per node. One
// goroutine at a time may use it.
type Tree struct {
	xml   bool
	nodes []entry
	place func() map[*html.Node]int32
	ids   func() map[string]int32

	// marks are the nodes that an axis of a set has visited, in this round.
	marks []uint32
	round uint32
}

// entry is a node with its parent, the position after its last descendant, its siblings and its
// last child. -1 means none.
type entry struct {
	n                             *html.Node
	parent, end, next, prev, last int32
}

// NewTree indexes the document at root. xml reports that the document is XML.
func NewTree(root *html.Node, xml bool) *Tree {
	t := &Tree{xml: xml}
	t.add(root, -1)
	up := []int32{0}
	for n := root; ; {
		if c := n.FirstChild; c != nil && (n.DataAtom != atom.Template || n.Namespace != "") {
			n = c
			up = append(up, int32(len(t.nodes)))
		} else {
			for n != root && n.NextSibling == nil {
				n = n.Parent
				t.close(up)
				up = up[:len(up)-1]
			}
			t.close(up)
			if n == root {
				break
			}
			n = n.NextSibling
			up[len(up)-1] = int32(len(t.nodes))
		}
		if n.Type == html.DoctypeNode {
			up[len(up)-1] = -1
			continue
		}
		parent := up[len(up)-2]
		t.add(n, parent)
	}
	t.place = sync.OnceValue(func() map[*html.Node]int32 {
		m := make(map[*html.Node]int32, len(t.nodes))
		for i, e := range t.nodes {
			m[e.n] = int32(i)
		}
		return m
	})
	t.ids = sync.OnceValue(func() map[string]int32 {
		m := map[string]int32{}
		for i, e := range t.nodes {
			for _, a := range e.n.Attr {
				if _, taken := m[a.Val]; !taken && a.Key == "id" && (a.Namespace == "" || a.Namespace == "xml") && e.n.Type == html.ElementNode {
					m[a.Val] = int32(i)
				}
			}
		}
		return m
	})
	return t
}

func (t *Tree) add(n *html.Node, parent int32) {
	i := int32(len(t.nodes))
	e := entry{n: n, parent: parent, next: -1, prev: -1, last: -1}
	if parent >= 0 {
		p := &t.nodes[parent]
		if e.prev = p.last; e.prev >= 0 {
			t.nodes[e.prev].next = i
		}
		p.last = i
	}
	t.nodes = append(t.nodes, e)
}

// close notes where the innermost open node ends.
func (t *Tree) close(up []int32) {
	if i := up[len(up)-1]; i >= 0 {
		t.nodes[i].end = int32(len(t.nodes))
	}
}

// find returns the position of a node.
func (t *Tree) find(n *html.Node) (int, bool) {
	if n == t.nodes[0].n {
		return 0, true
	}
	i, ok := t.place()[n]
	return int(i), ok
}

// ref identifies a node by its position, and an attribute or a namespace node also by its number in
// the element. Its order is document order.
type ref uint64

const firstAttribute = 1 << 20

func node(i int) ref               { return ref(i) << 32 }
func namespaceNode(i, key int) ref { return ref(i)<<32 | ref(key+1) }
func attributeNode(i, key int) ref { return ref(i)<<32 | ref(key+firstAttribute) }

func (r ref) index() int      { return int(r >> 32) }
func (r ref) inner() bool     { return uint32(r) != 0 }
func (r ref) attribute() bool { return uint32(r) >= firstAttribute }

func (r ref) key() int {
	if r.attribute() {
		return int(uint32(r)) - firstAttribute
	}
	return int(uint32(r)) - 1
}

func (t *Tree) at(r ref) *entry { return &t.nodes[r.index()] }

// node returns a node of a result.
func (t *Tree) node(r ref) Node {
	n := Node{N: t.at(r).n, Inner: r.inner()}
	switch {
	case r.attribute():
		a := n.N.Attr[r.key()]
		n.Name, n.Value = attributeName(a), a.Val
	case r.inner():
		n.Value = t.namespaces(r.index())[r.key()].uri
	}
	return n
}

func attributeName(a html.Attribute) string {
	if a.Namespace != "" {
		return a.Namespace + ":" + a.Key
	}
	return a.Key
}

// declares returns the prefix that an attribute declares.
func (t *Tree) declares(a html.Attribute) (prefix string, ok bool) {
	switch {
	case a.Namespace == "xmlns":
		return a.Key, true
	case t.xml && a.Namespace == "" && a.Key == "xmlns":
		return "", true
	}
	return "", false
}

type namespaceDecl struct{ prefix, uri string }

// namespaces returns the namespaces that are in scope of an element, by prefix.
func (t *Tree) namespaces(i int) []namespaceDecl {
	list := []namespaceDecl{{"xml", "http://www.w3.org/XML/1998/namespace"}}
	seen := map[string]bool{"xml": true}
	if !t.xml {
		return list
	}
	for ; i >= 0; i = int(t.nodes[i].parent) {
		for _, a := range t.nodes[i].n.Attr {
			if prefix, ok := t.declares(a); ok && !seen[prefix] {
				seen[prefix] = true
				if a.Val != "" {
					list = append(list, namespaceDecl{prefix, a.Val})
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b namespaceDecl) int { return strings.Compare(a.prefix, b.prefix) })
	return list
}

// uri returns the namespace of a prefix that an attribute of element i has.
func (t *Tree) uri(i int, prefix string) string {
	switch prefix {
	case "":
		return ""
	case "xlink":
		if !t.xml {
			return "http://www.w3.org/1999/xlink"
		}
	}
	for _, d := range t.namespaces(i) {
		if d.prefix == prefix {
			return d.uri
		}
	}
	return ""
}

// begin starts a round of marks.
func (t *Tree) begin() {
	if t.marks == nil {
		t.marks = make([]uint32, len(t.nodes))
	}
	if t.round++; t.round == 0 {
		clear(t.marks)
		t.round = 1
	}
}

// mark marks a node and returns whether it was not marked before in this round.
func (t *Tree) mark(i int32) bool {
	if t.marks[i] == t.round {
		return false
	}
	t.marks[i] = t.round
	return true
}
