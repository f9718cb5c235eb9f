package jobfile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// minSecret is the minimum length of a redacted value. Redacting 8080 or a single letter everywhere
// would hide more than it protects.
const minSecret = 5

// maxResolved bounds the text of a file with its variables resolved.
const maxResolved = 4 << 20

// variable is $${, or ${NAME} with or without a default.
var variable = regexp.MustCompile(`\$?\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\})?`)

// Placeholder stands for the value of a variable in seeds that is not set and not needed. It is a
// host name that never resolves (RFC 6761, section 6.4).
const Placeholder = "unset.invalid"

// resolver puts the environment into the scalars of a tree.
type resolver struct {
	*report
	getenv func(string) (string, bool)
	size   int
	stored map[string]string // the variables whose values are secrets, see sensitive

	// unneeded are the keys whose variables need not be set. A text in seeds holds [Placeholder]
	// then, any other key is left out.
	unneeded []string
	unset    bool // such a variable is not set
}

// optional reports whether a variable at path need not be set.
func (v *resolver) optional(path string) bool {
	return slices.ContainsFunc(v.unneeded, func(key string) bool { return inside(path, key) })
}

// prune removes the keys with unknown values, and mappings without keys.
func (n *node) prune() {
	for _, p := range n.pairs {
		p.value.prune()
	}
	for _, item := range n.items {
		item.prune()
	}
	before := len(n.pairs)
	n.pairs = slices.DeleteFunc(n.pairs, func(p pair) bool { return p.value.unknown })
	n.unknown = n.unknown || before > 0 && len(n.pairs) == 0
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
	fallbacks := map[string]string{}
	defer func() {
		n.public = variable.ReplaceAllStringFunc(n.written, func(s string) string {
			if fallback, ok := fallbacks[s]; ok {
				return fallback
			}
			if name := variable.FindStringSubmatch(s)[1]; name != "" && !strings.HasPrefix(s, "$$") {
				return "${" + name + "}"
			}
			return strings.TrimPrefix(s, "$")
		})
	}()
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
			fallbacks[s] = fallback
			return fallback
		}
		if !ok && v.optional(path) {
			v.unset, n.unknown = true, !inside(path, "seeds")
			if strings.HasPrefix(n.text, s) && !strings.HasPrefix(n.text, s+"://") {
				return "http://" + Placeholder
			}
			return Placeholder
		}
		if !ok {
			n.broken = true
			v.say(n.at, path, "the environment has no %s, and ${%s} has no default: ${%s:-…}", m[1], m[1], m[1])
			return ""
		}
		if len(value) >= minSecret && !slices.Contains(v.secrets, value) {
			v.secrets = append(v.secrets, value)
		}
		if at := strings.Index(n.written, s); len(value) >= minSecret && sensitive(path, n.written[:at], n.written[at+len(s):], value) {
			if v.stored == nil {
				v.stored = map[string]string{}
			}
			v.stored[m[1]] = value
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

// secret returns the values that are never stored, and their variables.
func (v *resolver) secret() (values []string, variables map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(v.stored)) {
		if !slices.Contains(values, v.stored[name]) {
			values = append(values, v.stored[name])
		}
	}
	return values, v.stored
}

// longSecret is the length from which a value in a URL is taken for a secret, whatever stands
// before it.
const longSecret = 16

// credential is the name of a parameter whose value is a secret.
var credential = regexp.MustCompile(`(?i)(token|key|secret|auth|sig|pass|pwd|session|credential)[^?&=/]*=$`)

// ofURL is the path of a URL, ofLink the path of a header or a body that a link is requested with,
// and harmless the path of a header that is no credential.
var (
	ofURL    = regexp.MustCompile(`^seeds\.(url|urls|sitemap)\b|^(store\.url|fetch\.proxy|session\.login\.url)\b|\bfollow\[\d+\]\.url$|\bassets\.[^.]+\.url\b`)
	ofLink   = regexp.MustCompile(`\bfollow\[\d+\]\.(headers\..+|body)$|^pages\.[^.]+\.body$|^body$`)
	harmless = regexp.MustCompile(`(?i)\.headers\.(accept|accept-language|content-type)$`)
)

// sensitive reports whether the value of a variable must not be stored where a page can repeat it:
// the value of a header or of a log-in, the password or a parameter of a URL or a body, a DSN. The
// value of any other variable is a setting, such as a host or a word of a rule. To leave it out
// would destroy data. before and after are the text around the variable.
func sensitive(path, before, after, value string) bool {
	switch {
	case inside(path, "fetch.headers"):
		name := strings.TrimPrefix(path, "fetch.headers.")
		return !strings.EqualFold(name, "Accept") && !strings.EqualFold(name, "Accept-Language")
	case inside(path, "frontier"), inside(path, "session.login.form"), inside(path, "session.login.steps"):
		return true
	case ofLink.MatchString(path):
		return !harmless.MatchString(path) && (!strings.HasSuffix(path, ".body") || len(value) >= longSecret || credential.MatchString(before))
	case !ofURL.MatchString(path):
		return false
	}
	_, rest, found := strings.Cut(before, "://")
	authority, _, _ := strings.Cut(after, "/")
	relative := !found && strings.ContainsAny(before, "/?")
	if relative {
		rest = before
	}
	switch {
	case !found && !relative:
		return strings.ContainsAny(value, "@?")
	case strings.Contains(rest, "?"):
		return len(value) >= longSecret || credential.MatchString(rest)
	case strings.Contains(rest, "/"):
		return len(value) >= longSecret
	}
	return strings.Contains(authority, "@")
}
