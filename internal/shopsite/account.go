package shopsite

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// User and Password are the account that has orders.
const User, Password = "shopper", "correct horse"

// The cookies of the shop.
const (
	sessionCookie = "session"
	csrfCookie    = "csrf"
)

// token returns a value that only the shop can make.
func (s *Site) token(of string) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%d %s", s.cfg.Seed, of)))[:32]
}

// session returns the value of the session cookie until the sessions expire.
func (s *Site) session() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token(fmt.Sprintf("session %d", s.login))
}

type loginView struct{ Token, Next, Fault string }

// loginForm sets the cookie that the hidden field of the form belongs to.
func (s *Site) loginForm(w http.ResponseWriter, r *http.Request) {
	s.showLogin(w, r, "", r.URL.Query().Get("next"))
}

func (s *Site) showLogin(w http.ResponseWriter, r *http.Request, fault, next string) {
	cookie := s.token("cookie")
	http.SetCookie(w, &http.Cookie{Name: csrfCookie, Value: cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	v := s.view("/login", "Sign in", "/login", loginView{Token: s.token("csrf " + cookie), Next: next, Fault: fault})
	v.Robots = "noindex, nofollow"
	s.show(w, r, loginPage, v, time.Time{})
}

func (s *Site) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	next := r.PostFormValue("next")
	if !strings.HasPrefix(next, "/account/") {
		next = "/account/orders"
	}
	cookie, err := r.Cookie(csrfCookie)
	if err != nil || r.PostFormValue("csrf") != s.token("csrf "+cookie.Value) {
		s.fail(w, r, http.StatusForbidden, "the form is not ours")
		return
	}
	if r.PostFormValue("user") != User || r.PostFormValue("password") != Password {
		s.showLogin(w, r, "The name or the password is wrong", next)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: s.session(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// signedIn redirects to the login unless the request has a session.
func (s *Site) signedIn(w http.ResponseWriter, r *http.Request) bool {
	if c, err := r.Cookie(sessionCookie); err == nil && c.Value == s.session() {
		s.mu.Lock()
		if s.expires--; s.expires == 0 {
			s.login++
		}
		s.mu.Unlock()
		w.Header().Set("Cache-Control", "private, no-store")
		return true
	}
	http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusFound)
	return false
}

type ordersView struct {
	Orders []Order
	Next   string
}

func (s *Site) orders(w http.ResponseWriter, r *http.Request) {
	if !s.signedIn(w, r) {
		return
	}
	last := pageCount(orders, ordersPerPage)
	n, ok := pageNumber(r, last)
	if !ok {
		s.fail(w, r, http.StatusNotFound, "no such page")
		return
	}
	of := ordersView{Orders: s.Orders()[(n-1)*ordersPerPage : min(n*ordersPerPage, orders)]}
	if n < last {
		of.Next = numbered("/account/orders", n+1)
	}
	s.show(w, r, ordersPage, s.view("/account/orders", "Orders", "", of), time.Time{})
}

func (s *Site) order(w http.ResponseWriter, r *http.Request) {
	if !s.signedIn(w, r) {
		return
	}
	all := s.Orders()
	i := slices.IndexFunc(all, func(o Order) bool { return o.Number == r.PathValue("number") })
	if i < 0 {
		s.fail(w, r, http.StatusNotFound, "no such order")
		return
	}
	s.show(w, r, orderPage, s.view(r.URL.Path, "Order", "", all[i]), time.Time{})
}
