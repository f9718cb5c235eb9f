package charset

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

func in(t testing.TB, e encoding.Encoding, s string) string {
	t.Helper()
	out, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestToUTF8(t *testing.T) {
	t.Parallel()
	const html = "text/html"
	le, be := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	japan := strings.Repeat("ポケモンカードゲームの鑑定結果を表示します。", 8)
	russia := strings.Repeat("Съешь же ещё этих мягких французских булок, да выпей чаю. ", 4)
	for _, tt := range []struct{ name, typ, label, body, want string }{
		{"nothing said, UTF-8", html, "", "é", "é"},
		{"nothing said, ASCII", html, "", "e", "e"},
		{"empty", html, "", "", ""},
		{"header", html, "ISO-8859-1", "\xe9", "é"},
		{"header in quotes and capitals", html, `"Windows-1251"`, "\xe9", "й"},
		{"latin-1 means windows-1252", html, "latin1", "\x80", "€"},
		{"header with an unknown name, then the meta", html, "klingon", `<meta charset=koi8-r>` + "\xca", `<meta charset=koi8-r>й`},
		{"mark of UTF-8 goes", html, "", "\xef\xbb\xbfé", "é"},
		{"mark goes before the header", html, "iso-8859-1", "\xef\xbb\xbfé", "é"},
		{"mark of UTF-16, little end first", html, "utf-8", "\xff\xfe" + in(t, le, "é"), "é"},
		{"mark of UTF-16, big end first", html, "", "\xfe\xff" + in(t, be, "é"), "é"},
		{"header UTF-16", html, "utf-16le", in(t, le, "é"), "é"},
		{"XML in UTF-16 without a mark", "text/xml", "", in(t, le, `<?xml version="1.0" encoding="utf-16"?><a>é</a>`), `<?xml version="1.0" encoding="utf-16"?><a>é</a>`},
		{"XML in UTF-16 without a mark, the other way", "application/xml", "", in(t, be, `<?xml version="1.0"?><a>é</a>`), `<?xml version="1.0"?><a>é</a>`},
		{"XML declaration", "application/xml", "", `<?xml version="1.0" encoding="ISO-8859-2"?><a>` + "\xe8</a>", `<?xml version="1.0" encoding="ISO-8859-2"?><a>č</a>`},
		{"XML declaration of a feed", "application/rss+xml", "", `<?xml version='1.0' encoding='windows-1251' ?>` + "\xe9", `<?xml version='1.0' encoding='windows-1251' ?>й`},
		{"header goes before the declaration", "application/xml", "utf-8", `<?xml version="1.0" encoding="ISO-8859-2"?>č`, `<?xml version="1.0" encoding="ISO-8859-2"?>č`},
		{"meta goes before the declaration, as in browsers", html, "", `<?xml version="1.0" encoding="koi8-r"?><meta charset=iso-8859-5>` + "\xca", `<?xml version="1.0" encoding="koi8-r"?><meta charset=iso-8859-5>Ъ`},
		{"declaration goes before the meta where the page is XML", "application/xhtml+xml", "", `<?xml version="1.0" encoding="koi8-r"?><meta charset=iso-8859-5>` + "\xca", `<?xml version="1.0" encoding="koi8-r"?><meta charset=iso-8859-5>й`},
		{"declaration of a page without a meta", html, "", `<?xml version="1.0" encoding="koi8-r"?>` + "\xca", `<?xml version="1.0" encoding="koi8-r"?>й`},
		{"meta", html, "", `<html><head><title>x</title><meta charset="windows-1251">` + "\xe9", `<html><head><title>x</title><meta charset="windows-1251">й`},
		{"meta, the long form", html, "", `<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=Shift_JIS">` + in(t, japanese.ShiftJIS, "鑑定"), `<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=Shift_JIS">鑑定`},
		{"meta, content first", html, "", `<meta content="text/html; charset=euc-kr" http-equiv=content-type>` + in(t, korean.EUCKR, "한국"), `<meta content="text/html; charset=euc-kr" http-equiv=content-type>한국`},
		{"meta of something else", html, "", `<meta name=description content="charset=koi8-r">é`, `<meta name=description content="charset=koi8-r">é`},
		{"meta in a comment", html, "", `<!-- <meta charset=koi8-r> -->é`, `<!-- <meta charset=koi8-r> -->é`},
		{"meta in a script", html, "", `<script>"<meta charset=koi8-r>"</script>é`, `<script>"<meta charset=koi8-r>"</script>é`},
		{"meta that says UTF-16 can't be", html, "", `<meta charset=utf-16>é`, `<meta charset=utf-16>é`},
		{"meta of no HTML", "text/plain", "", `<meta charset=koi8-r>é`, `<meta charset=koi8-r>é`},
		{"meta too far down", html, "", strings.Repeat(" ", prescanBytes) + `<meta charset=koi8-r>é`, strings.Repeat(" ", prescanBytes) + `<meta charset=koi8-r>é`},
		{"GBK by its old name", html, "gb2312", in(t, simplifiedchinese.GBK, "宝可梦"), "宝可梦"},
		{"said UTF-8 and is not", html, "utf-8", "a\xffb\xe9", "a\uFFFDb\uFFFD"},
		{"no character in its charset", html, "shift_jis", "a\x81", "a\uFFFD"},
		{"unlabelled Shift-JIS", html, "", in(t, japanese.ShiftJIS, japan), japan},
		{"unlabelled EUC-JP", html, "", in(t, japanese.EUCJP, japan), japan},
		{"unlabelled Cyrillic", html, "", in(t, charmap.Windows1251, russia), russia},
		{"unlabelled, a lone octet", html, "", "caf\xe9", "café"},
		{"JSON", "application/json", "", `{"a":"é"}`, `{"a":"é"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, c := ToUTF8([]byte(tt.body), tt.typ, tt.label); string(got) != tt.want {
				t.Errorf("ToUTF8(%.60q) = %.120q as %s; want %.120q", tt.body, got, c.Name, tt.want)
			}
		})
	}
}

func FuzzToUTF8(f *testing.F) {
	f.Add([]byte("<meta charset=shift_jis>\x81\x40"), "text/html", "")
	f.Add([]byte("\xff\xfe<\x00"), "text/html", "utf-16be")
	f.Add([]byte("<?xml encoding='gb18030'?>\x81"), "application/xml", "")
	f.Add([]byte("\x1b$)C\x0e"), "text/plain", "iso-2022-kr")
	f.Add([]byte("+AGE-\xe9"), "text/plain", "utf-7")
	f.Add([]byte("\xa4\xb3\xa4\xf3"), "", "")
	f.Fuzz(func(t *testing.T, body []byte, mediaType, label string) {
		was := bytes.Clone(body)
		got, _ := ToUTF8(body, mediaType, label)
		if !utf8.Valid(got) {
			t.Fatalf("ToUTF8(%q, %q, %q) is not UTF-8: %q", body, mediaType, label, got)
		}
		if len(got) > 3*len(body)+3 {
			t.Fatalf("ToUTF8 made %d bytes of %d", len(got), len(body))
		}
		if !bytes.Equal(was, body) {
			t.Fatal("ToUTF8 changed what it was given")
		}
	})
}

func TestReader(t *testing.T) {
	t.Parallel()
	for label, in := range map[string]string{"utf-16": "\xff\xfea\x00\xe9\x00", "latin1": "a\xe9", "utf-8": "a\xc3\xa9"} {
		c, ok := Named(label)
		got, err := io.ReadAll(c.Reader(iotest.OneByteReader(strings.NewReader(in))))
		if !ok || err != nil || string(got) != "aé" {
			t.Errorf("%s: %q, %v, %v", label, got, ok, err)
		}
	}
}
