package web

import (
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

// left tells how long a job takes from now on, and why that is not known.
func left(st frontier.Status) string {
	n := st.Open + st.Unseen
	switch {
	case n == 0:
		return "nothing left"
	case st.Paused:
		return "paused with " + grouped(n) + number.Chosen(n, " task", " tasks") + " left"
	case st.Workers == 0:
		return "no worker is at work on " + grouped(n) + number.Chosen(n, " task", " tasks")
	case st.Rate <= 0:
		return "no worker has reported an ended task in the last minute, so the time left is not known"
	}
	d := time.Duration(float64(n) / st.Rate * float64(time.Second))
	if !st.LastRetry.IsZero() && time.Until(st.LastRetry) > d {
		return "about " + time.Until(st.LastRetry).Round(time.Minute).String() + " left, because a task waits for its next attempt"
	}
	return "about " + d.Round(time.Second).String() + " left at this rate"
}
