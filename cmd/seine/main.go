// Command seine turns an ID space, a list of URLs or a site into a clean,
// checked data set of records and files.
package main

import (
	"os"

	"github.com/seinehq/seine/internal/cli"
)

func main() { os.Exit(cli.Main()) }
