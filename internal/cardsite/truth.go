// Package cardsite is a registry of graded trading cards for the demo, the examples and the tests.
// A seed decides its content. [Site.Truth] returns the expected result of a scraper, and
// [Site.Journal] lists all requests with their times.
//
// Ids come in clusters with gaps between them. The site has English, Japanese and other cards,
// grades 1 to 10 and unknown grades, and cards without a back. Some pages fail once, show another
// ID or nothing at first, or are limited or unavailable for a while. Decoys mislead a scraper that
// reads HTML as text: scripts, hidden elements and links name wrong grades and languages.
package cardsite

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/seinehq/seine"
)

// Kind is what an id holds.
type Kind string

// The kinds of IDs.
const (
	Absent   Kind = "absent"   // a gap: 404
	English  Kind = "english"  // a wanted card
	Japanese Kind = "japanese" // not English
	Other    Kind = "other"    // not the wanted game
)

// Trouble is what happens before a page shows itself.
type Trouble string

// Troubles of a page. All but AlwaysStale pass with the first request.
const (
	None        Trouble = ""
	OtherID     Trouble = "another id"
	NothingYet  Trouble = "nothing yet"
	AlwaysStale Trouble = "always stale"
	Fails       Trouble = "HTTP 500"
	Unavailable Trouble = "HTTP 503"
	Limited     Trouble = "HTTP 429"
	Reset       Trouble = "reset"
	Truncated   Trouble = "truncated" // the body ends in its middle
)

// Truth is the content of an ID, and the expected result of a job for wanted English cards with two
// images.
type Truth struct {
	ID      int64
	Kind    Kind
	Trouble Trouble

	// Grade is "1" to "10" or "unknown".
	Grade string

	// Name is the card's.
	Name string

	// Back reports that a picture of the back exists, and Large that each side has a larger
	// picture.
	Back                  bool
	LargeFront, LargeBack bool

	// State and Reason are the end that the example job comes to.
	State  seine.State
	Reason string
}

// Config defines the content of the site. Zero values mean the defaults.
type Config struct {
	// Seed decides everything. Default 1.
	Seed uint64

	// From and To are the first and last id. Default 70000000 and 70000199.
	From, To int64

	// Photos is a folder of JPEG or PNG files that stand on the cards instead
	// of the drawn ones.
	Photos string

	// Sparse makes one order in ten a wanted one, with long gaps between orders, as a space to
	// explore.
	Sparse bool

	// Calm leaves out every trouble, Without some.
	Calm    bool
	Without []Trouble

	// Plain serves pages without images.
	Plain bool

	// Stamps makes pictures a sixteenth as wide and high, which are cheap to draw and render by the
	// thousand.
	Stamps bool

	// Linked serves a third host, whose page of an ID is linked from the ID's page. Its robots.txt
	// forbids the IDs that end in 7 ([Site.Forbids]), is part of the journal and can meet storms.
	Linked bool

	// Visits makes each page show the number of its request, [Entry.Visit], in #visit, so that a
	// result identifies its request.
	Visits bool
}

var names = []string{"Charizard", "Pikachu", "Mewtwo", "Blastoise", "Venusaur", "Gengar", "Snorlax", "Eevee", "Lugia", "Gyarados"}

// plan defines the content of each ID.
func plan(cfg Config) []Truth {
	r := rand.New(rand.NewPCG(cfg.Seed, 0x5e1e))
	out := make([]Truth, 0, cfg.To-cfg.From+1)
	kind, left := Absent, int64(0)
	for id := cfg.From; id <= cfg.To; id++ {
		if left == 0 {
			if kind == Absent {
				left = 8 + r.Int64N(30)
				kind = []Kind{English, English, English, Japanese, Other}[r.IntN(5)]
				if cfg.Sparse && r.IntN(6) > 0 {
					kind = []Kind{Japanese, Other}[r.IntN(2)]
				}
			} else {
				left = 2 + r.Int64N(9)
				if cfg.Sparse {
					left += 5 + r.Int64N(30)
				}
				kind = Absent
			}
		}
		left--
		t := Truth{ID: id, Kind: kind, Grade: fmt.Sprint(1 + r.IntN(10)), Name: names[r.IntN(len(names))], Back: true, LargeFront: true, LargeBack: true}
		if kind != Absent && r.IntN(100) < 5 { // clusters are not pure
			t.Kind = []Kind{English, Japanese, Other, Absent}[r.IntN(4)]
		}
		if r.IntN(100) < 6 {
			t.Grade = "unknown"
		}
		if r.IntN(100) < 6 {
			t.Back = false
		}
		t.LargeFront, t.LargeBack = r.IntN(100) >= 8, r.IntN(100) >= 8
		if n := r.IntN(1000); t.Kind != Absent && !cfg.Calm {
			for _, p := range []struct {
				below   int
				trouble Trouble
			}{{30, OtherID}, {60, NothingYet}, {66, AlwaysStale}, {90, Fails}, {115, Unavailable}, {125, Limited}, {145, Reset}, {155, Truncated}} {
				if n < p.below {
					t.Trouble = p.trouble
					break
				}
			}
		}
		if slices.Contains(cfg.Without, t.Trouble) {
			t.Trouble = None
		}
		t.State, t.Reason = verdict(t)
		out = append(out, t)
	}
	return out
}

// verdict returns the expected verdict of the example job.
func verdict(t Truth) (seine.State, string) {
	switch {
	case t.Kind == Absent:
		return seine.Skipped, "no such id"
	case t.Trouble == AlwaysStale:
		return seine.Stale, "page did not load"
	case t.Kind == Other:
		return seine.Skipped, "not pokemon"
	case t.Kind == Japanese:
		return seine.Skipped, "not english"
	case !t.Back:
		return seine.Skipped, "images missing"
	}
	return seine.Done, ""
}

// Truth returns the content of an ID. ok is false outside of the site's IDs.
func (s *Site) Truth(id int64) (t Truth, ok bool) {
	if id < s.cfg.From || id > s.cfg.To {
		return Truth{}, false
	}
	return s.plan[id-s.cfg.From], true
}

// Truths lists every id.
func (s *Site) Truths() []Truth { return s.plan }
