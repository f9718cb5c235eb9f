package frontier

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seinehq/seine"
)

// The states of table stat in addition to the final ones.
const (
	StatTotal   = 0
	StatRecords = 10
	StatAssets  = 11

	// StatRead counts records by the digest of their rules, and the verdicts of pages that the site
	// served: see [DriftCounts]. StatMissing counts the fields without a
	// value by digest and name: see [FieldReason].
	StatRead    = 20
	StatMissing = 21

	// StatLeftOut counts links that were not admitted, by reason.
	StatLeftOut = 30

	// StatVia counts pages of kinds with several fetchers, by kind and fetcher: see
	// [Completion.Via].
	StatVia = 40
)

// NewCounts returns counters at zero.
func NewCounts() Counts { return Counts{Final: map[seine.State]int64{}} }

// Add adds the sum of one state of table stat.
func (c *Counts) Add(state int, n int64) {
	switch state {
	case StatTotal:
		c.Total += n
		c.Open += n
	case StatRecords:
		c.Records += n
	case StatAssets:
		c.Assets += n
	case StatRead, StatMissing, StatLeftOut, StatVia:
	default:
		c.Final[seine.State(state)] += n
		c.Open -= n
	}
}

// AddAll adds the sums of table stat, as a JSON object by state.
func (c *Counts) AddAll(sums []byte) error {
	var of map[int]int64
	if err := json.Unmarshal(sums, &of); err != nil {
		return fmt.Errorf("counters: %w", err)
	}
	for state, n := range of {
		c.Add(state, n)
	}
	return nil
}

// States splits the counters by state. An open task is in progress, waits for a retry, or is
// pending.
func (c *Counts) States(inProgress, waitError, waitStale int64) map[seine.State]int64 {
	return map[seine.State]int64{
		seine.Pending:    max(0, c.Open-inProgress-waitError-waitStale),
		seine.InProgress: inProgress,
		seine.Done:       c.Final[seine.Done],
		seine.Skipped:    c.Final[seine.Skipped],
		seine.Stale:      c.Final[seine.Stale] + waitStale,
		seine.Error:      c.Final[seine.Error] + waitError,
	}
}

// FieldReason returns the reason under which table stat counts a field in the records that rules
// with a digest find on pages of a kind. An empty field stands for the records themselves.
func FieldReason(digest []byte, page, field string) string {
	if page != "" {
		page = "@" + strings.ReplaceAll(page, "/", "_")
	}
	return CleanReason(digestReason(digest) + page + "/" + field)
}

func digestReason(digest []byte) string { return hex.EncodeToString(digest[:min(len(digest), 8)]) }

// FieldDeltas adds the counts of the records of a completion, quarantined ones included, to moved,
// by state and reason of table stat.
func FieldDeltas(c Completion, moved func(state int, reason string)) {
	count := func(r Record) {
		moved(StatRead, FieldReason(r.Digest, c.Page, ""))
		for _, field := range r.Missing {
			moved(StatMissing, FieldReason(r.Digest, c.Page, field))
		}
	}
	for _, r := range c.Records {
		count(r)
	}
	for _, q := range c.Quarantined {
		count(q.Record)
	}
	driftDeltas(c, moved)
	if c.Via != "" {
		moved(StatVia, viaReason(c.Page, c.Via))
	}
}

// viaReason is the reason under which table stat counts the fetcher of pages of a kind.
func viaReason(page string, via seine.Via) string {
	return CleanReason(strings.ReplaceAll(page, "/", "_") + "/" + string(via))
}

// A ViaCount counts the pages of a kind that a fetcher got.
type ViaCount struct {
	Page string
	Via  seine.Via
	N    int64
}

// ViaCounts reads rows of table stat with the state StatVia, sorted by page kind and fetcher.
func ViaCounts(counters []LeftOut) (out []ViaCount) {
	for _, c := range counters {
		page, via, _ := strings.Cut(c.Reason, "/")
		out = append(out, ViaCount{page, seine.Via(via), c.N})
	}
	slices.SortFunc(out, func(a, b ViaCount) int { return cmp.Or(cmp.Compare(a.Page, b.Page), cmp.Compare(a.Via, b.Via)) })
	return out
}

// fieldOf returns the page kind and the field of a reason of the rules with a digest.
func fieldOf(digest []byte, reason string) (page, field string, ok bool) {
	rest, ok := strings.CutPrefix(reason, digestReason(digest))
	page, field, found := strings.Cut(strings.TrimPrefix(rest, "@"), "/")
	return page, field, ok && found && (page == "" || rest[0] == '@')
}

// A FieldCount counts the records in which a field has no value.
type FieldCount struct {
	Field            string
	Missing, Records int64

	// Page is the page kind of the records.
	Page string
}

const (
	// nearlyAll is the share of records without a value from which on a field is listed.
	nearlyAll = 0.95

	// fewRecords is the number of records below which a field is listed only if every record lacks
	// it. Among few pages, one page with a value may be the rule.
	fewRecords = 20
)

// NullFields returns the fields without a value in all or nearly all records of the rules with a
// digest, sorted by page kind and name. counters are rows of table stat with the states StatRead
// and StatMissing.
func NullFields(digest []byte, counters []ReasonCount) []FieldCount {
	var (
		records = map[string]int64{} // by page kind
		missing = map[FieldCount]int64{}
	)
	for _, c := range counters {
		page, field, ok := fieldOf(digest, c.Reason)
		if !ok {
			continue
		}
		switch int(c.State) {
		case StatRead:
			if field == "" {
				records[page] += c.Count
			}
		case StatMissing:
			missing[FieldCount{Page: page, Field: field}] += c.Count
		}
	}
	var out []FieldCount
	for f, n := range missing {
		all := records[f.Page]
		if n >= all || all >= fewRecords && float64(n) >= nearlyAll*float64(all) {
			f.Missing, f.Records = min(n, all), all
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b FieldCount) int {
		return cmp.Or(strings.Compare(a.Page, b.Page), strings.Compare(a.Field, b.Field))
	})
	return out
}

// PageCount counts tasks of a page kind: the sum of a state of table stat, or open tasks that are
// in progress or wait in error or stale.
type PageCount struct {
	Page  string
	State int
	N     int64
}

// PagesOf returns the states of the tasks by page kind, from rows of table stat and from open
// tasks. It returns nil if no task has a page kind.
func PagesOf(stats, open []PageCount) []PageStatus {
	counts, waits := map[string]Counts{}, map[string]map[seine.State]int64{}
	for _, s := range stats {
		if _, ok := counts[s.Page]; !ok {
			counts[s.Page], waits[s.Page] = NewCounts(), map[seine.State]int64{}
		}
		c := counts[s.Page]
		c.Add(s.State, s.N)
		counts[s.Page] = c
	}
	for _, o := range open {
		if w := waits[o.Page]; w != nil {
			w[seine.State(o.State)] += o.N
		}
	}
	var out []PageStatus
	for _, page := range slices.Sorted(maps.Keys(counts)) {
		c, w := counts[page], waits[page]
		if c.Total == 0 {
			continue
		}
		out = append(out, PageStatus{page, c.States(w[seine.InProgress], w[seine.Error], w[seine.Stale])})
	}
	if len(out) == 1 && out[0].Page == "" {
		return nil
	}
	return out
}
