package scope

import (
	"slices"
	"strings"
)

// glob is a compiled text with stars. Every part but the first begins with a star.
type glob []part

type part struct {
	star star
	text string
}

// star states what stands before the text of a part.
type star int

const (
	none     star = iota // nothing, for the first part alone
	segment              // any text without a slash
	anyText              // any text
	segments             // nothing, or any text that ends in a slash
)

// compile splits a text at its stars. If flat, every star matches any text.
func compile(text string, flat bool) glob {
	for !flat && strings.Contains(text, "/**/**/") {
		text = strings.ReplaceAll(text, "/**/**/", "/**/")
	}
	g := glob{{}}
	for i := 0; i < len(text); {
		if text[i] != '*' {
			n := strings.IndexByte(text[i:], '*')
			if n < 0 {
				n = len(text) - i
			}
			g[len(g)-1].text += text[i : i+n]
			i += n
			continue
		}
		n := len(text[i:]) - len(strings.TrimLeft(text[i:], "*"))
		before := g[len(g)-1].text
		switch {
		case flat:
			g = append(g, part{star: anyText})
		case n == 1:
			g = append(g, part{star: segment})
		case strings.HasSuffix(before, "/") && strings.HasPrefix(text[i+n:], "/"):
			g = append(g, part{star: segments})
			n++
		default:
			g = append(g, part{star: anyText})
		}
		i += n
	}
	return g
}

// match reports whether the glob matches the whole text. It keeps the set of positions that a
// prefix of the glob can reach, so it never goes back.
func (g glob) match(text string) bool {
	if len(g) == 1 {
		return text == g[0].text
	}
	if !strings.HasPrefix(text, g[0].text) {
		return false
	}
	var space [1]int
	at := append(space[:0], len(g[0].text))
	for _, p := range g[1 : len(g)-1] {
		if at = spread(at, p, text); len(at) == 0 {
			return false
		}
	}
	return ends(at, g[len(g)-1], text)
}

// ends reports whether the last part can lead from one of the positions to the end of the text.
func ends(from []int, p part, text string) bool {
	start := len(text) - len(p.text)
	if start < from[0] || !strings.HasSuffix(text, p.text) {
		return false
	}
	switch p.star {
	case segment:
		slash := strings.LastIndexByte(text[:start], '/')
		return slices.ContainsFunc(from, func(pos int) bool { return slash < pos && pos <= start })
	case segments:
		return start > 0 && text[start-1] == '/' || slices.Contains(from, start)
	default:
		return true
	}
}

// spread returns the sorted positions behind a part, from the sorted positions before it.
func spread(from []int, p part, text string) (out []int) {
	step := func(pos int) {
		if strings.HasPrefix(text[pos:], p.text) {
			out = append(out, pos+len(p.text))
		}
	}
	switch p.star {
	case segment:
		next := 0 // the first position that no earlier one has covered
		for _, pos := range from {
			if next > pos {
				continue
			}
			for next = pos; ; next++ {
				step(next)
				if next == len(text) || text[next] == '/' {
					next++
					break
				}
			}
		}
	case segments:
		for pos := from[0]; pos <= len(text); pos++ {
			starts := len(from) > 0 && from[0] == pos
			if starts {
				from = from[1:]
			}
			if starts || text[pos-1] == '/' {
				step(pos)
			}
		}
	default:
		// Stars in a row are one, so the text is not empty.
		for pos := from[0]; ; pos++ {
			i := strings.Index(text[pos:], p.text)
			if i < 0 {
				break
			}
			pos += i
			out = append(out, pos+len(p.text))
		}
	}
	return out
}
