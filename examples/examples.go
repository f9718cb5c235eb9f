// Package examples holds job files that run against the bundled registry.
package examples

import _ "embed"

// Cardsite is examples/cardsite/job.yaml.
//
//go:embed cardsite/job.yaml
var Cardsite string

// CardsiteBrowser is examples/cardsite/browser.yaml, which gives the same result through a browser.
//
//go:embed cardsite/browser.yaml
var CardsiteBrowser string

// The addresses that both name.
const (
	CardsitePages  = "127.0.0.1:8700"
	CardsiteImages = "127.0.0.1:8701"
)
