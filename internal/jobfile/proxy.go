package jobfile

import (
	"net/url"

	"github.com/seinehq/seine/internal/fetch/egress"
)

// proxies checks the URLs of proxies.
func (a *assembly) proxies(list []string) []string {
	for i, at := range list {
		path := index("fetch.proxy", i)
		if len(list) == 1 && !a.has(path) {
			path = "fetch.proxy"
		}
		_, err := egress.Parse(at)
		a.check(path, err != nil, "fetch.proxy: %q is no proxy: %v", a.show(withoutUser(at)), err)
	}
	return list
}

// withoutUser returns a URL for a message. Without user info it is the URL itself.
func withoutUser(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return "the URL"
	}
	u.User = nil
	return u.String()
}

// proxySecrets returns the passwords of proxies, which may stand in the file itself.
func proxySecrets(list []string) (out []string) {
	for _, at := range list {
		if u, err := url.Parse(at); err == nil && u.User != nil {
			if password, ok := u.User.Password(); ok && len(password) >= minSecret {
				out = append(out, password)
			}
		}
	}
	return out
}
