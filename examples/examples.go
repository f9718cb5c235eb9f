// Package examples holds job files that run against the bundled sites.
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

// Shop is examples/shop/job.yaml, which scrapes the shop by its links.
//
//go:embed shop/job.yaml
var Shop string

// ShopSitemap, ShopAPI and ShopGraphQL give the same items by other ways. ShopAccount gives the
// orders of an account.
var (
	//go:embed shop/sitemap.yaml
	ShopSitemap string
	//go:embed shop/api.yaml
	ShopAPI string
	//go:embed shop/graphql.yaml
	ShopGraphQL string
	//go:embed shop/account.yaml
	ShopAccount string
)

// The addresses that the job files name.
const (
	CardsitePages  = "127.0.0.1:8700"
	CardsiteImages = "127.0.0.1:8701"
	ShopPages      = "127.0.0.1:8710"
	ShopImages     = "127.0.0.1:8711"
)
