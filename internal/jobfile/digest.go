package jobfile

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// digest identifies the content of a file: its keys and values with unresolved variables, whatever
// their order, layout and comments.
func digest(root *node) ([]byte, error) {
	canonical, err := json.Marshal(root.plain()) // sorts keys
	if err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return sum[:], nil
}

// plain returns the node as JSON has it. A quoted scalar is a text, another
// one stands as it is written: 1 and "1" are two things.
func (n *node) plain() any {
	switch n.kind {
	case mapping:
		object := make(map[string]any, len(n.pairs))
		for _, p := range n.pairs {
			object[p.key] = p.value.plain()
		}
		return object
	case sequence:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.plain()
		}
		return list
	default:
		if !n.quoted {
			switch word := plainKind(n.written); word {
			case "null":
				return nil
			case "number", "bool":
				return map[string]string{word: n.written}
			}
		}
		return n.written
	}
}
