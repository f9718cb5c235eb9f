package cli

import (
	"cmp"

	"github.com/seinehq/seine"
)

// aboutJob is the part of a job that its status states. The zero value is a job that is not known
// here.
type aboutJob struct {
	explores        bool
	robots, consent seine.Obey
}

// about returns the facts of a job that its status states. job may be nil.
func about(job *seine.Job) aboutJob {
	if job == nil {
		return aboutJob{}
	}
	return aboutJob{explores(job), cmp.Or(job.Robots, seine.ObeyRules), cmp.Or(job.Consent, seine.ObeyRules)}
}

// printIgnored states the wishes of sites that a job does not follow.
func (c *console) printIgnored(a aboutJob) {
	if a.robots == seine.Ignore {
		c.print("  robots    ignored: robots.txt and robots instructions of pages do not count")
	}
	if a.consent == seine.Ignore {
		c.print("  consent   ignored: signals against the use for training do not count")
	}
}
