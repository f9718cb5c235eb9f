package charset

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// A damaged character costs no other one, and a byte without a character is a control character.
// The values are those of Chromium.
func TestToUTF8FollowsTheStandard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ label, body, want string }{
		{"windows-1252", "\x80\x81\x9d\xfc", "€\u0081\u009dü"},
		{"iso-8859-2", "\x96\xa3", "\u0096Ł"},
		{"windows-1253", "\x8a\xaa\xe1", "\u008a\uFFFDα"},
		{"iso-8859-8-i", "\x85\xe0", "\u0085א"},
		{"shift_jis", "\x93\xfa\x82A\x96{<b>", "日\uFFFDA本<b>"},
		{"shift_jis", "\x93\xfa\x81<b>\x96", "日\uFFFD<b>\uFFFD"},
		{"shift_jis", "\xa0\xb1\x80x\xff", "\uFFFDｱ\u0080x\uFFFD"},
		{"euc-jp", "\xc6\xfc\x8f\xa1x\x8e\x80\x8e\xb1", "日\uFFFDx\uFFFDｱ"},
		{"gbk", "\xd6\xd0\x81\xffa\xffb\x80\xce\xc4\xd6!", "中\uFFFDa\uFFFDb€文\uFFFD!"},
		{"gb18030", "\x81\x30\x84\x36\x81\x30x\xd6\xd0", "¥\uFFFD0x中"},
		{"gbk", "\x810 \x81\x30\x84", "\uFFFD0 \uFFFD0\uFFFD"},
		{"gbk", "\xd6\xd0\x95\x32\x82\x36\x80", "中\U00020000€"},
		{"gb2312", "a\x81\x30\x84\x36\x81\x30x\xd6\xd0", "a¥\uFFFD0x中"},
		{"gb2312", "\xa8\xbcng\xfe\x59\xa6\xd9", "ḿng\u9fb4\ufe10"},
		{"gbk", "\xaa\xa1\xaf\xfe\xf8\xa1\xfe\xfe\xa1\x40\xa7\xa0\xa1\x80", "\ue000\ue233\ue234\ue4c5\ue4c6\ue765\ue505"},
		{"shift_jis", "\xf0\x40\xf9\xfc\xf0\x80", "\ue000\ue757\ue03f"},
		{"big5", "\xa4\xa4\x81A\xa4\xe5\n\xa4\n", "中\uFFFDA文\n\uFFFD\n"},
		{"euc-kr", "\xc7\xd1\xfeA\xb1\xdb", "한\uFFFDA글"},
	} {
		if got, _ := ToUTF8([]byte(c.body), "text/html", c.label); string(got) != c.want {
			t.Errorf("%s %q = %q; want %q", c.label, c.body, got, c.want)
		}
	}
}

func FuzzByStandard(f *testing.F) {
	f.Add("a\x81<b>\xff")
	f.Fuzz(func(t *testing.T, body string) {
		for _, label := range []string{"windows-1252", "shift_jis", "euc-jp", "gbk", "gb18030", "big5", "euc-kr"} {
			got, _ := ToUTF8([]byte(body), "text/html", label)
			if !utf8.Valid(got) || strings.HasPrefix(body, "a") && strings.Count(body, "<") > strings.Count(string(got), "<") {
				t.Errorf("%s %q = %q", label, body, got)
			}
		}
	})
}
