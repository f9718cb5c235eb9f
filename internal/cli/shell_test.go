package cli

import "testing"

func TestCompleteLine(t *testing.T) {
	t.Parallel()
	names := []string{"#main", ".card", ".card-body", ".price", "css", "jsonld", "json"}
	for line, want := range map[string]string{
		"c": "css", "js": "json", "css .p": "css .price", "div.ca": "div.card", "css h1 > .ca": "css h1 > .card", "#": "#main",
		".card": ".card", "nothing": "nothing", "": "", "css ": "css ",
	} {
		if got := completeLine(line, names); got != want {
			t.Errorf("%q becomes %q; want %q", line, got, want)
		}
	}
}
