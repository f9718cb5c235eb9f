package jobfile

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
	// In a browser, a document of another site sends them only by navigating to such a site.
	Headers entries[string] `yaml:"headers" keys:"^[A-Za-z0-9!#$%&'*+.^_|~-]+$" example:"{Accept-Language: en}"`

	// Further hosts, as HOST or HOST:PORT, that receive the credentials in `headers` with pages,
	// assets, redirects, and the browser's own requests. Without it, requests to other hosts, for
	// example for images, carry no credentials.
	CredentialsTo []string `yaml:"credentials_to" default:"none" example:"[images.shop.example]" beside:"headers: {Authorization: Bearer 1}"`

	// Comes in place of the default in the user agent. If it does not name Seine, the default
	// follows it, because robots.txt addresses Seine by that name.
	UserAgent string `yaml:"user_agent" default:"Seine/VERSION (+CONTACT)" example:"ExampleLab/1.0 (+https://lab.example)"`

	// Addresses or prefixes that may be requested although they are not public. Names are not
	// permitted. Each may have a port, such as 10.0.0.0/8:443; without one every port may be asked.
	// With a port, IPv6 stands in brackets: "[::1]:8080", "[fd00::]/8:443".
	AllowPrivate []address `yaml:"allow_private" default:"none" example:"[127.0.0.1:8080]"`

	// A proxy, or a list of them, as http://HOST:PORT, https:// or socks5://, with user and
	// password in front of HOST if it needs them. All requests go through it. If it fails it rests,
	// and the next one is taken. Names resolve on this machine, so that `allow_private` holds
	// behind a proxy too. A proxy with a private address needs `allow_private` itself. Proxies of
	// the environment are not used.
	Proxy *several[string] `yaml:"proxy" default:"none" example:"[http://proxy.example:3128, 'socks5://10.0.0.7:1080']"`

	// The most bytes of a page, after its encoding is undone. A longer one is an
	// error.
	MaxBody *size `yaml:"max_body" default:"8MiB" example:"2MiB"`

	// The most bytes of an asset.
	MaxAsset *size `yaml:"max_asset" default:"64MiB" example:"16MiB"`

	// The most redirects that are followed. A refresh of a page, by a meta
	// element or a Refresh header, within 5 seconds is a redirect too; a later
	// one is a note of the page, which `seine try` and the log show.
	MaxRedirects *int `yaml:"max_redirects" min:"1" max:"50" default:"10" example:"3"`

	// Stores a picture of the window if a rendered page fails: at once if there is no page, and
	// from the second attempt on if its verdict is error or stale. `seine tasks` names the file. A
	// page that succeeds at once has none.
	Screenshots *bool `yaml:"screenshots" default:"true" example:"false"`

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
