package jobfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
)

func TestSessionMistakes(t *testing.T) {
	t.Parallel()
	const login = "session: {cookies: job, login: {url: 'https://a.example/login', %s}}\n"
	for _, tt := range []struct{ name, src, want string }{
		{"no cookies", "session: {login: {url: 'https://a.example/in', form: {u: me}, check: 'true'}}\n", `job.yaml:4:11: session.login needs cookies that its pages share: add cookies: job`},
		{"cookies of another kind", "session: {cookies: jobs}\n", `job.yaml:4:20: session.cookies is "jobs"; it may be none, job: did you mean "job"?`},
		{"no check", fmt.Sprintf(login, "form: {user: me}"), `job.yaml:4:25: missing key "check" in session.login`},
		{"no form", fmt.Sprintf(login, `check: "'x' in text"`), `job.yaml:4:25: session.login: give either form, the values of the form's fields, or steps of a browser`},
		{"form and steps", fmt.Sprintf(login, `form: {user: me}, steps: [{click: a}], check: "'x' in text"`), `job.yaml:4:25: session.login: give either form, the values of the form's fields, or steps of a browser`},
		{"a name", fmt.Sprintf(login, `form: {user: me}, check: "'x' in txt"`), `job.yaml:4:90: session.login.check: unknown name "txt" in the expression: did you mean "text"?`},
		{"no URL", "session: {cookies: job, login: {url: 'ftp://a.example/', form: {user: me}, check: 'true'}}\n", `job.yaml:4:38: session.login.url: "ftp://a.example/" is not a URL of http or https`},
		{"a step", fmt.Sprintf(login, `steps: [{click: 'a['}], check: "'x' in text"`), `job.yaml:4:81: session.login.steps[0].click: bad selector "a[": `},
		{"a variable", fmt.Sprintf(login, `form: {user: "${NOBODY}"}, check: 'true'`), `job.yaml:4:78: the environment has no NOBODY, and ${NOBODY} has no default: ${NOBODY:-…}`},
		{"challenge", "challenge: \"'x' in\"\n", `job.yaml:4:12: challenge: does not compile: `},
		{"challenge of a type", "challenge: status\n", `job.yaml:4:12: challenge: does not compile: `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := mistakes(t, "job: j\nseeds: {urls: ['https://a.example/']}\nfields: {title: {css: h1}}\n"+tt.src)
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// The values of a log-in are secrets, and a command that does not run the job needs none of them.
func TestSessionSecrets(t *testing.T) {
	t.Parallel()
	const src = `job: j
seeds: {urls: ['https://a.example/']}
fields: {title: {css: h1}}
session:
  cookies: job
  login: {url: 'https://a.example/login', form: {user: "${LOGIN_USER}", password: "${LOGIN_PASSWORD}"}, check: "'Sign out' in text"}
`
	env := map[string]string{"LOGIN_USER": "somebody", "LOGIN_PASSWORD": "battery staple"}
	f, err := Parse("job.yaml", []byte(src), func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	in := f.Job.Session.LogIn
	if !f.Job.Session.Cookies || in == nil || in.Form["password"] != "battery staple" || in.Form["user"] != "somebody" {
		t.Errorf("session %+v", f.Job.Session)
	}
	for _, secret := range env {
		if !slices.Contains(f.Job.Secrets, secret) || strings.Contains(string(derived.Source(&f.Job)), secret) {
			t.Errorf("%q is not a secret: %q", secret, f.Job.Secrets)
		}
	}
	if ok, err := in.Check(&seine.Page{Type: "text/html", Body: []byte("<a>Sign out</a>")}); !ok || err != nil {
		t.Errorf("check: %v, %v", ok, err)
	}
	none := func(string) (string, bool) { return "", false }
	if f, err = ParsePart("job.yaml", []byte(src), none, "session"); err != nil || !f.Partial {
		t.Errorf("without variables: %v", err)
	}
}

func TestProxyMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		{"fetch: {proxy: 'ftp://me:secret@a.example'}\n", `job.yaml:4:16: fetch.proxy: "ftp://a.example" is no proxy: the scheme "ftp" is unknown; begin with http://, https:// or socks5://`},
		{"fetch: {proxy: ['http://a.example', 'socks5h://b']}\n", `job.yaml:4:37: fetch.proxy: "socks5h://b" is no proxy: the scheme "socks5h" is not supported; begin with socks5://, where names resolve on this machine`},
		{"fetch: {proxy: [socks5://a.example:1080]}\n", ""},
	} {
		if got := mistakes(t, "job: j\nseeds: {urls: ['https://a.example/']}\nfields: {title: {css: h1}}\n"+tt.src); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.src, got, tt.want)
		}
	}
	f, err := Parse("job.yaml", []byte("job: j\nseeds: {urls: ['https://a.example/']}\nfields: {title: {css: h1}}\nfetch: {proxy: 'http://me:${PW}@a.example'}\n"), func(string) (string, bool) { return "battery", true })
	if err != nil || !slices.Contains(f.Job.Secrets, "battery") || !slices.Equal(f.Job.Fetch.Proxies, []string{"http://me:battery@a.example"}) {
		t.Errorf("%v, %+v", err, f)
	}
}
