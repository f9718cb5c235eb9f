package shopsite

import (
	"fmt"
	"hash/fnv"
	"html/template"

	"github.com/seinehq/seine/internal/sitekit"
)

// names are the names of the classes, which [Site.Redesign] changes.
type names struct{ Card, Price, Name, Review, Author, Stars, Crumbs, Option string }

var designs = []names{
	{"product", "price", "product-name", "review", "author", "stars", "crumbs", "variant"},
	{"tile", "amount", "headline", "opinion", "by", "score", "trail", "choice"},
}

// view is what every template sees.
type view struct {
	C names

	// Title and Canonical are of the page. Robots is the content of its robots element, or empty.
	Title, Canonical, Robots string

	// At is the path of the page.
	At   string
	Tops []string
	Page any
}

// Visit adds a session ID, which depends on the page so that a page has one form.
func (v view) Visit(to string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(v.At + to))
	return fmt.Sprintf("%s?sid=%08x", to, h.Sum32())
}

// Tracked adds the parameters of a campaign.
func (v view) Tracked(to string) string {
	return to + "?utm_source=shop&utm_medium=link&ref=" + template.URLQueryEscaper(v.At)
}

const layout = `<!doctype html>
<html lang="en" prefix="og: https://ogp.me/ns#"><head><meta charset="utf-8"><title>{{.Title}} – Seine Shop</title>
{{with .Canonical}}<link rel="canonical" href="{{.}}">{{end}}{{with .Robots}}<meta name="robots" content="{{.}}">{{end}}
{{block "head" .}}{{end}}</head><body>
<header><a href="{{.Tracked "/"}}">Seine Shop</a>{{range .Tops}} <a href="/c/{{.}}">{{.}}</a>{{end}}
<a href="/calendar/2026/11">Events</a> <a href="/search?q=sale">Search</a> <a href="/cart">Cart</a></header>
<main>{{block "main" .}}{{end}}</main>
<footer><a href="{{.Visit "/"}}">Home</a> <a href="/partners">Partners</a> <a href="/account/orders">My orders</a>
<a rel="nofollow" href="/report?page={{.At}}">Report this page</a> <a href="/checkout">Checkout</a>
<a href="mailto:shop@example.org">Mail</a> <a href="javascript:void(0)">Top</a></footer></body></html>`

// card is a product in a list. Its links carry parameters that do not count.
const card = `{{define "card"}}<li class="{{.C.Card}}"><a class="{{.C.Card}}-link" href="{{.Href}}">{{.Name}}</a>
<span class="{{.C.Price}}">{{with .Price}}€ {{.}}{{else}}on request{{end}}</span></li>{{end}}`

func page(blocks string) *template.Template {
	return template.Must(sitekit.Parse(layout).Parse(card + blocks))
}

var (
	homePage = page(`{{define "main"}}<h1>Seine Shop</h1><ul>{{range .Tops}}<li><a href="/c/{{.}}">All {{.}}</a></li>{{end}}</ul>
<h2>New</h2><ul>{{range .Page}}{{template "card" .}}{{end}}</ul>{{end}}`)

	topPage = page(`{{define "main"}}<h1>{{.Title}}</h1><ul>{{range .Page}}<li><a class="category" href="{{.}}">{{.}}</a></li>{{end}}</ul>{{end}}`)

	listPage = page(`{{define "head"}}{{with .Page.Next}}<link rel="next" href="{{.}}">{{end}}{{end}}
{{define "main"}}<h1>{{.Title}}</h1><p>{{.Page.Total}} products</p>
<p>{{range .Page.Filters}}<a href="{{.}}">{{.}}</a> {{end}}<a href="{{.Page.Sorted}}">Sort by price</a></p>
<ul>{{range .Page.Cards}}{{template "card" .}}{{end}}</ul>
<nav>{{range $i, $to := .Page.Pages}}<a href="{{$to}}">{{$i}}</a> {{end}}{{with .Page.Next}}<a rel="next" href="{{.}}">Next</a>{{end}}</nav>{{end}}`)

	productPage = page(`{{define "head"}}<meta property="og:type" content="product"><meta property="og:title" content="{{.Title}}">
<meta property="product:category" content="{{.Page.Category}}">{{range .Page.Images}}<meta property="og:image" content="{{.}}">{{end}}
<script type="application/ld+json">{{.Page.Thing}}</script>
<script type="application/ld+json">{{.Page.Trail}}</script>{{end}}
{{define "main"}}{{$c := .C}}<nav class="{{$c.Crumbs}}"><a href="/">Home</a>{{range .Page.Above}} <a href="{{.}}">{{.}}</a>{{end}}</nav>
<article itemscope itemtype="https://schema.org/Product"><h1 class="{{$c.Name}}" itemprop="name">{{.Title}}</h1>
<p itemprop="brand">{{.Page.Brand}}</p>{{range .Page.Images}}<img alt="" itemprop="image" src="{{.}}">{{end}}
{{range .Page.Offers}}<p class="{{$c.Option}}" data-sku="{{.SKU}}" itemprop="offers" itemscope itemtype="https://schema.org/Offer">
<link itemprop="availability" href="https://schema.org/{{.Availability}}">{{if $.Page.Several}}<a href="{{$.At}}?variant={{.SKU}}">{{.Color}}</a>{{else}}{{.Color}}{{end}}
{{with .Price}}<span class="{{$c.Price}}" itemprop="price" content="{{.}}">€ {{.}}</span><meta itemprop="priceCurrency" content="EUR">{{else}}<span>on request</span>{{end}}
<a href="/cart?add={{.SKU}}">Add</a></p>{{end}}
{{if .Page.Several}}<form action="{{.At}}"><select name="variant">{{range .Page.Offers}}<option value="{{.SKU}}">{{.Color}}</option>{{end}}</select></form>{{end}}
{{with .Page.Rating}}<p>{{.}} of 5, <a class="reviews" href="{{$.At}}/reviews">{{$.Page.Reviews}} reviews</a></p>{{end}}</article>
<h2>Others bought</h2><ul>{{range .Page.Related}}{{template "card" .}}{{end}}</ul>{{end}}`)

	reviewPage = page(`{{define "main"}}{{$c := .C}}<h1>{{.Title}}</h1><p><a href="{{.Page.Product}}">Back</a></p>
{{range .Page.Reviews}}<article class="{{$c.Review}}" id="{{.ID}}"><h2>{{.Title}}</h2>
<span class="{{$c.Author}}">{{.Author}}</span> <time datetime="{{.Date}}">{{.Date}}</time> <span class="{{$c.Stars}}">{{.Stars}} of 5</span></article>
{{end}}<nav>{{with .Page.Next}}<a rel="next" href="{{.}}">Next</a>{{end}}</nav>{{end}}`)

	calendarPage = page(`{{define "main"}}<h1>{{.Title}}</h1><p>No events.</p><a rel="next" href="{{.Page}}">Next month</a>{{end}}`)

	partnersPage = page(`{{define "main"}}<h1>Partners</h1><a href="/team/ann">Ann</a> <a href="/team/bob">Bob</a>{{end}}`)

	plainPage = page(`{{define "main"}}<h1>{{.Title}}</h1><p>{{.Page}}</p>{{end}}`)

	loginPage = page(`{{define "main"}}<h1>Sign in</h1>{{with .Page.Fault}}<p class="fault">{{.}}</p>{{end}}
<form method="post" action="/login"><input type="hidden" name="csrf" value="{{.Page.Token}}"><input type="hidden" name="next" value="{{.Page.Next}}">
<input name="user"><input name="password" type="password"><button>Sign in</button></form>{{end}}`)

	ordersPage = page(`{{define "main"}}<h1>Orders</h1><p>Sign out</p><ul>{{range .Page.Orders}}<li><a class="order" href="/account/orders/{{.Number}}">{{.Number}}</a></li>{{end}}</ul>
{{with .Page.Next}}<a rel="next" href="{{.}}">Next</a>{{end}}{{end}}`)

	orderPage = page(`{{define "main"}}<h1>Order {{.Page.Number}}</h1><p>Sign out</p><p class="sku">{{.Page.SKU}}</p><p class="total">€ {{.Page.Total}}</p>{{end}}`)
)
