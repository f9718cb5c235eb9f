package charset

import (
	"unicode/utf8"

	"github.com/wlynxg/chardet"
)

const (
	// sampleBytes is the most bytes that the detector of legacy charsets sees.
	sampleBytes = 32 << 10

	// sure is the least confidence with which a guess of the detector is taken.
	sure = 0.5

	// clearly is how many times as strong as the damage the evidence of UTF-8 must
	// be to decide without the detector.
	clearly = 4
)

// resembles reports whether body is UTF-8 with at most a few damaged characters: single bytes of
// another charset, truncated characters, surrogates encoded one by one (CESU-8).
func resembles(body []byte) bool {
	good, bad := evidence(body)
	switch {
	case bad == 0, good >= clearly*bad:
		return true
	case clearly*good < bad:
		return false
	}
	// Short texts in charsets with two bytes per character can hold as many pairs
	// that look like UTF-8. They are free of damage in their own charset.
	c, ok := detected(body)
	if ok && multiByte[c.Name] && clean(c, body) {
		return false
	}
	return good >= bad || lone(body)
}

// evidence counts what speaks for UTF-8 and against it. An ASCII character is no evidence. A
// sequence of three or four bytes is less likely to be an accident than one of two bytes.
func evidence(body []byte) (good, bad int) {
	for i := 0; i < len(body); {
		if body[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(body[i:])
		switch {
		case n > 1:
			i += n
			if plausible(r) {
				good += n - 1
			}
		case surrogates(body[i:]):
			i += 6
			good += 2
		default:
			i += subpart(body[i:])
			bad++
		}
	}
	return good, bad
}

// plausible excludes the scripts of U+0700 to U+07FF and the letters of phonetic
// alphabets. In windows-1252 they are a capital letter or ß before a quotation
// mark.
func plausible(r rune) bool { return (r < 0x250 || r > 0x2ff) && (r < 0x700 || r > 0x7ff) }

// surrogates reports whether b begins with a pair of surrogates, three bytes each.
func surrogates(b []byte) bool {
	return len(b) >= 6 && b[0] == 0xed && b[1]>>4 == 0xa && b[2]>>6 == 2 && b[3] == 0xed && b[4]>>4 == 0xb && b[5]>>6 == 2
}

// subpart returns the length of the damaged sequence at the start of b: a lead byte with its
// continuations, or one byte.
func subpart(b []byte) int {
	n := 1
	switch {
	case b[0] >= 0xf0 && b[0] <= 0xf4:
		n = 4
	case b[0] >= 0xe0:
		n = 3
	}
	i := 1
	for i < n && i < len(b) && b[i]>>6 == 2 {
		i++
	}
	return i
}

// multiByte are the charsets whose text can look like UTF-8.
var multiByte = map[string]bool{"shift_jis": true, "euc-jp": true, "euc-kr": true, "gbk": true, "gb18030": true, "big5": true}

// lone reports whether every damaged sequence is a letter of Latin-1 between ASCII
// characters.
func lone(body []byte) bool {
	for i := 0; i < len(body); {
		_, n := utf8.DecodeRune(body[i:])
		if n == 1 && body[i] >= utf8.RuneSelf {
			if body[i] < 0xc0 || i > 0 && body[i-1] >= utf8.RuneSelf || i+1 < len(body) && body[i+1] >= utf8.RuneSelf {
				return false
			}
		}
		i += n
	}
	return true
}

// clean reports whether every byte of body is part of a character of c.
func clean(c Charset, body []byte) bool {
	text, err := c.enc.NewDecoder().Bytes(body[:min(len(body), sampleBytes)])
	if err != nil {
		return false
	}
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && len(text) > n+1 { // the sample may cut the last character
			return false
		}
		text = text[n:]
	}
	return true
}

// guessed returns the charset that the letters of body suggest.
func guessed(body []byte) Charset {
	if c, ok := detected(body); ok {
		return c
	}
	return windows1252
}

func detected(body []byte) (_ Charset, ok bool) {
	r := chardet.Detect(body[:min(len(body), sampleBytes)])
	if r.Confidence < sure {
		return Charset{}, false
	}
	for _, label := range []string{r.Charset, r.Encoding} {
		c, ok := Named(label)
		switch {
		case !ok || c.Name == UTF8.Name:
		case c.Name == "x-mac-cyrillic":
			// It differs from windows-1251 in few letters, the detector often takes
			// one for the other, and no site uses it.
			return windows1251, true
		default:
			return c, true
		}
	}
	return Charset{}, false
}
