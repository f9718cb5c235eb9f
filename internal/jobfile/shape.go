package jobfile

// The structs of this file are the format of a job file. The comment on a field
// is what the schema and the reference say of the key; `default` and `example`
// are shown there too; `beside` are keys that an example needs in the same mapping, `top` a key that it needs at the top.
// `keys` is the pattern of the keys of a user's own, for the
// schema, and `taken` are those that it can't have. See decoder for the other tags.

// document is a job file.
type document struct {
	// The name of the job in a frontier: letters, digits, '.', '_' and '-', a
	// letter or digit first, at most 63.
	Job string `yaml:"job" required:"true" example:"psa-cards"`

	// Who allowed this and when. Kept with the job and exported with its records.
	Permission string `yaml:"permission" example:"in writing, 2025-03"`

	// A mail address or URL for the operators of the site, sent in the user
	// agent.
	Contact string `yaml:"contact" example:"data@example.org"`

	// Where the work comes from. More tasks can be added with `seine add`.
	Seeds seeds `yaml:"seeds" required:"true"`

	// How pages and assets are asked for.
	Fetch fetch `yaml:"fetch"`

	// How gently a host is asked.
	Pace pace `yaml:"pace"`

	// The fields of the record: a name for each value, and where it stands. Expressions and the store
	// key use the names. The names `id`, `url`, `status`, `meta`, `key`, `asset` and `ext` are
	// reserved.
	Fields entries[field] `yaml:"fields" required:"unless body" keys:"^[A-Za-z_][A-Za-z0-9_]*$" taken:"id,url,status,meta,key,asset,ext" example:"{title: {css: h1}}"`

	// What a page is: the first rule that holds decides; none: done. For HTTP
	// 408, 425, 429, from 500 on, and for statuses that bring no page, only
	// rules that mention `status` are considered. Where none holds, 404, 410 and
	// 451 are skipped. Other statuses from 400 on are errors, as are: 206 without
	// a Range header of the job, 304 without a condition, 3xx without Location,
	// 300, 305, and whatever is not between 100 and 599.
	Verdict []verdict `yaml:"verdict" example:"[{skip: status == 404, why: no such id}]"`

	// The files that belong to each done page, by name. A task is done only
	// when all of them are stored, except those with `optional` or `on_failure`.
	Assets entries[asset] `yaml:"assets" keys:"^[A-Za-z0-9][A-Za-z0-9_-]*$" example:"{front: {url: 'images[0]'}}" top:"fields: {images: {css: img, attr: src, all: true}}"`

	// A done page on which no field of the record has a value ends in error: "no field found". With
	// `ok` it is stored, and so it is if an asset has `body: true`.
	Empty string `yaml:"empty" enum:"ok,error" default:"error" example:"ok"`

	// The kind of the records.
	Kind string `yaml:"kind" default:"record" example:"card"`

	// Where assets are stored.
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

	// Where tasks and records are kept. A flag or the environment goes before
	// it.
	Frontier string `yaml:"frontier" default:"sqlite:./data/seine.db" example:"${DATABASE_URL:-sqlite:./data/seine.db}"`
}

type seeds struct {
	// An ID space: the ids that `url` may hold; or a list of them, none of which
	// has an id of another. It is explored, or enumerated with `strategy: off`.
	IDs *several[idSpace] `yaml:"ids" beside:"url: 'https://cards.example/cert/{id}'"`

	// The URL of an id: a template with `{id}`. Without `ids` the ids come from
	// `file` or `seine add`.
	URL string `yaml:"url" example:"https://cards.example/cert/{id}"`

	// Pages, a task each. Not together with `ids`.
	URLs []string `yaml:"urls" example:"[https://shop.example/a, https://shop.example/b]"`

	// The path of a list in UTF-8: on each line an id or URL, or `{"key": …, "priority": …, "meta":
	// {…}}`; or a JSON array of these; or CSV or TSV whose header names a column key, id or url. A
	// list that ends in .gz is uncompressed. The path is relative to the job file.
	File string `yaml:"file" example:"./ids.txt"`
}

type idSpace struct {
	// The first id, without prefix and check digit: a number; letters where `base`
	// says so; or a date, 2020-01-31.
	From bound `yaml:"from" required:"true" example:"70000000"`

	// The last id, included.
	To bound `yaml:"to" required:"true" example:"123371178"`

	// The distance between two ids, of dates in days.
	Step *int64 `yaml:"step" min:"1" default:"1" example:"10"`

	// What stands before each number.
	Prefix string `yaml:"prefix" default:"nothing" example:"A-"`

	// Pads numbers with zeros to so many digits: with 9, id 42 is 000000042.
	Width int `yaml:"width" min:"0" max:"19" default:"0, no padding" example:"9"`

	// A check digit follows each number; digits of the prefix count too. luhn: of bank cards. ean: EAN, UPC,
	// ISBN-13. mod11: ISBN-10, with X for 10. damm: Damm's.
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
	// The fetcher of pages: plain HTTP, or a headless browser that runs the
	// page's scripts. The content of an open shadow root is read as its host's,
	// after what the host holds itself. Assets always go by http.
	Via string `yaml:"via" enum:"http,chrome" default:"http" example:"chrome"`

	// What a rendered page waits for, in order. When a wait runs out the page is
	// judged as it stands. Not used by http.
	Wait []wait `yaml:"wait" example:"[{css: main}, {stable: 1s}]"`

	// The most time of one page, redirects and body included. The rules on the page have the same time again: a page on
	// which they need more ends in error, "the rules take too long on this page".
	Timeout *duration `yaml:"timeout" default:"20s" example:"30s"`

	// The most time of one asset.
	AssetTimeout *duration `yaml:"asset_timeout" default:"15s" example:"1m"`

	// Headers of requests for pages and assets. All but Accept and Accept-Language are credentials: they go to the
	// origins of the seeds and to `credentials_to`, and nowhere else.
	Headers entries[string] `yaml:"headers" keys:"^[A-Za-z0-9!#$%&'*+.^_|~-]+$" example:"{Accept-Language: en}"`

	// Further hosts, as HOST or HOST:PORT, to which the credentials in `headers` are sent: with pages, assets,
	// redirects, and the browser's own requests. Without it, an image on another host is asked for without them.
	CredentialsTo []string `yaml:"credentials_to" default:"none" example:"[images.shop.example]" beside:"headers: {Authorization: Bearer 1}"`

	// Replaces the user agent.
	UserAgent string `yaml:"user_agent" default:"Seine/VERSION (+CONTACT)" example:"ExampleLab/1.0 (+https://lab.example)"`

	// Addresses or prefixes that may be asked although they are not public:
	// never names. Each may have a port, such as 10.0.0.0/8:443; without one every
	// port may be asked. With a port, IPv6 stands in brackets: "[::1]:8080",
	// "[fd00::]/8:443".
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

	// How the browser shows itself: plain, by the job's user agent alone; or as
	// that of a desktop, whose user agent comes before the job's, and the flag
	// that tells scripts of automation is off.
	Profile string `yaml:"profile" enum:"plain,desktop" default:"plain" example:"desktop"`

	// What pages may load beside documents, scripts and data. What is not
	// loaded has its `src` all the same: images and styles seem to come, but
	// empty; fonts, media and styles with `integrity` fail. An asset needs none
	// of it: it is fetched by http.
	Load []string `yaml:"load" enum:"image,style,font,media" default:"none" example:"[style]"`

	// What a page may do without failing: a dialog is dismissed, a window not
	// opened, a download refused, and the page is judged as it stands. A page
	// that is a download itself fails all the same.
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

	// The page must stay the same for so long. It stands alone.
	Stable *duration `yaml:"stable" example:"1s"`
}

type pace struct {
	// The time between the starts of two fetches from one host; a span is drawn
	// anew each time. 0s is none.
	Delay *span `yaml:"delay" default:"1s" example:"20s..30s"`

	// Whether the pace holds over the whole fleet, or for each worker by itself
	// because each has an address of its own.
	Scope string `yaml:"scope" enum:"host,worker" default:"host" example:"worker"`

	// The most pages of one host fetched at once. 0 is no limit.
	Concurrency *int `yaml:"concurrency" min:"0" max:"100000" default:"1" example:"4"`

	// A pause after so many fetches from a host.
	Rest *rest `yaml:"rest"`

	// A pause after so many errors in a row on a host.
	Cooldown *cooldown `yaml:"cooldown"`

	// The hours of the day in which fetches start, with a time zone; UTC without one.
	// What was begun before the end is finished.
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

// field is one value of a page. It has one source: css, xpath, text, regex,
// meta, json, jsonld, column, asset or first.
type field struct {
	// A selector; the value is the visible text of the first element that has
	// some, or its `attr`. "." is the element itself. Selectors are those of a
	// browser (`:is()`, `:not()` with a list, `:has(> x)`, `:scope`, `[type=a i]`), and
	// `:contains(text)`. In XML, names are matched in their case; `dc|creator`
	// matches a prefix, `creator` the name with any prefix. The text of a `pre`
	// keeps its lines. Without scripts, the content of `noscript` is selected too.
	CSS *string `yaml:"css" example:"h1.title"`

	// An XPath 1.0 expression; it may select elements, attributes or text, or
	// compute a text or number. A number that is NaN is no value. In XML,
	// `//dc:creator` matches a prefix, `//creator` the name with any prefix.
	XPath *string `yaml:"xpath" example:"//table//a/@href"`

	// A selector; the value is the visible text of what it matches: without
	// scripts and hidden parts, blocks on lines of their own.
	Text *string `yaml:"text" example:"main"`

	// A regular expression searched in the page's visible text, or in the body
	// of a page that is not HTML. The value is its first group, or the whole.
	Regex *string `yaml:"regex" example:"ISBN (\\d{13})"`

	// The content of the meta element with this name, property or itemprop.
	Meta *string `yaml:"meta" example:"og:title"`

	// A path into a JSON body, as gjson writes it. Of JSON lines, each line is looked up. NaN is null.
	// Comments, trailing commas, a JSONP call and a guard such as `)]}'` are left out.
	JSON *string `yaml:"json" example:"data.items.#.name"`

	// A path into the things of the page's JSON-LD blocks; a name is looked up in each object of a
	// list. With `type` only things of that `@type` count, also those inside other things.
	JSONLD *linked `yaml:"jsonld" example:"{type: Product, path: offers.price}"`

	// The value of a column that came with the ID: of a CSV or TSV file, or of `meta` in a list, an
	// `add` or a Go scraper's follow. Numbers keep their digits. A column of CSV is a text unless
	// `type` says otherwise.
	Column *string `yaml:"column" example:"Release date"`

	// A property of a stored asset, NAME.PROPERTY. The properties are `width`, `height`, `bytes`,
	// `sha256`, `path` and `url`, and `original_width`, `original_height`, `original_bytes` and
	// `original_sha256` of the file as it came. Sizes are in pixels and bytes. The field is null, or
	// its `or`, until the asset is stored. Of a list of files it needs `all: true`. Expressions and the
	// store key do not see the field, because they come before the file.
	Asset *string `yaml:"asset" example:"photo.original_width" top:"assets: {photo: {body: true}}"`

	// Alternatives: the first that gives a value counts.
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

	// The type of the value. A text that does not have it is missing. int has any size. decimal keeps
	// each digit and leaves a currency out. float keeps digits that 64 bits can't hold.
	Type string `yaml:"type" enum:"string,int,float,decimal,bool" default:"string, of JSON its own" example:"decimal" beside:"css: .price"`

	// The language by which a number is read from a text: with `de`, `1.299,00 €` is 1299.00.
	Locale string `yaml:"locale" default:"a decimal point, commas between thousands" example:"de" beside:"css: .price, type: decimal"`

	// The decimal mark of numbers, in place of `locale`.
	Decimal string `yaml:"decimal" default:"that of locale" example:"," beside:"css: .price, type: decimal"`

	// Removes white space around the value.
	Trim *bool `yaml:"trim" default:"true" example:"false" beside:"css: p"`

	// Writes the field into the record. Expressions and the store key see it
	// all the same.
	Keep *bool `yaml:"keep" default:"true" example:"false" beside:"css: p"`

	// Makes an object of each element that the source selects, with fields that
	// are looked for inside it.
	Fields *entries[field] `yaml:"fields" keys:"^[A-Za-z_][A-Za-z0-9_]*$" example:"{name: {css: b}, link: {css: a, attr: href}}" beside:"css: li"`
}

type verdict struct {
	// Not wanted: final.
	Skip *string `yaml:"skip" example:"status == 404"`

	// The page did not load as itself: tried again, `retry.stale` times.
	Stale *string `yaml:"stale" example:"cert != id" top:"fields: {cert: {css: .cert}}"`

	// Tried again, `retry.error` times. `error` and `fail` do not replace what HTTP 404, 410 and 451
	// mean, unless the rule mentions `status`.
	Error *string `yaml:"error" example:"len(images) == 0" top:"fields: {images: {css: img, attr: src, all: true}}"`

	// Ends the task in error without another try.
	Fail *string `yaml:"fail" example:"price == nil" top:"fields: {price: {css: .price, type: decimal}}"`

	// Wanted, whatever later rules say.
	Done *string `yaml:"done" example:"meta.keep == true"`

	// The reason, in few words; reasons are counted.
	Why string `yaml:"why" default:"the expression" example:"no such id" beside:"skip: status == 404"`
}

type asset struct {
	// The URL of the file: an expression, or a source with the keys of a field, such as
	// `{css: img.main, attr: src}`. http, https and data URLs are fetched or decoded. With `via: chrome` a
	// `blob:` URL of an image or link is read from the page while it is open, at most `max_asset` bytes
	// per page.
	URL assetURL `yaml:"url" required:"unless body" example:"images[0]"`

	// Stores every file of a list. `url` gives a list, such as a field with `all: true`. The files are
	// named NAME_1, NAME_2 and so on, and `{n}` in the store key is the number. A URL that occurs twice
	// is stored once. A list of no files fails the task unless the asset is optional. A list has at
	// most 1,000 files.
	All bool `yaml:"all" default:"false" example:"true" beside:"url: {css: img, attr: src}"`

	// Stores the page's own body, in the bytes that were sent, without a second request. The page
	// may then have `max_asset` bytes in place of `max_body`, and `fields` are not needed. The verdict
	// judges the page as usual. Through `via: chrome` an HTML page is stored as it was rendered.
	Body bool `yaml:"body" default:"false" example:"true"`

	// The media types that the file may have, judged by its bytes. The header counts only where bytes
	// can't tell, such as for JSON. Another type is an error: "HTML instead of application/pdf".
	Types []string `yaml:"types" default:"any" example:"['image/*', application/pdf]"`

	// With `keep` an asset that fails does not fail its task: the record is stored with the failure,
	// and the asset alone is retried, `retry.error` times in all. Then the task is done, and its
	// export lists the failure.
	OnFailure string `yaml:"on_failure" enum:"keep" default:"the task fails" example:"keep"`

	// A better URL that is tried first.
	Upgrade *upgrade `yaml:"upgrade"`

	// Leaves the asset out where its URL is missing. Otherwise the task ends in
	// error.
	Optional bool `yaml:"optional" default:"false" example:"true"`

	// Checks and renders an image: turns it as its Exif says, crops, resizes
	// and encodes it. Without it the file is stored as it came, whatever it is:
	// only an empty one is refused, and an HTML page where the response names
	// another type.
	// JPEG, PNG, WebP and the first frame of a GIF can be rendered; with AVIF,
	// animated WebP and other types the task ends in error. Metadata and color
	// profiles are neither applied nor written into the rendition.
	Image *image `yaml:"image"`
}

type upgrade struct {
	// Literal text in the URL.
	From string `yaml:"from" required:"true" example:"/small/"`

	// What replaces it.
	To string `yaml:"to" required:"true" example:"/large/"`
}

type image struct {
	// Cuts a box out of the image, turned as its Exif says.
	Crop *crop `yaml:"crop"`

	// Makes what is left fit into a width and height, its shape kept; never
	// larger. The other side is rounded, halves up.
	Resize *dims `yaml:"resize" example:"512x512"`

	// The format that it is stored in. PNG is exact and keeps 16 bits and
	// alpha; JPEG has 8 bits, chroma at half the size (4:2:0), and white where
	// the image is transparent.
	To string `yaml:"to" enum:"png,jpeg" default:"png" example:"jpeg"`

	// The quality of a JPEG.
	Quality *int `yaml:"quality" min:"1" max:"100" default:"90" example:"85" beside:"to: jpeg"`

	// How hard is tried to make a PNG small. The pixels are the same.
	PNG string `yaml:"png" enum:"fast,balanced,small" default:"balanced" example:"small"`

	// Stores the file as it came beside the rendition, as the asset
	// NAME_original. The store key needs {asset} and must end in .{ext}.
	Keep string `yaml:"keep" enum:"original" default:"not stored" example:"original"`

	// The least width and height, in pixels, of the image as it came, turned
	// as its Exif says.
	Min *dims `yaml:"min" default:"1x1" example:"100x100"`

	// The most pixels, width × height, of the image as it came. A larger image is an error before it is
	// decoded. Without this key an image may not take more than 512 MiB to render; with it such an
	// image is rendered alone. Rendering takes 8 to 40 bytes a pixel.
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
	// A bucket or folder: file:, gs: or s3:. A flag or the environment goes
	// before it.
	URL string `yaml:"url" default:"file:./data/JOB/" example:"gs://cards/2025"`

	// The template of an asset's key: {id}, {key}, {asset}, {ext}, {n} and fields
	// that are one value. {n} is the number of the file in its list, and 1 outside of one, unless a
	// field is called n. Every value is sanitized.
	Key string `yaml:"key" default:"{id}_{asset}.{ext}" example:"png/{grade}/{id}_{asset}.png" top:"fields: {grade: {css: .grade}}"`
}

type explore struct {
	// How the ids are chosen: forager looks where wanted ids are, chain walks
	// from ids both ways while pages are wanted, random draws, off enumerates.
	Strategy string `yaml:"strategy" enum:"forager,chain,random,off" default:"forager" example:"chain"`

	// Unwanted pages in a row after which a chain ends.
	Patience *int `yaml:"patience" min:"1" max:"1000000000" default:"1" example:"3" beside:"strategy: chain"`

	// The farthest from its last hit that the forager asks.
	Max int `yaml:"max" min:"1" max:"64" default:"16" example:"32"`

	// The blocks into which the forager divides the space: more tell regions
	// apart better, and take longer to learn.
	Blocks int `yaml:"blocks" min:"16" max:"65536" default:"4096" example:"1024"`

	// The most explored ids that are answered over the job's life; then no more
	// are chosen, and a run ends. Not for chain and off: limit.tasks bounds those.
	Budget int64 `yaml:"budget" min:"0" default:"0, no bound" example:"100000"`

	// What walks look for: an expression over `id`, `state` ("done" or "skipped")
	// and `reason`, the verdict's. What it names is kept of every task, so that
	// `seine recount` can judge them again after a change.
	Hit *string `yaml:"hit" default:"state == 'done'" example:"state == 'done' || reason == 'images missing'"`

	// The links by which a chain goes on, instead of to the next id.
	Links *links `yaml:"links" beside:"strategy: chain"`
}

type links struct {
	// A selector; the href of the first element that it matches is the next page.
	Next string `yaml:"next" example:"a[rel=next]"`

	// The same of the page before.
	Prev string `yaml:"prev" example:"a[rel=prev]"`
}

type limit struct {
	// The most assets stored, over the job's life: all its runs and workers. One
	// worker goes over it by less than a task, several by what is in flight. For
	// one run: `--limit assets=N`.
	Assets int64 `yaml:"assets" min:"0" default:"0, no bound" example:"10000"`

	// The most records, likewise. More than the ids of the job can give are refused: a record each.
	Records int64 `yaml:"records" min:"0" default:"0, no bound" example:"5000"`

	// The most tasks that are finished, whatever their end, likewise.
	Tasks int64 `yaml:"tasks" min:"0" default:"0, no bound" example:"100000"`

	// The least yield that is worth it: exploring ends when no block of an ID
	// space promises so many hits by answer any more.
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
