package frontier

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/seinehq/seine"
)

// No key holds a secret, however a page writes it, and the key leads to the page's URL.
func TestKeysHoldNoSecret(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"SEKRETplain12345", "SEKRETa/b12345", "SEKRETa+b12345==", "SEKRET a b12345", "SEKRET-abc+1/23", "SEKRETü%b123&x"} {
		vars := map[string]string{"SK": secret, "OTHER": secret + "x"}
		for _, f := range spellings(secret) {
			for _, page := range []string{
				"https://a.example/e?k=" + f.text, "https://a.example/" + f.text + "/x?y=1", "https://a.example/?a=" + f.text + "&b=" + f.text,
				"https://a.example/" + f.text + "x",
			} {
				key := collapsed(vars, page)
				if strings.Contains(key, "SEKRET") || strings.Contains(key, f.text) {
					t.Errorf("%s: the key is %s", page, key)
				}
				if got := expanded(vars, key); got != page {
					t.Errorf("%s: %s stands for %s", page, key, got)
				}
			}
		}
	}
	if key := collapsed(map[string]string{"SK": "SEKRETplain12345"}, "https://a.example/?k=SEKRETplain12345"); key != "https://a.example/?k=${SK}" {
		t.Error(key)
	}
}

// A page cannot ask for a secret by its name.
func TestALinkNamesNoSecret(t *testing.T) {
	t.Parallel()
	job := &seine.Job{Variables: map[string]string{"SK": "SEKRETplain12345"}}
	for _, link := range []string{
		"http://evil.example/?k=${SK}", " http://evil.example/?k=${SK}", "http:evil.example/?k=${SK}", "HTTP://evil.example/${SK}", "http://evil.example/?k=$${SK}",
		"http://evil.example/?k=${SK:path}",
	} {
		n, err := Admit(job, Seed{Key: link, Foreign: true})
		if err != nil {
			continue // no key at all
		}
		at, err := PageURL(job, n.Key)
		if err != nil || strings.Contains(at, "SEKRET") || strings.Contains(n.Key, "SEKRET") {
			t.Errorf("%q: %q is at %q, %v", link, n.Key, at, err)
		}
	}
	n, err := Admit(job, Seed{Key: "http://a.example/?k=${SK}"})
	if at, _ := PageURL(job, n.Key); err != nil || at != "http://a.example/?k=SEKRETplain12345" || n.Key != "http://a.example/?k=${SK}" {
		t.Errorf("an operator's key: %q is at %q, %v", n.Key, at, err)
	}
	if id := AsWritten(&seine.Job{Seeds: seine.Seeds{URL: "http://a.example/{id}"}}, "a${SK}"); id != "a${SK}" {
		t.Error(id)
	}
}

// The request of a link is stored without secrets, and sent as it was.
func TestSendHoldsNoSecret(t *testing.T) {
	t.Parallel()
	job := &seine.Job{Variables: map[string]string{"SK": "SEKRETpl/in+12345", "LONG": "SEKRETpl/in+12345-more"}}
	for _, text := range []string{
		"k=SEKRETpl/in+12345", `{"a": "SEKRETpl/in+12345-more", "b": "SEKRETpl/in+12345"}`, "x=${SK}", "x=$${SK}", "$${", "${", "$$${SK}SEKRETpl/in+12345", "${SK", "${NO}",
	} {
		send := &seine.Send{Method: "POST", Body: text, Header: http.Header{"X-A": {"Bearer " + text}}}
		hidden := HideSend(job, send)
		if raw, _ := json.Marshal(hidden); strings.Contains(string(raw), "SEKRET") {
			t.Errorf("%q is stored as %s", text, raw)
		}
		if shown := ShowSend(job, hidden); !reflect.DeepEqual(shown, send) {
			t.Errorf("%q is sent as %+v", text, shown)
		}
		if send.Body != text {
			t.Errorf("%q was changed", text)
		}
	}
}
