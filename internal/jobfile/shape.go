package jobfile

// The structs of the files shape*.go are the format of a job file. The comment on a field is the
// key's description in the schema and the reference, together with `default` and `example`.
// `beside` lists keys that an example needs in the same mapping, and `top` a key that it needs at
// the top. `keys` is the pattern of a user's own keys in the schema, and `taken` lists the reserved
// ones. See decoder for the other tags.

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

	// The cookies and the log-in of the job.
	Session *sessionKeys `yaml:"session"`

	// An expression over `url`, `status`, `text` and `body` of a page. A page for which it is true
	// asks for proof of a human or reports a ban. It blocks its host for an hour, as the challenges
	// do that Seine knows.
	Challenge *string `yaml:"challenge" default:"none but the known ones" example:"status == 403 && 'Access denied' in text"`

	// Further differences between two URLs of one page.
	URLs *urlKeys `yaml:"urls"`

	// Stores the response of each attempt that ends a task, compressed, under `pages/` in the
	// store. `seine reprocess` applies changed rules to these recordings without a request.
	RecordPages bool `yaml:"record_pages" default:"false" example:"true"`

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

	// The rules for the fields of a record, as a JSON Schema (draft 2020-12), or the path of a file
	// with one, relative to the job file. A record that breaks a rule is not stored. It is
	// quarantined, and `seine quarantine` lists it. A field without a value is null.
	Schema *recordSchema `yaml:"schema" example:"{required: [title], properties: {title: {type: string, minLength: 1}}}"`

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

	// The reaction to a field that loses its values, or to pages that fail more often than before.
	// Both report it in the log, in `seine status` and in the metrics. `pause` also pauses the job,
	// and takes the records back that lost the value.
	OnDrift string `yaml:"on_drift" enum:"warn,pause" default:"warn" example:"pause"`

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
	// {…}}`; or a JSON array of these; or a table with a column key, id or url. A table is CSV or
	// TSV with a header, a JSON object per line, or a Parquet file (.parquet). A list that ends in
	// .gz is uncompressed. The path is relative to the job file.
	File string `yaml:"file" example:"./ids.txt"`

	// The columns of the table in `file` by the names under which the job knows them. `url` names
	// the column of the URL: columns key and id of the table are values then. Columns that are not
	// listed keep their names. Case does not count.
	Columns entries[string] `yaml:"columns" example:"{url: image_link, caption: alt_text}" beside:"file: ./images.parquet"`
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

	// The condition for an ID that does not exist, by the same values as hit. The forager estimates
	// the newest ID of a space from the IDs that exist, wanted or not.
	Absent *string `yaml:"absent" default:"state == 'skipped' && (reason == 'HTTP 404' || reason == 'HTTP 410')" example:"reason == 'no such card'"`

	// The interval after which the newest end of the space is explored again. The forager asks
	// again for the absent IDs above the newest ID, and continues where IDs have come to exist.
	// Without recrawl of the page kind no other page is visited again. The default is the interval
	// of recrawl.
	Recrawl *duration `yaml:"recrawl" example:"24h"`

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
