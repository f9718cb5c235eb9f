package xpath

import (
	"strings"

	"golang.org/x/net/html"
)

// testKind is the kind of a node test.
type testKind int

const (
	testName testKind = iota
	testNode
	testText
	testComment
	testInstruction
)

// nodeTest is a node test of a step.
type nodeTest struct {
	what testKind

	// For testName, * has neither a prefix nor a local name.
	prefix, local string
	lower         string // local in lower case
	full          string // prefix:local in lower case

	// Of testInstruction.
	target string
	named  bool
}

func newNameTest(name string) nodeTest {
	t := nodeTest{local: name}
	if prefix, local, ok := strings.Cut(name, ":"); ok {
		t.prefix, t.local = prefix, local
	}
	if t.local == "*" {
		t.local = ""
	}
	t.lower = strings.ToLower(t.local)
	t.full = strings.ToLower(t.prefix) + ":" + t.lower
	return t
}

func (t nodeTest) any() bool { return t.what == testNode }

// matches reports whether a node that an axis reached passes the test.
func (ev *evaluator) matches(t *nodeTest, a axis, r ref) bool {
	n := ev.tree.at(r).n
	if r.inner() {
		switch {
		case t.what == testNode:
			return true
		case t.what != testName:
			return false
		case a == axisAttribute && r.attribute():
			return ev.matchesAttribute(t, n, r.key())
		case a == axisNamespace && !r.attribute():
			return t.prefix == "" && (t.local == "" || t.local == ev.tree.namespaces(r.index())[r.key()].prefix)
		}
		return false
	}
	switch t.what {
	case testNode:
		return true
	case testText:
		return n.Type == html.TextNode
	case testComment:
		return n.Type == html.CommentNode
	case testInstruction:
		return n.Type == html.RawNode && (!t.named || n.Data == t.target)
	}
	if n.Type != html.ElementNode || a == axisAttribute || a == axisNamespace {
		return false
	}
	if ev.tree.xml {
		if t.prefix == "" {
			return t.local == "" || t.local == localName(n.Data)
		}
		return t.prefix == prefixOf(n.Data) && (t.local == "" || t.local == localName(n.Data))
	}
	switch {
	case t.prefix == "":
		return t.local == "" || t.lower == n.Data || n.Namespace != "" && strings.EqualFold(t.local, n.Data)
	case n.Namespace != "":
		return t.prefix == n.Namespace && (t.local == "" || strings.EqualFold(t.local, n.Data))
	case t.local == "":
		return strings.HasPrefix(n.Data, t.full)
	}
	return n.Data == t.full
}

func (ev *evaluator) matchesAttribute(t *nodeTest, n *html.Node, i int) bool {
	a := n.Attr[i]
	if t.prefix == "" && t.local == "" {
		return true
	}
	if ev.tree.xml {
		return a.Namespace == t.prefix && (t.local == "" || a.Key == t.local)
	}
	if t.prefix != "" {
		if a.Namespace == "" {
			return t.local == "" && strings.HasPrefix(a.Key, t.full) || a.Key == t.full
		}
		return a.Namespace == t.prefix && (t.local == "" || strings.EqualFold(a.Key, t.local))
	}
	if a.Key != t.lower && !strings.EqualFold(a.Key, t.local) {
		return false
	}
	if a.Namespace == "" {
		return true
	}
	for _, other := range n.Attr {
		if other.Namespace == "" && strings.EqualFold(other.Key, t.local) {
			return false
		}
	}
	return true
}

// localName and prefixOf split a qualified name of XML.
func localName(name string) string { return name[strings.IndexByte(name, ':')+1:] }

func prefixOf(name string) string {
	if i := strings.IndexByte(name, ':'); i > 0 {
		return name[:i]
	}
	return ""
}
