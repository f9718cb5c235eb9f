package cookie

import (
	"slices"
	"time"

	"github.com/seinehq/seine"
)

// Change is what a page made of one cookie.
type Change struct {
	Cookie seine.Cookie
	Gone   bool
}

// renewed is the least time by which a new expiry counts as a change. Sites that move the expiry
// with each page would otherwise change the session with each page.
const renewed = time.Minute

// Changes returns what made after of before.
func Changes(before, after []seine.Cookie) []Change {
	var out []Change
	for _, c := range after {
		if i := slices.IndexFunc(before, func(o seine.Cookie) bool { return same(o, c) }); i >= 0 && alike(before[i], c) {
			continue
		}
		out = append(out, Change{Cookie: c})
	}
	for _, c := range before {
		if !slices.ContainsFunc(after, func(o seine.Cookie) bool { return same(o, c) }) {
			out = append(out, Change{Cookie: c, Gone: true})
		}
	}
	return out
}

// Apply returns cookies with changes, without the expired ones.
func Apply(cookies []seine.Cookie, changes []Change, now time.Time) []seine.Cookie {
	out := slices.Clone(cookies)
	for _, ch := range changes {
		i := slices.IndexFunc(out, func(o seine.Cookie) bool { return same(o, ch.Cookie) })
		switch {
		case i >= 0 && ch.Gone:
			out = slices.Delete(out, i, i+1)
		case i >= 0:
			out[i] = ch.Cookie
		case !ch.Gone:
			out = append(out, ch.Cookie)
		}
	}
	return slices.DeleteFunc(out, func(c seine.Cookie) bool { return !c.Expires.IsZero() && !c.Expires.After(now) })
}

// same reports whether one cookie replaces the other.
func same(a, b seine.Cookie) bool {
	return a.Name == b.Name && a.Domain == b.Domain && a.Path == b.Path && a.HostOnly == b.HostOnly
}

// alike reports whether a cookie is still what it was.
func alike(a, b seine.Cookie) bool {
	if a.Expires.IsZero() != b.Expires.IsZero() || b.Expires.Sub(a.Expires).Abs() >= renewed {
		return false
	}
	a.Expires = b.Expires
	return a == b
}
