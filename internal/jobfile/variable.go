package jobfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// minSecret is the least length of a value that is redacted: to redact 8080 or
// a single letter everywhere would hide more than it protects.
const minSecret = 5

// maxResolved bounds the text of a file with its variables resolved.
const maxResolved = 4 << 20

// variable is $${, or ${NAME} with or without a default.
var variable = regexp.MustCompile(`\$?\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\})?`)

// resolver puts the environment into the scalars of a tree.
type resolver struct {
	*report
	getenv func(string) (string, bool)
	size   int
}

func (v *resolver) resolve(n *node, path string) {
	for _, p := range n.pairs {
		v.resolve(p.value, join(path, p.key))
	}
	for i, item := range n.items {
		v.resolve(item, fmt.Sprintf("%s[%d]", path, i))
	}
	n.written = n.text
	if n.kind != scalar || !strings.Contains(n.text, "${") {
		return
	}
	n.text = variable.ReplaceAllStringFunc(n.text, func(s string) string {
		m := variable.FindStringSubmatch(s)
		switch {
		case strings.HasPrefix(s, "$$"):
			return strings.TrimPrefix(s, "$")
		case m[1] == "":
			n.broken = true
			v.say(n.at, path, "a variable is ${NAME} or ${NAME:-default}; $${ is a dollar sign and a brace")
			return ""
		}
		n.variable = true
		value, ok := v.getenv(m[1])
		if fallback, has := strings.CutPrefix(m[2], ":-"); has && value == "" {
			return fallback
		}
		if !ok {
			n.broken = true
			v.say(n.at, path, "the environment has no %s, and ${%s} has no default: ${%s:-…}", m[1], m[1], m[1])
			return ""
		}
		if len(value) >= minSecret && !slices.Contains(v.secrets, value) {
			v.secrets = append(v.secrets, value)
		}
		if v.size += len(value); v.size > maxResolved {
			n.broken = true
			v.say(n.at, path, "the variables of the file are longer than %d bytes together", maxResolved)
			return ""
		}
		return value
	})
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
