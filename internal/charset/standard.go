package charset

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// The decoders of golang.org/x/text differ from the Encoding standard in two points. A byte from
// 0x80 to 0x9F without a character is U+FFFD in place of the control character with its number. A
// damaged character takes the ASCII character behind it along. Both show as U+FFFD, so only a text
// that holds U+FFFD is decoded a second time.

// damage is U+FFFD.
var damage = []byte("\uFFFD")

// byStandard decodes a text as the Encoding standard says. text is the same text as the decoder of
// the charset gave it.
func (c Charset) byStandard(body, text []byte) []byte {
	if !bytes.Contains(text, damage) {
		return text
	}
	table, single := c.enc.(*charmap.Charmap)
	if c.Name == "iso-8859-8-i" {
		table, single = charmap.ISO8859_8, true
	}
	length := lengths[c.Name]
	switch {
	case single:
		return controls(body, table)
	case length != nil:
		return c.characters(body, length)
	}
	return text
}

// controls decodes a text of a charset with one byte for each character.
func controls(body []byte, table *charmap.Charmap) []byte {
	out := make([]byte, 0, len(body)+len(body)/4)
	for _, b := range body {
		r := table.DecodeByte(b)
		if r == utf8.RuneError && b >= 0x80 && b <= 0x9F {
			r = rune(b)
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// lengths are, by charset, functions that return how many bytes a character has that begins with a
// byte from 0x80 on. The text is never empty. A length may exceed the text.
var lengths = map[string]func(text []byte) int{
	"big5":   twoBytes,
	"euc-kr": twoBytes,
	"shift_jis": func(text []byte) int {
		if b := text[0]; b == 0x80 || b >= 0xA0 && b <= 0xDF || b > 0xFC {
			return 1
		}
		return 2
	},
	"euc-jp": func(text []byte) int {
		switch {
		case text[0] == 0x8F && len(text) > 1 && text[1] >= 0xA1 && text[1] != 0xFF:
			return 3
		case text[0] == 0x8E, text[0] == 0x8F, text[0] >= 0xA1 && text[0] != 0xFF:
			return 2
		}
		return 1
	},
	"gbk":     chinese,
	"gb18030": chinese,
}

func twoBytes(text []byte) int {
	if text[0] == 0x80 || text[0] == 0xFF {
		return 1
	}
	return 2
}

func chinese(text []byte) int {
	if n := twoBytes(text); n == 1 || len(text) < 2 || text[1] < '0' || text[1] > '9' {
		return n
	}
	return 4
}

// characters decodes a text of a charset with several bytes for a character. What is damaged
// becomes one U+FFFD, and an ASCII character at its end stands for itself.
func (c Charset) characters(body []byte, length func([]byte) int) []byte {
	out := make([]byte, 0, len(body)+len(body)/2)
	decoder := c.enc.NewDecoder()
	for len(body) > 0 {
		// Neither character is a part of another one in these charsets.
		end := bytes.IndexAny(body, "<\n") + 1
		if end == 0 {
			end = len(body)
		}
		part, err := decoder.Bytes(body[:end])
		if err != nil || bytes.Contains(part, damage) {
			part = one(decoder, body[:end], length)
		}
		out, body = append(out, part...), body[end:]
	}
	return out
}

// one decodes a text character by character.
func one(decoder *encoding.Decoder, body []byte, length func([]byte) int) []byte {
	var out []byte
	for len(body) > 0 {
		if body[0] < utf8.RuneSelf {
			out, body = append(out, body[0]), body[1:]
			continue
		}
		whole := length(body)
		n := min(whole, len(body))
		char, err := decoder.Bytes(body[:n])
		switch {
		case err == nil && !bytes.Contains(char, damage):
			out, body = append(out, char...), body[n:]
			continue
		case whole == 4:
			n = 1 // the bytes behind the first are read again
		case n > 1 && body[n-1] < utf8.RuneSelf:
			n--
		}
		out, body = append(out, damage...), body[n:]
	}
	return out
}
