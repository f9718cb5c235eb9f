package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier/drivers"
)

// migrateCommand is `seine migrate`.
type migrateCommand struct{ *app }

func newMigrate(a *app) *cobra.Command {
	x := &migrateCommand{a}
	return &cobra.Command{
		Use: "migrate", Short: "Create or update the frontier's schema",
		Long: `Creates the schema, or updates it. Workers may run meanwhile, and so may several
migrations: one migrates, and the others wait.`,
		Example: `  seine migrate --frontier postgres://seine@db.example/seine`,
		RunE:    func(c *cobra.Command, _ []string) error { return x.run(c.Context()) },
	}
}

func (a *migrateCommand) run(ctx context.Context) error {
	at := a.frontierOf(nil)
	f, err := drivers.Open(ctx, at.url, drivers.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	v, err := f.Migrate(ctx)
	if err != nil {
		return err
	}
	a.print("%s has schema %d.%d", at, v/1000, v%1000)
	return nil
}
