package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// newResume returns `seine resume`.
func newResume(a *app) *cobra.Command {
	x := &holdCommand{app: a}
	return x.command(cobra.Command{
		Use: "resume", Short: "Resume a paused job or host, or a stopped ID space",
		Long: `Workers claim tasks of the job or the host again. An ID space that was stopped,
because its answers fell far below the expectation, is explored again. Check the
site first, and requeue the tasks that were misjudged with "seine retry".`,
		Example: `  seine resume cards.yaml`,
	}, func(ctx context.Context, f pauser, h held) error { return x.hold(ctx, f, h, false) })
}
