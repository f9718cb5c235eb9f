package jobfile

// pageKeys is a page kind.
type pageKeys struct {
	// A pattern of the kind's URLs, or a list of them. `*` matches within a path segment, `**`
	// across segments, and `re:` starts a regular expression on the URL. A pattern that starts with
	// `/` applies to the path, others to host and path.
	Match *several[string] `yaml:"match" example:"/p/*" beside:"fields: {title: {css: h1}}"`

	// The fetcher, as `fetch.via`, or a list. After a stale page, the next attempt takes the next
	// one.
	Via *fetchers `yaml:"via" default:"the setting of fetch" example:"[http, chrome]" beside:"fields: {title: {css: h1}}"`

	// The conditions that a rendered page must meet, in place of `fetch.wait`.
	Wait *[]wait `yaml:"wait" default:"the setting of fetch" example:"[{css: main}]" beside:"via: chrome, fields: {title: {css: h1}}"`

	// Actions in a rendered page after it has loaded and before its waits, in order.
	// `fetch.timeout` bounds them. A selector that matches nothing is an error: let a `wait` go
	// before it. A page with a status from 400 on takes no steps.
	Steps []stepKeys `yaml:"steps" example:"[{click: '#more'}, {wait: {css: .item}}]" beside:"via: chrome, fields: {title: {css: h1}}"`

	// The method of the request.
	Method string `yaml:"method" enum:"GET,POST,PUT" default:"GET" example:"POST" beside:"fields: {title: {css: h1}}"`

	// The body of the request. `{meta.NAME}` stands for a value that came with the page.
	Body string `yaml:"body" example:"{\"query\": \"{ items { name } }\"}" beside:"method: POST, fields: {title: {css: h1}}"`

	// Headers of the request, in addition to `fetch.headers`.
	Headers entries[string] `yaml:"headers" keys:"^[A-Za-z0-9!#$%&'*+.^_|~-]+$" example:"{Content-Type: application/json}" beside:"fields: {title: {css: h1}}"`

	// The fields, as at the top.
	Fields entries[field] `yaml:"fields" keys:"^[A-Za-z_][A-Za-z0-9_]*$" taken:"id,url,status,meta,key,asset,ext" example:"{title: {css: h1}}"`

	// The rules for the fields of a record, in place of `schema` at the top.
	Schema *recordSchema `yaml:"schema" example:"{required: [title], properties: {title: {type: string}}}" beside:"fields: {title: {css: h1}}"`

	// Several records of one page, as at the top.
	Each *several[eachKeys] `yaml:"each" example:"{css: li.item, key: '{sku}', fields: {sku: {css: '.', attr: data-sku}}}"`

	// The verdict rules, as at the top.
	Verdict []verdict `yaml:"verdict" example:"[{skip: status == 404, why: no such page}]" beside:"fields: {title: {css: h1}}"`

	// The kind of the records. `none` stores none.
	Record string `yaml:"record" default:"the page kind's name" example:"card" beside:"fields: {title: {css: h1}}"`

	// What a done page without any field is, as at the top.
	Empty string `yaml:"empty" enum:"ok,error" default:"error" example:"ok" beside:"fields: {title: {css: h1}}"`

	// The files of each done page, as at the top.
	Assets entries[asset] `yaml:"assets" keys:"^[A-Za-z0-9][A-Za-z0-9_-]*$" example:"{photo: {url: {css: img, attr: src}}}"`

	// The links that lead to further pages, as at the top.
	Follow *follows `yaml:"follow" example:"[{css: 'a[rel=next]'}]"`

	// The challenges of pages of this kind, in place of `challenge` at the top.
	Challenge *string `yaml:"challenge" default:"as at the top" example:"'Access denied' in text" beside:"fields: {title: {css: h1}}"`

	// How often a page of this kind is fetched again.
	Recrawl *recrawlKeys `yaml:"recrawl" beside:"fields: {title: {css: h1}}"`

	// Stores the responses of this kind, in place of `record_pages` at the top.
	RecordPages *bool `yaml:"record_pages" example:"false" beside:"fields: {title: {css: h1}}"`

	// The priority of pages of this kind, 0 first.
	Priority *int `yaml:"priority" min:"0" max:"3" default:"the priority of the page with the link; 1 for seeds" example:"2" beside:"fields: {title: {css: h1}}"`
}

// eachKeys makes records of a page's parts.
type eachKeys struct {
	// A selector; each element that it matches is a record.
	CSS *string `yaml:"css" example:"li.item"`

	// An XPath expression that selects elements.
	XPath *string `yaml:"xpath" example:"//li[@class='item']"`

	// A path into a JSON body. Each value of the list is a record.
	JSON *string `yaml:"json" example:"data.items" beside:"fields: {sku: {json: id}}"`

	// A path into the JSON-LD blocks, as in a field.
	JSONLD *linked `yaml:"jsonld" example:"{type: Offer}" beside:"fields: {sku: {json: sku}}"`

	// A path into the items of microdata, as in a field.
	Microdata *linked `yaml:"microdata" example:"{type: Offer}" beside:"fields: {sku: {json: sku}}"`

	// A path into a feed, mostly `entries`.
	Feed *string `yaml:"feed" example:"entries" beside:"fields: {sku: {json: id}}"`

	// The template of the record's key, over the fields. It is unique in the job and kind of
	// record.
	Key string `yaml:"key" required:"true" example:"{sku}" beside:"css: li.item"`

	// An expression over the fields. A match for which it is false is no record.
	Where *string `yaml:"where" default:"all" example:"sku != nil" beside:"css: li.item"`

	// Updates the record if another page brings the same key. Otherwise the other page's task fails
	// with "record key belongs to another page".
	Merge bool `yaml:"merge" default:"false" example:"true" beside:"css: li.item"`

	// The fields of each record, inside the match. `.` is the match itself.
	Fields entries[field] `yaml:"fields" required:"true" keys:"^[A-Za-z_][A-Za-z0-9_]*$" taken:"id,url,status,meta,key,asset,ext" example:"{sku: {css: '.', attr: data-sku}}" beside:"css: li.item"`

	// The files of each record. In the store key, `{id}` is the record's key.
	Assets entries[asset] `yaml:"assets" keys:"^[A-Za-z0-9][A-Za-z0-9_-]*$" example:"{photo: {url: photo}}" beside:"css: li.item, fields: {sku: {css: '.', attr: data-sku}, photo: {css: img, attr: src}}"`
}

// followKeys is a rule about links. It has one source: css, xpath, json, jsonld, regex, header, or
// url alone.
type followKeys struct {
	// A selector of links; their href, or `attr`.
	CSS *string `yaml:"css" example:"a.product"`

	// An XPath expression; it may select attributes.
	XPath *string `yaml:"xpath" example:"//a[@class='product']/@href"`

	// A path into a JSON body.
	JSON *string `yaml:"json" example:"next_cursor"`

	// A path into the JSON-LD blocks, as in a field.
	JSONLD *linked `yaml:"jsonld" example:"{type: Product, path: url}"`

	// A regular expression searched in the page's text, or in the body of a page that is not HTML.
	Regex *string `yaml:"regex" example:"href=(\\S+)"`

	// The header whose targets with the relation `rel` are the links.
	Header string `yaml:"header" enum:"link" example:"link" beside:"rel: next"`

	// The relation of a target of the header.
	Rel string `yaml:"rel" example:"next" beside:"header: link"`

	// An attribute in place of the href, of `css` and `xpath`.
	Attr *string `yaml:"attr" default:"href of css" example:"data-url" beside:"css: a"`

	// The template of the URL, over `{value}`, fields and `{meta.NAME}`. Each value is escaped for
	// its place. Without a source the rule gives this one link.
	URL string `yaml:"url" default:"{value}" example:"https://api.example/items?cursor={value}" beside:"json: next_cursor"`

	// The page kind of the links.
	To string `yaml:"to" default:"by match of the kinds" example:"name" beside:"css: a.product"`

	// Follows only URLs of a pattern, or of a list of them.
	Match *several[string] `yaml:"match" default:"all" example:"/p/*" beside:"css: a"`

	// Leaves out URLs of a pattern, or of a list of them.
	Not *several[string] `yaml:"not" default:"none" example:"/cart/**" beside:"css: a"`

	// An expression over the page's fields that must be true.
	When *string `yaml:"when" default:"always" example:"status == 200" beside:"css: a"`

	// The most links of one page.
	Limit *int `yaml:"limit" min:"1" max:"50000" default:"50000" example:"20" beside:"css: a"`

	// The priority of the pages, 0 first.
	Priority *int `yaml:"priority" min:"0" max:"3" default:"the priority of their kind" example:"0" beside:"css: a"`

	// Values that come with the next page, as expressions over the fields and `value`.
	Meta entries[expressionText] `yaml:"meta" keys:"^[A-Za-z_][A-Za-z0-9_]*$" example:"{from: url}" beside:"css: a"`

	// The method of the request.
	Method string `yaml:"method" enum:"GET,POST,PUT" default:"GET" example:"POST" beside:"css: a"`

	// The body of the request, a template like `url`. Other braces stand for themselves.
	Body string `yaml:"body" example:"{\"cursor\": \"{value}\"}" beside:"json: next, url: 'https://api.example/items', method: POST"`

	// Headers of the request. Their values are templates like `url`.
	Headers entries[string] `yaml:"headers" keys:"^[A-Za-z0-9!#$%&'*+.^_|~-]+$" example:"{Content-Type: application/json}" beside:"css: a"`
}

// scopeKeys bounds the links that are followed.
type scopeKeys struct {
	// The hosts whose links are followed. `domain` takes all hosts of the seeds' registered
	// domains.
	Hosts *scopeHosts `yaml:"hosts" default:"the hosts of the seeds" example:"[shop.example, img.shop.example]"`

	// Follows only URLs of a pattern, or of a list of them.
	Match *several[string] `yaml:"match" default:"all" example:"/docs/**" top:"seeds: {urls: ['https://shop.example/docs/']}"`

	// Leaves out URLs of a pattern, or of a list of them.
	Not *several[string] `yaml:"not" default:"none" example:"/cart/**"`

	// The most links between a seed and a page.
	Depth *int `yaml:"depth" min:"1" max:"1000000" default:"no bound" example:"6"`

	// The most pages of one host that links admit.
	Pages int64 `yaml:"pages" min:"0" default:"0, no bound" example:"50000"`

	// The most pages of one family of URLs that links admit. URLs that differ in numbers, dates and
	// values of the query are one family, such as shop.example/calendar/{n}/{n}.
	Pattern int64 `yaml:"pattern" min:"0" default:"0, no bound" example:"2000"`
}

type urlKeys struct {
	// Query parameters that do not count. A name may end in `*`.
	Drop []string `yaml:"drop" default:"none" example:"[utm_*, sessionid]"`

	// The order of the query's parameters does not count.
	Sort bool `yaml:"sort" default:"false" example:"true"`
}

// recrawlKeys is how often a page is fetched again.
type recrawlKeys struct {
	// A fixed interval.
	Every *duration `yaml:"every" example:"24h"`

	// The shortest adaptive interval. The interval halves after a visit with a change and doubles
	// after one without.
	Min *duration `yaml:"min" example:"1h" beside:"max: 30d"`

	// The longest adaptive interval.
	Max *duration `yaml:"max" example:"30d" beside:"min: 1h"`

	// Keeps the earlier versions of a record that changed. `seine export --versions all` writes
	// them.
	History bool `yaml:"history" default:"false" example:"true" beside:"every: 24h"`
}

// stepKeys is one action in a rendered page.
type stepKeys struct {
	// A selector of the element to click.
	Click string `yaml:"click" example:"#more"`

	// An input that gets a text. A variable of the environment, such as a password, is filled only
	// into pages of the requested site, of the seeds and of `fetch.credentials_to`, and no request
	// brings it to another site.
	Fill *valueKeys `yaml:"fill" example:"{css: '#q', value: shoes}"`

	// A choice in a select element, by value or label.
	Select *valueKeys `yaml:"select" example:"{css: '#size', value: '42'}"`

	// `end` scrolls to the end of the page.
	Scroll string `yaml:"scroll" enum:"end" example:"end"`

	// How often to scroll. Scrolling ends earlier if the page does not grow within a second.
	Times *int `yaml:"times" min:"1" max:"1000" default:"1" example:"20" beside:"scroll: end"`

	// A condition to wait for, as in `fetch.wait`.
	Wait *wait `yaml:"wait" example:"{css: .item}"`
}

type valueKeys struct {
	// The selector of the element.
	CSS string `yaml:"css" required:"true" example:"#q"`

	// The text or choice.
	Value string `yaml:"value" required:"true" example:"shoes"`
}
