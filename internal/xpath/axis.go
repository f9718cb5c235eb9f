package xpath

import "slices"

type axis int

const (
	axisChild axis = iota
	axisDescendant
	axisDescendantOrSelf
	axisParent
	axisAncestor
	axisAncestorOrSelf
	axisFollowingSibling
	axisPrecedingSibling
	axisFollowing
	axisPreceding
	axisSelf
	axisAttribute
	axisNamespace
)

var axes = map[string]axis{
	"child": axisChild, "descendant": axisDescendant, "descendant-or-self": axisDescendantOrSelf, "parent": axisParent,
	"ancestor": axisAncestor, "ancestor-or-self": axisAncestorOrSelf, "following-sibling": axisFollowingSibling,
	"preceding-sibling": axisPrecedingSibling, "following": axisFollowing, "preceding": axisPreceding, "self": axisSelf,
	"attribute": axisAttribute, "namespace": axisNamespace,
}

// reverse reports whether positions on the axis count against document order.
func (a axis) reverse() bool {
	switch a {
	case axisAncestor, axisAncestorOrSelf, axisPrecedingSibling, axisPreceding:
		return true
	default:
		return false
	}
}

// each gives the nodes of an axis that pass a test to yield, in the order of their
// positions, until yield returns false. Backward is the opposite order.
func (ev *evaluator) each(a axis, r ref, test *nodeTest, backward bool, yield func(ref) bool) {
	t := ev.tree
	give := func(i int) bool {
		ev.step()
		n := node(i)
		return !ev.matches(test, a, n) || yield(n)
	}
	e := t.at(r)
	i := r.index()
	switch a {
	case axisSelf:
		ev.step()
		if ev.matches(test, a, r) {
			yield(r)
		}
	case axisParent:
		switch {
		case r.inner():
			give(i)
		case e.parent >= 0:
			give(int(e.parent))
		}
	case axisAncestor, axisAncestorOrSelf:
		ev.ancestors(a, r, test, backward, yield)
	case axisAttribute, axisNamespace:
		ev.inner(a, r, test, backward, yield)
	case axisChild:
		switch {
		case r.inner():
		case backward:
			for c := e.last; c >= 0 && give(int(c)); c = t.nodes[c].prev {
			}
		case int(e.end) > i+1:
			for c := int32(i + 1); c >= 0 && give(int(c)); c = t.nodes[c].next {
			}
		}
	case axisDescendant, axisDescendantOrSelf:
		if r.inner() {
			if a == axisDescendantOrSelf && ev.matches(test, a, r) {
				yield(r)
			}
			return
		}
		first, last := i, int(e.end)
		if a == axisDescendant {
			first++
		}
		ev.span(first, last, backward, give)
	case axisFollowing:
		ev.span(int(e.end), len(t.nodes), backward, give)
	case axisPreceding:
		ev.preceding(i, !backward, give)
	case axisFollowingSibling, axisPrecedingSibling:
		if !r.inner() {
			ev.siblings(a, e, backward, give)
		}
	}
}

// span gives the nodes from first on, before last.
func (ev *evaluator) span(first, last int, backward bool, give func(int) bool) {
	if backward {
		for i := last - 1; i >= first && give(i); i-- {
		}
		return
	}
	for i := first; i < last && give(i); i++ {
	}
}

// preceding gives the nodes that end before node i.
func (ev *evaluator) preceding(i int, backward bool, give func(int) bool) {
	t := ev.tree
	if backward {
		up := t.nodes[i].parent
		for j := i - 1; j >= 0; j-- {
			if int32(j) == up { // an ancestor
				up = t.nodes[j].parent
				ev.step()
				continue
			}
			if !give(j) {
				return
			}
		}
		return
	}
	for j := range i {
		if int(t.nodes[j].end) > i {
			ev.step()
			continue
		}
		if !give(j) {
			return
		}
	}
}

func (ev *evaluator) siblings(a axis, e *entry, backward bool, give func(int) bool) {
	t := ev.tree
	if e.parent < 0 {
		return
	}
	parent := &t.nodes[e.parent]
	switch {
	case a == axisFollowingSibling && !backward:
		for c := e.next; c >= 0 && give(int(c)); c = t.nodes[c].next {
		}
	case a == axisPrecedingSibling && !backward:
		for c := e.prev; c >= 0 && give(int(c)); c = t.nodes[c].prev {
		}
	case a == axisFollowingSibling && e.next >= 0:
		for c := parent.last; give(int(c)) && c != e.next; c = t.nodes[c].prev {
		}
	case a == axisPrecedingSibling && e.prev >= 0:
		for c := e.parent + 1; give(int(c)) && c != e.prev; c = t.nodes[c].next {
		}
	}
}

func (ev *evaluator) ancestors(a axis, r ref, test *nodeTest, backward bool, yield func(ref) bool) {
	var list []ref
	if a == axisAncestorOrSelf {
		list = append(list, r)
	}
	up := int32(r.index())
	if !r.inner() {
		up = ev.tree.at(r).parent
	}
	for ; up >= 0; up = ev.tree.nodes[up].parent {
		ev.step()
		list = append(list, node(int(up)))
	}
	if backward {
		slices.Reverse(list)
	}
	for _, n := range list {
		if ev.matches(test, a, n) && !yield(n) {
			return
		}
	}
}

// inner gives attributes or namespace nodes.
func (ev *evaluator) inner(a axis, r ref, test *nodeTest, backward bool, yield func(ref) bool) {
	t := ev.tree
	if r.inner() || !t.isElement(r.index()) {
		return
	}
	i := r.index()
	count := len(t.nodes[i].n.Attr)
	if a == axisNamespace {
		count = len(t.namespaces(i))
	}
	for k := range count {
		ev.step()
		if backward {
			k = count - 1 - k
		}
		n := namespaceNode(i, k)
		if a == axisAttribute {
			n = attributeNode(i, k)
			if _, is := t.declares(t.nodes[i].n.Attr[k]); is {
				continue
			}
		}
		if ev.matches(test, a, n) && !yield(n) {
			return
		}
	}
}

// all returns the nodes of an axis of all nodes of a set that pass a test, in
// document order, each once. It takes time that is linear in the document.
func (ev *evaluator) all(a axis, set []ref, test *nodeTest) []ref {
	t := ev.tree
	var out []ref
	add := func(n ref) bool {
		out = append(out, n)
		return true
	}
	give := func(i int) bool {
		ev.step()
		if n := node(i); ev.matches(test, a, n) {
			out = append(out, n)
		}
		return true
	}
	switch a {
	case axisDescendant, axisDescendantOrSelf:
		covered := 0
		for _, r := range set {
			if r.inner() {
				if a == axisDescendantOrSelf && ev.matches(test, a, r) {
					out = append(out, r)
				}
				continue
			}
			i, end := r.index(), int(t.at(r).end)
			if a == axisDescendant {
				i++
			}
			ev.span(max(i, covered), end, false, give)
			covered = max(covered, end)
		}
	case axisAncestor, axisAncestorOrSelf:
		t.begin()
		for _, r := range set {
			up := t.at(r).parent
			if r.inner() {
				up = int32(r.index())
			}
			if a == axisAncestorOrSelf && (r.inner() || t.mark(int32(r.index()))) && ev.matches(test, a, r) {
				out = append(out, r)
			}
			for ; up >= 0 && t.mark(up); up = t.nodes[up].parent {
				give(int(up))
			}
		}
	case axisFollowing:
		first := len(t.nodes)
		for _, r := range set {
			ev.step()
			first = min(first, int(t.at(r).end))
		}
		ev.span(first, len(t.nodes), false, give)
	case axisPreceding:
		last := 0
		for _, r := range set {
			ev.step()
			last = max(last, r.index())
		}
		ev.preceding(last, false, give)
	case axisFollowingSibling:
		t.begin()
		for _, r := range set {
			if r.inner() {
				continue
			}
			for c := t.at(r).next; c >= 0 && t.mark(c); c = t.nodes[c].next {
				give(int(c))
			}
		}
	case axisPrecedingSibling:
		t.begin()
		for _, r := range slices.Backward(set) {
			if r.inner() {
				continue
			}
			for c := t.at(r).prev; c >= 0 && t.mark(c); c = t.nodes[c].prev {
				give(int(c))
			}
		}
	default:
		for _, r := range set {
			ev.each(a, r, test, false, add)
		}
	}
	return ordered(out)
}

// ordered puts nodes in document order and removes duplicates.
func ordered(set []ref) []ref {
	if !slices.IsSorted(set) {
		slices.Sort(set)
	}
	return slices.Compact(set)
}
