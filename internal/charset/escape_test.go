package charset

import "testing"

// Chromium gave the expected query of a link on a page in each charset.
func TestEscapeQuery(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ charset, query, want string }{
		{"utf-8", "name=Кот&a=%D0 b", "name=%D0%9A%D0%BE%D1%82&a=%D0 b"},
		{"", "é", "%C3%A9"},
		{"klingon", "é", "%C3%A9"},
		{"utf-16le", "é", "%C3%A9"},
		{"replacement", "é", "%C3%A9"},
		{"windows-1251", "name=Кот", "name=%CA%EE%F2"},
		{"windows-1251", "猫Кé😀", "%26%2329483%3B%CA%26%23233%3B%26%23128512%3B"},
		{"windows-1252", "Café €", "Caf%E9 %80"},
		{"iso-8859-1", "Café €", "Caf%E9 %80"}, // a label of windows-1252
		{"koi8-r", "Кот", "%EB%CF%D4"},
		{"shift_jis", "name=猫&x=ﾈ", "name=%94L&x=%C8"},
		{"shift_jis", "髙−¥‾", `%FB%FC%81|\~`},
		{"shift_jis", "é", "%26%23233%3B"},
		{"euc-jp", "猫−", "%C7%AD%A1%DD"},
		{"euc-jp", "ü", "%26%23252%3B"},
		{"iso-2022-jp", "猫a", "%1B$BG-%1B(Ba"},
		{"gbk", "宝€", "%B1%A6%80"},
		{"gb18030", "ท", "%812%D11"},
		{"big5", "寶ñ", "%C4_%26%23241%3B"},
		{"euc-kr", "한국", "%C7%D1%B1%B9"},
		{"windows-1251", "К\uFFFD", "%CA%26%2365533%3B"},
		{"windows-1251", "a=1&b='\"", "a=1&b='\""},
	} {
		if got := EscapeQuery(tt.query, tt.charset); got != tt.want {
			t.Errorf("EscapeQuery(%q, %q) = %q; want %q", tt.query, tt.charset, got, tt.want)
		}
	}
}
