// Command seine turns an ID space, a list of URLs or a site into a clean,
// checked data set of records and files.
package main

import (
	"os"

	"github.com/seinehq/seine/internal/buckets"
	"github.com/seinehq/seine/internal/cli"
	"github.com/seinehq/seine/internal/cloudsql"
)

func main() {
	cloudsql.Link()
	os.Exit(cli.Main(cli.Program{CheckStore: buckets.Check}))
}
