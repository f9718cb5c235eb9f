package extract

import (
	"context"
	"slices"

	"github.com/seinehq/seine"
)

// Scraper carries out a job's rules. It implements [seine.Scraper].
type Scraper struct {
	pages  []*pageRules
	source []byte
}

var _ seine.Scraper = (*Scraper)(nil)

// ReadFrom sets the text of the job file that holds the rules. Call it before the scraper is used.
func (s *Scraper) ReadFrom(source []byte) { s.source = source }

// Source returns the text of the job file, with unresolved secrets. It is nil for other rules.
func (s *Scraper) Source() []byte { return s.source }

// Compile checks the rules of a job's page kinds and returns a scraper that applies them, or all
// their problems in the order of the text.
func Compile(kinds ...Rules) (*Scraper, []Problem) {
	var (
		out      = &Scraper{}
		problems []Problem
		names    []string
	)
	for _, rules := range kinds {
		names = append(names, rules.Name)
	}
	for _, rules := range kinds {
		c := &compiler{pages: names}
		if rules.Name != "" {
			c.prefix = "pages." + rules.Name + "."
		}
		out.pages = append(out.pages, c.page(rules))
		for _, p := range c.problems {
			if !slices.Contains(problems, p) {
				problems = append(problems, p)
			}
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return out, nil
}

// page returns the rules of a task's page kind.
func (s *Scraper) page(name string) *pageRules {
	for _, p := range s.pages {
		if p.name == name {
			return p
		}
	}
	return s.pages[0]
}

// Scrape judges a page and returns what its job makes of it. It fails on a page
// that can't be read, or is over a bound.
func (s *Scraper) Scrape(ctx context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
	return s.page(task.Page).scrape(ctx, task, page, nil)
}

// Explain is [Scraper.Scrape] that tells how it came to its result, as far as
// it got when it fails.
func (s *Scraper) Explain(ctx context.Context, task seine.Task, page *seine.Page) (seine.Result, *Trace, error) {
	trace := &Trace{Fields: []FieldTrace{}, Rules: []RuleTrace{}, Assets: []AssetTrace{}, Links: []LinkTrace{}}
	result, err := s.page(task.Page).scrape(ctx, task, page, trace)
	return result, trace, err
}

// LeaveOut has clean take the secrets out of each value of an asset's path. That must happen before
// the value is sanitized, because a secret with replaced punctuation is not found afterwards. Call
// it before the scraper is used.
func (s *Scraper) LeaveOut(clean func(string) string) {
	for _, p := range s.pages {
		p.leaveOut = clean
	}
}

// Layout returns the layout of the job's files.
func (s *Scraper) Layout() *Layout {
	l := &Layout{}
	for _, p := range s.pages {
		p.layout(l)
	}
	if l.key == nil {
		l.key, _ = parseTemplate(DefaultKey)
	}
	l.compile()
	return l
}

// MostAssets is the most files that one page has; zero if a list has no bound of its own.
func (s *Scraper) MostAssets() int {
	most := 0
	for _, p := range s.pages {
		n, bounded := p.mostAssets()
		if !bounded {
			return 0
		}
		most = max(most, n)
	}
	return most
}

// Uses reports the parts of pages that the assets need: the raw bodies, and the blob: images.
func (s *Scraper) Uses() (raw, blobs bool) {
	for _, p := range s.pages {
		for _, a := range p.allAssets() {
			raw, blobs = raw || a.Body, blobs || !a.Body
		}
	}
	return raw, blobs
}

// KeepsRecords reports whether an asset may fail without its record.
func (s *Scraper) KeepsRecords() bool {
	return slices.ContainsFunc(s.pages, func(p *pageRules) bool {
		return slices.ContainsFunc(p.allAssets(), func(a *assetRule) bool { return a.OnFailure == seine.KeepRecord })
	})
}

// Columns lists the fields that go into records, in the order of the rules.
func (s *Scraper) Columns() []string {
	var names []string
	add := func(fields []*field) {
		for _, f := range fields {
			if !f.drop && !slices.Contains(names, f.name) {
				names = append(names, f.name)
			}
		}
	}
	for _, p := range s.pages {
		if p.kind == "" {
			continue
		}
		add(p.fields)
		for _, e := range p.each {
			add(e.fields)
		}
	}
	return names
}

// OneRecord reports whether each page has at most one record.
func (s *Scraper) OneRecord() bool {
	return !slices.ContainsFunc(s.pages, func(p *pageRules) bool { return len(p.each) > 0 })
}

// Follows reports whether pages lead to further pages.
func (s *Scraper) Follows() bool {
	return slices.ContainsFunc(s.pages, func(p *pageRules) bool { return p.links != nil && len(p.links.rules) > 0 })
}

// Outline describes a page kind for people.
type Outline struct {
	Name string

	// Record is the kind of the records, empty for none. Each means several records per page.
	Record string
	Each   bool

	Links []LinkOutline
}

// LinkOutline is a rule about links: where they are, and the page kind that they lead to.
type LinkOutline struct{ From, To string }

// Outline lists the page kinds in the order of the rules.
func (s *Scraper) Outline() []Outline {
	var out []Outline
	for _, p := range s.pages {
		o := Outline{Name: p.name, Record: p.kind, Each: len(p.each) > 0}
		if p.links != nil {
			for _, l := range p.links.rules {
				o.Links = append(o.Links, LinkOutline{l.from, l.to})
			}
		}
		out = append(out, o)
	}
	return out
}
