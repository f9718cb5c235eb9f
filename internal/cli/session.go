package cli

import (
	"context"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/terminal"
)

// printSession prints the session of a job that has one.
func (a *statusCommand) printSession(ctx context.Context, f frontier.Sessions, info frontier.JobInfo) error {
	s, err := f.Session(ctx, info.ID)
	switch {
	case err != nil:
		return err
	case s.Failures > 0:
		a.print("session: the last %s failed: %s", counted(int64(s.Failures), "log-in"), terminal.Escape(s.Reason))
	case !s.LoggedInAt.IsZero():
		a.print("session: logged in at %s by %s", s.LoggedInAt.UTC().Format("2006-01-02 15:04:05"), terminal.Escape(s.LogInBy))
	}
	return nil
}
