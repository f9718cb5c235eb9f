package main

// A section of the navigation.
type section struct {
	title string
	pages []string // paths of Markdown files in the repository
}

// sections is the order in which a user needs the pages.
var sections = []section{
	{"Start", []string{"README.md", "docs/first-ten-minutes.md", "docs/init.md"}},
	{"Rules", []string{"docs/sites.md", "docs/expressions.md", "docs/pace.md", "docs/exploring.md"}},
	{"Data", []string{"docs/dataset.md", "docs/recordings.md", "docs/drift.md"}},
	{"Operate", []string{"docs/operations.md", "docs/console.md", "docs/environment.md", "deploy/README.md", "docs/scaling.md"}},
	{"Go", []string{"docs/sdk.md"}},
	{"Coming from", []string{"docs/coming-from.md", "docs/from-python.md"}},
	{"Examples", []string{
		"examples/shop/README.md", "examples/social/README.md", "examples/archive/README.md", "examples/site/README.md",
		"examples/images/README.md", "examples/psa-cards/README.md", "examples/go/README.md",
	}},
	{"Reference", []string{"docs/jobfile.md", "docs/glossary.md", "docs/benchmarks.md", "CHANGELOG.md"}},
	{"Work on it", []string{"CONTRIBUTING.md", "docs/architecture.md", "docs/adr/README.md", "docs/adr/*.md", "SECURITY.md", "CODE_OF_CONDUCT.md"}},
}

// repository is where links to files lead that are no pages.
const repository = "https://github.com/seinehq/seine"
