package charset

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// The decoders of golang.org/x/text differ from the Encoding standard in three points. A byte from
// 0x80 to 0x9F without a character is U+FFFD in place of the control character with its number. A
// damaged character takes the ASCII character behind it along. Some characters of GBK, GB18030 and
// Shift_JIS are unknown. All show as U+FFFD, so only a text that holds U+FFFD is decoded a second
// time.

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

// added are, by charset, functions that return the characters of two bytes that the decoder does
// not know, or 0.
var added = map[string]func(lead, trail byte) rune{"gbk": moreChinese, "gb18030": moreChinese, "shift_jis": moreJapanese}

// moreJapanese returns the characters for private use (Encoding standard, section 12.3.1).
func moreJapanese(lead, trail byte) rune {
	if lead < 0xF0 || lead > 0xF9 || trail < 0x40 || trail == 0x7F || trail > 0xFC {
		return 0
	}
	return 0xE000 + rune(lead-0xF0)*188 + place(trail)
}

// place is the number of a second byte from 0x40 on without 0x7F.
func place(trail byte) rune {
	if trail > 0x7F {
		trail--
	}
	return rune(trail - 0x40)
}

// newChinese are characters of GB 18030-2005 and 2022.
var newChinese = map[uint16]rune{
	0xA6D9: 0xFE10, 0xA6DA: 0xFE12, 0xA6DB: 0xFE11, 0xA6DC: 0xFE13, 0xA6DD: 0xFE14, 0xA6DE: 0xFE15, 0xA6DF: 0xFE16,
	0xA6EC: 0xFE17, 0xA6ED: 0xFE18, 0xA6F3: 0xFE19, 0xA8BC: 0x1E3F, 0xFE59: 0x9FB4, 0xFE61: 0x9FB5, 0xFE66: 0x9FB6,
	0xFE67: 0x9FB7, 0xFE6D: 0x9FB8, 0xFE7E: 0x9FB9, 0xFE90: 0x9FBA, 0xFEA0: 0x9FBB,
}

// moreChinese returns new characters, and those of the three zones for private use.
func moreChinese(lead, trail byte) rune {
	if r := newChinese[uint16(lead)<<8|uint16(trail)]; r != 0 {
		return r
	}
	switch {
	case lead >= 0xAA && lead <= 0xAF && trail >= 0xA1 && trail != 0xFF:
		return 0xE000 + rune(lead-0xAA)*94 + rune(trail-0xA1)
	case lead >= 0xF8 && lead <= 0xFE && trail >= 0xA1 && trail != 0xFF:
		return 0xE234 + rune(lead-0xF8)*94 + rune(trail-0xA1)
	case lead >= 0xA1 && lead <= 0xA7 && trail >= 0x40 && trail != 0x7F && trail <= 0xA0:
		return 0xE4C6 + rune(lead-0xA1)*96 + place(trail)
	}
	return 0
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
			part = one(decoder, body[:end], length, added[c.Name])
		}
		out, body = append(out, part...), body[end:]
	}
	return out
}

// one decodes a text character by character.
func one(decoder *encoding.Decoder, body []byte, length func([]byte) int, more func(lead, trail byte) rune) []byte {
	var out []byte
	for len(body) > 0 {
		if body[0] < utf8.RuneSelf {
			out, body = append(out, body[0]), body[1:]
			continue
		}
		whole := length(body)
		n := min(whole, len(body))
		char, err := decoder.Bytes(body[:n])
		if err == nil && n == 2 && bytes.Contains(char, damage) && more != nil {
			if r := more(body[0], body[1]); r != 0 {
				char = utf8.AppendRune(nil, r)
			}
		}
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
