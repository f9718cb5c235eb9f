package shopsite

import (
	"fmt"
	"strings"
)

// Item is one variant of a product, and the expected record of a scraper. Products without variants
// have one item.
type Item struct {
	SKU     string `json:"sku"`
	Product string `json:"product"` // the slug
	Name    string `json:"name"`
	Brand   string `json:"brand"`
	Color   string `json:"color"`

	// Category is the path below /c/, as in shoes/boots.
	Category string `json:"category"`

	// Price is in euros with two digits, as in 12.50. Empty means on request.
	Price        string `json:"price"`
	Availability string `json:"availability"` // InStock or SoldOut

	// Rating is the average of the stars with one digit. Empty means that there is no review.
	Rating  string `json:"rating"`
	Reviews int    `json:"reviews"`

	// Images are paths on the host of the images. OptOut are those whose server refuses the use for
	// training.
	Images []string `json:"images"`
	OptOut []string `json:"-"`
}

// Review is a customer's review of a product.
type Review struct {
	ID      string `json:"id"`
	Product string `json:"product"`
	Author  string `json:"author"`
	Stars   int    `json:"stars"`
	Title   string `json:"title"`
	Date    string `json:"date"`
}

// Order is an order of the account.
type Order struct {
	Number string `json:"number"`
	SKU    string `json:"sku"`
	Total  string `json:"total"`
}

// Items returns every item that is for sale at a revision, in the order of the APIs.
func (s *Site) Items(revision int) []Item {
	var out []Item
	for i := range s.products {
		if s.products[i].at(revision) {
			out = append(out, s.items(i, revision)...)
		}
	}
	return out
}

// at reports that a product exists at a revision.
func (p *product) at(revision int) bool { return p.removed == 0 || revision < p.removed }

// items returns the items of product i.
func (s *Site) items(i, revision int) []Item {
	p := &s.products[i]
	stars, rating := 0, ""
	for _, r := range p.reviews {
		stars += r.Stars
	}
	if n := len(p.reviews); n > 0 {
		rating = fmt.Sprintf("%.1f", float64(stars)/float64(n))
	}
	var out []Item
	for _, v := range p.skus {
		x := Item{
			SKU: v.id, Product: p.slug, Name: p.name, Brand: p.brand, Color: v.color, Category: strings.TrimPrefix(p.leaf.path(), "/c/"),
			Price: euros(v.price(i, revision)), Availability: "InStock", Rating: rating, Reviews: len(p.reviews), Images: v.images,
		}
		if v.soldOut {
			x.Availability = "SoldOut"
		}
		for k, image := range v.images {
			if optOut(i, k) {
				x.OptOut = append(x.OptOut, image)
			}
		}
		out = append(out, x)
	}
	return out
}

func euros(cents int) string {
	if cents == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%02d", cents/100, cents%100)
}

// Reviews returns every review of the products of a revision.
func (s *Site) Reviews(revision int) []Review {
	var out []Review
	for i := range s.products {
		if s.products[i].at(revision) {
			out = append(out, s.products[i].reviews...)
		}
	}
	return out
}

// Orders returns the orders of the account.
func (s *Site) Orders() []Order {
	out := make([]Order, orders)
	for i := range out {
		n := i * len(s.products) / orders
		v := s.products[n].skus[0]
		out[i] = Order{Number: fmt.Sprint(5001 + i), SKU: v.id, Total: euros(v.cents + 490)}
	}
	return out
}

// Removed returns the path and the status of each product that is gone at a revision.
func (s *Site) Removed(revision int) map[string]int {
	out := map[string]int{}
	for i := range s.products {
		if p := &s.products[i]; !p.at(revision) {
			out["/p/"+p.slug] = p.gone
		}
	}
	return out
}

// Categories returns the path of each category, without its further pages.
func (s *Site) Categories() []string {
	var out []string
	for _, top := range tops {
		out = append(out, "/c/"+top)
	}
	for i := range s.leaves {
		out = append(out, s.leaves[i].path())
	}
	return out
}

// ListPages returns the path and query of each page of products, at revision 0.
func (s *Site) ListPages() []string {
	var out []string
	for i := range s.leaves {
		for n := range max(1, pageCount(len(s.leaves[i].products), productsPerPage)) {
			out = append(out, numbered(s.leaves[i].path(), n+1))
		}
	}
	return out
}

// ReviewPages returns the path and query of each page of reviews, at revision 0.
func (s *Site) ReviewPages() []string {
	var out []string
	for i := range s.products {
		p := &s.products[i]
		for n := range pageCount(len(p.reviews), reviewsPerPage) {
			out = append(out, numbered("/p/"+p.slug+"/reviews", n+1))
		}
	}
	return out
}

// pageCount is the number of pages of a list. A list of nothing has none.
func pageCount(n, per int) int { return (n + per - 1) / per }

func numbered(path string, n int) string {
	if n == 1 {
		return path
	}
	return fmt.Sprintf("%s?page=%d", path, n)
}

// Duplicates returns the path and query of each linked page whose canonical link names another
// page, at revision 0. Parameters that do not count are left out.
func (s *Site) Duplicates() []string {
	var out []string
	for i := range s.leaves {
		l := &s.leaves[i]
		for _, c := range colors {
			out = append(out, l.path()+"?color="+c)
		}
		if len(l.products) > productsPerPage {
			out = append(out, l.path()+"?page=1")
		}
	}
	for i := range s.products {
		if p := &s.products[i]; len(p.skus) > 1 {
			for _, v := range p.skus {
				out = append(out, "/p/"+p.slug+"?variant="+v.id)
			}
		}
	}
	return out
}

// Forbidden reports a path and query that a polite crawler never asks for: robots.txt disallows it,
// or only links with nofollow lead to it.
func Forbidden(uri string) bool {
	for _, prefix := range []string{"/cart", "/checkout", "/search", "/team/", "/report"} {
		if strings.HasPrefix(uri, prefix) {
			return true
		}
	}
	return strings.Contains(uri, "sort=")
}

// Calendar reports a path of the calendar, which never ends.
func Calendar(uri string) bool { return strings.HasPrefix(uri, "/calendar/") }
