package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/number"
)

// Trace tells how a result came about.
type Trace struct {
	Fields []FieldTrace `json:"fields"`
	Rules  []RuleTrace  `json:"rules"`
	Assets []AssetTrace `json:"assets"`
}

// FieldTrace is the value of a field, or nil if it is missing.
type FieldTrace struct {
	Name  string `json:"name"`
	Value any    `json:"value"`

	// From is the selector or the alternative that gave the value: "css h1",
	// "first[1]: text main", "or"; empty when none did.
	From string `json:"from,omitempty"`

	// Kept reports that the value goes into the record.
	Kept bool `json:"kept"`

	// Why is the reason why the page gave no value, or why a list lacks some of its matches; empty
	// if neither is so.
	Why string `json:"why,omitempty"`
}

// RuleTrace is the outcome of a verdict rule, up to the rule that decided.
type RuleTrace struct {
	State string `json:"state"`
	Rule  string `json:"rule"`
	Held  bool   `json:"held"`

	// Note is the reason why the rule was skipped or failed.
	Note string `json:"note,omitempty"`
}

// AssetTrace tells what an asset rule gave.
type AssetTrace struct {
	Name string `json:"name"`
	From string `json:"from"`
	URL  string `json:"url,omitempty"`
	Path string `json:"path,omitempty"`

	// Note is the reason for a missing value.
	Note string `json:"note,omitempty"`
}

// Scrape judges a page and returns what its job makes of it. It fails on a page
// that can't be read, or is over a bound.
func (s *Scraper) Scrape(ctx context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
	return s.scrape(ctx, task, page, nil)
}

// Explain is [Scraper.Scrape] that tells how it came to its result, as far as
// it got when it fails.
func (s *Scraper) Explain(ctx context.Context, task seine.Task, page *seine.Page) (seine.Result, *Trace, error) {
	trace := &Trace{Fields: []FieldTrace{}, Rules: []RuleTrace{}, Assets: []AssetTrace{}}
	result, err := s.scrape(ctx, task, page, trace)
	return result, trace, err
}

func (s *Scraper) scrape(ctx context.Context, task seine.Task, page *seine.Page, trace *Trace) (seine.Result, error) {
	w := watch(ctx, s.timeout)
	defer w.stop()
	r := &reading{ctx: w.ctx, watch: w, page: page, task: task}
	defer r.release()
	values, err := readAll(r, s.fields, trace)
	if err != nil {
		// The page of an error may hold anything, so its status alone decides.
		if v, decided := seine.PageVerdict(page); decided && ctx.Err() == nil {
			return seine.Result{Verdict: v}, nil
		}
		return seine.Result{}, ended(ctx, err)
	}
	env := environment(task, page, values)
	env[clockName] = w
	verdict := s.judge(env, page, trace)
	if err := w.tick(); err != nil {
		return seine.Result{}, ended(ctx, err)
	}
	if verdict.State != seine.Done {
		return seine.Result{Verdict: verdict}, nil
	}
	if verdict.Rule == "" {
		if v, none := s.noFieldFound(r, task); none {
			return seine.Result{Verdict: v}, nil
		}
	}
	assets, err := s.owed(r, env, trace)
	if err := w.tick(); err != nil {
		return seine.Result{}, ended(ctx, err)
	}
	if err != nil {
		_, missing := errors.AsType[*missingError](err)
		v := seine.Verdict{State: seine.Error, Reason: err.Error(), Final: !missing}
		return seine.Result{Verdict: v}, nil
	}
	record := seine.Record{Kind: s.kind, Key: task.Key, Fields: kept(s.fields, values), AssetFields: s.late}
	return seine.Result{Verdict: verdict, Records: []seine.Record{record}, Assets: assets}, nil
}

// ended returns the error of a page that can't be judged. Unless the caller gave up, a further
// attempt would end alike.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %w", seine.ErrFinal, err)
}

// environment returns what expressions see.
func environment(task seine.Task, page *seine.Page, values map[string]any) map[string]any {
	env := make(map[string]any, len(values)+5)
	for name, v := range values {
		env[name] = v
	}
	env["id"], env["key"], env["url"], env["status"], env["meta"] = task.ID, task.Key, page.URL, page.Status, task.Meta
	if task.ID == "" {
		env["id"] = task.Key
	}
	if page.URL == "" {
		env["url"] = task.URL
	}
	if task.Meta == nil {
		env["meta"] = map[string]any{}
	}
	return env
}

// ofPage reports whether a status tells of the page. Other statuses describe the server or a
// missing page, so rules about fields do not apply.
func ofPage(page *seine.Page) bool {
	switch s := page.Status; {
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusTooManyRequests, s >= 500:
		return false
	case s < 400:
		_, decided := seine.PageVerdict(page)
		return !decided
	}
	return true
}

// judge returns the verdict of the first rule that holds.
func (s *Scraper) judge(env map[string]any, page *seine.Page, trace *Trace) seine.Verdict {
	for _, rule := range s.rules {
		var held bool
		var err error
		note := ""
		if _, decided := seine.PageVerdict(page); !rule.status && (!ofPage(page) || decided && rule.state == seine.Error) {
			note = fmt.Sprintf("not considered at HTTP %d, because it does not mention status", page.Status)
		} else if held, err = rule.holds(env); err != nil {
			note = err.Error()
		}
		if trace != nil {
			trace.Rules = append(trace.Rules, RuleTrace{State: rule.state.String(), Rule: rule.when.src, Held: held, Note: note})
		}
		if err != nil {
			return seine.Verdict{State: seine.Error, Reason: err.Error(), Rule: rule.when.src, Final: true}
		}
		if held {
			return seine.Verdict{State: rule.state, Reason: rule.reason(), Rule: rule.when.src, Final: rule.final}
		}
	}
	if v, decided := seine.PageVerdict(page); decided {
		return v
	}
	return seine.Verdict{State: seine.Done}
}

// reason of a rule that held; done needs none.
func (r *rule) reason() string {
	if r.state == seine.Done && r.why == r.when.src {
		return ""
	}
	return r.why
}

func (r *rule) holds(env map[string]any) (bool, error) {
	v, err := r.when.run(env)
	if missing, ok := errors.AsType[*missingError](err); ok {
		return false, fmt.Errorf("verdict needs %w", missing)
	}
	if err != nil {
		return false, fmt.Errorf("verdict: %w", err)
	}
	held, ok := v.(bool)
	if !ok {
		if name := r.when.missing(env); name != "" && v == nil {
			return false, fmt.Errorf("verdict needs %s: missing", name)
		}
		return false, fmt.Errorf("verdict gives %s, not true or false", word(v))
	}
	return held, nil
}

// printed returns a value as a key writes it, or an empty string for a value that a key cannot
// hold.
func printed(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	text, _ := number.Text(v)
	return text
}

// word names the type of a value.
func word(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case string:
		return "a text"
	case bool:
		return "true or false"
	case int, int64, float64, json.Number:
		return "a number"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}
