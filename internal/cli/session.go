package cli

import (
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/terminal"
)

// sessionJSON is the session of a job in `status -o json`.
type sessionJSON struct {
	LoggedInAt *time.Time `json:"logged_in_at"` // null before the first log-in
	LogInBy    string     `json:"log_in_by"`    // the worker that logged in last, or logs in
	Failures   int        `json:"failures"`     // failed log-ins in a row
	Reason     string     `json:"reason"`       // of the last failure
}

// sessionOf returns nil for a job without a session.
func sessionOf(s frontier.Session) *sessionJSON {
	if s.Version == 0 && s.LogInBy == "" {
		return nil
	}
	out := &sessionJSON{LogInBy: s.LogInBy, Failures: s.Failures, Reason: s.Reason}
	if !s.LoggedInAt.IsZero() {
		at := s.LoggedInAt.UTC()
		out.LoggedInAt = &at
	}
	return out
}

// printSession prints the session of a job that has one.
func (c *console) printSession(s frontier.Session) {
	switch {
	case s.Failures > 0:
		c.print("session: the last %s failed: %s", counted(int64(s.Failures), "log-in"), terminal.Escape(s.Reason))
	case !s.LoggedInAt.IsZero():
		c.print("session: logged in at %s by %s", s.LoggedInAt.UTC().Format("2006-01-02 15:04:05"), terminal.Escape(s.LogInBy))
	}
}
