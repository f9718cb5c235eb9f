package cli

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sort"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/terminal"
)

// describePages prints the page kinds of a job, what each gives and what it leads to.
func (c *console) describePages(job *seine.Job, rules *extract.Scraper) {
	if rules == nil {
		return
	}
	for _, p := range rules.Outline() {
		if p.Name == "" && len(p.Links) == 0 && !p.Each {
			continue
		}
		gives := "no record"
		switch {
		case p.Each:
			gives = "several records " + p.Record
		case p.Record != "":
			gives = "record " + p.Record
		}
		name := p.Name
		if name == "" {
			name = "every page"
		}
		c.print("  page      %s: %s", name, gives)
		for _, l := range p.Links {
			to := l.To
			if to == "" {
				to = "by its URL"
			}
			if p.Name == "" {
				to = "the same"
			}
			c.print("            links %s → %s", terminal.Escape(l.From), to)
		}
	}
	c.printIgnored(about(job))
}

// describeSession prints how the job reaches its site, and how it is known there.
func (c *console) describeSession(job *seine.Job) {
	for _, at := range job.Fetch.Proxies {
		if u, err := url.Parse(at); err == nil {
			c.print("  proxy     %s", terminal.Escape(u.Scheme+"://"+u.Host))
		}
	}
	in := job.Session.LogIn
	switch {
	case !job.Session.Cookies:
		return
	case in == nil:
		c.print("  session   cookies of the job, no log-in")
	case len(in.Steps) > 0:
		c.print("  session   log-in at %s in %s of a browser", terminal.Escape(in.URL), counted(int64(len(in.Steps)), "step"))
	default:
		c.print("  session   log-in at %s with %s", terminal.Escape(in.URL), terminal.Escape(strings.Join(slices.Sorted(maps.Keys(in.Form)), ", ")))
	}
}

// linkJSON is a link that `try` found.
type linkJSON struct {
	URL  string `json:"url"`
	Rule string `json:"rule"`
	Page string `json:"page,omitempty"`

	// LeftOut is the reason why the link is not followed.
	LeftOut string `json:"left_out,omitempty"`
}

// linksOf returns the links that the rules found, with what discovery does with them.
func linksOf(job *seine.Job, task seine.Task, trace *extract.Trace) []linkJSON {
	out := []linkJSON{}
	if trace == nil {
		return out
	}
	for _, l := range trace.Links {
		link := linkJSON{URL: l.URL, Rule: l.Rule, Page: l.Page, LeftOut: l.Why}
		if l.Why == "" {
			of := discovery.Links(job, discovery.Finished{
				Task: task, Meta: discovery.Meta{Depth: task.Depth}, Follow: []seine.Follow{{URL: l.URL, Page: l.Page}},
			})
			if link.LeftOut = of[0].Why; link.LeftOut == "" {
				link.URL, link.Page = of[0].Key, of[0].Page
			}
		}
		out = append(out, link)
	}
	return out
}

// recordJSON is a record of a page that has several, or whose key is not the task's.
type recordJSON struct {
	Kind   string         `json:"kind"`
	Key    string         `json:"key"`
	Fields map[string]any `json:"fields"`
}

func recordsOf(records []seine.Record) []recordJSON {
	out := []recordJSON{}
	for _, r := range records {
		out = append(out, recordJSON{r.Kind, r.Key, r.Fields})
	}
	return out
}

// printRecords prints the records of a page with several. A single record is its fields.
func (c *console) printRecords(records []recordJSON) {
	if len(records) < 2 {
		return
	}
	c.print("  records   %d", len(records))
	for i, r := range records {
		if i == maxLinks {
			c.print("            … and %d more", len(records)-i)
			break
		}
		c.print("            %s %s  %s", r.Kind, terminal.Escape(r.Key), shorten(r.Fields))
	}
}

// maxLinks is the most links of one group that are shown to people.
const maxLinks = 20

// printLinks prints the links of a page. The followed ones come first, then the others by reason.
func (c *console) printLinks(links []linkJSON) {
	groups := map[string][]linkJSON{}
	for _, l := range links {
		groups[l.LeftOut] = append(groups[l.LeftOut], l)
	}
	whys := make([]string, 0, len(groups))
	for why := range groups {
		whys = append(whys, why)
	}
	sort.Strings(whys)
	for _, why := range whys {
		list := groups[why]
		if why == "" {
			c.print("  follow    %s", counted(len(list), "link"))
		} else {
			c.print("  left out  %s: %s", counted(len(list), "link"), terminal.Escape(why))
		}
		for i, l := range list {
			if i == maxLinks {
				c.print("            … and %d more", len(list)-i)
				break
			}
			page := ""
			if l.Page != "" && why == "" {
				page = " → " + l.Page
			}
			c.print("            %s%s", terminal.Escape(l.URL), page)
		}
	}
}

// pageJSON counts the tasks of a page kind by state.
type pageJSON struct {
	Page   string           `json:"page"`
	States map[string]int64 `json:"states"`
}

// leftOutJSON counts links that were not followed.
type leftOutJSON struct {
	Reason string `json:"reason"`
	Links  int64  `json:"links"`
}

func pagesOf(s frontier.Status) []pageJSON {
	out := []pageJSON{}
	for _, p := range s.Pages {
		states := map[string]int64{}
		for _, state := range seine.States {
			states[state.String()] = p.States[state]
		}
		name := p.Page
		if name == frontier.SitemapPage {
			name = "sitemaps"
		}
		out = append(out, pageJSON{name, states})
	}
	return out
}

func leftOutOf(s frontier.Status) []leftOutJSON {
	out := []leftOutJSON{}
	for _, l := range s.LeftOut {
		out = append(out, leftOutJSON{l.Reason, l.N})
	}
	return out
}

// viaJSON is the share of the pages of a kind that a fetcher got.
type viaJSON struct {
	Page  string  `json:"page"`
	Via   string  `json:"via"`
	N     int64   `json:"n"`
	Share float64 `json:"share"`
}

// viasOf returns the shares of the fetchers of page kinds with several.
func viasOf(s frontier.Status) []viaJSON {
	sums := map[string]int64{}
	for _, v := range s.Via {
		sums[v.Page] += v.N
	}
	out := []viaJSON{}
	for _, v := range s.Via {
		out = append(out, viaJSON{v.Page, string(v.Via), v.N, float64(v.N) / float64(sums[v.Page])})
	}
	return out
}

// printPages prints the counts by page kind, and the links that were not followed.
func (c *console) printPages(s frontier.Status) {
	if len(s.Pages) > 0 {
		t := c.table()
		for _, p := range s.Pages {
			var parts []string
			for _, state := range seine.States {
				if n := p.States[state]; n > 0 {
					parts = append(parts, fmt.Sprintf("%s %d", state, n))
				}
			}
			name := "page " + terminal.Escape(p.Page)
			switch p.Page {
			case frontier.SitemapPage:
				name = "sitemaps"
			case "":
				name = "pages"
			}
			_, _ = fmt.Fprintf(t, "  %s\t%s\n", name, strings.Join(parts, ", "))
		}
		_ = t.Flush()
	}
	for _, v := range viasOf(s) {
		c.print("  page %s by %s: %d (%.0f %%)", terminal.Escape(v.Page), v.Via, v.N, 100*v.Share)
	}
	for _, b := range s.Budgets {
		c.print("  budget %s is used up: %d pages, such as %s", terminal.Escape(b.Name), b.Max, terminal.Escape(b.Example))
	}
	for _, l := range s.LeftOut {
		c.print("  %d %s not followed: %s", l.N, number.Chosen(l.N, "link was", "links were"), terminal.Escape(l.Reason))
	}
}
