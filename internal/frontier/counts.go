package frontier

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/seinehq/seine"
)

// The states of table stat in addition to the final ones.
const (
	StatTotal   = 0
	StatRecords = 10
	StatAssets  = 11

	// StatRead counts records by the digest of their rules. StatMissing counts the fields without a
	// value by digest and name: see [FieldReason].
	StatRead    = 20
	StatMissing = 21
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
	case StatRead, StatMissing:
	default:
		c.Final[seine.State(state)] += n
		c.Open -= n
	}
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

// FieldReason returns the reason under which table stat counts a field in the records of rules with
// a digest. An empty field stands for the records themselves.
func FieldReason(digest []byte, field string) string {
	return CleanReason(hex.EncodeToString(digest[:min(len(digest), 8)]) + "/" + field)
}

// FieldDeltas adds the counts of records to moved, by state and reason of table stat.
func FieldDeltas(records []Record, moved func(state int, reason string)) {
	for _, r := range records {
		moved(StatRead, FieldReason(r.Digest, ""))
		for _, field := range r.Missing {
			moved(StatMissing, FieldReason(r.Digest, field))
		}
	}
}

// A FieldCount counts the records in which a field has no value.
type FieldCount struct {
	Field            string
	Missing, Records int64
}

const (
	// nearlyAll is the share of records without a value from which on a field is listed.
	nearlyAll = 0.95

	// fewRecords is the number of records below which a field is listed only if every record lacks
	// it. Among few pages, one page with a value may be the rule.
	fewRecords = 20
)

// NullFields returns the fields without a value in all or nearly all records of the rules with a
// digest, sorted by name. counters are rows of table stat with the states StatRead and StatMissing.
func NullFields(digest []byte, counters []ReasonCount) []FieldCount {
	prefix := FieldReason(digest, "")
	var records int64
	for _, c := range counters {
		if int(c.State) == StatRead && c.Reason == prefix {
			records += c.Count
		}
	}
	missing := map[string]int64{}
	for _, c := range counters {
		if field, ok := strings.CutPrefix(c.Reason, prefix); ok && int(c.State) == StatMissing {
			missing[field] += c.Count
		}
	}
	var out []FieldCount
	for field, n := range missing {
		if n >= records || records >= fewRecords && float64(n) >= nearlyAll*float64(records) {
			out = append(out, FieldCount{field, min(n, records), records})
		}
	}
	slices.SortFunc(out, func(a, b FieldCount) int { return strings.Compare(a.Field, b.Field) })
	return out
}
