package propose

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Names of the counts of an answer with pages, as plainName writes them.
var (
	pageNames   = []string{"page", "currentpage", "pagenumber", "pageno", "pageindex", "number"}
	lastNames   = []string{"totalpages", "pagecount", "lastpage", "numpages", "pagestotal", "pages", "nbpages", "maxpage"}
	offsetNames = []string{"offset", "skip", "start", "startindex", "from"}
	sizeNames   = []string{"limit", "perpage", "pagesize", "itemsperpage", "size", "rows", "take", "maxresults", "hitsperpage"}
	totalNames  = []string{"total", "totalcount", "totalresults", "totalitems", "totalrecords", "totalelements", "numfound", "odatacount", "count", "nbhits", "recordstotal"}
	moreNames   = []string{"hasmore", "hasnext", "hasnextpage", "more", "moreresults"}
)

// counted is a count of an answer. path is empty without one.
type counted struct {
	key, path string
	n         int64
}

// count returns the first count with one of the names.
func count(around []object, names []string) (out counted) {
	for _, o := range around {
		for _, name := range names {
			key, v, _ := o.get(name)
			if n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64); err == nil && isNumber(v) {
				return counted{key, o.path(key), n}
			}
		}
	}
	return out
}

func isNumber(v any) bool {
	_, ok := v.(json.Number)
	return ok
}

func (c counted) field(name string) Field {
	return Field{Name: name, Rule: rule(pair{"json", text(c.path)}, pair{"type", "int"}, pair{"keep", "false"})}
}

// pages proposes how the next page is reached by its number or its offset: the fields that the
// rule computes with, and the rule. If the answer says that there is more and nothing leads there,
// note says so.
func pages(at string, around []object, items int) (common []Field, next, note string) {
	page, last := count(around, pageNames), count(around, lastNames)
	offset, size, total := count(around, offsetNames), count(around, sizeNames), count(around, totalNames)
	first := int64(1) // of the page numbers
	if page.n == 0 {
		first = 0
	}
	switch {
	case page.path != "" && last.path != "":
		if page.n+1-first < last.n {
			return []Field{page.field("page_now"), last.field("page_last")}, byNumber(at, "page", page.key, "page_now + 1", fmt.Sprintf("page_now + %d < page_last", 1-first)), ""
		}
		return nil, "", ""
	case page.path != "" && size.path != "" && total.path != "":
		if (page.n+1-first)*size.n < total.n {
			when := fmt.Sprintf("(page_now + %d) * page_size < page_total", 1-first)
			return []Field{page.field("page_now"), size.field("page_size"), total.field("page_total")}, byNumber(at, "page", page.key, "page_now + 1", when), ""
		}
		return nil, "", ""
	case offset.path != "" && total.path != "":
		step, list := strconv.Itoa(items), []Field{offset.field("offset_now"), total.field("total_now")}
		if size.path != "" && size.n > 0 {
			step, list = "offset_step", append(list, size.field("offset_step"))
		}
		if offset.n+int64(items) < total.n {
			return list, byNumber(at, "offset", offset.key, "offset_now + "+step, "offset_now + "+step+" < total_now"), ""
		}
		return nil, "", ""
	}
	for _, o := range around {
		for _, name := range moreNames {
			if key, v, _ := o.get(name); v == true {
				return nil, "", fmt.Sprintf("no next page was found, but %s is true: add a follow rule if you know its URL", o.path(key))
			}
		}
	}
	if total.path != "" && total.n > int64(items) {
		return nil, "", fmt.Sprintf("no next page was found, but %s is %d, and this page has %d records: add a follow rule if you know its URL", total.path, total.n, items)
	}
	return nil, "", ""
}

// byNumber returns the rule of the page after this one. The parameter of its URL is called as in
// this URL, or else as the count.
func byNumber(at, kind, key, value, when string) string {
	names := map[string][]string{"page": append([]string{"p", "pg"}, pageNames...), "offset": offsetNames}[kind]
	param := key
	if kind == "page" {
		param = "page"
	}
	path, query, _ := strings.Cut(at, "?")
	if u, err := url.Parse(path); err == nil {
		path = u.EscapedPath()
	}
	var kept []string
	for p := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(p, "=")
		is := false
		for _, n := range names {
			is = is || plainName(name) == n
		}
		switch {
		case p == "" || strings.ContainsAny(p, "{}"):
		case is:
			param = name
		default:
			kept = append(kept, p)
		}
	}
	to := path + "?" + strings.Join(append(kept, param+"={meta."+kind+"}"), "&")
	return rule(pair{"url", strconv.Quote(to)}, pair{"meta", rule(pair{kind, strconv.Quote(value)})}, pair{"when", strconv.Quote(when)})
}
