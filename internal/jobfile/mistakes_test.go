package jobfile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// noEnv is an environment without anything in it.
func noEnv(string) (string, bool) { return "", false }

// head and body complete a case to a correct job.
const (
	head = "job: a\nseeds: {urls: [https://a.example/]}\n"
	body = "fields: {title: {css: h1}, images: {css: img, attr: src, all: true}}\n"
)

// mistakes returns the mistakes in src, one per line.
func mistakes(t *testing.T, src string) string {
	t.Helper()
	_, err := Parse("job.yaml", []byte(src), noEnv)
	if err == nil {
		return ""
	}
	if _, ok := errors.AsType[Mistakes](err); !ok {
		t.Fatalf("Parse(%q) failed with %T %v; want Mistakes", src, err, err)
	}
	return err.Error()
}

func TestMistakesHaveTheirPlaceAndTheNearestWord(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, src, want string }{
		{
			"unknown key at the top", head + body + "fetchh: {via: http}\n",
			`job.yaml:4:1: unknown key "fetchh": did you mean "fetch"?`,
		},
		{
			"unknown key inside", head + body + "pace:\n  delay: 1s\n  patience_: 2\n",
			`job.yaml:6:3: unknown key "patience_" in pace`,
		},
		{
			"unknown key with a near one", "job: a\nseeds: {ids: {from: 1, to: 2}, url: 'https://a.example/{id}'}\n" + body + "explore:\n  patience_: 2\n",
			`job.yaml:5:3: unknown key "patience_" in explore: did you mean "patience"?`,
		},
		{
			"a key of other scrapers", head + body + "crawl: true\n",
			`job.yaml:4:1: unknown key "crawl": give follow: all, and scope for its bounds`,
		},
		{
			"keys of the forager that are not known", "job: a\nseeds: {ids: {from: 1, to: 2}, url: 'https://a.example/{id}'}\n" + body + "explore: {budgett: 2}\n",
			`job.yaml:4:11: unknown key "budgett" in explore: did you mean "budget"?`,
		},
		{
			"a wrong required key is named once", "joob: a\nseeds: {urls: [https://a.example/]}\n" + body,
			`job.yaml:1:1: unknown key "joob": did you mean "job"?`,
		},
		{"a list where keys belong", head + body + "fetch: [a]\n", `job.yaml:4:8: fetch wants keys and values, got a list`},
		{"a text where a list belongs", head + body + "verdict: skip\n", `job.yaml:4:10: verdict wants a list, got the text "skip"`},
		{"a number where text belongs", head + body + "contact: 12\n", `job.yaml:4:10: contact wants a text, got the number 12: quote it if it is text`},
		{"nothing where text belongs", head + body + "contact:\n", `job.yaml:4:1: contact wants a text, got no value`},
		{"a text where a number belongs", head + body + "concurrency: many\n", `job.yaml:4:14: concurrency wants a whole number, got the text "many"`},
		{"a quoted number is text", head + body + "concurrency: \"4\"\n", `job.yaml:4:14: concurrency wants a whole number, got the text "4"`},
		{"a fraction", head + body + "concurrency: 1.5\n", `job.yaml:4:14: concurrency wants a whole number, got the number 1.5: quote it if it is text`},
		{"a number for true", head + "fields: {a: {css: p, all: 1}}\n", `job.yaml:3:27: fields.a.all wants true or false, got the number 1: quote it if it is text`},
		{"a negative count", head + body + "max_failures: -1\n", `job.yaml:4:15: max_failures is -1; at least 0`},
		{"a count over its bound", head + body + "retry: {error: 1001}\n", `job.yaml:4:16: retry.error is 1001; at most 1000`},
		{"a number over 64 bits", head + body + "limit: {assets: 99999999999999999999}\n", `job.yaml:4:17: limit.assets: 99999999999999999999 does not fit 64 bits`},
		{"not a number", head + body + "limit: {assets: .nan}\n", `job.yaml:4:17: limit.assets: .nan is no number that a job file can have`},
		{"a hexadecimal number", head + body + "limit: {assets: 0x10}\n", `job.yaml:4:17: limit.assets: write the number 0x10 in decimal digits, or quote it if it is text`},
		{"a duration without a unit", head + body + "fetch: {timeout: 20}\n", `job.yaml:4:18: fetch.timeout: "20" has no unit: 500ms, 20s, 1m30s, 2d`},
		{"a bad duration", head + body + "fetch: {timeout: 20 sec}\n", `job.yaml:4:18: fetch.timeout: "20 sec" is no duration: 500ms, 20s, 1m30s, 2d`},
		{"a negative duration", head + body + "pace: {delay: -1s}\n", `job.yaml:4:15: pace.delay: "-1s" is no duration: 500ms, 20s, 1m30s, 2d`},
		{"no time for a page", head + body + "fetch: {timeout: 0s}\n", `job.yaml:4:18: fetch.timeout is 0: nothing could be fetched in no time`},
		{"hours that are none", head + body + "pace: {hours: 22-6}\n", `job.yaml:4:15: pace.hours: "22-6" are no hours of the day: 22:00-06:00, or 22:00-06:00 Europe/Berlin (UTC without a zone)`},
		{"the whole day", head + body + "pace: {hours: 06:00-06:00}\n", `job.yaml:4:15: pace.hours: "06:00-06:00" is the whole day, which is the default: leave it out`},
		{"no time zone", head + body + "pace: {hours: 22:00-06:00 Europe/Berln}\n", `job.yaml:4:15: pace.hours: "Europe/Berln" is no time zone: Europe/Berlin, America/New_York, UTC`},
		{"a delay the wrong way round", head + body + "pace: {delay: 30s..20s}\n", `job.yaml:4:15: pace.delay: 30s is longer than 20s: put the shorter one first`},
		{"a bad size", head + body + "fetch: {max_body: 8 megs}\n", `job.yaml:4:19: fetch.max_body: "8 megs" is no size: 500kB, 8MiB, 1GiB, or bytes`},
		{"an unknown fetcher", head + body + "fetch: {via: crome}\n", `job.yaml:4:14: fetch.via is "crome"; it may be http, chrome: did you mean "chrome"?`},
		{
			"a name where an address belongs", head + body + "fetch: {allow_private: [localhost]}\n",
			`job.yaml:4:25: fetch.allow_private[0]: "localhost" is neither an address nor a prefix such as 127.0.0.0/8: a name could point anywhere`,
		},
		{
			"a name with a port", head + body + "fetch: {allow_private: ['localhost:80']}\n",
			`job.yaml:4:25: fetch.allow_private[0]: "localhost:80" is neither an address nor a prefix such as 127.0.0.0/8: a name could point anywhere`,
		},
		{"keys where an address belongs", head + body + "fetch: {allow_private: [{127.0.0.1: 80}]}\n", `job.yaml:4:25: fetch.allow_private[0] wants a text, got keys and values`},
		{
			"a port that is none", head + body + "fetch: {allow_private: ['127.0.0.1:http']}\n",
			`job.yaml:4:25: fetch.allow_private[0]: "127.0.0.1:http" has a port that is not from 1 to 65535`,
		},
		{"a URL where a host belongs", head + body + "fetch: {credentials_to: ['https://b.example']}\n", `job.yaml:4:26: fetch.credentials_to[0]: "https://b.example" is not a host: give HOST or HOST:PORT, for example images.shop.example`},
		{"a header of the fetcher's own", head + body + "fetch: {headers: {host: a}}\n", `job.yaml:4:25: fetch.headers.host: the fetcher sets this header itself`},
		{"a header with a line break", head + body + "fetch: {headers: {X-A: \"a\\nb\"}}\n", `job.yaml:4:24: fetch.headers.X-A has a line break or a control character`},
		{"a bad selector", head + "fields:\n  a: {css: \"p[\"}\n", `job.yaml:4:12: fields.a.css: bad selector "p[": character 3: the name of an attribute is missing after [: found the end`},
		{
			"a selector to wait for that only fields know", head + body + "fetch: {via: chrome, wait: [{css: 'p:contains(a)'}]}\n",
			"job.yaml:4:35: fetch.wait[0].css: bad selector \"p:contains(a)\": character 2: a browser knows no :contains: give `matches` next to css",
		},
		{"a bad selector to wait for", head + body + "fetch: {via: chrome, wait: [{css: 'p['}]}\n", `job.yaml:4:35: fetch.wait[0].css: bad selector "p[": character 3: the name of an attribute is missing after [: found the end`},
		{"a wait for nothing", head + body + "fetch: {via: chrome, wait: [{attr: src}]}\n", `job.yaml:4:29: fetch.wait[0]: a wait has css, any or stable`},
		{"a bad pattern", head + "fields:\n  a:\n    css: p\n    match: '('\n", "job.yaml:6:12: fields.a.match: bad regular expression: missing closing ): `(`"},
		{"a bad XPath", head + "fields: {a: {xpath: '//a['}}\n", `job.yaml:3:21: fields.a.xpath: bad xpath "//a[": `},
		{"a bad JSON path", head + "fields: {a: {json: 'a.#(b'}}\n", `job.yaml:3:20: fields.a.json: bad path "a.#(b": '(' is not closed`},
		{
			"a field without a source", head + "fields:\n  a: {match: x}\n",
			`job.yaml:4:3: fields.a: gives no place to look: give css, xpath, text, regex, meta, json, jsonld, microdata, opengraph, table, article, pdf, feed, column, asset or first`,
		},
		{"a field with two sources", head + "fields:\n  a: {css: p, meta: x}\n", `job.yaml:4:3: fields.a: looks in two places, css and meta: give only one of them, or first`},
		{"a source that is empty", head + "fields:\n  a: {css: ''}\n", `job.yaml:4:12: fields.a.css is empty`},
		{"a field with a taken name", head + "fields:\n  status: {css: p}\n", `job.yaml:4:3: fields.status: the name status is reserved for the task in expressions and keys`},
		{"a field named like a word of expressions", head + "fields:\n  not: {css: p}\n", `job.yaml:4:3: fields.not: not is a word of expressions, not a name`},
		{"an unknown type", head + "fields: {a: {css: p, type: integer}}\n", `job.yaml:3:28: fields.a.type is "integer"; it may be string, int, float, decimal, bool, date, price: did you mean "int"?`},
		{
			"an alternative that is wrong", head + "fields:\n  a:\n    first:\n      - css: p\n      - {css: p, match: '['}\n",
			"job.yaml:7:25: fields.a.first[1].match: bad regular expression: missing closing ]: `[`",
		},
		{"an unknown field in a verdict", head + body + "verdict:\n  - skip: tilte == nil\n", `job.yaml:5:11: verdict[0].skip: unknown name "tilte" in the expression: did you mean "title"?`},
		{
			"an expression that is none", head + body + "verdict: [{skip: \"title ==\"}]\n",
			`job.yaml:4:18: verdict[0].skip: does not compile: unexpected token EOF (character 8)`,
		},
		{
			"an expression of the wrong type", head + body + "verdict: [{skip: \"title > 5\"}]\n",
			`job.yaml:4:18: verdict[0].skip: title is a text: add type: float to the field (character 7)`,
		},
		{"a rule without a state", head + body + "verdict:\n  - {why: because}\n", `job.yaml:5:5: verdict[0]: a rule has one of skip, stale, error, fail and done`},
		{"an index on what is no list", head + body + "assets: {front: {url: 'title[0]'}}\n", `job.yaml:4:23: assets.front.url: title is not a list: give the field all: true`},
		{"a list as a URL", head + body + "assets: {front: {url: images}}\n", `job.yaml:4:23: assets.front.url: images is a list: add all: true to store each file, or name one: images[0]`},
		{"an asset without a URL", head + body + "assets:\n  front: {optional: true}\n", `job.yaml:5:3: missing key "url" in assets.front`},
		{
			"a crop outside its reference", head + body + "assets: {front: {url: 'images[0]', image: {crop: {of: 100x100, box: [0, 0, 101, 50]}}}}\n",
			`job.yaml:4:64: assets.front.image.crop.box: the box [0, 0, 101, 50] is outside the reference of 100x100`,
		},
		{
			"a crop of three edges", head + body + "assets: {front: {url: 'images[0]', image: {crop: {of: 100x100, box: [0, 0, 1]}}}}\n",
			`job.yaml:4:69: assets.front.image.crop.box wants [left, top, right, bottom], got a list of 3`,
		},
		{"an unknown name in the key", head + body + "store: {key: \"{titel}/{id}\"}\n", `job.yaml:4:14: store.key: unknown name {titel} in the key: did you mean "title"?`},
		{"a near format", head + body + "assets: {front: {url: 'images[0]', image: {to: jpg}}}\n", `job.yaml:4:48: assets.front.image.to is "jpg"; it may be png, jpeg, webp: did you mean "jpeg"?`},
		{
			"a key that contradicts to", head + body + "assets: {front: {url: 'images[0]', image: {to: jpeg}}}\nstore: {key: '{id}.png'}\n",
			`job.yaml:5:14: store.key: "{id}.png" ends in .png, and front is stored as jpeg: end it in .{ext} or .jpg`,
		},
		{"a list in the key", head + body + "store: {key: \"{images}/{id}\"}\n", `job.yaml:4:14: store.key: {images} is a list or an object: a key takes one value`},
		{"a key that leaves the store", head + body + "store: {key: \"../{id}\"}\n", `job.yaml:4:14: store.key: "../{id}" has the path element ".."`},
		{"an unknown store", head + body + "store: {url: 'gcs://bucket'}\n", `job.yaml:4:14: store.url begins with none of file:, gs:, s3:, azblob:, mem:: did you mean "gs:"?`},
		{"a frontier that is none", head + body + "frontier: mysql://a\n", `job.yaml:4:11: frontier begins with none of sqlite:, postgres:, postgresql:, cloudsql:`},
		{
			"from greater than to", "job: a\nseeds:\n  ids: {from: 9, to: 5}\n  url: https://a.example/{id}\n" + body,
			`job.yaml:3:15: seeds.ids: from 9 is greater than to 5`,
		},
		{
			"leading zeros", "job: a\nseeds:\n  ids: {from: 0123, to: 500}\n  url: https://a.example/{id}\n" + body,
			`job.yaml:3:15: seeds.ids.from: the number 0123 has leading zeros, which YAML can read as octal: quote it if it is text, use width to pad IDs`,
		},
		{
			"leading zeros in a default", head + "fields: {a: {css: p, or: 007}}\n",
			`job.yaml:3:26: fields.a.or: the number 007 has leading zeros, which YAML can read as octal: quote it if it is text, use width to pad IDs`,
		},
		{
			"a start outside the space", "job: a\nseeds:\n  ids: {from: 1, to: 5, start: [2, 6]}\n  url: https://a.example/{id}\n" + body,
			`job.yaml:3:36: seeds.ids.start[1]: 6 is outside the ID space of 1 to 5`,
		},
		{"ids without a URL", "job: a\nseeds:\n  ids: {from: 1, to: 5}\n" + body, `job.yaml:3:3: seeds.ids needs seeds.url, the URL of an ID: https://a.example/{id}`},
		{
			"ids and pages", "job: a\nseeds:\n  ids: {from: 1, to: 5}\n  url: https://a.example/{id}\n  urls: [https://a.example/]\n" + body,
			`job.yaml:5:3: seeds.urls and seeds.ids contradict each other: list the pages, or give an ID space`,
		},
		{"a URL without {id}", "job: a\nseeds: {url: https://a.example/}\n" + body, `job.yaml:2:14: seeds.url "https://a.example/" has no {id}: a single page goes into seeds.urls`},
		{"a wrong name in the URL", "job: a\nseeds: {url: 'https://a.example/{ids}/{id}'}\n" + body, `job.yaml:2:14: seeds.url: unknown name {ids}: the template takes {id}: did you mean "id"?`},
		{"a URL of another kind", "job: a\nseeds: {url: 'ftp://a.example/{id}'}\n" + body, `job.yaml:2:14: seeds.url "ftp://a.example/{id}": `},
		{"an ID for a page", "job: a\nseeds: {urls: [ash-bed-mitte]}\n" + body, `job.yaml:2:16: seeds.urls[0]: "ash-bed-mitte" is an ID: give seeds.url, for example https://shop.example/p/{id}`},
		{"a number for a page", "job: a\nseeds: {urls: ['00417']}\n" + body, `job.yaml:2:16: seeds.urls[0]: "00417" is an ID: give seeds.url, for example https://shop.example/p/{id}`},
		{"a host for a page", "job: a\nseeds: {urls: [shop.example/p]}\n" + body, `job.yaml:2:16: seeds.urls[0]: "shop.example/p": no http or https URL`},
		{"a page that is no URL", "job: a\nseeds: {urls: [https://a.example/, 'mailto:a@b.example']}\n" + body, `job.yaml:2:36: seeds.urls[1]: "mailto:a@b.example": no http or https URL`},
		{"a reserved page kind", "job: a\nseeds: {urls: [https://a.example/]}\npages:\n  _sitemap:\n    fields: {n: {css: a}}\n", `job.yaml:4:3: pages._sitemap: a page kind's name begins with no "_"; rename the kind`},
		{"seeds that give nothing", "job: a\nseeds: {}\n" + body, `job.yaml:2:1: seeds gives no start: give ids and url, urls, sitemap, file, or url alone if ids are added later`},
		{"exploring without a space", head + body + "explore: {strategy: chain}\n", `job.yaml:4:1: explore needs an ID space: give seeds.ids`},
		{"no job", "seeds: {urls: [https://a.example/]}\n" + body, `job.yaml:1:1: missing key "job"`},
		{"no seeds", "job: a\n" + body, `job.yaml:1:1: missing key "seeds"`},
		{"no fields", head, `job.yaml:1:1: missing key "fields"`},
		{"a name that is none", "job: 'a b'\nseeds: {urls: [https://a.example/]}\n" + body, `job.yaml:1:6: job: the name "a b" may hold letters, digits, '.', '_' and '-', and begins with a letter or digit`},
		{"a key that is defined twice", head + body + "fields:\n  b: {css: p}\n", `job.yaml:4:1: the key "fields" is defined twice, first on line 3`},
		{"several documents", head + body + "---\njob: b\n", `job.yaml:4:1: a second document, but a job file is one job`},
		{"an empty file", "", `job.yaml:1:1: the file is empty`},
		{"only a comment", "# later\n", `job.yaml:1:1: the file is empty`},
		{"a list as a file", "- a\n", `job.yaml:1:1: the file wants keys and values, got a list`},
		{"not UTF-8", "job: a\ncontact: \"\xff\"\n", `job.yaml:2:11: the byte 0xff is no UTF-8`},
		{"a control character", "job: a\ncontact: \"\x01\"\n", `job.yaml:2:11: the control character U+0001 does not belong in a job file`},
		{"a tab", "job: a\nseeds:\n\turls: []\n", `job.yaml:3:1: a tab cannot indent: use spaces`},
		{"no end of a list", "job: a\nseeds: {urls: [\n", `job.yaml:3:1: did not find expected node content`},
		{"a tag", head + body + "contact: !!str 5\n", `job.yaml:4:10: the tag !!str, which a job file cannot have: quote the text`},
		{"a merge key", head + body + "pace:\n  <<: {delay: 1s}\n", `job.yaml:5:3: a merge key: write the keys out`},
		{"an alias of nothing", head + body + "contact: *a\n", `job.yaml:4:10: the alias has no anchor before it: quote a text that begins with *`},
		{"a list that is not closed", head + body + "pace: {hosts: [a\nretry: {error: 1}\n", `job.yaml:5:6: did not find expected ',' or ']': close the list, or quote a text that holds brackets or braces (while parsing a flow sequence that begins at 4:15)`},
		{"a text with braces", head + body + "pace: {delay: ${X:-1s}}\n", `job.yaml:4:16: did not find expected ',' or '}': close the list, or quote`},
		{"a directive", "%YAML 1.2\n---\n" + head + body, `job.yaml:1:1: a directive, which a job file cannot have`},
		{"a list as a key", head + body + "? [a]\n: b\n", `job.yaml:4:3: a key is a name, not a list, a mapping or an alias`},
		{"a text with a colon", head + body + "contact: a: b\n", `job.yaml:4:11: mapping values are not allowed in this context: quote a text that holds a colon and a space`},
		{"a variable that is not set", head + body + "contact: ${NOBODY}\n", `job.yaml:4:10: the environment has no NOBODY, and ${NOBODY} has no default: ${NOBODY:-…}`},
		{"a variable that is none", head + body + "contact: '${1}'\n", `job.yaml:4:10: a variable is ${NAME} or ${NAME:-default}; $${ is a dollar sign and a brace`},
		{"a key of a section at the top", head + body + "delay: 1s\n", `job.yaml:4:1: unknown key "delay": it is a key of pace, pace.assets`},
		{"a key of another section", head + body + "fetch: {backoff: 1s}\n", `job.yaml:4:9: unknown key "backoff" in fetch: it is a key of retry`},
		{"a key of another scraper", head + body + "start_urls: [https://a.example/]\n", `job.yaml:4:1: unknown key "start_urls": give seeds: {urls: […]}`},
		{"a key of another scraper in a field", head + "fields: {a: {selector: h1}}\n", `job.yaml:3:14: unknown key "selector" in fields.a: give css or xpath`},
		{"a key that nothing has", head + body + "verdict: [{drop: a == nil}]\n", `job.yaml:4:12: unknown key "drop" in verdict[0]: there are skip, stale, error, fail, done, why`},
		{"a text for a field", head + "fields: {a: h1}\n", `job.yaml:3:13: fields.a wants keys and values, got the text "h1": give a: {css: h1}`},
		{"a list of seeds", "job: a\nseeds: [https://a.example/]\n" + body, `job.yaml:2:8: seeds wants keys and values, got a list: give seeds: {urls: […]}`},
		{"a URL for seeds", "job: a\nseeds: https://a.example/\n" + body, `job.yaml:2:8: seeds wants keys and values, got the text "https://a.example/": give seeds: {urls: [https://a.example/]}`},
		{"a comment for a value", head + "fields: {a: {css: #x}}\n", `job.yaml:4:1: did not find expected node content: a value is missing; quote a text that begins with #`},
		{"a star", head + "fields: {a: {css: *}}\n", `job.yaml:3:20: did not find expected alphabetic or numeric character: quote a text that begins with * or &`},
		{"an escape", head + `fields: {a: {css: p, match: "\d"}}` + "\n", `job.yaml:3:30: found unknown escape character: a backslash in double quotes`},
		{"a quotation mark", head + "fields: {a: {xpath: '//a[@x='1']'}}\n", `job.yaml:4:1: found unexpected end of stream: close the quotation mark`},
		{"one equals sign", head + body + "verdict: [{skip: title = 'x'}]\n", `job.yaml:4:18: verdict[0].skip: does not compile: unexpected token Operator("=") (character 7): two values are equal with ==`},
		{"a word of another language", head + body + "verdict: [{skip: title == null}]\n", `job.yaml:4:18: verdict[0].skip: unknown name "null" in the expression: write nil`},
		{"columns count letters", head + "fields: {a: {css: 'é', match: '('}}\n", "job.yaml:3:31: fields.a.match: bad regular expression: missing closing ): `(`"},
		{"lines end as Windows ends them", strings.ReplaceAll(head+body+"fetchh: {via: http}\n", "\n", "\r\n"), `job.yaml:4:1: unknown key "fetchh": did you mean "fetch"?`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := mistakes(t, tt.src)
			if strings.Contains(got, "\n") || !strings.HasPrefix(got, tt.want) || tt.want == "" {
				t.Errorf("Parse(%q) says\n%s\nwant\n%s", tt.src, got, tt.want)
			}
		})
	}
}

func TestAllMistakesComeAtOnceInTheOrderOfTheirPlaces(t *testing.T) {
	t.Parallel()
	src := `job: "a b"
seeds:
  ids: {from: 9, to: 5, widht: 3}
fields:
  grade: {css: "p[", match: "("}
verdict:
  - {skip: "gread == nil"}
store: {key: "{gade}"}
retry: {eror: 3}
`
	want := `job.yaml:1:6: job: the name "a b" may hold letters, digits, '.', '_' and '-', and begins with a letter or digit
job.yaml:3:3: seeds.ids needs seeds.url, the URL of an ID: https://a.example/{id}
job.yaml:3:15: seeds.ids: from 9 is greater than to 5
job.yaml:3:25: unknown key "widht" in seeds.ids: did you mean "width"?
job.yaml:5:16: fields.grade.css: bad selector "p[": character 3: the name of an attribute is missing after [: found the end
job.yaml:5:29: fields.grade.match: bad regular expression: missing closing ): ` + "`(`" + `
job.yaml:7:12: verdict[0].skip: unknown name "gread" in the expression: did you mean "grade"?
job.yaml:8:14: store.key: unknown name {gade} in the key: did you mean "grade"?
job.yaml:8:14: store.key: "{gade}" has neither {id} nor {key}: all tasks would share a file
job.yaml:9:9: unknown key "eror" in retry: did you mean "error"?`
	if got := mistakes(t, src); got != want {
		t.Errorf("mistakes:\n%s\nwant:\n%s", got, want)
	}
}

func TestAFileOverItsBoundsIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, src, want string }{
		{"bytes", strings.Repeat("#\n", maxBytes/2+1), "at most 1048576"},
		{"brackets", "a: " + strings.Repeat("[", 100_000), "more than 64 levels deep"},
		{"braces", "a: " + strings.Repeat("{a: ", 10_000), "more than 64 levels deep"},
		{"dashes", strings.Repeat("- ", 10_000), "more than 64 levels deep"},
		{"keys", distinct(20_000), "more than 10000 keys"},
		{"anchors", "a: [" + strings.Repeat("&a b, ", 200) + "]", "more than 100 anchors"},
		{"nested by indentation", nested(200), "more than 64 levels deep"},
		{"an alias bomb", bomb(), "more than 200000 values"},
		{"quotes", strings.Repeat(`"`, maxBytes), "did not find expected <document start>"},
		{"empty lists", "a: [" + strings.Repeat("[],", maxBraces), "more than 100000 brackets"},
		{"an alias in itself", head + body + "fetch: &a {wait: [*a]}\n", "stands inside itself"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := mistakes(t, tt.src); !strings.Contains(got, tt.want) {
				t.Errorf("says %.200q; want %q in it", got, tt.want)
			}
		})
	}
}

func nested(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// bomb writes ten of the one before, nine times.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 x\n")
	for i := 1; i < 10; i++ {
		b.WriteString("a" + string(rune('0'+i)) + ": &a" + string(rune('0'+i)) + " [")
		for range 9 {
			b.WriteString("*a" + string(rune('0'+i-1)) + ", ")
		}
		b.WriteString("]\n")
	}
	return b.String()
}

func distinct(keys int) string {
	var b strings.Builder
	for i := range keys {
		fmt.Fprintf(&b, "k%d: b\n", i)
	}
	return b.String()
}
