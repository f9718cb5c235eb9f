package redact

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/weburl"
)

func TestSecretsGoInEverySpelling(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"abcdef123", `s3cr+t/"v é'`, "a b<c>&d", `back\slash`, "hunter%2", "pass#word?x"} {
		r := New([]string{secret, "abc"})
		text, err := json.Marshal(map[string]string{"v": secret})
		if err != nil {
			t.Fatal(err)
		}
		in := []string{secret, "x" + url.QueryEscape(secret), "/" + url.PathEscape(secret), string(text)}
		every := "%" + strings.ReplaceAll(fmt.Sprintf("% x", secret), " ", "%")
		mixed := strings.Replace(every, every[:6], secret[:1]+strings.ToUpper(every[3:6]), 1)
		in = append(in, "/"+every+".png", strings.ToUpper(every), "a%"+mixed, "%zz"+every+"%")
		if u, err := weburl.Canonical("http://h.example/?tok=" + strings.ReplaceAll(secret, "#", "%23")); err == nil {
			in = append(in, u)
		}
		for _, s := range in {
			got := r.Replace(s)
			if !strings.Contains(got, Mark) || strings.Contains(got, secret) || strings.Contains(got, every[len(every)-6:]) {
				t.Errorf("%q becomes %q", s, got)
			}
		}
	}
	if got := New([]string{"abc", ""}).Replace("abc is a word"); got != "abc is a word" {
		t.Errorf("a short value was taken for a secret: %q", got)
	}
}
