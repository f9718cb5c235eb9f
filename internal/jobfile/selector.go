package jobfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/andybalholm/cascadia"
)

// ofLibrary are pseudo-classes that the selectors of fields know and a browser
// does not, with what to write in a wait.
var ofLibrary = map[string]string{
	"contains":    "give `matches` beside css",
	"containsown": "give `matches` beside css",
	"matches":     "give `matches` beside css",
	"matchesown":  "give `matches` beside css",
	"haschild":    "write :has(> …)",
	"input":       "write :is(input, select, textarea, button)",
}

// ofBrowser are pseudo-classes without arguments that a browser knows and the
// selectors of fields do not.
var ofBrowser = map[string]bool{
	"any-link": true, "autofill": true, "default": true, "defined": true, "focus-visible": true, "focus-within": true, "fullscreen": true,
	"in-range": true, "indeterminate": true, "invalid": true, "modal": true, "open": true, "optional": true, "out-of-range": true,
	"placeholder-shown": true, "popover-open": true, "read-only": true, "read-write": true, "required": true, "scope": true,
	"user-invalid": true, "user-valid": true, "valid": true,
}

// checkWaitSelector checks a selector of a wait, which the browser takes: it is
// read as one of a field's, with what only a browser knows put into that
// dialect, and what only the dialect knows refused.
func checkWaitSelector(css string) error {
	text, err := dialect(css)
	if err != nil {
		return err
	}
	_, err = cascadia.ParseGroup(text)
	return err
}

// dialect rewrites a browser's selector into one of a field's that is right when
// the browser's is. It does not find the same elements.
func dialect(css string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(css); {
		end := i + 1
		switch c := css[i]; {
		case c == '\\':
			end = min(i+2, len(css))
		case c == '"' || c == '\'':
			end = quoteEnd(css, i)
		case c == '[':
			end = bracketEnd(css, i)
			if err := checkAttribute(css[i:end]); err != nil {
				return "", err
			}
		case c == '#' && end < len(css) && '0' <= css[end] && css[end] <= '9':
			return "", fmt.Errorf(`a browser knows no #%c: write [id="%c…"]`, css[end], css[end])
		case c == ':' && strings.HasPrefix(css[end:], ":"):
			return "", errors.New("an element in the page has no ::, only its looks have")
		case c == ':':
			for end < len(css) && (css[end] == '-' || letter(css[end])) {
				end++
			}
			name, args := strings.ToLower(css[i+1:end]), strings.HasPrefix(css[end:], "(")
			remedy, own := ofLibrary[name]
			switch {
			case own:
				return "", fmt.Errorf("a browser knows no :%s: %s", name, remedy)
			case args && (name == "is" || name == "where"):
				out.WriteString(":not")
				i = end
				continue
			case args && name == "has":
				out.WriteString(":has(")
				i = end + 1
				i += len(css[i:]) - len(strings.TrimLeft(css[i:], " >+~"))
				continue
			case !args && ofBrowser[name]:
				out.WriteString(":empty")
				i = end
				continue
			}
		}
		out.WriteString(css[i:end])
		i = end
	}
	return out.String(), nil
}

// checkAttribute refuses the operators that a browser does not know.
func checkAttribute(s string) error {
	at := strings.IndexByte(s, '=')
	if at < 1 || strings.ContainsAny(s[:at], `"'`) {
		return nil
	}
	switch s[at-1] {
	case '!':
		return fmt.Errorf("a browser knows no %s: write :not([…=…])", s)
	case '#':
		return fmt.Errorf("a browser knows no %s: give `attr` and `matches` beside css", s)
	}
	return nil
}

// quoteEnd is where the text that begins at i ends.
func quoteEnd(s string, i int) int {
	for j := i + 1; j < len(s); j++ {
		switch s[j] {
		case '\\':
			j++
		case s[i]:
			return j + 1
		}
	}
	return len(s)
}

func bracketEnd(s string, i int) int {
	for j := i + 1; j < len(s); {
		switch s[j] {
		case ']':
			return j + 1
		case '"', '\'':
			j = quoteEnd(s, j)
		case '\\':
			j += 2
		default:
			j++
		}
	}
	return len(s)
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
