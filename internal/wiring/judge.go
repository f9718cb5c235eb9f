package wiring

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/recording"
)

// expectation is the result of a page as an example states it. It is a contract.
type expectation struct {
	State   string           `json:"state"`
	Reason  string           `json:"reason,omitempty"`
	Records []expectedRecord `json:"records,omitempty"`
	Assets  []expectedAsset  `json:"assets,omitempty"`
	Links   []expectedLink   `json:"links,omitempty"`
}

type expectedRecord struct {
	Key    string          `json:"key"`
	Kind   string          `json:"kind"`
	URL    string          `json:"url"`
	Fields json.RawMessage `json:"fields"`
}

type expectedAsset struct {
	Name   string `json:"name"`
	Record string `json:"record,omitempty"`
	URL    string `json:"url"`
	Path   string `json:"path"`
}

type expectedLink struct {
	Key  string `json:"key"`
	Page string `json:"page,omitempty"`
}

// Judge applies the rules of a job to the page of an example and returns the result as JSON, as an
// example states it. It makes no request.
func Judge(ctx context.Context, job *seine.Job, e recording.Example) ([]byte, error) {
	normal, err := job.Normal()
	if err != nil {
		return nil, err
	}
	n, err := frontier.Admit(&normal, frontier.Seed{Key: e.Key, Page: e.Kind, Meta: e.Meta})
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", e.Key, err)
	}
	got, err := engine.Judge(ctx, &engine.Job{Job: normal}, frontier.Claimed{Key: n.Key, Page: n.Page, Meta: n.Meta, Priority: n.Priority, Attempt: 1}, e.Page)
	if err != nil {
		return nil, err
	}
	out := expectation{State: got.State.String(), Reason: got.Reason}
	for _, r := range got.Records {
		out.Records = append(out.Records, expectedRecord{r.Key, r.Kind, r.URL, number.CanonicalJSON(r.Fields)})
	}
	for _, a := range got.Assets {
		out.Assets = append(out.Assets, expectedAsset{a.Name, a.Record, a.URL, a.Path})
	}
	for _, f := range got.Follow {
		out.Links = append(out.Links, expectedLink{f.Key, f.Page})
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// MetaOf returns the data that was given with a task.
func MetaOf(t frontier.TaskInfo) map[string]any {
	_, given := discovery.SplitMeta(t.Meta)
	return given
}
