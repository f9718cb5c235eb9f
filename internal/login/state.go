package login

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/cookie"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/redact"
	"github.com/seinehq/seine/internal/weburl"
)

// current returns the session, from the frontier if this process has not asked for a while.
func (c *Client) current(ctx context.Context) (state, error) {
	c.mu.Lock()
	s, fresh := c.now, time.Since(c.loaded) < kept && !c.loaded.IsZero()
	c.mu.Unlock()
	if fresh {
		return s, nil
	}
	got, err := c.cfg.Store.Session(ctx, c.cfg.ID)
	if err != nil {
		return state{}, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return c.adopt(got), nil
}

// adopt makes a session of the frontier the session of this process.
func (c *Client) adopt(got frontier.Session) state {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded.IsZero() || got.Version >= c.now.Version {
		if got.Version != c.now.Version || c.loaded.IsZero() {
			c.now = state{Session: got, cookies: decode(got.Cookies)}
			c.hide(c.now.cookies)
		}
		c.now.Session, c.loaded = got, time.Now()
	}
	return c.now
}

// save stores the changes that a page made to the cookies of the session that it was fetched with.
// One goroutine stores the changes of all.
func (c *Client) save(ctx context.Context, s state, page *seine.Page) {
	changes := cookie.Changes(s.cookies, page.Cookies)
	if len(changes) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.now.LoggedInAt.Equal(s.LoggedInAt) {
		return // they belong to an earlier session
	}
	if c.pending = append(c.pending, changes...); c.saving {
		return
	}
	c.saving = true
	defer func() { c.saving = false }()
	for len(c.pending) > 0 {
		mine, at := c.pending, c.now
		c.pending = nil
		c.mu.Unlock()
		ok, err := c.store(ctx, at, mine)
		c.mu.Lock()
		if err != nil && ctx.Err() == nil {
			c.cfg.Log.WarnContext(ctx, "cookies of the session are not stored", "err", err)
		}
		if !ok && err == nil && c.now.Version != at.Version && c.now.LoggedInAt.Equal(at.LoggedInAt) {
			c.pending = append(mine, c.pending...) // another worker stored cookies meanwhile
		}
	}
}

// store stores changes as the next version of a session.
func (c *Client) store(ctx context.Context, at state, changes []cookie.Change) (bool, error) {
	next := cookie.Apply(at.cookies, changes, time.Now())
	got, ok, err := c.cfg.Store.SaveCookies(ctx, c.cfg.ID, at.Version, encode(next))
	if err == nil {
		c.adopt(got)
	}
	return ok, err
}

// stored is a cookie in the frontier. Names and values may hold any bytes, which JSON cannot.
type stored struct {
	Name     []byte    `json:"name"`
	Value    []byte    `json:"value"`
	Domain   string    `json:"domain"`
	HostOnly bool      `json:"host_only,omitempty"`
	Path     string    `json:"path"`
	Secure   bool      `json:"secure,omitempty"`
	HTTPOnly bool      `json:"http_only,omitempty"`
	SameSite string    `json:"same_site,omitempty"`
	Expires  time.Time `json:"expires,omitzero"`
}

// maxStored is the most bytes of the cookies of a session. A frontier takes 1 MiB.
const maxStored = 900 << 10

// encode returns cookies as a frontier stores them. The oldest ones are left out if all are too
// long.
func encode(cookies []seine.Cookie) json.RawMessage {
	for {
		list := make([]stored, len(cookies))
		for i, c := range cookies {
			list[i] = stored{[]byte(c.Name), []byte(c.Value), c.Domain, c.HostOnly, c.Path, c.Secure, c.HTTPOnly, c.SameSite, c.Expires}
		}
		out, err := json.Marshal(list)
		if err == nil && len(out) <= maxStored || len(cookies) == 0 {
			return out
		}
		cookies = cookies[(len(cookies)+1)/2:]
	}
}

// decode returns stored cookies, never nil. Unreadable ones are left out, and the next log-in
// replaces them.
func decode(raw json.RawMessage) []seine.Cookie {
	var list []stored
	if len(raw) > 0 && json.Unmarshal(raw, &list) != nil {
		list = nil
	}
	out := make([]seine.Cookie, len(list))
	for i, c := range list {
		out[i] = seine.Cookie{
			Name: string(c.Name), Value: string(c.Value), Domain: c.Domain, HostOnly: c.HostOnly, Path: c.Path,
			Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: c.SameSite, Expires: c.Expires,
		}
	}
	return out
}

// A cookie is a secret if its value is long, or if its name says so. Other cookies hold settings,
// such as a language, and a record without that word would be wrong.
const longSecret = 16

var secretName = regexp.MustCompile(`(?i)(token|key|secret|auth|sig|pass|sess|sid|csrf|credential)`)

// maxHidden is the number of values that are hidden at once. A page of an earlier session may be
// judged after several log-ins.
const maxHidden = 256

// hide adds the secrets of cookies to c.secrets. c.mu is held.
func (c *Client) hide(cookies []seine.Cookie) {
	for _, k := range cookies {
		secret := len(k.Value) >= longSecret || len(k.Value) >= longSecret/2 && secretName.MatchString(k.Name)
		if secret && !slices.Contains(c.secrets, k.Value) {
			c.secrets, c.hidden = append(c.secrets, k.Value), nil
		}
	}
	if n := len(c.secrets) - maxHidden; n > 0 {
		c.secrets = slices.Delete(c.secrets, 0, n)
	}
}

// Secrets returns the values that results are cleaned of.
func (c *Client) Secrets() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.secrets)
}

// Hide returns a replacer of the session's secrets, nil if there is no session.
func (c *Client) Hide() *redact.Replacer {
	if !c.cfg.Job.Session.Cookies {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hidden == nil {
		c.hidden = redact.New(c.secrets)
	}
	return c.hidden
}

func withoutQuery(url string) string {
	if at, err := weburl.Canonical(url); err == nil {
		url = at
	}
	path, _, _ := strings.Cut(url, "?")
	return path
}

// memory is the session of a trial.
type memory struct {
	mu   sync.Mutex
	s    frontier.Session
	held time.Time
}

// Session returns the session.
func (m *memory) Session(context.Context, frontier.JobID) (frontier.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.s, nil
}

// SaveCookies stores cookies.
func (m *memory) SaveCookies(_ context.Context, _ frontier.JobID, version int64, cookies json.RawMessage) (frontier.Session, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version != m.s.Version || time.Now().Before(m.held) {
		return m.s, false, nil
	}
	m.s.Version, m.s.Cookies = m.s.Version+1, cookies
	return m.s, true, nil
}

// BeginLogIn grants the log-in to one caller.
func (m *memory) BeginLogIn(_ context.Context, _ frontier.JobID, version int64, worker string, hold time.Duration) (bool, frontier.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version != m.s.Version || time.Now().Before(m.held) {
		return false, m.s, nil
	}
	m.held, m.s.LogInBy = time.Now().Add(hold), worker
	return true, m.s, nil
}

// EndLogIn ends a log-in.
func (m *memory) EndLogIn(_ context.Context, _ frontier.JobID, version int64, cookies json.RawMessage, failure string) (frontier.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version != m.s.Version {
		return m.s, nil
	}
	m.s.Version, m.held, m.s.Reason = version+1, time.Time{}, failure
	if failure != "" {
		m.s.Failures++
		return m.s, nil
	}
	m.s.Cookies, m.s.LoggedInAt, m.s.Failures = cookies, time.Now(), 0
	return m.s, nil
}

// pause is the time after a number of failed log-ins in which no worker logs in.
func (c *Client) pause(failures int) time.Duration {
	return min(cmp.Or(c.cfg.Job.Retry.Backoff, time.Second)<<min(max(failures, 1)-1, 20), maxPause)
}

// originOf returns the origin of a canonical URL, as the header has it.
func originOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
