// Package socialsite is a bundled social network with a JSON API. The same seed gives the same
// accounts and posts.
//
//	/api/accounts                      handles, ten per page
//	/api/accounts/HANDLE               an account
//	/api/accounts/HANDLE/posts         its timeline, five per page
//	/api/accounts/HANDLE/followers     its followers, five per page
//
// Each request needs the header "Authorization: Bearer TOKEN". Lists have next_cursor until their
// end. One account is suspended (HTTP 410), one is private (HTTP 403), and the API asks one client
// to slow down (HTTP 429) before it answers.
package socialsite

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Token is the token of the API.
const Token = "social-token-0123456789"

const (
	accounts     = 24
	suspended    = 6
	private      = 9
	handlesAPage = 10
	entriesAPage = 5
)

// Post is a post as it is.
type Post struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Text    string `json:"text"`
	Created string `json:"created_at"`
	Lang    string `json:"lang"`
	Likes   int    `json:"likes"`
}

// Account is an account as it is.
type Account struct {
	Handle    string   `json:"handle"`
	Name      string   `json:"name"`
	Created   string   `json:"created_at"`
	Posts     []Post   `json:"-"`
	Followers []string `json:"-"`
}

// Site is the site.
type Site struct {
	all []Account

	mu      sync.Mutex
	token   string
	slowed  bool
	deleted map[string]bool
}

// New returns a site. Equal seeds give equal sites.
func New(seed uint64) *Site {
	s := &Site{token: Token, deleted: map[string]bool{}}
	draw := rand.New(rand.NewPCG(seed, 3))
	texts := []struct{ lang, text string }{{"en", "The nets are out"}, {"de", "Die Netze sind draußen"}, {"ja", "網を出した"}, {"en", "<b>Not bold</b> & \"quoted\""}}
	handle := func(i int) string { return fmt.Sprintf("user%02d", i) }
	day := time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)
	for i := range accounts {
		a := Account{Handle: handle(i), Name: fmt.Sprintf("User %d", i), Created: day.AddDate(0, -i, 0).Format(time.RFC3339)}
		for n := range draw.IntN(13) {
			t := texts[draw.IntN(len(texts))]
			a.Posts = append(a.Posts, Post{fmt.Sprintf("%s-%d", a.Handle, n), a.Handle, fmt.Sprintf("%s, day %d", t.text, n), day.AddDate(0, 0, n).Format(time.RFC3339), t.lang, draw.IntN(900)})
		}
		for j := range accounts {
			if j != i && draw.IntN(4) == 0 {
				a.Followers = append(a.Followers, handle(j))
			}
		}
		s.all = append(s.all, a)
	}
	return s
}

// Truth returns the accounts that the API shows.
func (s *Site) Truth() []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Account
	for i, a := range s.all {
		if i != suspended && i != private && !s.deleted[a.Handle] {
			out = append(out, a)
		}
	}
	return out
}

// Expire makes the API refuse the token.
func (s *Site) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = "another"
}

// ServeHTTP implements [http.Handler].
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/robots.txt" {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	token, slow := s.token, !s.slowed && strings.HasSuffix(r.URL.Path, "/posts")
	s.slowed = s.slowed || slow
	s.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "Bearer "+token:
		fail(w, http.StatusUnauthorized, "the token has expired")
		return
	case slow:
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusTooManyRequests, "slow down")
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/api/accounts")
	if !ok {
		fail(w, http.StatusNotFound, "no such path")
		return
	}
	if rest == "" {
		var handles []any
		for _, a := range s.all {
			handles = append(handles, map[string]string{"handle": a.Handle})
		}
		list(w, r, "accounts", handles, handlesAPage)
		return
	}
	name, part, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	for i, a := range s.all {
		if a.Handle == name {
			s.account(w, r, i, a, part)
			return
		}
	}
	fail(w, http.StatusNotFound, "no such account")
}

func (s *Site) account(w http.ResponseWriter, r *http.Request, i int, a Account, part string) {
	switch {
	case i == suspended:
		fail(w, http.StatusGone, "suspended")
	case i == private:
		fail(w, http.StatusForbidden, "private")
	case part == "":
		answer(w, http.StatusOK, a)
	case part == "posts":
		var posts []any
		for _, p := range a.Posts {
			posts = append(posts, p)
		}
		list(w, r, "posts", posts, entriesAPage)
	case part == "followers":
		var followers []any
		for _, f := range a.Followers {
			followers = append(followers, map[string]string{"account": a.Handle, "follower": f})
		}
		list(w, r, "followers", followers, entriesAPage)
	default:
		fail(w, http.StatusNotFound, "no such path")
	}
}

// list answers a page of a list.
func list(w http.ResponseWriter, r *http.Request, name string, all []any, n int) {
	from, err := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("cursor"), "c"))
	if err != nil || from < 0 || from > len(all) {
		from = 0
	}
	end := min(from+n, len(all))
	out := map[string]any{name: append([]any{}, all[from:end]...), "next_cursor": nil}
	if end < len(all) {
		out["next_cursor"] = fmt.Sprintf("c%d", end)
	}
	answer(w, http.StatusOK, out)
}

func fail(w http.ResponseWriter, status int, why string) {
	answer(w, status, map[string]string{"error": why})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
