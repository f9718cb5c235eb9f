package markup

import (
	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

// scope names a set of elements at which a search in the stack of open elements
// ends (HTML standard, section 13.2.4.2).
type scope int

const (
	defaultScope scope = iota
	listItemScope
	buttonScope
	tableScope
	tableRowScope
	tableBodyScope
	specialScope // any special element
	itemScope    // any special element but address, div and p
	resetScope   // elements that decide the insertion mode
	scopes
)

// scopesOf lists, as bits and by the numbers of names, the scopes that an HTML element ends.
var scopesOf = func() (m [maxNames]uint16) {
	add := func(s scope, atoms ...a.Atom) {
		for _, atom := range atoms {
			m[numberOf(atom)] |= 1 << s
		}
	}
	for _, s := range []scope{defaultScope, listItemScope, buttonScope} {
		add(s, a.Applet, a.Caption, a.Html, a.Table, a.Td, a.Th, a.Marquee, a.Object, a.Template, a.Select)
	}
	add(listItemScope, a.Ol, a.Ul)
	add(buttonScope, a.Button)
	add(tableScope, a.Html, a.Table, a.Template)
	add(tableRowScope, a.Html, a.Tr, a.Template)
	add(tableBodyScope, a.Html, a.Tbody, a.Tfoot, a.Thead, a.Template)
	add(resetScope, a.Td, a.Th, a.Tr, a.Tbody, a.Thead, a.Tfoot, a.Caption, a.Colgroup, a.Table, a.Template, a.Head, a.Body,
		a.Frameset, a.Html)
	for name := range isSpecialElementMap {
		atom := a.Lookup([]byte(name))
		add(specialScope, atom)
		if atom != a.Address && atom != a.Div && atom != a.P {
			add(itemScope, atom)
		}
	}
	return m
}()

// foreignScopes are the scopes that the integration points of SVG and MathML end.
const foreignScopes = 1<<defaultScope | 1<<listItemScope | 1<<buttonScope | 1<<specialScope | 1<<itemScope

func scopesOfNode(n *html.Node, number int) uint16 {
	switch {
	case n.Namespace == "":
		return scopesOf[number]
	case isSpecialElement(n):
		return foreignScopes
	}
	return 0
}

// openStack is the stack of open elements. For each name and each scope it knows
// the positions of the elements, so that searches take constant time.
type openStack struct {
	m      *maker
	nodes  []*html.Node
	ends   []uint16 // the scopes that each ends
	before []int    // the position of the element of the same name below each, or -1
	byAtom [maxNames]int32
	byName map[string][]int // names without a number
	stops  [scopes][]int

	foreign int // elements of other namespaces

	// formatting holds the open formatting elements.
	formatting nodeSet
}

func newOpenStack(m *maker) openStack {
	return openStack{m: m, byName: map[string][]int{}}
}

func (s *openStack) len() int            { return len(s.nodes) }
func (s *openStack) at(i int) *html.Node { return s.nodes[i] }

// top returns the element that was pushed last; nil if the stack is empty.
func (s *openStack) top() *html.Node {
	if i := len(s.nodes); i > 0 {
		return s.nodes[i-1]
	}
	return nil
}

func (s *openStack) push(n *html.Node) {
	i := len(s.nodes)
	number := numberOf(n.DataAtom)
	ends := scopesOfNode(n, number)
	s.nodes, s.ends, s.before = append(s.nodes, n), append(s.ends, ends), append(s.before, -1)
	for scope := range scopes {
		if ends&(1<<scope) != 0 {
			s.stops[scope] = append(s.stops[scope], i)
		}
	}
	switch {
	case n.Namespace != "":
		s.foreign++
	case number != 0:
		s.before[i] = int(s.byAtom[number]) - 1
		s.byAtom[number] = int32(i) + 1
		if isFormatting(n.DataAtom) {
			s.formatting.add(n)
		}
	default:
		s.byName[n.Data] = append(s.byName[n.Data], i)
	}
}

func (s *openStack) pop() *html.Node {
	i := len(s.nodes) - 1
	n, ends, before := s.nodes[i], s.ends[i], s.before[i]
	s.nodes[i] = nil
	s.nodes, s.ends, s.before = s.nodes[:i], s.ends[:i], s.before[:i]
	for scope := range scopes {
		if ends&(1<<scope) != 0 {
			s.stops[scope] = s.stops[scope][:len(s.stops[scope])-1]
		}
	}
	switch number := numberOf(n.DataAtom); {
	case n.Namespace != "":
		s.foreign--
	case number != 0:
		s.byAtom[number] = int32(before) + 1
		if isFormatting(n.DataAtom) {
			s.formatting.remove(n)
		}
	case len(s.byName[n.Data]) == 1:
		delete(s.byName, n.Data)
	default:
		s.byName[n.Data] = s.byName[n.Data][:len(s.byName[n.Data])-1]
	}
	return n
}

// popTo pops until i elements are left.
func (s *openStack) popTo(i int) {
	for len(s.nodes) > i {
		s.pop()
	}
}

// last returns the position of the topmost HTML element of a name of elementNames, or -1.
func (s *openStack) last(atom a.Atom) int { return int(s.byAtom[numberOf(atom)]) - 1 }

// lastNamed is last for any name.
func (s *openStack) lastNamed(atom a.Atom, name string) int {
	if numberOf(atom) != 0 {
		return s.last(atom)
	}
	return lastOf(s.byName[name])
}

// stop returns the position of the topmost element that ends a scope, or -1.
func (s *openStack) stop(in scope) int { return lastOf(s.stops[in]) }

func lastOf(positions []int) int {
	if len(positions) == 0 {
		return -1
	}
	return positions[len(positions)-1]
}

// contains reports whether an HTML element of a name is open.
func (s *openStack) contains(atom a.Atom) bool { return s.last(atom) >= 0 }

// index returns the position of n, or -1.
func (s *openStack) index(n *html.Node) int {
	for i := len(s.nodes) - 1; i >= 0; i-- {
		if s.nodes[i] == n {
			s.m.spend(len(s.nodes) - i)
			return i
		}
	}
	s.m.spend(len(s.nodes))
	return -1
}

// remove removes n, if present.
func (s *openStack) remove(n *html.Node) {
	if i := s.index(n); i >= 0 {
		s.replace(i, 1)
	}
}

// replace replaces count elements from position i on with nodes.
func (s *openStack) replace(i, count int, nodes ...*html.Node) {
	above := append([]*html.Node(nil), s.nodes[i+count:]...)
	s.m.spend(len(above))
	s.popTo(i)
	for _, n := range nodes {
		s.push(n)
	}
	for _, n := range above {
		s.push(n)
	}
}

// isFormatting reports whether elements of a name are formatting elements.
func isFormatting(atom a.Atom) bool {
	switch atom {
	case a.A, a.B, a.Big, a.Code, a.Em, a.Font, a.I, a.Nobr, a.S, a.Small, a.Strike, a.Strong, a.Tt, a.U:
		return true
	}
	return false
}

// formattingList is the list of active formatting elements (section 13.2.4.3).
// A nil is a marker.
type formattingList struct {
	m     *maker
	nodes []*html.Node
}

func (l *formattingList) mark() { l.nodes = append(l.nodes, nil) }

func (l *formattingList) index(n *html.Node) int {
	for i := len(l.nodes) - 1; i >= 0; i-- {
		if l.nodes[i] == n {
			l.m.spend(len(l.nodes) - i)
			return i
		}
	}
	l.m.spend(len(l.nodes))
	return -1
}

func (l *formattingList) remove(n *html.Node) {
	if i := l.index(n); i >= 0 {
		l.nodes = append(l.nodes[:i], l.nodes[i+1:]...)
	}
}

func (l *formattingList) insert(i int, n *html.Node) {
	l.nodes = append(l.nodes, nil)
	copy(l.nodes[i+1:], l.nodes[i:])
	l.nodes[i] = n
}

// clear removes elements up to the last marker.
func (l *formattingList) clear() {
	for len(l.nodes) > 0 {
		n := l.nodes[len(l.nodes)-1]
		l.nodes = l.nodes[:len(l.nodes)-1]
		if n == nil {
			return
		}
	}
}
