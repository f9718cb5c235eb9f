package propose

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Job is a proposed job file.
type Job struct {
	Name    string
	Contact string // empty leaves a comment

	// URL is the page that was read. Seeds is the flow mapping of the seeds, and Scope the pattern
	// of the pages that count, empty for those of the seeds' hosts.
	URL, Seeds, Scope string

	// Allow lists private addresses, and Chrome renders the pages.
	Allow  []string
	Chrome bool

	// Record keeps the responses.
	Record bool

	// Kinds are the page kinds. One kind without a name stands at the top level.
	Kinds []Kind
}

// Kind is a page kind of a proposal.
type Kind struct {
	Name, Comment string

	// Match are patterns of the kind's URLs.
	Match []string

	// None gives no record.
	None   bool
	Fields []Field

	// Each is the source of several records with a key and a condition, which may be empty. The
	// fields then belong to each record.
	Each, Key, Where string

	// Common are fields of the page beside Each.
	Common []Field

	Follow  []string
	Recrawl string

	// Assets are lines "name: rule".
	Assets []string
}

// SchemaFile is the JSON Schema of the job file, beside it. Modeline names it for editors.
const (
	SchemaFile = ".seine.schema.json"
	Modeline   = "# yaml-language-server: $schema=" + SchemaFile + "\n"
)

// Pages returns the seeds of one page.
func Pages(at string) string { return "{urls: [" + strconv.Quote(at) + "]}" }

// Sitemap returns the seeds of a site with a sitemap.
func Sitemap(at string) string { return "{urls: [" + strconv.Quote(at) + "], sitemap: auto}" }

var digits = regexp.MustCompile(`\d{2,}`)

// spaceSize is the number of IDs that are proposed.
const spaceSize = 100

// IDs returns the seeds of an ID space around the last number of a URL, and its template. ok is
// false if the URL has no number of at least two digits after its host.
func IDs(at string) (seeds string, ok bool) {
	u, err := url.Parse(at)
	if err != nil {
		return "", false
	}
	start := strings.Index(at, u.Host) + len(u.Host)
	all := digits.FindAllStringIndex(at[start:], -1)
	if len(all) == 0 {
		return "", false
	}
	// The longest number is the most likely ID.
	span := all[0]
	for _, s := range all {
		if s[1]-s[0] > span[1]-span[0] {
			span = s
		}
	}
	id := at[start+span[0] : start+span[1]]
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return "", false
	}
	template := at[:start+span[0]] + "{id}" + at[start+span[1]:]
	width := ""
	if id[0] == '0' {
		width = fmt.Sprintf(", width: %d", len(id))
	}
	return fmt.Sprintf("{url: %s, ids: {from: %d, to: %d%s}}", strconv.Quote(template), n, n+spaceSize-1, width), true
}

// Pattern returns the pattern of a URL and its siblings, "" if it has none.
func Pattern(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return ""
	}
	return patternOf(u)
}

// YAML returns the text of the job file.
func (j Job) YAML() string {
	var b strings.Builder
	b.WriteString(Modeline)
	b.WriteString("# Proposed by `seine init` from " + strings.Join(strings.Fields(j.URL), "%20") + "\n")
	b.WriteString("# `seine try` shows what the rules give. `seine schema` describes every key.\n")
	b.WriteString("job: " + j.Name + "\n# permission: \"who allowed this, and when\"\n")
	if j.Contact != "" {
		b.WriteString("contact: " + text(j.Contact) + "   # sent in the user agent\n")
	} else {
		b.WriteString("# contact: you@example.org   # sent in the user agent\n")
	}
	b.WriteString("seeds: " + j.Seeds + "\n")
	if j.Scope != "" {
		b.WriteString("scope: {match: " + text(j.Scope) + "}   # other pages of the sitemap are left out\n")
	}
	if strings.Contains(j.Seeds, "{id}") {
		b.WriteString("explore: {strategy: off}   # every ID; remove the line and a large space is explored\n")
	}
	var fetch []string
	if j.Chrome {
		fetch = append(fetch, "via: chrome")
	}
	if len(j.Allow) > 0 {
		fetch = append(fetch, `allow_private: ["`+strings.Join(j.Allow, `", "`)+`"]`)
	}
	if len(fetch) > 0 {
		b.WriteString("fetch: {" + strings.Join(fetch, ", ") + "}\n")
	}
	b.WriteString("pace: {delay: 1s..2s}   # between two requests to a host\nlimit: {tasks: 100}   # for a first run\n")
	if j.Record {
		b.WriteString("record_pages: true   # `seine reprocess` applies changed rules without a request\n")
	}
	if len(j.Kinds) == 1 && j.Kinds[0].Name == "" {
		j.Kinds[0].write(&b, "")
		return b.String()
	}
	b.WriteString("pages:\n")
	for _, k := range j.Kinds {
		b.WriteString("  " + k.Name + ":")
		if k.Comment != "" {
			b.WriteString("   # " + k.Comment)
		}
		b.WriteString("\n")
		k.write(&b, "    ")
	}
	return b.String()
}

func (k Kind) write(b *strings.Builder, in string) {
	switch len(k.Match) {
	case 0:
	case 1:
		b.WriteString(in + "match: " + text(k.Match[0]) + "\n")
	default:
		quoted := make([]string, len(k.Match))
		for i, m := range k.Match {
			quoted[i] = text(m)
		}
		b.WriteString(in + "match: [" + strings.Join(quoted, ", ") + "]\n")
	}
	if k.None {
		b.WriteString(in + "record: none\n")
	}
	if k.Recrawl != "" {
		b.WriteString(in + "recrawl: " + k.Recrawl + "\n")
	}
	if k.Each != "" {
		b.WriteString(in + "each:\n" + in + "  " + k.Each + "\n" + in + "  key: " + strconv.Quote(k.Key) + "\n")
		if k.Where != "" {
			b.WriteString(in + "  where: " + text(k.Where) + "\n")
		}
		writeFields(b, in+"  ", k.Fields)
		writeFields(b, in, k.Common)
	} else {
		writeFields(b, in, k.Fields)
	}
	if len(k.Assets) > 0 {
		b.WriteString(in + "assets:\n")
		for _, a := range k.Assets {
			b.WriteString(in + "  " + a + "\n")
		}
	}
	if len(k.Follow) > 0 {
		b.WriteString(in + "follow:\n")
		for _, f := range k.Follow {
			b.WriteString(in + "  - " + f + "\n")
		}
	}
}

func writeFields(b *strings.Builder, in string, list []Field) {
	if len(list) == 0 {
		return
	}
	wide := 0
	for _, f := range list {
		wide = max(wide, len(f.Name))
	}
	b.WriteString(in + "fields:\n")
	for _, f := range list {
		comment := ""
		if f.Comment != "" {
			comment = "   # " + strings.Join(strings.Fields(f.Comment), " ")
		}
		fmt.Fprintf(b, "%s  %-*s %s%s\n", in, wide+1, f.Name+":", f.Rule, comment)
	}
}

// IDOf returns the number of a URL that IDs takes as the ID.
func IDOf(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return ""
	}
	best := ""
	for _, id := range digits.FindAllString(at[strings.Index(at, u.Host)+len(u.Host):], -1) {
		if len(id) > len(best) {
			best = id
		}
	}
	return best
}
