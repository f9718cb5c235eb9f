package seine

import "fmt"

// State is where a task stands. Its numbers are stored and never change.
type State int8

// The six task states. Done and Skipped are final; Error and Stale are final
// when the attempts are used up, and wait for their next attempt before that.
const (
	Pending    State = 0
	Done       State = 1
	Error      State = 2
	Stale      State = 3
	Skipped    State = 4
	InProgress State = 5
)

// States lists the states in the order in which they are shown.
var States = []State{Pending, InProgress, Done, Skipped, Stale, Error}

// String returns the state's word, as in job files, tables and output.
func (s State) String() string {
	switch s {
	case Pending:
		return "pending"
	case InProgress:
		return "in_progress"
	case Done:
		return "done"
	case Error:
		return "error"
	case Stale:
		return "stale"
	case Skipped:
		return "skipped"
	}
	return fmt.Sprintf("State(%d)", int8(s))
}
