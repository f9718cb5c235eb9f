package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/redact"
)

// config is the JSON that a frontier stores with a job. A job from a job file has its text as
// Source, a job made in Go has a Definition.
type config struct {
	Job        string      `json:"job"`
	Permission string      `json:"permission,omitempty"`
	Source     string      `json:"source,omitempty"`
	Definition *definition `json:"definition,omitempty"`
}

// definition holds the values of a job made in Go that commands use. It contains no secrets.
type definition struct {
	Contact string
	SeedURL string
	IDs     []seine.IDSpace
	Via     seine.Via
	Pace    seine.Pace
	Zone    string // of Pace.Hours
	Store   seine.Store
	Explore seine.Explore
	Limit   seine.Limit
	Retry   seine.Retries
	Fields  []seine.Field `json:",omitempty"`
}

// configOf returns the config of a job in its normal form. store goes before the job's own.
func configOf(job *seine.Job, store string) (json.RawMessage, error) {
	c := config{Job: job.Name, Permission: redact.New(job.Secrets).Replace(job.Permission), Source: string(derived.Source(job))}
	if c.Source == "" {
		clean := redact.New(job.Secrets).Replace
		d := &definition{
			Contact: job.Contact, SeedURL: clean(job.Seeds.URL), IDs: job.Seeds.IDs, Via: job.Fetch.Via, Pace: job.Pace, Store: job.Store,
			Explore: job.Explore, Limit: job.Limit, Retry: job.Retry, Fields: Declared(job),
		}
		if store != "" {
			d.Store.URL = store
		}
		d.Store.URL = clean(d.Store.URL)
		if zone := job.Pace.Hours.Zone; zone != nil {
			d.Zone = zone.String()
		}
		d.Pace.Hours.Zone = nil
		c.Definition = d
	}
	return json.Marshal(c)
}

// errCode is the error of a scrape outside of the program that has the rules.
var errCode = errors.New("the job's rules are Go code of its own program")

// Stored reads a job from the config in a frontier. source is the text of its job file, and the job
// then has no other values. A job made in Go has its definition, and a Scraper that always fails.
// whole is false for a job made in Go that an older version registered with only name and
// permission.
func Stored(raw json.RawMessage) (job seine.Job, source []byte, whole bool, err error) {
	var c config
	if err := json.Unmarshal(raw, &c); err != nil {
		return seine.Job{}, nil, false, fmt.Errorf("the job's config: %w", err)
	}
	job, source = seine.Job{Name: c.Job, Permission: c.Permission}, []byte(c.Source)
	job.Scraper = seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) {
		return seine.Result{}, errCode
	})
	d := c.Definition
	if d == nil {
		return job, source, c.Source != "", nil
	}
	job.Contact, job.Seeds, job.Fetch.Via = d.Contact, seine.Seeds{URL: d.SeedURL, IDs: d.IDs}, d.Via
	job.Pace, job.Store, job.Explore, job.Limit, job.Retry = d.Pace, d.Store, d.Explore, d.Limit, d.Retry
	job.Fields = d.Fields
	if d.Zone != "" {
		if job.Pace.Hours.Zone, err = time.LoadLocation(d.Zone); err != nil {
			return job, source, true, fmt.Errorf("the job's hours: %w", err)
		}
	}
	return job, source, true, nil
}

// Declared returns the fields that a job made in Go declares, over all its page kinds. If two have
// one name, the first one counts.
func Declared(job *seine.Job) []seine.Field {
	out := slices.Clone(job.Fields)
	for _, k := range job.Pages {
		for _, f := range k.Fields {
			if !slices.ContainsFunc(out, func(o seine.Field) bool { return o.Name == f.Name }) {
				out = append(out, f)
			}
		}
	}
	return out
}
