package manners

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/consent"
)

// A meta element counts by its name, and with http-equiv as the header that it stands for.
func TestSignalsOfMetaElements(t *testing.T) {
	t.Parallel()
	for meta, want := range map[string]string{
		`<meta name="robots" content="noai">`:                                 "noai true",
		`<META NAME=Robots CONTENT="NoImageAI">`:                              "noimageai true",
		`<meta http-equiv="X-Robots-Tag" content="noai">`:                     "noai true",
		`<meta name="content-usage" content="train-ai=n">`:                    "train-ai true",
		`<meta http-equiv="Content-Usage" content="ai=n">`:                    "ai true",
		`<meta name="content-signal" content="ai-train=yes">`:                 "ai-train false",
		`<meta name="tdm-reservation" content="1">`:                           "tdm-reservation true",
		`<meta http-equiv="TDM-Reservation" content="1">`:                     "tdm-reservation true",
		`<meta name="googlebot" content="noai">`:                              "",
		`<meta http-equiv="refresh" content="noai">`:                          "",
		`<body><meta name="robots" content="noai"></body>`:                    "",
		`<!-- <meta name="robots" content="noai"> -->`:                        "",
		`<meta property="robots" content="noai">`:                             "",
		strings.Repeat("<!-- -->", 4<<10) + `<meta name=robots content=noai>`: "noai true",
	} {
		page := &seine.Page{Type: "text/html", Status: 200, Body: []byte("<html><head>" + meta + "</head><body><p>x</p></body></html>")}
		got := ""
		for _, s := range Signals(page, nil, consent.ImageOfPage) {
			got = strings.TrimSpace(got + fmt.Sprintf(" %s %v", s.Name, s.OptsOut))
		}
		if got != want {
			t.Errorf("%.80s: %q; want %q", meta, got, want)
		}
	}
}
