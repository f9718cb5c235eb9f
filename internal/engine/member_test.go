package engine_test

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"

	"github.com/seinehq/seine"
)

// member is a site whose pages need a session. Its form has a hidden field that is valid once.
type member struct {
	mu       sync.Mutex
	tokens   map[string]bool
	sessions map[string]bool
	logins   int
	pages    int
	endAfter int // pages of the first session
	password string
	redirect bool // pages lead to the log-in in place of saying so
}

func newMember() *member {
	return &member{tokens: map[string]bool{}, sessions: map[string]bool{}, password: "correct horse"}
}

func (m *member) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w.Header().Set("Content-Type", "text/html")
	sid := ""
	if c, err := q.Cookie("sid"); err == nil {
		sid = c.Value
	}
	switch {
	case q.URL.Path == "/login" && q.Method == http.MethodGet:
		token := fmt.Sprintf("token-%d", len(m.tokens)+1)
		m.tokens[token] = true
		http.SetCookie(w, &http.Cookie{Name: "pre", Value: token, Path: "/login"})
		_, _ = fmt.Fprintf(w, `<form action="/search"><input name=q></form><form method=post action="/login?in=1">
<input type=hidden name=csrf value=%s><input name=user value=guest><input type=password name=password><input type=checkbox name=keep checked><button id=in>in</button></form>`, token)
	case q.URL.Path == "/login":
		_ = q.ParseForm()
		pre, err := q.Cookie("pre")
		token := q.PostForm.Get("csrf")
		ok := err == nil && pre.Value == token && m.tokens[token] && q.PostForm.Get("user") == "me" && q.PostForm.Get("keep") == "on"
		delete(m.tokens, token)
		m.logins++
		if !ok || q.PostForm.Get("password") != m.password {
			_, _ = fmt.Fprint(w, "wrong password")
			return
		}
		sid = fmt.Sprintf("session-0123456789-%d", m.logins)
		m.sessions[sid] = true
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: sid, Path: "/", HttpOnly: true})
		http.Redirect(w, q, "/home", http.StatusSeeOther)
	case !m.sessions[sid] && m.redirect:
		http.SetCookie(w, &http.Cookie{Name: "sid", Path: "/", MaxAge: -1})
		http.Redirect(w, q, "/login?to="+q.URL.Path, http.StatusFound)
	case !m.sessions[sid]:
		http.SetCookie(w, &http.Cookie{Name: "sid", Path: "/", MaxAge: -1})
		_, _ = fmt.Fprint(w, "please sign in")
	default:
		if m.pages++; m.pages == m.endAfter {
			clear(m.sessions)
		}
		_, _ = fmt.Fprintf(w, "<p id=home>Sign out %s</p>", sid)
	}
}

func signedIn(page *seine.Page) (bool, error) {
	return bytes.Contains(page.Body, []byte("Sign out")), nil
}

func (r *rig) member(change func(*seine.Job)) seine.Job {
	return r.job(func(j *seine.Job) {
		j.Session = seine.Session{Cookies: true, LogIn: &seine.LogIn{
			URL: r.site.URL + "/login", Form: map[string]string{"user": "me", "password": "correct horse"}, Check: signedIn,
		}}
		j.Secrets = []string{"correct horse"}
		if change != nil {
			change(j)
		}
	})
}
