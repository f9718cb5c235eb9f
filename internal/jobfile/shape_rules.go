package jobfile

// linkedKeys are what selects a value of JSON-LD.
type linkedKeys struct {
	// The `@type` of the thing, with or without its vocabulary.
	Type string `yaml:"type" example:"Product"`

	// The path into the thing; without one the whole thing.
	Path string `yaml:"path" default:"the thing itself" example:"offers.price"`
}

// tableKeys are what selects the cells of a table.
type tableKeys struct {
	// A selector of tables, of lists of terms (`dl`), or of elements inside a table.
	CSS string `yaml:"css" default:"table, dl" example:"table.specs"`

	// The text of the header cell, in any case and without a colon at its end.
	Header string `yaml:"header" required:"true" example:"Weight"`
}

// field is one value of a page. Each has one source: css, xpath, text, regex, meta, json, jsonld,
// microdata, opengraph, table, article, pdf, feed, column, asset or first.
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

	// A path into the items of the page's microdata, as with `jsonld`.
	Microdata *linked `yaml:"microdata" example:"{type: Product, path: offers.price}"`

	// A path into the page's properties of OpenGraph. `og:title` is `title`, `og:image` with
	// `og:image:width` is `image.url` and `image.width`, and other prefixes stay:
	// `article.published_time`, `product.price.amount`.
	OpenGraph *string `yaml:"opengraph" example:"image.url"`

	// The cells that belong to a header cell of a table, or the descriptions of a term of a `dl`.
	// Under a row of headers these are the cells of its column, with `all: true` each of them. A
	// header at the left gives the cell to its right. In `fields` of an `each` over rows (`tr`), it
	// is the cell of that row. Cells of several rows or columns count in each of them.
	Table *tableCells `yaml:"table" example:"Weight"`

	// The article of the page, without navigation and advertisements, and without dialogs and
	// consent banners, as a browser's reader view finds it: `text`, `title`, `byline`, `excerpt`,
	// `site`, `language`, `image`, `published` or `modified`. At most 50,000 elements are searched.
	Article *string `yaml:"article" example:"text"`

	// Parts of a PDF: `text`, `pages` (the text of each), `count` of pages, `title`, `author`,
	// `subject`, `keywords`, `creator`, `producer`, `created` or `modified`. A PDF that is broken,
	// encrypted, of more than 10,000 pages or 1 MiB of text fails its task with that reason.
	PDF *string `yaml:"pdf" example:"text"`

	// A path into a feed of RSS, Atom or JSON Feed: `title`, `link`, `description`, `language`,
	// `updated`, and `entries`, each with `id`, `title`, `link`, `published`, `updated`, `summary`,
	// `content`, `authors`, `categories` and `enclosures` (`url`, `type`, `length`).
	Feed *string `yaml:"feed" example:"title"`

	// The value of a column that came with the ID: of a CSV or TSV file, or of `meta` in a list, an
	// `add` or a Go scraper's follow. Numbers keep their digits. A CSV column is a text unless
	// `type` names another type.
	Column *string `yaml:"column" example:"Release date"`

	// A property of a stored asset, NAME.PROPERTY. The properties are `width`, `height`, `bytes`,
	// `sha256`, `phash`, `path` and `url`, and `original_width`, `original_height`,
	// `original_bytes` and `original_sha256` of the file as it came. `phash` is the perceptual hash
	// of an image in hexadecimal digits, and images that look alike differ in few bits. Sizes
	// are in pixels and bytes. The field is null, or its `or`, until the asset is stored. A list of
	// files needs `all: true`. Expressions and the store key do not see the field, because they
	// come before the file.
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
	//
	// date reads a date in figures or in words (English, German, French, Spanish, Italian, Dutch,
	// Portuguese) and gives ISO 8601: `2026-03-05`, or `2026-03-05T14:30:00+01:00` with a time. A
	// date that may be two, such as 03/04/2026 without `locale`, is missing, and the reason says
	// so. Dates relative to today are missing too.
	//
	// price gives `amount` with all digits, `currency` as a code of ISO 4217, and `note`. The note
	// is `on request`, `free`, `from` (the least of several), `range`, `three decimals` (more than
	// the currency has: £1.234 may be 1234 pounds), or says why there is no currency.
	// `price.amount` and `price.note` are for expressions. An object of JSON-LD with `price` and
	// `priceCurrency` is a price too.
	Type string `yaml:"type" enum:"string,int,float,decimal,bool,date,price" default:"string, of JSON its own" example:"decimal" beside:"css: .price"`

	// The language of numbers, dates and prices in a text. With `de`, `1.299,00 €` is 1299.00. A
	// region names the currency of signs that several countries have, such as `$` and `kr`. `ja`
	// and `zh` name the currency of ¥. Without locale and `decimal`, `1.299 €` is missing, because
	// it is 1299 in some languages.
	Locale string `yaml:"locale" default:"a decimal point, commas between thousands" example:"de" beside:"css: .price, type: decimal"`

	// The decimal mark of numbers, in place of `locale`.
	Decimal string `yaml:"decimal" default:"the mark of locale" example:"," beside:"css: .price, type: decimal"`

	// The format of dates, as strftime writes it: %Y %y %m %d %B %b %A %a %H %I %M %S %f %p %z %Z
	// %F %T. Names of months are in the language of `locale`.
	Format string `yaml:"format" default:"any date with one meaning" example:"%d.%m.%y" beside:"css: .date, type: date"`

	// The currency of prices that state none, or a sign of several currencies, as a code of ISO
	// 4217.
	Currency string `yaml:"currency" default:"the currency of the region of locale" example:"CAD" beside:"css: .price, type: price"`

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
	// `max_asset` bytes per page. `url: url` is the page itself, as with `body: true`.
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

	// The width and height that the image is brought to, by `mode`.
	Resize *dims `yaml:"resize" example:"512x512"`

	// How the image is resized. `fit` shrinks it until it fits, keeps its aspect ratio and never
	// enlarges; the other side is rounded, halves up. The other modes give exactly the size and
	// enlarge a smaller image. `center_crop` covers the size and cuts the rest off at both ends,
	// `border` fits into it on white, and `stretch` changes the aspect ratio. An image of 8 bits
	// gets the pixels of Pillow's `BICUBIC`.
	Mode string `yaml:"mode" enum:"fit,center_crop,border,stretch" default:"fit" example:"center_crop" beside:"resize: 256x256"`

	// The format that it is stored in. PNG is exact and keeps 16 bits and alpha. JPEG has 8 bits,
	// chroma at half the size (4:2:0), and white where the image is transparent. WebP is lossy with
	// 8 bits, has chroma at half the size, and keeps alpha. Equal images give equal files on each
	// machine.
	To string `yaml:"to" enum:"png,jpeg,webp" default:"png" example:"jpeg"`

	// The quality of a JPEG or WebP.
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
