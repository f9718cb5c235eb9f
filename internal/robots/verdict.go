package robots

import (
	"fmt"
	"time"
)

const (
	// maxAge is the longest time for which a robots.txt counts (RFC 9309 section 2.4).
	maxAge = 24 * time.Hour

	// maxRedirects is how many redirects a crawler has to follow at least (section 2.3.1.2).
	maxRedirects = 5

	// A host that fails is asked again after firstRetry, then after twice the time, up to
	// lastRetry. No page of the host is fetched until then, so a short fault must not cost minutes.
	firstRetry = 10 * time.Second
	lastRetry  = 30 * time.Minute
)

// Effect is how an answer counts.
type Effect int

const (
	// ParseBody means that the rules of the body hold.
	ParseBody Effect = iota
	// AllowAll means that the host has no rules.
	AllowAll
	// DisallowAll means that the rules are unknown, so nothing may be fetched.
	DisallowAll
)

// Policy is how the answer to a request for robots.txt counts.
type Policy struct {
	Effect Effect

	// Reason says why no rules were read: "robots.txt: HTTP 503". It is empty for [ParseBody].
	Reason string
}

// Verdict returns how an answer counts (RFC 9309 section 2.3.1). status is the status of the last
// answer, redirects the number of redirects before it, and err the fault of the network, if any.
//
//   - 2xx: the rules of the body
//   - more than five redirects, a redirect without a target, 4xx: all is allowed
//   - 429, 5xx, other statuses, a fault: all is disallowed
func Verdict(status, redirects int, err error) Policy {
	answer := fmt.Sprintf("robots.txt: HTTP %d", status)
	switch {
	case redirects > maxRedirects:
		return Policy{AllowAll, fmt.Sprintf("robots.txt: more than %d redirects", maxRedirects)}
	case err != nil:
		return Policy{DisallowAll, fmt.Sprintf("robots.txt: %v", err)}
	case status >= 200 && status < 300:
		return Policy{Effect: ParseBody}
	case status == 429:
		return Policy{DisallowAll, answer}
	case status >= 300 && status < 500:
		return Policy{AllowAll, answer}
	default:
		return Policy{DisallowAll, answer}
	}
}

// Age returns for how long the answer counts: at most 24 hours, and 10 seconds to 30 minutes for
// [DisallowAll]. failures is how many times in a row, with this one, the host was disallowed.
func (p Policy) Age(failures int) time.Duration {
	if p.Effect != DisallowAll {
		return maxAge
	}
	age := firstRetry
	for i := 1; i < failures && age < lastRetry; i++ {
		age *= 2
	}
	return min(age, lastRetry)
}
