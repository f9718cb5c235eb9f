package jobfile

// The structs of this file are the format of a job file. The comment on a field is the key's
// description in the schema and the reference, together with `default` and `example`. `beside`
// lists keys that an example needs in the same mapping, and `top` a key that it needs at the top.
// `keys` is the pattern of a user's own keys in the schema, and `taken` lists the reserved ones.
// See decoder for the other tags.

// document is a job file.
type document struct {
	// The name of the job in a frontier. It has at most 63 letters, digits, '.', '_' and '-', and
	// begins with a letter or digit.
	Job string `yaml:"job" required:"true" example:"psa-cards"`

	// The permission for this job, with who gave it and when. Kept with the job and exported with
	// its records.
	Permission string `yaml:"permission" example:"in writing, 2025-03"`

	// A mail address or URL for the operators of the site, sent in the user
	// agent.
	Contact string `yaml:"contact" example:"data@example.org"`

	// The source of the tasks. More tasks can be added with `seine add`.
	Seeds seeds `yaml:"seeds" required:"true"`

	// How to request pages and assets.
	Fetch fetch `yaml:"fetch"`

	// How gently a host is asked.
	Pace pace `yaml:"pace"`

	// The links that the job follows. Without it, the hosts of the seeds.
	Scope *scopeKeys `yaml:"scope"`

	// Further differences between two URLs of one page.
	URLs *urlKeys `yaml:"urls"`

	// robots.txt, and what pages say to robots. `ignore` needs `permission`, and appears in
	// `validate`, `status` and each record.
	Robots string `yaml:"robots" enum:"obey,ignore" default:"obey" example:"ignore" top:"permission: in writing, 2025-03"`

	// Signals against the use of a page or a file for training, such as `noai` or TDM-Reservation.
	// With `obey`, a file with such a signal is not stored, and the record names the signal.
	// `ignore` needs `permission`.
	Consent string `yaml:"consent" enum:"obey,ignore" default:"obey" example:"ignore" top:"permission: in writing, 2025-03"`

	// The fields of the record, by name, with their sources. Expressions and the store key use the
	// names. The names `id`, `url`, `status`, `meta`, `key`, `asset` and `ext` are reserved.
	Fields entries[field] `yaml:"fields" required:"unless body" keys:"^[A-Za-z_][A-Za-z0-9_]*$" taken:"id,url,status,meta,key,asset,ext" example:"{title: {css: h1}}"`

	// The verdict rules. The first rule that holds decides. If none holds, the page is done. For
	// HTTP 408, 425, 429, from 500 on, and for statuses without a page, only rules that mention
	// `status` apply. If none holds, 404, 410 and 451 are skipped. Other statuses from 400 on are
	// errors, as are: 206 without a Range header of the job, 304 without a condition, 3xx without
	// Location, 300, 305, and whatever is not between 100 and 599.
	Verdict []verdict `yaml:"verdict" example:"[{skip: status == 404, why: no such id}]"`

	// The files that belong to each done page, by name. A task is done only
	// when all of them are stored, except those with `optional` or `on_failure`.
	Assets entries[asset] `yaml:"assets" keys:"^[A-Za-z0-9][A-Za-z0-9_-]*$" example:"{front: {url: 'images[0]'}}" top:"fields: {images: {css: img, attr: src, all: true}}"`

	// Several records of one page. Each match of the source becomes a record with the fields of the
	// page and its own.
	Each *several[eachKeys] `yaml:"each" example:"{css: li.item, key: '{sku}', fields: {sku: {css: '.', attr: data-sku}}}"`

	// A done page on which no field of the record has a value ends in error: "no field found". With
	// `ok` it is stored. It is also stored if an asset has `body: true`.
	Empty string `yaml:"empty" enum:"ok,error" default:"error" example:"ok"`

	// The kind of the records.
	Kind string `yaml:"kind" default:"record" example:"card"`

	// The kinds of pages of a site, by name, in place of `fields`, `verdict` and `assets` at the
	// top. A page belongs to the kind that the rule of its link names, or else to the first kind
	// whose `match` fits, or else to the first kind. IDs belong to the first kind.
	Pages entries[pageKeys] `yaml:"pages" keys:"^[A-Za-z_][A-Za-z0-9_]{0,62}$" example:"{category: {match: '/c/**', record: none, follow: [{css: a.product, to: product}]}, product: {match: '/p/*', fields: {name: {jsonld: name}}}}"`

	// The rules about links that lead to further pages, or `all` for every link in scope.
	Follow *follows `yaml:"follow" example:"[{css: 'a[rel=next]'}]"`

	// How often a page is fetched again.
	Recrawl *recrawlKeys `yaml:"recrawl"`

	// The store of the assets.
	Store store `yaml:"store"`

	// How an ID space is explored. It needs `seeds.ids`, or `links` that pages are walked by.
	Explore *explore `yaml:"explore" top:"seeds: {ids: {from: 70000000, to: 79999999}, url: 'https://cards.example/cert/{id}'}"`

	// When a run ends before all is done. Without it there is no bound.
	Limit limit `yaml:"limit"`

	// How often a task is tried.
	Retry retry `yaml:"retry"`

	// Tasks at once in one worker. The pace decides how many of them a host
	// sees.
	Concurrency *int `yaml:"concurrency" min:"1" max:"100000" default:"16; two a CPU for chrome" example:"32"`

	// The number of final errors above which `seine run` ends with exit code 9.
	MaxFailures int `yaml:"max_failures" min:"0" default:"0" example:"10"`

	// The database of tasks and records. A flag or the environment goes before it.
	Frontier string `yaml:"frontier" default:"sqlite:./data/seine.db" example:"${DATABASE_URL:-sqlite:./data/seine.db}"`
}

type seeds struct {
	// An ID space, which is the set of IDs that `url` may hold, or a list of spaces without common
	// IDs. Seine explores it, or enumerates it with `strategy: off`.
	IDs *several[idSpace] `yaml:"ids" beside:"url: 'https://cards.example/cert/{id}'"`

	// The URL of an ID, a template with `{id}`. Without `ids` the ids come from `file` or
	// `seine add`.
	URL string `yaml:"url" example:"https://cards.example/cert/{id}"`

	// Pages, a task each. Not together with `ids`. A range such as `{1..50}` stands for one URL for
	// each number. An entry `{url: …, page: KIND}` names the page kind.
	URLs []seedURL `yaml:"urls" example:"[https://shop.example/a, 'https://shop.example/list?page={1..50}']"`

	// Sitemaps, sitemap indexes, text lists, RSS and Atom feeds whose pages are tasks.
	// `auto` reads the sitemaps that robots.txt of each seed's host names, or /sitemap.xml.
	Sitemap *sitemaps `yaml:"sitemap" example:"[https://shop.example/sitemap.xml]"`

	// The path of a list in UTF-8: on each line an id or URL, or `{"key": …, "priority": …, "meta":
	// {…}}`; or a JSON array of these; or CSV or TSV whose header names a column key, id or url. A
	// list that ends in .gz is uncompressed. The path is relative to the job file.
	File string `yaml:"file" example:"./ids.txt"`
}

type idSpace struct {
	// The first ID, without prefix and check digit. It is a number, a word in letters of `base`, or
	// a date such as 2020-01-31.
	From bound `yaml:"from" required:"true" example:"70000000"`

	// The last id, included.
	To bound `yaml:"to" required:"true" example:"123371178"`

	// The distance between two ids, of dates in days.
	Step *int64 `yaml:"step" min:"1" default:"1" example:"10"`

	// The text before each number.
	Prefix string `yaml:"prefix" default:"nothing" example:"A-"`

	// Pads numbers with zeros to this many digits. With 9, ID 42 is 000000042.
	Width int `yaml:"width" min:"0" max:"19" default:"0, no padding" example:"9"`

	// A check digit follows each number; digits of the prefix count too. luhn: bank cards. ean:
	// EAN, UPC, ISBN-13. mod11: ISBN-10, with X for 10. damm: Damm's.
	Check string `yaml:"check" enum:"luhn,ean,mod11,damm" default:"none" example:"luhn"`

	// 26: ids are letters, A to Z. 36: digits and letters, 0 to Z. All have as
	// many as `from`, large or small as there.
	Base *int `yaml:"base" min:"10" max:"36" default:"10" example:"36" beside:"from: A000, to: Z999"`

	// How ids that are dates are written, with YYYY, MM and DD.
	Date string `yaml:"date" default:"YYYY-MM-DD" example:"YYYY/MM/DD" beside:"from: 2020-01-31, to: 2020-12-31"`

	// Ids that a chain begins at. The first probes of the forager lie near the
	// first.
	Start []bound `yaml:"start" example:"[71000000]"`
}

type fetch struct {
	// The fetcher of pages: plain HTTP, or a headless browser that runs the page's scripts. The
	// content of an open shadow root is read as content of its host, after the host's own content.
	// Assets always go by http.
	Via string `yaml:"via" enum:"http,chrome" default:"http" example:"chrome"`

	// The conditions that a rendered page must meet, in order. When a wait runs out the page is
	// judged as it stands. Not used by http.
	Wait []wait `yaml:"wait" example:"[{css: main}, {stable: 1s}]"`

	// The most time of one page, redirects and body included. The rules on the page have the same
	// time again. If they need more, the page ends in error: "the rules take too long on this
	// page".
	Timeout *duration `yaml:"timeout" default:"20s" example:"30s"`

	// The most time of one asset.
	AssetTimeout *duration `yaml:"asset_timeout" default:"15s" example:"1m"`

	// Headers of requests for pages and assets. All but Accept and Accept-Language are credentials.
	// Credentials go only to the origins of the seeds and to `credentials_to`.
	Headers entries[string] `yaml:"headers" keys:"^[A-Za-z0-9!#$%&'*+.^_|~-]+$" example:"{Accept-Language: en}"`

	// Further hosts, as HOST or HOST:PORT, that receive the credentials in `headers` with pages,
	// assets, redirects, and the browser's own requests. Without it, requests to other hosts, for
	// example for images, carry no credentials.
	CredentialsTo []string `yaml:"credentials_to" default:"none" example:"[images.shop.example]" beside:"headers: {Authorization: Bearer 1}"`

	// Replaces the user agent.
	UserAgent string `yaml:"user_agent" default:"Seine/VERSION (+CONTACT)" example:"ExampleLab/1.0 (+https://lab.example)"`

	// Addresses or prefixes that may be requested although they are not public. Names are not
	// permitted. Each may have a port, such as 10.0.0.0/8:443; without one every port may be asked.
	// With a port, IPv6 stands in brackets: "[::1]:8080", "[fd00::]/8:443".
	AllowPrivate []address `yaml:"allow_private" default:"none" example:"[127.0.0.1:8080]"`

	// The most bytes of a page, after its encoding is undone. A longer one is an
	// error.
	MaxBody *size `yaml:"max_body" default:"8MiB" example:"2MiB"`

	// The most bytes of an asset.
	MaxAsset *size `yaml:"max_asset" default:"64MiB" example:"16MiB"`

	// The most redirects that are followed. A refresh of a page, by a meta
	// element or a Refresh header, within 5 seconds is a redirect too; a later
	// one is a note of the page, which `seine try` and the log show.
	MaxRedirects *int `yaml:"max_redirects" min:"1" max:"50" default:"10" example:"3"`

	// How the browser shows a page. Not used by http.
	Chrome *chrome `yaml:"chrome"`
}

type chrome struct {
	// The size of the window.
	Viewport *dims `yaml:"viewport" default:"1920x1080" example:"1280x800"`

	// A language tag that dates, numbers and Accept-Language follow.
	Locale string `yaml:"locale" default:"en-US" example:"de-CH"`

	// The identity of the browser. `plain` sends only the job's user agent. `desktop` sends a
	// desktop browser's user agent before the job's, and hides the flag that shows automation to
	// scripts.
	Profile string `yaml:"profile" enum:"plain,desktop" default:"plain" example:"desktop"`

	// The resources that pages may load in addition to documents, scripts and data. Other resources
	// keep their `src`. Images and styles seem to load but are empty, and fonts, media and styles
	// with `integrity` fail. Assets need none of these, because they are fetched by http.
	Load []string `yaml:"load" enum:"image,style,font,media" default:"none" example:"[style]"`

	// Events that do not fail a page. A dialog is dismissed, a window is not opened, a download is
	// refused, and the page is judged in its current state. A page that is a download itself fails
	// all the same.
	Ignore []string `yaml:"ignore" enum:"dialog,window,download" default:"none" example:"[dialog]"`
}

type wait struct {
	// A selector that must match, as browsers know them: `:is()` is one,
	// `:contains()` is not. Give `matches` for the text.
	CSS string `yaml:"css" example:"p.title"`

	// An attribute that the element must have. It needs `css`.
	Attr string `yaml:"attr" example:"src" beside:"css: img"`

	// A pattern that the attribute, or the text, must match. It needs `css`.
	Matches string `yaml:"matches" example:"^https?://" beside:"css: p.title"`

	// The time for which the page must stay unchanged. It stands alone.
	Stable *duration `yaml:"stable" example:"1s"`

	// Conditions of which one suffices.
	Any *[]wait `yaml:"any" example:"[{css: .title}, {css: .not-found}]"`

	// A selector that ends this wait and all further ones at once, if it matches.
	Unless string `yaml:"unless" example:".not-found" beside:"css: .title"`

	// Also waits on a page with a status from 400 on, which is judged without waiting otherwise.
	Always bool `yaml:"always" default:"false" example:"true" beside:"css: .title"`
}

type pace struct {
	// The time between the starts of two fetches from one host. A span is drawn for each fetch. 0s
	// is none.
	Delay *span `yaml:"delay" default:"1s" example:"20s..30s"`

	// Whether the pace holds over the whole fleet, or for each worker by itself
	// because each has an address of its own.
	Scope string `yaml:"scope" enum:"host,worker" default:"host" example:"worker"`

	// The most pages of one host fetched at once. 0 is no limit.
	Concurrency *int `yaml:"concurrency" min:"0" max:"100000" default:"1" example:"4"`

	// A pause after a number of fetches from a host.
	Rest *rest `yaml:"rest"`

	// A pause after a number of errors in a row on a host.
	Cooldown *cooldown `yaml:"cooldown"`

	// The hours of the day in which fetches start, with a time zone; UTC without one. A fetch that
	// started before the end is finished.
	Hours *hours `yaml:"hours" example:"22:00-06:00 Europe/Berlin"`

	// The pace of assets, which do not wait for `delay`.
	Assets assetPace `yaml:"assets"`
}

type rest struct {
	// Fetches between two pauses.
	Every int `yaml:"every" required:"true" min:"1" max:"1000000000" example:"50"`

	// The length of the pause.
	For duration `yaml:"for" required:"true" example:"60s"`
}

type cooldown struct {
	// Errors in a row.
	After int `yaml:"after" required:"true" min:"1" max:"1000000000" example:"3"`

	// The length of the pause.
	For duration `yaml:"for" required:"true" example:"10m"`
}

type assetPace struct {
	// The time between two starts on one asset host.
	Delay *span `yaml:"delay" default:"0s" example:"100ms"`

	// The most assets of one host at once in one worker.
	Concurrency *int `yaml:"concurrency" min:"1" max:"10000" default:"2" example:"4"`
}

// linkedKeys are what selects a value of JSON-LD.
type linkedKeys struct {
	// The `@type` of the thing, with or without its vocabulary.
	Type string `yaml:"type" example:"Product"`

	// The path into the thing; without one the whole thing.
	Path string `yaml:"path" default:"the thing itself" example:"offers.price"`
}

// field is one value of a page. Each has one source: css, xpath, text, regex, meta, json, jsonld,
// column, asset or first.
type field struct {
	// A selector; the value is the visible text of the first element that has some, or its `attr`.
	// "." is the element itself. Selectors are browser selectors (`:is()`, `:not()` with a list,
	// `:has(> x)`, `:scope`, `[type=a i]`), and `:contains(text)`. In XML, names are matched in
	// their case; `dc|creator` matches a prefix, `creator` the name with any prefix. The text of a
	// `pre` keeps its lines. Without scripts, the content of `noscript` is selected too.
	CSS *string `yaml:"css" example:"h1.title"`

	// An XPath 1.0 expression; it may select elements, attributes or text, or
	// compute a text or number. A number that is NaN is no value. In XML,
	// `//dc:creator` matches a prefix, `//creator` the name with any prefix.
	XPath *string `yaml:"xpath" example:"//table//a/@href"`

	// A selector. The value is the visible text of its matches, without scripts and hidden parts,
	// with each block on a line of its own.
	Text *string `yaml:"text" example:"main"`

	// A regular expression searched in the page's visible text, or in the body
	// of a page that is not HTML. The value is its first group, or the whole.
	Regex *string `yaml:"regex" example:"ISBN (\\d{13})"`

	// The content of the meta element with this name, property or itemprop.
	Meta *string `yaml:"meta" example:"og:title"`

	// A path into a JSON body, as gjson writes it. In JSON lines, the path applies to each line.
	// NaN is null. Comments, trailing commas, a JSONP call and a guard such as `)]}'` are left out.
	JSON *string `yaml:"json" example:"data.items.#.name"`

	// A path into the things of the page's JSON-LD blocks; a name is looked up in each object of a
	// list. With `type` only things of that `@type` count, also those inside other things.
	JSONLD *linked `yaml:"jsonld" example:"{type: Product, path: offers.price}"`

	// The value of a column that came with the ID: of a CSV or TSV file, or of `meta` in a list, an
	// `add` or a Go scraper's follow. Numbers keep their digits. A CSV column is a text unless
	// `type` names another type.
	Column *string `yaml:"column" example:"Release date"`

	// A property of a stored asset, NAME.PROPERTY. The properties are `width`, `height`, `bytes`,
	// `sha256`, `path` and `url`, and `original_width`, `original_height`, `original_bytes` and
	// `original_sha256` of the file as it came. Sizes are in pixels and bytes. The field is null,
	// or its `or`, until the asset is stored. A list of files needs `all: true`. Expressions and
	// the store key do not see the field, because they come before the file.
	Asset *string `yaml:"asset" example:"photo.original_width" top:"assets: {photo: {body: true}}"`

	// Alternatives. The first one with a value counts.
	First *[]field `yaml:"first" example:"[{css: h1}, {meta: 'og:title'}]"`

	// An attribute instead of the text, of `css` and `xpath`. src, href, srcset
	// (its first), action, poster, cite and data are made absolute. `xlink:href`
	// names one with a prefix.
	Attr *string `yaml:"attr" example:"href" beside:"css: a"`

	// A regular expression that narrows the value to its first group, or the
	// whole match. A value that it does not match is missing.
	Match *string `yaml:"match" example:"#(\\d+)" beside:"css: p"`

	// Takes every value, as a list; at most 10,000.
	All bool `yaml:"all" default:"false" example:"true" beside:"css: p"`

	// The value when nothing was found; of a list, a list.
	Or *literal `yaml:"or" default:"null, of a list []" example:"unknown" beside:"css: p"`

	// The type of the value. A text that does not have it is missing. int has any size. decimal
	// keeps each digit and leaves a currency out. float keeps digits that 64 bits can't hold.
	Type string `yaml:"type" enum:"string,int,float,decimal,bool" default:"string, of JSON its own" example:"decimal" beside:"css: .price"`

	// The language of numbers in a text. With `de`, `1.299,00 €` is 1299.00.
	Locale string `yaml:"locale" default:"a decimal point, commas between thousands" example:"de" beside:"css: .price, type: decimal"`

	// The decimal mark of numbers, in place of `locale`.
	Decimal string `yaml:"decimal" default:"the mark of locale" example:"," beside:"css: .price, type: decimal"`

	// Removes white space around the value.
	Trim *bool `yaml:"trim" default:"true" example:"false" beside:"css: p"`

	// Writes the field into the record. Expressions and the store key see it
	// all the same.
	Keep *bool `yaml:"keep" default:"true" example:"false" beside:"css: p"`

	// Makes an object of each element that the source selects, from fields inside the element.
	Fields *entries[field] `yaml:"fields" keys:"^[A-Za-z_][A-Za-z0-9_]*$" example:"{name: {css: b}, link: {css: a, attr: href}}" beside:"css: li"`
}

type verdict struct {
	// Not wanted: final.
	Skip *string `yaml:"skip" example:"status == 404"`

	// The page is not the requested page. It is retried, at most `retry.stale` times.
	Stale *string `yaml:"stale" example:"cert != id" top:"fields: {cert: {css: .cert}}"`

	// Tried again, `retry.error` times. `error` and `fail` do not replace what HTTP 404, 410 and
	// 451 mean, unless the rule mentions `status`.
	Error *string `yaml:"error" example:"len(images) == 0" top:"fields: {images: {css: img, attr: src, all: true}}"`

	// Ends the task in error without another try.
	Fail *string `yaml:"fail" example:"price == nil" top:"fields: {price: {css: .price, type: decimal}}"`

	// The page is wanted, whatever later rules decide.
	Done *string `yaml:"done" example:"meta.keep == true"`

	// The reason, in few words; reasons are counted.
	Why string `yaml:"why" default:"the expression" example:"no such id" beside:"skip: status == 404"`
}

type asset struct {
	// The URL of the file, as an expression or a source with the keys of a field, such as
	// `{css: img.main, attr: src}`. http, https and data URLs are fetched or decoded. With
	// `via: chrome`, a `blob:` URL of an image or link is read from the open page, at most
	// `max_asset` bytes per page.
	URL assetURL `yaml:"url" required:"unless body" example:"images[0]"`

	// Stores every file of a list. `url` must be a list, such as a field with `all: true`. The
	// files are named NAME_1, NAME_2 and so on, and `{n}` in the store key is the number. A URL
	// that occurs twice is stored once. A list of no files fails the task unless the asset is
	// optional. A list has at most 1,000 files.
	All bool `yaml:"all" default:"false" example:"true" beside:"url: {css: img, attr: src}"`

	// Stores the page's own body, in the bytes that were sent, without a second request. The page
	// may then have `max_asset` bytes in place of `max_body`, and `fields` are not needed. The
	// verdict judges the page as usual. With `via: chrome`, an HTML page is stored as rendered.
	Body bool `yaml:"body" default:"false" example:"true"`

	// The media types that the file may have, judged by its bytes. The header counts only where
	// bytes can't tell, such as for JSON. Another type is an error: "HTML instead of
	// application/pdf".
	Types []string `yaml:"types" default:"any" example:"['image/*', application/pdf]"`

	// With `keep`, an asset that fails does not fail its task. The record is stored with the
	// failure, and only the asset is retried, at most `retry.error` times in all. Then the task is
	// done, and its export lists the failure.
	OnFailure string `yaml:"on_failure" enum:"keep" default:"the task fails" example:"keep"`

	// A better URL that is tried first.
	Upgrade *upgrade `yaml:"upgrade"`

	// Leaves the asset out where its URL is missing. Otherwise the task ends in
	// error.
	Optional bool `yaml:"optional" default:"false" example:"true"`

	// Checks and renders an image. It applies the Exif orientation, crops, resizes and encodes.
	// Without it the file is stored unchanged, whatever its type. Only an empty file is refused,
	// and an HTML page if the response names another type. JPEG, PNG, WebP and the first frame of a
	// GIF can be rendered; with AVIF, animated WebP and other types the task ends in error.
	// Metadata and color profiles are neither applied nor written into the rendition.
	Image *image `yaml:"image"`
}

type upgrade struct {
	// Literal text in the URL.
	From string `yaml:"from" required:"true" example:"/small/"`

	// What replaces it.
	To string `yaml:"to" required:"true" example:"/large/"`
}

type image struct {
	// Cuts a box out of the image, after the Exif orientation was applied.
	Crop *crop `yaml:"crop"`

	// Shrinks the image to a width and height and keeps its aspect ratio. It never enlarges. The
	// other side is rounded, halves up.
	Resize *dims `yaml:"resize" example:"512x512"`

	// The format that it is stored in. PNG is exact and keeps 16 bits and
	// alpha; JPEG has 8 bits, chroma at half the size (4:2:0), and white where
	// the image is transparent.
	To string `yaml:"to" enum:"png,jpeg" default:"png" example:"jpeg"`

	// The quality of a JPEG.
	Quality *int `yaml:"quality" min:"1" max:"100" default:"90" example:"85" beside:"to: jpeg"`

	// How hard is tried to make a PNG small. The pixels are the same.
	PNG string `yaml:"png" enum:"fast,balanced,small" default:"balanced" example:"small"`

	// Stores the unchanged file next to the rendition, as the asset NAME_original. The store key
	// needs {asset} and must end in .{ext}.
	Keep string `yaml:"keep" enum:"original" default:"not stored" example:"original"`

	// The minimum width and height of the original image in pixels, after the Exif orientation was
	// applied.
	Min *dims `yaml:"min" default:"1x1" example:"100x100"`

	// The most pixels, width × height, of the image as it came. A larger image is an error before
	// it is decoded. Without this key an image may not take more than 512 MiB to render; with it
	// such an image is rendered alone. Rendering takes 8 to 40 bytes a pixel.
	MaxPixels *int64 `yaml:"max_pixels" min:"1" max:"10000000000" default:"100000000" example:"200000000"`
}

type crop struct {
	// The reference size that the box is given on, in pixels.
	Of dims `yaml:"of" required:"true" example:"1024x1768"`

	// Left, top, right and bottom on the reference; right and bottom are not
	// included. An edge of an image is floor(edge × size ÷ reference + 0.5).
	Box box `yaml:"box" required:"true" example:"[110, 467, 920, 1625]"`
}

type store struct {
	// A bucket or folder, with scheme file, gs or s3. A flag or the environment goes before it.
	URL string `yaml:"url" default:"file:./data/JOB/" example:"gs://cards/2025"`

	// The template of an asset's key: {id}, {key}, {asset}, {ext}, {n} and fields
	// that are one value. {n} is the number of the file in its list, and 1 outside of one, unless a
	// field is called n. Every value is sanitized.
	Key string `yaml:"key" default:"{id}_{asset}.{ext}" example:"png/{grade}/{id}_{asset}.png" top:"fields: {grade: {css: .grade}}"`
}

type explore struct {
	// How to choose IDs. forager searches where wanted IDs are, chain walks from IDs both ways
	// while pages are wanted, random draws, and off enumerates.
	Strategy string `yaml:"strategy" enum:"forager,chain,random,off" default:"forager" example:"chain"`

	// Unwanted pages in a row after which a chain ends.
	Patience *int `yaml:"patience" min:"1" max:"1000000000" default:"1" example:"3" beside:"strategy: chain"`

	// The farthest from its last hit that the forager asks.
	Max int `yaml:"max" min:"1" max:"64" default:"16" example:"32"`

	// The number of blocks into which the forager divides the space. More blocks distinguish
	// regions better and take longer to learn.
	Blocks int `yaml:"blocks" min:"16" max:"65536" default:"4096" example:"1024"`

	// The most explored ids that are answered over the job's life; then no more are chosen, and a
	// run ends. chain and off ignore it and use limit.tasks.
	Budget int64 `yaml:"budget" min:"0" default:"0, no bound" example:"100000"`

	// The condition for a hit of local search, an expression over `id`, `state` ("done" or
	// "skipped") and `reason` of the verdict. These values are stored for every task, so that
	// `seine recount` can apply a changed rule to earlier tasks.
	Hit *string `yaml:"hit" default:"state == 'done'" example:"state == 'done' || reason == 'images missing'"`

	// The links that a chain follows, instead of the next ID.
	Links *links `yaml:"links" beside:"strategy: chain"`
}

type links struct {
	// A selector; the href of the first element that it matches is the next page.
	Next string `yaml:"next" example:"a[rel=next]"`

	// The same of the page before.
	Prev string `yaml:"prev" example:"a[rel=prev]"`
}

type limit struct {
	// The most assets stored over the job's life, in all its runs and workers. One worker exceeds
	// it by less than a task, several workers by the tasks in flight. For one run:
	// `--limit assets=N`.
	Assets int64 `yaml:"assets" min:"0" default:"0, no bound" example:"10000"`

	// The most records, likewise. A goal above the number of the job's IDs is rejected, because
	// each ID gives at most one record.
	Records int64 `yaml:"records" min:"0" default:"0, no bound" example:"5000"`

	// The most tasks that are finished, whatever their end, likewise.
	Tasks int64 `yaml:"tasks" min:"0" default:"0, no bound" example:"100000"`

	// The minimum yield. Exploring ends when no block of an ID space promises as many hits per
	// answer.
	Yield fraction `yaml:"yield" default:"0, no bound" example:"0.05" top:"seeds: {ids: {from: 70000000, to: 79999999}, url: 'https://cards.example/cert/{id}'}"`
}

type retry struct {
	// The most attempts of a task that ends in error.
	Error *int `yaml:"error" min:"1" max:"1000" default:"8" example:"5"`

	// The most attempts of a task that stays stale.
	Stale *int `yaml:"stale" min:"1" max:"1000" default:"3" example:"2"`

	// The wait before the second attempt. It doubles from there, to at most an
	// hour.
	Backoff *duration `yaml:"backoff" default:"20s" example:"1m"`

	// For how long a host may refuse connections or not resolve. Its tasks cost no attempt
	// meanwhile. Then all of them end in error together.
	HostDown *duration `yaml:"host_down" default:"20m" example:"1h"`

	// For how long a host may answer a task with HTTP 429 or 503. These answers cost no attempt.
	// Then the task ends in error.
	Refused *duration `yaml:"refused" default:"24h" example:"6h"`
}
