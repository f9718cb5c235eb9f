package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// newPause returns `seine pause`.
func newPause(a *app) *cobra.Command {
	x := &holdCommand{app: a}
	return x.command(cobra.Command{
		Use: "pause", Short: "Stop claims of a job or a host, for the whole fleet",
		Long: `No worker claims a task of the job or the host until "seine resume". Tasks in
progress continue, and "seine drain" waits for them.`,
		Example: `  seine pause cards.yaml
  seine pause cards.yaml --host cards.example:443`,
	}, func(ctx context.Context, f pauser, h held) error { return x.hold(ctx, f, h, true) })
}
