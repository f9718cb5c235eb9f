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

// The jobs of the other bundled sites: papers with their PDFs, a social network by its API, the
// texts of a site, and images of many hosts.
var (
	//go:embed archive/job.yaml
	Archive string
	//go:embed social/job.yaml
	Social string
	//go:embed site/job.yaml
	Site string
	//go:embed images/job.yaml
	Images string
)

// The addresses that the job files name.
const (
	ArchivePages = "127.0.0.1:8720"
	SocialPages  = "127.0.0.1:8721"
	SitePages    = "127.0.0.1:8722"

	CardsitePages  = "127.0.0.1:8700"
	CardsiteImages = "127.0.0.1:8701"
	ShopPages      = "127.0.0.1:8710"
	ShopImages     = "127.0.0.1:8711"
)
