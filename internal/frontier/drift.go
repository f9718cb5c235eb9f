package frontier

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/drift"
)

// DriftState is the state of a job's windows as a frontier stores it.
type DriftState struct {
	// Version counts the changes, from 1. Zero means that nothing is stored.
	Version int64
	State   json.RawMessage
}

// Watch decodes the state. A state of another program counts as none.
func (s DriftState) Watch() (w drift.Watch) {
	if json.Unmarshal(s.State, &w) != nil {
		return drift.Watch{}
	}
	return w
}

// DriftDigest returns the digest of rules as a state holds it, because JSON holds no bytes.
func DriftDigest(digest []byte) string { return hex.EncodeToString(digest) }

// HoldBack selects records of done tasks that lost a value. They move to the quarantine with
// Reason, and their tasks end in error.
type HoldBack struct {
	// Page is the page kind, Field the field without a value.
	Page, Field string

	// Since is the earliest end of the tasks. Keys, if not nil, are the only tasks.
	Since time.Time
	Keys  []string

	// Digest, if not nil, is of the rules of the records. Other rules judged the others anew.
	Digest []byte

	// Reason is the reason of the tasks.
	Reason string
}

// alarmMargin is the time before a change from which on records are held back. A transaction may
// end a task some time before its counters are seen.
const alarmMargin = 10 * time.Second

// HoldBackOf returns the records that lost the value of an alarm. keys, if not nil, are the only
// tasks. ok is false if pages fail: they have no records.
func HoldBackOf(a drift.Alarm, keys []string) (h HoldBack, ok bool) {
	rules, err := hex.DecodeString(a.Digest)
	if err != nil || len(rules) == 0 { // an alarm of an earlier version
		rules = nil
	}
	return HoldBack{
		Page: a.Page, Field: a.Field, Since: a.Since.Add(-alarmMargin), Keys: keys, Digest: rules, Reason: HeldBack + ": field " + a.Field + " lost its value",
	}, a.Field != ""
}

// verdictField begins a name in the counters of table stat that is no field: the verdict of the
// pages that the site served.
const verdictField = "="

// ruleField begins the name of a rule that found no link on a page.
const ruleField = ">"

// driftDeltas adds the verdict of a served page to moved, and the rules that found no link on it.
// The state of the table is StatRead, so that programs that do not know a counter read the others
// as before.
func driftDeltas(c Completion, moved func(state int, reason string)) {
	if c.Judged == nil {
		return
	}
	moved(StatRead, FieldReason(c.Judged, c.Page, verdictField+c.State.String()))
	if c.State != seine.Done {
		return
	}
	for _, rule := range c.Unmatched {
		moved(StatRead, FieldReason(c.Judged, c.Page, ruleField+rule))
	}
}

// A RuleCount is a rule that found no link on any of the done pages of a kind.
type RuleCount struct {
	Page, Rule string
	Pages      int64
}

// UnmatchedRules returns the rules with a digest that found no link on any done page of their kind,
// sorted by page kind and rule. counters are rows of table stat with the state StatRead.
func UnmatchedRules(digest []byte, counters []ReasonCount) (out []RuleCount) {
	done := map[string]int64{} // by page kind
	without := map[RuleCount]int64{}
	for _, c := range counters {
		page, field, ok := fieldOf(digest, c.Reason)
		if !ok || int(c.State) != StatRead {
			continue
		}
		if rule, found := strings.CutPrefix(field, ruleField); found {
			without[RuleCount{Page: page, Rule: rule}] += c.Count
		} else if field == verdictField+seine.Done.String() {
			done[page] += c.Count
		}
	}
	for r, n := range without {
		if r.Pages = done[r.Page]; r.Pages > 0 && n >= r.Pages {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b RuleCount) int {
		return cmp.Or(strings.Compare(a.Page, b.Page), strings.Compare(a.Rule, b.Rule))
	})
	return out
}

// DriftCounts returns the counts of the pages of the rules with a digest, by page kind. counters
// are rows of table stat with the states StatRead and StatMissing.
func DriftCounts(digest []byte, counters []ReasonCount) map[string]drift.Counts {
	out := map[string]drift.Counts{}
	for _, c := range counters {
		page, field, ok := fieldOf(digest, c.Reason)
		if !ok {
			continue
		}
		sum := out[page]
		switch {
		case int(c.State) == StatMissing:
			if sum.Missing == nil {
				sum.Missing = map[string]int64{}
			}
			sum.Missing[field] += c.Count
		case field == "":
			sum.Records += c.Count
		case field == verdictField+seine.Done.String():
			sum.Done += c.Count
		case field == verdictField+seine.Skipped.String():
			sum.Skipped += c.Count
		case strings.HasPrefix(field, verdictField):
			sum.Failed += c.Count
		}
		out[page] = sum
	}
	return out
}
