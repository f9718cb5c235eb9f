package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/jobfile"
)

func (a *app) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the frontier's schema up to date",
		Long: `Makes the schema, or brings it up to date. Safe to run beside workers, and by
several at once: one migrates, the others wait.`,
		RunE: func(c *cobra.Command, _ []string) error {
			at := a.frontierOf(nil)
			f, err := drivers.Open(c.Context(), at.url, drivers.Options{})
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }()
			v, err := f.Migrate(c.Context())
			if err != nil {
				return err
			}
			a.print("%s has schema %d.%d", at, v/1000, v%1000)
			return nil
		},
	}
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of job files, for editors",
		Long: `Prints the JSON Schema of job files. An editor with a YAML language server
completes and checks with it:

  seine schema > seine.schema.json
  # yaml-language-server: $schema=seine.schema.json   (first line of the job file)`,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(jobfile.Schema())
			return err
		},
	}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version",
		RunE: func(*cobra.Command, []string) error {
			revision := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = s.Value
					}
				}
			}
			schema := fmt.Sprintf("%d.%d", frontier.SchemaMajor, frontier.SchemaMinor)
			if a.json() {
				return a.printJSON(map[string]string{
					"version": Version, "revision": revision, "schema": schema, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
				})
			}
			a.print("seine %s (schema %s, %s, %s/%s)", Version, schema, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}
