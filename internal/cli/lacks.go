package cli

import "github.com/seinehq/seine/internal/frontier"

// nullJSON is a field without a value in all or nearly all records.
type nullJSON struct {
	Field   string `json:"field"`
	Missing int64  `json:"missing"`
	Records int64  `json:"records"`
}

// ruleJSON is a rule that finds no link on any page of its kind.
type ruleJSON struct {
	Page  string `json:"page"`
	Rule  string `json:"rule"`
	Pages int64  `json:"pages"`
}

// printLacks prints what the rules of a job do not find.
func (c *console) printLacks(s frontier.Status) {
	for _, f := range s.NullFields {
		if f.Missing == f.Records {
			c.print("  field %s has no value on any of %s", f.Field, counted(f.Records, "record"))
			continue
		}
		c.print("  field %s has no value on %d of %s", f.Field, f.Missing, counted(f.Records, "record"))
	}
	for _, r := range s.Unmatched {
		c.print("  %s finds no link on any of %s", r.Rule, counted(r.Pages, "page"))
	}
}

// addLacks adds what the rules of a job do not find.
func (out *statusJSON) addLacks(s frontier.Status) {
	for _, f := range s.NullFields {
		out.NullFields = append(out.NullFields, nullJSON{f.Field, f.Missing, f.Records})
	}
	for _, r := range s.Unmatched {
		out.Unmatched = append(out.Unmatched, ruleJSON(r))
	}
}
