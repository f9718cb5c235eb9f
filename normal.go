package seine

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Limits of the values that a job may hold.
const (
	maxName    = 63
	maxRetries = 1000
	maxAhead   = 64
	maxBlocks  = 65536
)

var jobName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// validName returns why name cannot name a job, or nil.
func validName(name string) error {
	switch {
	case name == "":
		return errors.New("the job has no name")
	case len(name) > maxName:
		return fmt.Errorf("the name has %d bytes; at most %d", len(name), maxName)
	case !jobName.MatchString(name):
		return fmt.Errorf("the name %q may hold letters, digits, '.', '_' and '-', and begins with a letter or digit", name)
	}
	return nil
}

// Normal returns the job with its defaults put in, so that a zero means zero
// from there on, or every reason why it can't run.
func (j Job) Normal() (Job, error) {
	if j.normal {
		return j, nil
	}
	errs := j.check()
	j.Check = j.checked()
	fallback(&j.Robots, ObeyRules)
	fallback(&j.Consent, ObeyRules)
	fallback(&j.OnDrift, DriftWarns)
	fallback(&j.Fetch.Via, ViaHTTP)
	fallback(&j.Fetch.Timeout, 20*time.Second)
	fallback(&j.Fetch.AssetTimeout, 15*time.Second)
	fallback(&j.Fetch.MaxBody, 8<<20)
	fallback(&j.Fetch.MaxAsset, 64<<20)
	fallback(&j.Fetch.MaxRedirects, 10)
	fallback(&j.Fetch.Chrome.Locale, "en-US")
	if j.Fetch.Chrome.Width == 0 && j.Fetch.Chrome.Height == 0 {
		j.Fetch.Chrome.Width, j.Fetch.Chrome.Height = 1920, 1080
	}
	fallback(&j.Pace.Delay, Span{time.Second, time.Second})
	fallback(&j.Pace.Scope, ScopeHost)
	fallback(&j.Pace.Concurrency, 1)
	fallback(&j.Pace.Assets.Concurrency, 2)
	fallback(&j.Store.URL, "file:./data/"+j.Name+"/")
	fallback(&j.Store.Key, "{id}_{asset}.{ext}")
	fallback(&j.Explore.Strategy, StrategyForager)
	fallback(&j.Explore.Patience, 1)
	fallback(&j.Retry.Error, 8)
	fallback(&j.Retry.Stale, 3)
	fallback(&j.Retry.Backoff, 20*time.Second)
	fallback(&j.Retry.HostDown, 20*time.Minute)
	fallback(&j.Retry.Refused, 24*time.Hour)
	if j.Concurrency == 0 {
		j.Concurrency = 16
		if j.renders() {
			j.Concurrency = 2 * runtime.NumCPU()
		}
	}
	for _, d := range []*time.Duration{
		&j.Pace.Delay.Min, &j.Pace.Delay.Max, &j.Pace.Assets.Delay.Min, &j.Pace.Assets.Delay.Max, &j.Retry.Backoff, &j.Retry.HostDown, &j.Retry.Refused,
	} {
		*d = max(*d, 0)
	}
	j.normal = true
	return j, errors.Join(errs...)
}

// isNil reports whether a scraper is nil, or a nil function or pointer.
func isNil(s Scraper) bool {
	if s == nil {
		return true
	}
	switch v := reflect.ValueOf(s); v.Kind() {
	case reflect.Func, reflect.Pointer:
		return v.IsNil()
	default:
		return false
	}
}

func fallback[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (j Job) check() []error {
	var errs []error
	say := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("job %s: "+format, append([]any{j.Name}, args...)...))
	}
	if err := validName(j.Name); err != nil {
		errs = append(errs, err)
	}
	if isNil(j.Scraper) {
		say("no scraper: give fields in the job file, or a Scraper in Go")
	}
	checkDeclared(j.Fields, "", say)
	for _, k := range j.Pages {
		checkDeclared(k.Fields, k.Name+": ", say)
	}
	if r, ok := j.Scraper.(Router); ok {
		r.check(j.Pages, say)
	}
	if h := j.Pace.Hours; h.From < 0 || h.To < 0 || h.From >= 24*time.Hour || h.To >= 24*time.Hour {
		say("pace.hours: %v to %v are no times of the day", h.From, h.To)
	}
	if len(j.Seeds.IDs) > 0 && !strings.Contains(j.Seeds.URL, "{id}") {
		say("seeds.url %q has no {id}", j.Seeds.URL)
	}
	if e := j.Explore; e.Neighbor != nil && e.Strategy != StrategyChain {
		say("explore: a neighbor function is for the strategy %s", StrategyChain)
	}
	e := j.Explore
	if !slices.Contains([]Strategy{"", StrategyForager, StrategyChain, StrategyRandom, StrategyOff}, e.Strategy) {
		say("explore: unknown strategy %q: %s, %s, %s or %s", e.Strategy, StrategyForager, StrategyChain, StrategyRandom, StrategyOff)
	}
	if e.Patience < 0 || e.Max < 0 || e.Max > maxAhead || e.Blocks < 0 || e.Blocks > maxBlocks || e.Budget < 0 {
		say("explore: patience %d, budget %d, max %d and blocks %d may not be negative; max is at most %d, blocks %d", e.Patience, e.Budget, e.Max, e.Blocks, maxAhead, maxBlocks)
	}
	if e.Budget > 0 && (e.Strategy == StrategyChain || e.Strategy == StrategyOff) {
		say("explore: a budget is not used with the strategy %s, where Limit.Tasks is the bound", e.Strategy)
	}
	if d := j.OnDrift; d != "" && d != DriftWarns && d != DriftPauses {
		say("unknown reaction %q to a drift: %s or %s", d, DriftWarns, DriftPauses)
	}
	if y := j.Limit.Yield; !(y >= 0 && y <= 1) {
		say("limit.yield is %g; 0 to 1", y)
	}
	for _, x := range []struct {
		name string
		is   time.Duration
	}{
		{"pace.delay", min(j.Pace.Delay.Min, j.Pace.Delay.Max)},
		{"pace.assets.delay", min(j.Pace.Assets.Delay.Min, j.Pace.Assets.Delay.Max)},
		{"retry.backoff", j.Retry.Backoff},
		{"retry.host_down", j.Retry.HostDown},
		{"retry.refused", j.Retry.Refused},
	} {
		if x.is < 0 && x.is != None {
			say("%s: %v is negative: give None for no time", x.name, x.is)
		}
	}
	if d := j.Pace.Delay; d.Min > d.Max {
		say("pace.delay: %v is greater than %v", d.Min, d.Max)
	}
	if d := j.Pace.Assets.Delay; d.Min > d.Max {
		say("pace.assets.delay: %v is greater than %v", d.Min, d.Max)
	}
	if j.Retry.Error > maxRetries || j.Retry.Stale > maxRetries || j.Retry.Error < 0 || j.Retry.Stale < 0 {
		say("retry: error %d and stale %d must be between 1 and %d", j.Retry.Error, j.Retry.Stale, maxRetries)
	}
	switch in := j.Session.LogIn; {
	case in == nil:
	case !j.Session.Cookies:
		say("session: a log-in needs Cookies")
	case in.URL == "" || in.Check == nil || (len(in.Form) == 0) == (len(in.Steps) == 0):
		say("session: a log-in has a URL, a Check, and either Form or Steps")
	}
	if j.Concurrency < 0 {
		say("concurrency %d is negative", j.Concurrency)
	}
	return errs
}
