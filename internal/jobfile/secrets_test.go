package jobfile

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
)

func TestVariables(t *testing.T) {
	t.Parallel()
	env := map[string]string{"NAME": "Anna Example", "EMPTY": "", "N": "7", "ODD": `a"b: c # d`}
	for _, tt := range []struct{ name, contact, want string }{
		{"set", "${NAME}", "Anna Example"},
		{"in the middle", "to ${NAME}!", "to Anna Example!"},
		{"not set, with a default", "${NONE:-x}", "x"},
		{"empty, with a default", "${EMPTY:-x}", "x"},
		{"an empty default", "a${NONE:-}", "a"},
		{"escaped", "$${NAME}", "${NAME}"},
		{"twice", "${N}${N}", "77"},
		{"a value is no YAML", "${ODD}", `a"b: c # d`},
		{"a value is not resolved again", "${NONE:-$}{NAME}", "${NAME}"},
		{"a dollar sign alone", "5$", "5$"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := parse(t, head+body+"contact: '"+tt.contact+"'\n", env)
			if f.Job.Contact != tt.want {
				t.Errorf("%s became %q; want %q", tt.contact, f.Job.Contact, tt.want)
			}
		})
	}
	t.Run("a number", func(t *testing.T) {
		t.Parallel()
		f := parse(t, head+body+"concurrency: ${N}\nmax_failures: '${M:-3}'\nfetch: {timeout: '${T:-5s}'}\n", env)
		if f.Job.Concurrency != 7 || f.Job.MaxFailures != 3 || f.Job.Fetch.Timeout != 5*time.Second {
			t.Errorf("got %d, %d, %v; want 7, 3, 5s", f.Job.Concurrency, f.Job.MaxFailures, f.Job.Fetch.Timeout)
		}
	})
}

func TestSecretsStandInNoMessage(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("hush", 40)
	env := func(string) (string, bool) { return secret, true }
	for _, key := range []string{
		"fetch: {timeout: '${S}'}", "fetch: {via: '${S}'}", "pace: {delay: '1s..${S}'}", "fetch: {max_body: '${S}'}",
		"fetch: {allow_private: ['${S}']}", "concurrency: '${S}'", "store: {key: '${S}'}", "store: {url: '${S}://x'}",
		"verdict: [{skip: 'hush == ${S}'}]", "fetch: {via: chrome, wait: [{css: '${S}['}]}", "fetch: {headers: {A: \"${S}\\n\"}}",
		"job: '${S}'",
	} {
		_, err := Parse("job.yaml", []byte(strings.Replace(head, "job: a\n", "", 1)+body+key+"\n"), env)
		if err == nil {
			t.Errorf("%s is right; want a mistake", key)
			continue
		}
		if strings.Contains(err.Error(), "hushhush") {
			t.Errorf("%s: the secret stands in %q", key, err)
		}
	}
}

// A path is made of a value without its secret, because a sanitized secret could not be found
// afterwards.
func TestSecretsStandInNoPath(t *testing.T) {
	t.Parallel()
	env := map[string]string{"S": `hush&er"se<c>9`}
	f := parse(t, head+`fetch: {headers: {X-Key: "${S}"}}
fields: {name: {css: b}, image: {css: img, attr: src}}
assets: {file: {url: image}}
store: {key: '{name}/{id}_{asset}.{ext}'}
`, env)
	page := &seine.Page{URL: "https://a.example/", Status: 200, Type: "text/html", Body: []byte(`<b>of hush&amp;er&quot;se&lt;c&gt;9</b><img src="/i.png">`)}
	got, err := f.Job.Scraper.Scrape(t.Context(), seine.Task{Key: "k", URL: page.URL}, page)
	if err != nil || len(got.Assets) != 1 {
		t.Fatalf("%d assets, %v", len(got.Assets), err)
	}
	if path := got.Assets[0].Path; strings.Contains(path, "hush") || !strings.Contains(path, "xxxxx") {
		t.Errorf("the path is %q", path)
	}
}

// A text that is stored has the defaults of the file, and ${NAME} for each value of the
// environment.
func TestStoredTextsHoldNoValueOfTheEnvironment(t *testing.T) {
	t.Parallel()
	src := "job: a\nseeds: {urls: [https://a.example/]}\nfields: {title: {css: h1}}\n" +
		"permission: 'by ${WHO} in ${YEAR:-2025}, $${NOT} ${TEAM:-none}'\nverdict: [{skip: 'title == \"${WHO}\"', why: 'of ${WHO:-nobody}'}]\n"
	f := parse(t, src, map[string]string{"WHO": "somebody", "TEAM": "cards"})
	if got, want := f.Job.Permission, "by ${WHO} in 2025, ${NOT} ${TEAM}"; got != want {
		t.Errorf("permission is %q; want %q", got, want)
	}
	page := &seine.Page{URL: "https://a.example/", Status: 200, Type: "text/html", Body: []byte("<h1>somebody</h1>")}
	got, err := f.Scraper.Scrape(t.Context(), seine.Task{Key: "1"}, page)
	if err != nil || got.Verdict.State != seine.Skipped || got.Verdict.Reason != "of ${WHO}" || got.Verdict.Rule != `title == "${WHO}"` {
		t.Errorf("verdict %+v, %v", got.Verdict, err)
	}
}

// The headers and bodies that a link is requested with are stored with its task, so their variables
// are secrets.
func TestVariablesOfLinksAreSecrets(t *testing.T) {
	t.Parallel()
	env := map[string]string{"TOKEN": "s3cret-of-the-job", "SIZE": "fifty", "KEY": "k3y-9"}
	f := parse(t, `job: a
seeds: {urls: [https://a.example/]}
pages:
  list:
    record: none
    follow:
      - {css: a, to: item, method: POST, headers: {X-Token: "Bearer ${TOKEN}", Accept: "${SIZE}"}, body: 'n=${SIZE}&key=${KEY}'}
  item:
    fields: {title: {css: h1}}
`, env)
	if want := map[string]string{"TOKEN": "s3cret-of-the-job", "KEY": "k3y-9"}; !maps.Equal(f.Job.Variables, want) {
		t.Errorf("the secrets are %v; want %v", f.Job.Variables, want)
	}
}

// A secret in any URL of the job file is one.
func TestVariablesOfURLsAreSecrets(t *testing.T) {
	t.Parallel()
	const head = "job: a\nfields: {title: {css: h1}}\n"
	for _, src := range []string{
		head + `seeds: {urls: ["https://a.example/?q=${IT}"]}`, head + `seeds: {sitemap: ["https://a.example/s.xml?q=${IT}"]}`,
		head + `seeds: {ids: {from: 1, to: 2}, url: "https://a.example/${IT}/{id}"}`,
		head + "seeds: {urls: [https://a.example/]}\nassets: {p: {url: \"'https://a.example/i.png?q=${IT}'\"}}",
		head + "seeds: {urls: [https://a.example/]}\nfollow: [{css: a, attr: href, url: \"https://a.example/items?q=${IT}&c={value}\"}]",
		"job: a\nseeds: {urls: [https://a.example/]}\npages: {p: {fields: {t: {css: h1}}, follow: [{css: a, url: \"/items?api_key=${IT}&c={value}\"}], assets: {p: {url: \"'/i?auth=${IT}'\"}}}}",
	} {
		for value, secret := range map[string]bool{"0123456789abcdef": true, "short": strings.Contains(src, "api_key")} {
			f := parse(t, src, map[string]string{"IT": value})
			if got := f.Job.Variables["IT"] == value; got != secret {
				t.Errorf("%s: %q is a secret: %v; want %v", src, value, got, secret)
			}
		}
	}
}
