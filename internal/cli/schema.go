package cli

import (
	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/jobfile"
)

// schemaCommand is `seine schema`.
type schemaCommand struct{ *app }

func newSchema(a *app) *cobra.Command {
	x := &schemaCommand{a}
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of job files, for editors",
		Long: `Prints the JSON Schema of job files, for completion and checks in an editor with a
YAML language server.`,
		Example: `  seine schema > seine.schema.json
  # yaml-language-server: $schema=seine.schema.json   (first line of the job file)`,
		RunE: func(*cobra.Command, []string) error { return x.run() },
	}
}

func (a *schemaCommand) run() error {
	_, err := a.stdout.Write(jobfile.Schema())
	return err
}
