package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

const (
	cookieName  = "seine_console"
	sessionLife = 12 * time.Hour

	// maxSessions bounds the sessions. The oldest ends. maxName bounds the name of a person.
	maxSessions = 1000
	maxName     = 60
)

// signedIn is a session of a person.
type signedIn struct {
	until time.Time
	name  string // as the person gave it
}

// digest is the key of a session, so that the memory holds no cookie.
func digest(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return hex.EncodeToString(sum[:])
}

// session returns the cookie of a signed-in request, or an empty text.
func (s *Server) session(r *http.Request) (cookie, name string) {
	c, err := r.Cookie(cookieName)
	if err != nil || s.cfg.Token == "" {
		return "", ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in, ok := s.sessions[digest(c.Value)]
	if !ok || time.Now().After(in.until) {
		return "", ""
	}
	return c.Value, in.name
}

// who names the person of a request for the log of changes. The person chose the name.
func (s *Server) who(r *http.Request) string {
	_, name := s.session(r)
	at := "console"
	if strings.HasPrefix(r.URL.Path, "/api/") {
		at, name = "API", nameOf(r.FormValue("by"))
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		at += " from " + host
	}
	if name == "" {
		return at
	}
	return name + " (" + at + ")"
}

// nameOf bounds a name that a person gave.
func nameOf(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune("()", r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")))
	return strings.ToValidUTF8(s[:min(len(s), maxName)], "")
}

// formToken returns the token that a form of a session carries. Another site cannot read it.
func (s *Server) formToken(session string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(session))
	return hex.EncodeToString(mac.Sum(nil))
}

// mayAct reports whether a form may act: its session is signed in, and the form is the console's.
func (s *Server) mayAct(r *http.Request) bool {
	session, _ := s.session(r)
	return session != "" && same([]byte(r.PostFormValue("csrf")), []byte(s.formToken(session)))
}

// isToken compares a token in constant time, whatever its length.
func (s *Server) isToken(given string) bool {
	sum := sha256.Sum256([]byte(given))
	return s.cfg.Token != "" && same(sum[:], s.token[:])
}

// bearer reports whether a request carries the token as a bearer token.
func (s *Server) bearer(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && s.isToken(token)
}

// backOf returns the page that a form belongs to.
func backOf(r *http.Request) string {
	if job := r.PathValue("job"); job != "" {
		return "/jobs/" + url.PathEscape(job)
	}
	return strings.TrimSuffix(r.URL.Path, "/stop")
}

// ours returns the path of a page of the console, never the address of another site.
func ours(back string) string {
	if u, err := url.Parse(back); err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(u.Path, "//") && !strings.Contains(back, "\\") {
		return u.EscapedPath()
	}
	return "/"
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "login", view{Title: "Sign in"})
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if !s.isToken(r.PostFormValue("token")) {
		time.Sleep(500 * time.Millisecond) // slows guesses
		s.render(w, r, http.StatusForbidden, "login", view{Title: "Sign in", Error: "This is not the token of the console. It stands in the file of --token-file.", Back: ours(r.PostFormValue("back")), Again: againOf(r)})
		return
	}
	cookie := rand.Text()
	s.mu.Lock()
	for len(s.sessions) >= maxSessions {
		oldest := ""
		for k, in := range s.sessions {
			if oldest == "" || in.until.Before(s.sessions[oldest].until) {
				oldest = k
			}
		}
		delete(s.sessions, oldest)
	}
	s.sessions[digest(cookie)] = signedIn{time.Now().Add(sessionLife), nameOf(r.PostFormValue("name"))}
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure if the console has TLS itself
		Name: cookieName, Value: cookie, Path: "/", MaxAge: int(sessionLife.Seconds()), HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
	if form := againOf(r); form != nil {
		s.render(w, r, http.StatusOK, "again", view{Title: "Send the form again", Signed: true, CSRF: s.formToken(cookie), Back: ours(r.PostFormValue("back")), Again: form})
		return
	}
	http.Redirect(w, r, ours(r.PostFormValue("back")), http.StatusSeeOther) //nolint:gosec // a path of the console
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	if session, _ := s.session(r); session != "" && s.mayAct(r) {
		s.mu.Lock()
		delete(s.sessions, digest(session))
		s.mu.Unlock()
	}
	//nolint:gosec // as above
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
