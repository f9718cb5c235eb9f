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
	Links  []LinkTrace  `json:"links"`

	// NoLinks are the rules about links that found none, with the reason.
	NoLinks []string `json:"-"`
}

// LinkTrace tells what became of a link that a rule found.
type LinkTrace struct {
	URL  string `json:"url"`
	Rule string `json:"rule"`
	Page string `json:"page,omitempty"`

	// Why is the reason why the link is not followed. Empty: it is.
	Why string `json:"why,omitempty"`
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

func (s *pageRules) scrape(ctx context.Context, task seine.Task, page *seine.Page, trace *Trace) (seine.Result, error) {
	w := watch(ctx, s.timeout)
	defer w.stop()
	r := &reading{ctx: w.ctx, watch: w, page: page, task: task, noText: s.noText}
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
	out := seine.Result{Verdict: verdict}
	if !leads(page, verdict) {
		return out, nil
	}
	if err := s.follow(r, env, &out, trace); err != nil {
		return seine.Result{}, ended(ctx, err)
	}
	if verdict.State != seine.Done {
		return out, nil
	}
	if verdict.Rule == "" && len(s.each) == 0 && (s.kind != "" || len(out.Follow) == 0) {
		if v, none := s.noFieldFound(r, task); none {
			return seine.Result{Verdict: v}, nil
		}
	}
	if why := r.unreadBody(); verdict.Rule == "" && s.kind == "" && len(out.Follow) == 0 && !s.emptyOK && why != "" {
		out.Verdict = seine.Verdict{State: seine.Error, Reason: "no link found: " + cut(why, maxWhy), Final: true}
		return out, nil
	}
	assets, err := s.owed(r, env, trace)
	if err == nil {
		out.Assets = assets
		err = s.records(r, env, values, &out, trace)
	}
	if err := w.tick(); err != nil {
		return seine.Result{}, ended(ctx, err)
	}
	if err != nil {
		// A page that lacks a value may be a temporary fault of the site. As in noFieldFound, one
		// more attempt decides.
		_, missing := errors.AsType[*missingError](err)
		if _, none := errors.AsType[*noRecordError](err); none {
			missing = r.unreadBody() == ""
		}
		v := seine.Verdict{State: seine.Error, Reason: err.Error(), Final: !missing || task.Attempt > 1}
		return seine.Result{Verdict: v}, nil
	}
	return out, nil
}

// leads reports whether the links of a page are followed. A page that a rule skips may be the only
// one that leads to wanted pages. The page of an error may hold anything.
func leads(page *seine.Page, v seine.Verdict) bool {
	return v.State == seine.Done || v.State == seine.Skipped && page.Status < 400
}

// records adds the records of a done page. It fails with the reason why a page has none.
func (s *pageRules) records(r *reading, env, values map[string]any, out *seine.Result, trace *Trace) error {
	if s.kind == "" {
		return nil
	}
	if len(s.each) == 0 {
		record := seine.Record{Kind: s.kind, Key: r.task.Key, Fields: kept(s.fields, values), AssetFields: s.late}
		out.Records = []seine.Record{record}
		return nil
	}
	found, why := false, ""
	for _, e := range s.each {
		some, err := e.records(r, s, env, values, out, trace)
		if err != nil {
			return err
		}
		found = found || some
		if why == "" {
			why = r.why
		}
	}
	if !found && !s.emptyOK && out.Verdict.Rule == "" {
		return &noRecordError{why}
	}
	return nil
}

// noRecordError is the reason why a page with several records has none.
type noRecordError struct{ why string }

func (e *noRecordError) Error() string { return "no record found: " + e.why }

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
func (s *pageRules) judge(env map[string]any, page *seine.Page, trace *Trace) seine.Verdict {
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
