package jobfile

import (
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/weburl"
)

// session returns how the job is known to its site.
func (a *assembly) session() seine.Session {
	s := a.doc.Session
	if s == nil {
		return seine.Session{}
	}
	out := seine.Session{Cookies: s.Cookies == "job"}
	if s.Login == nil {
		return out
	}
	in := s.Login
	a.check("session.login", !out.Cookies, "session.login needs cookies that its pages share: add cookies: job")
	login := &seine.LogIn{URL: in.URL, Check: a.pageTest("session.login.check", in.Check)}
	if in.URL != "" {
		_, err := weburl.Canonical(in.URL)
		a.check("session.login.url", err != nil, "session.login.url: %q is not a URL of http or https", a.show(in.URL))
	}
	for _, f := range in.Form {
		if login.Form == nil {
			login.Form = map[string]string{}
		}
		login.Form[f.name] = f.value
	}
	for i, st := range in.Steps {
		login.Steps = append(login.Steps, a.step(index("session.login.steps", i), st))
	}
	if a.partial && len(in.Form)+len(in.Steps) == 0 {
		return out // their variables are not set
	}
	a.check("session.login", (len(in.Form) == 0) == (len(in.Steps) == 0),
		"session.login: give either form, the values of the form's fields, or steps of a browser")
	out.LogIn = login
	return out
}

// pageTest compiles a condition on a page.
func (a *assembly) pageTest(path, src string) seine.PageTest {
	if strings.TrimSpace(src) == "" && !a.has(path) {
		return nil
	}
	test, problems := extract.CompileTest(src, time.Duration(or(a.doc.Fetch.Timeout, 0)))
	for _, p := range problems {
		a.check(path, true, "%s: %s%s", path, p.Message, didYouMean(p.Near))
	}
	return test
}
