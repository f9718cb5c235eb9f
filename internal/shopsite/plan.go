package shopsite

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Config defines the content of the shop. Zero values mean the defaults.
type Config struct {
	// Seed decides everything. Default 1.
	Seed uint64

	// Products is the number of products of revision 0. Default 120.
	Products int

	// Quota is the most requests to the APIs in a window of one second. Default 20.
	Quota int
}

// maxProducts keeps the plan in the memory of a test.
const maxProducts = 1_000_000

// product is a product and its whole future.
type product struct {
	slug, name, brand string
	leaf              *leaf
	skus              []sku
	reviews           []Review
	related           []int

	// removed is the revision from which on the product is gone, or zero. gone is its status.
	removed, gone int
}

// sku is a variant of a product, or the product itself if it has one.
type sku struct {
	id, color string
	cents     int // of revision 0; zero: on request
	soldOut   bool
	images    []string // paths
}

// leaf is a category that lists products.
type leaf struct {
	top, name, noun string
	products        []int
}

func (l *leaf) path() string { return "/c/" + l.top + "/" + l.name }

var tops = []string{"shoes", "bags", "outdoor"}

var leaves = []leaf{
	{top: "shoes", name: "boots", noun: "boot"}, {top: "shoes", name: "sandals", noun: "sandal"},
	{top: "shoes", name: "sneakers", noun: "sneaker"}, {top: "shoes", name: "slippers", noun: "slipper"},
	{top: "bags", name: "backpacks", noun: "backpack"}, {top: "bags", name: "totes", noun: "tote"},
	{top: "bags", name: "wallets", noun: "wallet"}, {top: "bags", name: "satchels", noun: "satchel"},
	{top: "outdoor", name: "tents", noun: "tent"}, {top: "outdoor", name: "lanterns", noun: "lantern"},
	{top: "outdoor", name: "kettles", noun: "kettle"}, {top: "outdoor", name: "hammocks", noun: "hammock"},
}

var (
	adjectives = []string{"amber", "brisk", "calm", "dapper", "eager", "fleet", "gentle", "hardy", "idle", "jolly", "keen", "lively", "mellow", "noble", "olive", "plain", "quiet", "rustic", "sturdy", "tidal"}
	materials  = []string{"canvas", "suede", "cotton", "hemp", "leather", "linen", "nylon", "wool", "felt", "denim", "cork", "silk", "tweed", "velvet", "twill", "jute", "mesh", "oak", "copper", "steel"}
	brands     = []string{"Alder & Sons", "Birchwood", "Café Noir", "Dunlin", "Evergreen"}
	colors     = []string{"black", "blue", "green", "red", "sand"}
	opinions   = []string{"Fits well", "Better than expected", "Fell apart", "A gift", "Bought it twice", "Too small"}
	authors    = []string{"Ada", "Ben", "Chloé", "Dai", "Eve", "Finn"}
)

// Pages hold that many of their things.
const (
	productsPerPage = 8
	reviewsPerPage  = 5
	ordersPerPage   = 5
	orders          = 12
)

// plan defines each product. The order of the products is the order of the APIs.
func plan(cfg Config) ([]product, []leaf) {
	r := rand.New(rand.NewPCG(cfg.Seed, 0x5409))
	kinds := slices.Clone(leaves)
	shuffled := func(words []string) []string {
		out := slices.Clone(words)
		r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		return out
	}
	first, second := shuffled(adjectives), shuffled(materials)
	out := make([]product, cfg.Products)
	for i := range out {
		n := i / len(kinds)
		p := product{leaf: &kinds[i%len(kinds)], brand: brands[r.IntN(len(brands))]}
		words := []string{first[n%len(first)], second[n/len(first)%len(second)], p.leaf.noun}
		if again := n / (len(first) * len(second)); again > 0 {
			words = append(words, letters(again))
		}
		p.slug, p.name = strings.Join(words, "-"), strings.ToUpper(words[0][:1])+strings.Join(words, " ")[1:]
		p.leaf.products = append(p.leaf.products, i)
		p.skus = variants(r, i)
		p.reviews = reviewsOf(r, i, p.slug)
		for range 3 {
			if other := r.IntN(len(out)); other != i && !slices.Contains(p.related, other) {
				p.related = append(p.related, other)
			}
		}
		if i%20 == 7 {
			p.removed, p.gone = 1+i/20%3, []int{404, 410}[i/20%2]
		}
		out[i] = p
	}
	return out, kinds
}

// letters writes a number in letters, so that no slug has a digit.
func letters(n int) string {
	out := ""
	for ; n > 0; n = (n - 1) / 26 {
		out = string(rune('a'+(n-1)%26)) + out
	}
	return out
}

// variants draws the variants of product i. The first ones show each case, and chance decides the
// others.
func variants(r *rand.Rand, i int) []sku {
	n := 1
	if i%3 == 1 {
		n = 2 + r.IntN(3)
	}
	from := r.IntN(len(colors))
	out := make([]sku, n)
	for v := range out {
		s := sku{id: fmt.Sprintf("S%05d", i), color: colors[(from+v)%len(colors)], cents: 500 + r.IntN(49500), soldOut: r.IntN(12) == 0 || i == 2}
		if n > 1 {
			s.id += "-" + strings.ToUpper(s.color[:3])
		}
		if onRequest(i) {
			s.cents = 0
		}
		for k := range 1 + r.IntN(3) {
			ext := "jpg"
			if k%2 == 1 {
				ext = "png"
			}
			s.images = append(s.images, fmt.Sprintf("/i/%s/%d.%s", s.id, k+1, ext))
		}
		out[v] = s
	}
	return out
}

func reviewsOf(r *rand.Rand, i int, slug string) []Review {
	n := r.IntN(6)
	if i%5 == 0 {
		n = reviewsPerPage + 1 + r.IntN(2*reviewsPerPage)
	}
	out := make([]Review, n)
	for k := range out {
		out[k] = Review{
			ID: fmt.Sprintf("r%d-%d", i, k+1), Product: slug, Author: authors[r.IntN(len(authors))], Stars: 1 + r.IntN(5),
			Title: opinions[r.IntN(len(opinions))], Date: fmt.Sprintf("2026-%02d-%02d", 1+r.IntN(10), 1+r.IntN(28)),
		}
	}
	return out
}

// optOut reports that the server refuses the use of an image for training.
func optOut(product, image int) bool { return product%30 == 5 && image == 0 }

// onRequest reports a product without a price.
func onRequest(product int) bool { return product%25 == 3 }

// changes reports that the prices of a product change with a revision.
func changes(product, revision int) bool {
	return revision > 0 && (product+revision)%10 == 0 && !onRequest(product)
}

// price returns the price of a variant in cents. Zero is a price on request.
func (s sku) price(product, revision int) int {
	cents := s.cents
	for r := 1; r <= revision; r++ {
		if changes(product, r) {
			cents += 100 + 10*r
		}
	}
	return cents
}
