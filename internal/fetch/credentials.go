package fetch

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/weburl"
)

// harmless are the headers that go to every host. Every other header of a job may be a secret,
// under whatever name.
var harmless = []string{"Accept", "Accept-Encoding", "Accept-Language", "User-Agent"}

// Harmless reports whether a header, by its canonical name, may go to every host. Every other
// header is a credential.
func Harmless(name string) bool { return slices.Contains(harmless, name) }

// WithoutCredentials deletes every header that is not harmless.
func WithoutCredentials(h http.Header) {
	for name := range h {
		if !Harmless(name) {
			delete(h, name)
		}
	}
}

// SameSite reports whether the credentials for one canonical URL may go to another: the host and
// the port are the same, and the scheme does not change from https to http. From http to https the
// default ports belong to one site. A subdomain is another site, because on many hosts it has
// another owner.
func SameSite(from, to string) bool {
	a, b := weburl.Host(from), weburl.Host(to)
	if a == b {
		return !secure(from) || secure(to)
	}
	name, ok := strings.CutSuffix(a, ":80")
	return ok && b == name+":443" && !secure(from) && secure(to)
}

func secure(url string) bool { return strings.HasPrefix(url, "https:") }

// MayCarry reports whether a request for a canonical URL may carry credentials. Each entry of
// allowed is a canonical URL, which stands for its site, or HOST[:PORT] as in fetch.credentials_to.
// HOST stands for the default port. It takes https, and http only if a URL of allowed has http too.
func MayCarry(url string, allowed []string) bool {
	scheme, _, _ := strings.Cut(url, "://")
	plain := scheme == "http" && !slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(a, "http://") })
	for _, a := range allowed {
		if strings.Contains(a, "://") {
			if SameSite(a, url) {
				return true
			}
			continue
		}
		if named, err := weburl.Canonical(scheme + "://" + a + "/"); err == nil && !plain && weburl.Host(named) == weburl.Host(url) {
			return true
		}
	}
	return false
}

// Sites returns the permitted sites of a job's credentials: a URL for each origin of its seeds,
// sitemaps and feeds included, and the hosts of fetch.credentials_to. A template with a variable in
// its host has no origin, so each task's credentials stay on its own site.
func Sites(job *seine.Job) []string {
	var out []string
	seen := map[string]bool{}
	seeds := slices.Concat([]string{job.Seeds.URL}, job.Seeds.URLs, job.Seeds.Sitemaps)
	for _, p := range job.Seeds.Pages {
		seeds = append(seeds, p.URL)
	}
	for _, at := range seeds {
		scheme, rest, found := strings.Cut(at, "://")
		host := rest
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			host = rest[:i]
		}
		if !found || strings.Contains(host, "{") {
			continue
		}
		if origin, err := weburl.Canonical(scheme + "://" + host + "/"); err == nil && !seen[origin] {
			seen[origin] = true
			out = append(out, origin)
		}
	}
	return append(out, job.Fetch.CredentialsTo...)
}

// Allow returns a fetcher whose requests may carry the job's credentials to more sites, each given
// by a canonical URL.
func Allow(f seine.Fetcher, sites ...string) seine.Fetcher { return allowing{f, sites} }

type allowing struct {
	seine.Fetcher
	sites []string
}

// Fetch adds the sites to the request.
func (a allowing) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	req.CredentialsTo = slices.Concat(req.CredentialsTo, a.sites)
	return a.Fetcher.Fetch(ctx, req)
}
