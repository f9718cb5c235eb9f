package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// priced rejects records without a price.
func priced(_ string, r seine.Record) *seine.Violation {
	if r.Fields["price"] == nil {
		return &seine.Violation{Field: "/price", Rule: "type", Reason: "got null, want number"}
	}
	if len(r.Fields) > 1 && r.Fields["_consent"] != nil {
		return &seine.Violation{Field: "/_consent", Rule: "additionalProperties", Reason: "not of the rules"}
	}
	return nil
}

// Each page lists the records whose prices the body names: "a=1,b=".
func TestRecordsThatFailTheCheck(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/img" {
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte("\x89PNG\r\n\x1a\n"))
			return
		}
		w.Header().Set("X-Robots-Tag", "noai")
		_, _ = fmt.Fprint(w, "page")
	})
	prices := map[string][]any{"whole": {1}, "none": {nil}, "mixed": {1, nil, 2}}
	fixed := false
	j := r.register(r.job(func(j *seine.Job) {
		j.Retry.Error = 1
		j.Check = priced
		j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (out seine.Result, _ error) {
			for i, price := range prices[task.ID] {
				if fixed {
					price = 9
				}
				key := fmt.Sprintf("%s-%d", task.ID, i)
				out.Records = append(out.Records, seine.Record{Key: key, Fields: map[string]any{"price": price}})
			}
			return out, nil
		})
	}))
	r.add(j, "whole", "none", "mixed")
	r.run(j)
	records := func() (out []string) {
		if err := r.f.Records(t.Context(), j.ID, func(s frontier.Stored) error {
			out = append(out, s.Key)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	quarantined := func() (out []string) {
		if err := r.f.Quarantined(t.Context(), j.ID, func(q frontier.Quarantined) error {
			out = append(out, q.Task+" "+q.Key+" "+q.Field+" "+q.Reason)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if diff := cmp.Diff([]string{"mixed-0", "mixed-2", "whole-0"}, records()); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	want := []string{"mixed mixed-1 /price got null, want number", "none none-0 /price got null, want number"}
	if diff := cmp.Diff(want, quarantined()); diff != "" {
		t.Errorf("quarantined (-want +got):\n%s", diff)
	}
	s, err := r.f.Status(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(s.Reasons, frontier.ReasonCount{State: seine.Error, Reason: "record fails the schema: /price: type", Count: 2}) || s.Records != 3 {
		t.Errorf("reasons %+v, %d records", s.Reasons, s.Records)
	}
	// A retry judges the pages again.
	fixed = true
	var back []frontier.New
	for _, key := range []string{"none", "mixed"} {
		back = append(back, frontier.New{Key: key, Lane: frontier.LaneKey(&j.Job, key, r.site.URL+"/p/"+key)})
	}
	if n, err := r.f.Retry(t.Context(), j.ID, back); err != nil || n != 2 {
		t.Fatalf("requeued %d, %v", n, err)
	}
	r.run(j)
	if got := quarantined(); got != nil {
		t.Errorf("quarantined %q after the retry", got)
	}
	if got := records(); len(got) != 5 {
		t.Errorf("records %q after the retry", got)
	}
}

// The check of a record with properties of its assets sees them.
func TestTheCheckSeesTheAssets(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		_, _ = fmt.Fprint(w, "a text of 18 bytes")
	})
	j := r.register(r.job(func(j *seine.Job) {
		j.Retry.Error = 1
		j.Check = func(_ string, r seine.Record) *seine.Violation {
			if r.Fields["bytes"] != int64(18) || r.Key == "bad" {
				return &seine.Violation{Field: "/files/12/bytes", Rule: "const", Reason: fmt.Sprint(r.Fields["bytes"])}
			}
			return nil
		}
		j.Scraper = seine.ScraperFunc(func(_ context.Context, _ seine.Task, page *seine.Page) (out seine.Result, _ error) {
			for _, key := range []string{"good", "bad"} {
				out.Records = append(out.Records, seine.Record{Key: key, AssetFields: []seine.AssetField{{Field: "bytes", Asset: "f", Property: "bytes"}}})
				out.Assets = append(out.Assets, seine.Asset{Name: "f", Record: key, URL: page.URL, Path: key + ".txt"})
			}
			return out, nil
		})
	}))
	r.add(j, "a")
	r.run(j)
	s, err := r.f.Status(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	if s.Records != 1 || s.Assets != 1 || s.Quarantined != 1 || s.Reasons[0].Reason != "record fails the schema: /files/*/bytes: const" {
		t.Errorf("%d records, %d assets, %d quarantined, reasons %+v", s.Records, s.Assets, s.Quarantined, s.Reasons)
	}
}
