package propose

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/internal/jobfile"
)

// Sources are the sources of fields that a line of a shell may begin with.
var Sources = []string{"css", "xpath", "text", "regex", "meta", "json", "jsonld", "microdata", "opengraph", "table", "article", "pdf", "feed"}

// Line turns a line of a shell into the flow mapping of a field. A line is a source with its text
// (css h1.title), a rule ({css: h1, attr: title}), or a selector alone. In "css a @href" the last
// word is an attribute.
func Line(line string) string {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "{") {
		return line
	}
	source, rest, found := strings.Cut(line, " ")
	known := false
	for _, s := range Sources {
		known = known || s == source && found
	}
	switch {
	case !known && (strings.HasPrefix(line, "/") || strings.HasPrefix(line, "(")):
		source, rest = "xpath", line
	case !known:
		source, rest = "css", line
	}
	rest = strings.TrimSpace(rest)
	pairs := []pair{{source, text(rest)}}
	if source == "css" {
		if at := strings.LastIndex(rest, " @"); at > 0 && word.MatchString(rest[at+2:]) {
			pairs = []pair{{"css", text(strings.TrimSpace(rest[:at]))}, {"attr", rest[at+2:]}}
		}
	}
	return rule(pairs...)
}

// Apply applies the rule of a field to a page and returns all its values. It fails with the mistake
// of the rule.
func Apply(ctx context.Context, page *seine.Page, rule string) ([]any, error) {
	all := rule
	if !strings.Contains(rule, "all:") {
		all = strings.TrimSuffix(strings.TrimSpace(rule), "}") + ", all: true}"
	}
	v, _, err := valueOf(ctx, page, all)
	if err != nil { // some rules give one value
		if v, _, err = valueOf(ctx, page, rule); err != nil {
			return nil, err
		}
	}
	switch v := v.(type) {
	case nil:
		return nil, nil
	case []any:
		return v, nil
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = s
		}
		return out, nil
	}
	return []any{v}, nil
}

// valueOf returns the value of a field with a rule, or why the page has none.
func valueOf(ctx context.Context, page *seine.Page, rule string) (v any, why string, err error) {
	file, err := jobfile.Parse("rule", fmt.Appendf(nil, "job: rule\nseeds: {urls: [%s]}\nfields: {value: %s}\nempty: ok\n", strconv.Quote(page.URL), rule),
		func(string) (string, bool) { return "", false })
	if err != nil {
		return nil, "", err
	}
	_, trace, err := file.Scraper.Explain(ctx, seine.Task{Job: "rule", Key: page.URL, ID: page.URL, URL: page.URL}, page)
	switch {
	case ctx.Err() != nil:
		return nil, "", context.Cause(ctx)
	case err != nil:
		return nil, "", err
	case trace == nil || len(trace.Fields) == 0:
		return nil, "", nil
	case empty(trace.Fields[0].Value):
		return nil, trace.Fields[0].Why, nil
	}
	return trace.Fields[0].Value, "", nil
}

// maxNames bounds the names of a page.
const maxNames = 5000

// Names returns the texts that complete a line for a page: the sources, the classes (.name) and the
// ids (#name) of its elements, sorted.
func Names(ctx context.Context, page *seine.Page) []string {
	names := map[string]bool{}
	for _, s := range Sources {
		names[s] = true
	}
	doc, err := html.ParseContext(ctx, page)
	if err != nil {
		return slices.Sorted(maps.Keys(names))
	}
	defer doc.Close()
	for _, n := range doc.All("[class], [id]") {
		for _, class := range strings.Fields(n.Attr("class")) {
			if word.MatchString(class) && len(names) < maxNames {
				names["."+class] = true
			}
		}
		if id := n.Attr("id"); word.MatchString(id) && len(names) < maxNames {
			names["#"+id] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Fields proposes the fields of a page about one thing, or of the records of a JSON body.
func Fields(ctx context.Context, page *seine.Page) ([]Field, error) {
	if list, ok := JSON(page.URL, page.Body); ok {
		return list.Fields, nil
	}
	doc, err := html.ParseContext(ctx, page)
	if err != nil {
		return nil, err
	}
	defer doc.Close()
	list, _ := Item(doc)
	out, _, err := Check(ctx, page, list)
	return out, err
}
