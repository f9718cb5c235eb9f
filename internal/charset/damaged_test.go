package charset

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// A few damaged bytes leave a text in UTF-8. Chromium's rendering of the page as UTF-8 gave the
// expected values.
func TestDamagedUTF8(t *testing.T) {
	t.Parallel()
	const html, filler = "text/html", "<p>Zürich café</p>"
	script := "<script>" + strings.Repeat("x=1;", 2000) + "</script>"
	for _, tt := range []struct{ name, typ, body, want string }{
		{"a letter of Latin-1", html, filler + "caf\xe9", filler + "caf\uFFFD"},
		{"a letter of Latin-1 beside one of UTF-8", html, "ü caf\xe9", "ü caf\uFFFD"},
		{"three letters of Latin-1 beside one of UTF-8", html, "ü caf\xe9 na\xefve \xe0 part", "ü caf\uFFFD na\uFFFDve \uFFFD part"},
		{"quotation marks of windows-1252", html, filler + "\x93a\x94", filler + "\uFFFDa\uFFFD"},
		{"a cut character of two bytes", html, filler + "caf\xc3", filler + "caf\uFFFD"},
		{"a cut character of three bytes is one", html, filler + "\xe2\x82 x", filler + "\uFFFD x"},
		{"a cut character of four bytes is one", html, filler + "\xf0\x9f\x98<b>", filler + "\uFFFD<b>"},
		{"a character whose begin is missing", html, filler + "\x82\xac x", filler + "\uFFFD\uFFFD x"},
		{"an emoji in CESU-8", html, filler + "\xed\xa0\xbd\xed\xb8\x80.", filler + strings.Repeat("\uFFFD", 6) + "."},
		{"CESU-8 alone", html, "a \xed\xa0\xbd\xed\xb8\x80.", "a " + strings.Repeat("\uFFFD", 6) + "."},
		{"zero in two bytes", html, filler + "\xc0\x80.", filler + "\uFFFD\uFFFD."},
		{"beyond Unicode", html, filler + "\xf4\x90\x80\x80.", filler + strings.Repeat("\uFFFD", 4) + "."},
		{"never a byte of UTF-8", html, filler + "\xff\xfe.", filler + "\uFFFD\uFFFD."},
		{"Cyrillic", html, "Цена товара \xd0 руб.", "Цена товара \uFFFD руб."},
		{"Chinese", html, "宝可梦卡牌\xe5\xae, 结果", "宝可梦卡牌\uFFFD, 结果"},
		{"Japanese", html, "ポケモン\xe3\x83、鑑定", "ポケモン\uFFFD、鑑定"},
		{"behind a long script", html, "<head>" + script + filler + "\xe9 x", "<head>" + script + filler + "\uFFFD x"},
		{"plain text", "text/plain", "Zürich \xe9 x", "Zürich \uFFFD x"},
		{"JSON", "application/json", "{\"a\":\"Zürich caf\xe9\"}", "{\"a\":\"Zürich caf\uFFFD\"}"},
		{"JSON without other letters", "application/ld+json", "{\"a\":\"caf\xe9\"}", "{\"a\":\"caf\uFFFD\"}"},
		{"XML without a declaration", "application/rss+xml", "<a>caf\xe9</a>", "<a>caf\uFFFD</a>"},
		{"XML with a declaration without a charset", "text/xml", `<?xml version="1.0"?><a>Zürich caf` + "\xe9</a>", `<?xml version="1.0"?><a>Zürich caf` + "\uFFFD</a>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, c := ToUTF8([]byte(tt.body), tt.typ, ""); string(got) != tt.want || c.Name != "utf-8" {
				t.Errorf("ToUTF8(%.60q) = %.120q as %s; want %.120q as utf-8", tt.body, got, c.Name, tt.want)
			}
		})
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	const html, jsonType, xmlType = "text/html", "application/json", "application/xml"
	le, be := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	le32, be32 := utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	late := strings.Repeat(" ", prescanBytes)
	for _, tt := range []struct{ name, typ, label, body, want string }{
		{"JSON in UTF-16", jsonType, "", in(t, le, `{"a":1}`), "utf-16le"},
		{"JSON in UTF-16, the other way", jsonType, "", in(t, be, `[1]`), "utf-16be"},
		{"JSON in UTF-32", jsonType, "", in(t, le32, `{"a":1}`), "utf-32le"},
		{"JSON in UTF-32, the other way", jsonType, "", in(t, be32, `{"a":1}`), "utf-32be"},
		{"a mark of UTF-32", html, "", "\xff\xfe\x00\x00a\x00\x00\x00", "utf-32le"},
		{"JSON under a default charset", jsonType, "iso-8859-1", `{"a":"é"}`, "utf-8"},
		{"JSON in the charset of its header", jsonType, "iso-8859-1", "{\"a\":\"\xe9\"}", "windows-1252"},
		{"JSON that is not UTF-16", jsonType, "utf-16", `{"a":"b"}`, "utf-8"},
		{"HTML in UTF-16", html, "", in(t, le, "<p>a</p>"), "utf-16le"},

		{"the second meta when the first is unknown", html, "", "<meta charset=klingon><meta charset=koi8-r>\xca", "koi8-r"},
		{"the content when the charset is unknown", html, "", `<meta charset=klingon http-equiv=content-type content="a;charset=koi8-r">` + "\xca", "windows-1252"},
		{"the charset goes before the content", html, "", `<meta http-equiv=content-type content="a;charset=koi8-r" charset=iso-8859-5>` + "\xca", "iso-8859-5"},
		{"content without http-equiv", html, "", `<meta content="a;charset=koi8-r">` + "\xca", "windows-1252"},
		{"another http-equiv", html, "", `<meta http-equiv=refresh content="0;charset=koi8-r">` + "\xca", "windows-1252"},
		{"charset in single quotes", html, "", `<meta http-equiv="Content-Type" content="text/html; charset = 'koi8-r' x">` + "\xca", "koi8-r"},
		{"charset in an open quote", html, "", `<meta http-equiv="Content-Type" content="text/html; charset='koi8-r">` + "\xca", "windows-1252"},
		{"charset twice", html, "", `<meta http-equiv="Content-Type" content="charset charset=koi8-r;x">` + "\xca", "koi8-r"},
		{"an attribute twice", html, "", "<meta charset=koi8-r charset=iso-8859-5>\xca", "koi8-r"},
		{"capitals", html, "", "<META CHARSET=KOI8-R>\xca", "koi8-r"},
		{"slash after the name", html, "", "<meta/charset=koi8-r>\xca", "koi8-r"},
		{"blanks around the sign", html, "", "<meta charset = 'koi8-r'>\xca", "koi8-r"},
		{"a longer name", html, "", "<metacharset=koi8-r><metal charset=koi8-r>\xca", "windows-1252"},
		{"in an attribute", html, "", `<p title="<meta charset=koi8-r>">` + "\xca", "windows-1252"},
		{"in an end tag", html, "", `</p title="<meta charset=koi8-r>">` + "\xca", "windows-1252"},
		{"in a comment", html, "", "<!-- <meta charset=koi8-r> -->\xca", "windows-1252"},
		{"after a short comment", html, "", "<!--><meta charset=koi8-r>\xca", "koi8-r"},
		{"in an open comment", html, "", "<!-- <meta charset=koi8-r>\xca", "windows-1252"},
		{"after a declaration", html, "", "<!doctype html><?php x?><meta charset=koi8-r>\xca", "koi8-r"},
		{"a page of users", html, "", "<meta charset=x-user-defined>\xca", "windows-1252"},
		{"in a script, when nothing else says it", html, "", `<script>"<meta charset=koi8-r>"</script>` + "\xca", "koi8-r"},
		{"in a script, before a real one", html, "", `<script>"<meta charset=koi8-r>"; a<b</script><meta charset=iso-8859-5>` + "\xca", "iso-8859-5"},
		{"in a title, before a real one", html, "", `<title><meta charset=koi8-r></title><meta charset=iso-8859-5>` + "\xca", "iso-8859-5"},
		{"in a script, of a page in UTF-8", html, "", `<script>"<meta charset=koi8-r>"</script>Zürich caf` + "\xe9", "utf-8"},
		{"far down", html, "", late + "<meta charset=koi8-r>\xca", "koi8-r"},
		{"far down, of a page in UTF-8", html, "", late + "<meta charset=koi8-r>é", "utf-8"},
		{"far down, behind an open tag in a script", html, "", "<script>if (a <b) {'" + late + "'}</script><meta charset=koi8-r>\xca", "koi8-r"},

		{"declaration of UTF-16 that is none", xmlType, "", `<?xml version="1.0" encoding="utf-16"?><a/>`, "utf-8"},
		{"declaration with blanks", xmlType, "", "\n<?xml version = '1.0' encoding = 'koi8-r' ?><a/>", "koi8-r"},
		{"declaration of an unknown charset", xmlType, "", "<?xml version='1.0' encoding='klingon'?><a/>", "utf-8"},
		{"a mark goes before the declaration", xmlType, "", "\xef\xbb\xbf<?xml version='1.0' encoding='koi8-r'?><a/>", "utf-8"},
		{"header goes before the meta", html, "iso-8859-5", "<meta charset=koi8-r>\xca", "iso-8859-5"},
		{"empty", html, "", "", "utf-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Of([]byte(tt.body), tt.typ, tt.label); got.Name != tt.want {
				t.Errorf("Of(%.80q, %q, %q) = %s; want %s", tt.body, tt.typ, tt.label, got.Name, tt.want)
			}
		})
	}
}

// texts are sentences in the languages of the charsets that pages without a
// declaration have.
var texts = map[string]string{
	"shift_jis":    "ポケモンカードゲームの鑑定結果を表示します。商品の価格は税込みです。お問い合わせはこちらからどうぞ。",
	"euc-jp":       "日本語の文章はひらがなとカタカナと漢字で書かれている。新着情報をお知らせします。",
	"gbk":          "宝可梦卡牌鉴定结果显示在此页面上。商品价格含税。新闻中心，公司简介，产品展示，联系方式。",
	"big5":         "寶可夢卡牌鑑定結果顯示在此頁面上。商品價格含稅。公司簡介，產品展示，聯絡方式。",
	"euc-kr":       "포켓몬 카드 감정 결과를 표시합니다. 상품 가격은 세금 포함입니다. 회사 소개 제품 안내 고객 센터",
	"windows-1251": "Съешь же ещё этих мягких французских булок. ЦЕНА «ТОВАРА» – указана в рублях.",
	"koi8-r":       "Съешь же ещё этих мягких французских булок. Цена товара указана в рублях.",
	"windows-1252": "Größe, Übung, „Spaß“, café, «Élan», ÉCOLE – naïve, señor, ¿qué?, Ærø, “Ångström”, 5 €",
	"windows-1253": "Η τιμή του προϊόντος περιλαμβάνει ΦΠΑ. Επικοινωνήστε μαζί μας.",
	"windows-1250": "Příliš žluťoučký kůň úpěl ďábelské ódy. Zażółć gęślą jaźń. „ŽŠ”",
	"windows-1254": "İstanbul’da yağmur yağıyor. Ürün fiyatı KDV dahildir. “GÜNEŞ”",
	"windows-1256": "السعر شامل الضريبة. اتصل بنا لمزيد من المعلومات.",
}

// Text in another charset does not pass for damaged UTF-8, nor the other way
// round, in whatever place a text is cut.
func TestResembles(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(14, 12))
	for name, text := range texts {
		c, _ := Named(name)
		runes := []rune(text)
		for range 40 {
			var b strings.Builder
			for range 6 {
				i := rng.IntN(len(runes) - 8)
				b.WriteString(string(runes[i : i+8]))
			}
			if legacy := in(t, c.enc, b.String()); resembles([]byte(legacy)) {
				t.Errorf("%s: %q passes for UTF-8", name, b.String())
			}
			damaged := b.String() + " caf\xe9 \xe2\x82 na\xefve"
			if good, _ := evidence([]byte(b.String())); good > 3 && !resembles([]byte(damaged)) {
				t.Errorf("%s: %q does not pass for UTF-8", name, damaged)
			}
		}
	}
}
