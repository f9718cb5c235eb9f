package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
)

// versionCommand is `seine version`.
type versionCommand struct{ *app }

func newVersion(a *app) *cobra.Command {
	x := &versionCommand{a}
	return &cobra.Command{
		Use: "version", Short: "Print the version",
		Long:    `Prints the version, and the commit that the command was built from if the build knows it.`,
		Example: `  seine version`,
		RunE:    func(*cobra.Command, []string) error { return x.run() },
	}
}

func (a *versionCommand) run() error {
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
}
