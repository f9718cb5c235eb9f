package frontier

import (
	"math"
	"strconv"
	"time"

	"github.com/seinehq/seine/internal/explore"
)

// The rules that both drivers apply in SQL.
const (
	// ReturnWithin is the number of the shortest delays after a start in which [Lane.Return] takes
	// the start back. Later another start may follow it.
	ReturnWithin = 2

	// LowestPriority is the largest number of a priority. The highest priority is 0.
	LowestPriority = 3

	// TendAttempts is the largest number of old attempts that one call of Tend deletes.
	TendAttempts = `10000`

	// MinuteStep and HourStep are the steps of samples, in seconds.
	MinuteStep = `60`
	HourStep   = `3600`
)

// IsRecent is the condition that a row of the table of steps belongs to [explore.Recent].
var IsRecent = `ctx = ` + strconv.Itoa(int(explore.Recent.Context))

// Priority returns a priority within its bounds.
func Priority(p int) int { return min(max(p, 0), LowestPriority) }

// Refill reports whether Fill admits more IDs: at least half of the lanes of the next IDs have no
// ready task.
func Refill(ready, lanes int) bool { return 2*ready <= lanes }

// NextID returns, as SQL, the first ID that a new range from lo to hi enumerates. old is the next
// ID of an earlier range that begins at lo or before, or NULL. least and greatest are the names of
// the functions in the database.
func NextID(least, greatest, lo, hi, old string) string {
	return least + `(` + hi + ` + 1, ` + greatest + `(` + lo + `, coalesce(` + old + `, ` + lo + `)))`
}

// times multiplies a duration and rounds to a microsecond, as PostgreSQL multiplies an interval.
func times(d time.Duration, by float64) time.Duration {
	return time.Duration(math.RoundToEven(float64(d.Microseconds())*by)) * time.Microsecond
}
