package seine

// Violation is the reason why a record fails the check of its job.
type Violation struct {
	// Field is the JSON pointer of the value, such as /price. It is empty for the whole record.
	Field string

	// Rule names the broken rule, without values of the page, because reasons are counted.
	Rule string

	// Reason explains the violation, and may hold the value.
	Reason string
}

// OnDrift is the reaction to a page kind that loses values or fails more often than before.
type OnDrift string

// The reactions to a drift. Both report it. DriftPauses also pauses the job, and takes the records
// back that lost the value.
const (
	DriftWarns  OnDrift = "warn"
	DriftPauses OnDrift = "pause"
)
