package shopsite

// thing returns the JSON-LD of a product: a ProductGroup of its variants, or a Product.
func (s *Site) thing(items []Item, design int) map[string]any {
	first := items[0]
	whole := map[string]any{
		"name": first.Name, "brand": map[string]any{"@type": "Brand", "name": first.Brand}, "url": s.PagesURL + "/p/" + first.Product,
	}
	if first.Rating != "" {
		whole["aggregateRating"] = map[string]any{"@type": "AggregateRating", "ratingValue": first.Rating, "reviewCount": first.Reviews}
	}
	if len(items) == 1 {
		whole["@type"] = "Product"
		s.describe(whole, first, design)
	} else {
		var variants []map[string]any
		for _, x := range items {
			v := map[string]any{"@type": "Product", "name": x.Name + ", " + x.Color}
			s.describe(v, x, design)
			variants = append(variants, v)
		}
		whole["@type"], whole["productGroupID"], whole["hasVariant"] = "ProductGroup", first.Product, variants
	}
	if design > 0 {
		return map[string]any{"@context": "https://schema.org", "@graph": []any{map[string]any{"@type": "WebPage", "mainEntity": whole}}}
	}
	whole["@context"] = "https://schema.org"
	return whole
}

// describe adds what each variant has of its own. The redesign moves the price.
func (s *Site) describe(to map[string]any, x Item, design int) {
	offer := map[string]any{"@type": "Offer", "availability": "https://schema.org/" + x.Availability}
	if x.Price != "" && design == 0 {
		offer["price"], offer["priceCurrency"] = x.Price, "EUR"
	} else if x.Price != "" {
		offer["priceSpecification"] = map[string]any{"@type": "UnitPriceSpecification", "price": x.Price, "priceCurrency": "EUR"}
	}
	to["sku"], to["color"], to["image"], to["offers"] = x.SKU, x.Color, s.absolute(x.Images), offer
}

// trail returns the JSON-LD of the path to a product.
func (s *Site) trail(p *product) map[string]any {
	step := func(n int, name, path string) map[string]any {
		return map[string]any{"@type": "ListItem", "position": n, "name": name, "item": s.PagesURL + path}
	}
	return map[string]any{
		"@context": "https://schema.org", "@type": "BreadcrumbList",
		"itemListElement": []any{step(1, p.leaf.top, "/c/"+p.leaf.top), step(2, p.leaf.name, p.leaf.path())},
	}
}
