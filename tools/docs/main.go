// Command docs writes the documentation as a static site: one HTML page per Markdown page, in the
// order of pages.go, with navigation, in a light and a dark theme, without scripts.
//
// The site has the folders of the repository, so that relative links hold. A link to a file that is
// no page leads to the repository. A link to nothing is an error.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	root := flag.String("root", ".", "folder of the repository")
	out := flag.String("o", "dist/docs", "folder of the site")
	flag.Parse()
	s, err := load(*root, sections)
	if err == nil {
		err = s.write(*out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
	fmt.Printf("%d pages in %s: open %s/index.html\n", len(s.pages), *out, *out)
}
