package extract

import (
	"strings"
	"testing"
)

// A consent dialog often has more text than the article. It is never the article.
func TestTheArticleIsNoConsentBanner(t *testing.T) {
	t.Parallel()
	consent := func(n int) string {
		return strings.Repeat("<p>We and our 700 partners store cookies on your device, with your consent, to measure the audience, to select basic ads and to develop products. You may reject them at any time.</p>", n)
	}
	story := strings.Repeat("<p>The museum opens its new hall on Friday, with forty boats that were found in the harbor, some of them older than the town itself.</p>", 3)
	for name, body := range map[string]string{
		"dialog before main":    `<div class=cmp role=dialog>` + consent(12) + `</div><main><article><h1>Museum</h1>` + story + `</article></main>`,
		"class alone":           `<div class=cookie>` + consent(6) + `</div><div class=story>` + story + `</div>`,
		"dialog in main":        `<main><div role=dialog aria-label=cookies>` + consent(8) + `</div><h1>Museum</h1>` + story + `</main>`,
		"an article":            `<article class=consent>` + consent(6) + `</article><article class=story>` + story + `</article>`,
		"unnamed beside main":   `<section>` + consent(6) + `</section><main><h1>Museum</h1>` + story + `</main>`,
		"container":             `<div class=cmp-container>` + consent(8) + `</div><div><h1>Museum</h1>` + story + `</div>`,
		"joined name":           `<div id=gdprCookieNotice>` + consent(8) + `</div><div><h1>Museum</h1>` + story + `</div>`,
		"dialog element":        `<dialog open>` + consent(8) + `</dialog><div><h1>Museum</h1>` + story + `</div>`,
		"after the story":       `<div class=story>` + story + `</div><div id=onetrust-consent-sdk>` + consent(9) + `</div>`,
		"modal with the role":   `<div aria-modal=true>` + consent(9) + `</div><article>` + story + `</article>`,
		"role main, no element": `<section>` + consent(6) + `</section><div role=main><h1>Museum</h1>` + story + `</div>`,
	} {
		got, _ := fieldsOf(t, Rules{Fields: []Field{{Name: "text", Structured: "article", Path: "text"}}}, page("<html lang=en><body>"+body+"</body></html>"))
		text, _ := got["text"].(string)
		if strings.Count(text, "forty boats") != 3 || strings.Contains(text, "partners") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// A name alone is no banner, and a main element without text is no article.
func TestAnArticleAboutCookies(t *testing.T) {
	t.Parallel()
	story := strings.Repeat("<p>Bake the dough for ten minutes and let it rest on a rack until it is cold. The recipe makes forty of them, enough for a week.</p>", 4)
	legal := strings.Repeat("<p>The court ruled that consent to cookies must be given freely, and that forty sites of the group had ignored the rule for years.</p>", 4)
	for name, body := range map[string]string{
		"a name without consent":  `<div class=cookies><h2>Shortbread</h2>` + story + `</div>`,
		"a tag":                   `<article class="post tag-cookies">` + legal + `</article>`,
		"a name with the heading": `<div class=cookie-consent-ruling><h1>Ruling</h1>` + legal + `</div>`,
		"components of a builder": `<div class="cmp-container cmp-text">` + story + `</div>`,
		"an empty main":           `<main id=app></main><div class=story>` + story + `</div>`,
		"two main elements":       `<main hidden><p>Loading.</p></main><main>` + story + `</main>`,
	} {
		got, _ := fieldsOf(t, Rules{Fields: []Field{{Name: "text", Structured: "article", Path: "text"}}}, page("<html lang=en><body>"+body+"</body></html>"))
		if text, _ := got["text"].(string); strings.Count(text, "forty") != 4 {
			t.Errorf("%s: %q", name, text)
		}
	}
}
