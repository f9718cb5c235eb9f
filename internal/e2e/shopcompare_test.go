package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/shopsite"
)

// itemFields are the fields of a product's record.
type itemFields struct {
	SKU, Name, Brand, Color, Category, Availability string
	Price, Rating                                   json.Number
	Reviews                                         int
	Images                                          []string
}

// fieldsOf returns the fields that the record of an item must have.
func (s shopRun) fieldsOf(x shopsite.Item) itemFields {
	out := itemFields{x.SKU, x.Name, x.Brand, x.Color, x.Category, x.Availability, json.Number(x.Price), json.Number(x.Rating), x.Reviews, nil}
	for _, image := range x.Images {
		out.Images = append(out.Images, s.ImagesURL+image)
	}
	return out
}

// compareItems checks the records of products, and returns them by SKU.
func (s shopRun) compareItems(t *testing.T, records []frontier.Stored, want []shopsite.Item) map[string]frontier.Stored {
	t.Helper()
	bySKU := map[string]frontier.Stored{}
	for _, r := range records {
		bySKU[r.Key] = r
	}
	if len(records) != len(want) || len(bySKU) != len(want) {
		t.Errorf("%d records of %d items; want %d", len(records), len(bySKU), len(want))
	}
	for _, x := range want {
		var got itemFields
		if err := json.Unmarshal(bySKU[x.SKU].Fields, &got); err != nil {
			t.Errorf("%s: %v", x.SKU, err)
			continue
		}
		// A decimal may lose its last zeros.
		wanted := s.fieldsOf(x)
		for _, n := range []*json.Number{&got.Price, &got.Rating, &wanted.Price, &wanted.Rating} {
			if strings.Contains(string(*n), ".") {
				*n = json.Number(strings.TrimRight(strings.TrimRight(string(*n), "0"), "."))
			}
		}
		if d := cmp.Diff(wanted, got); d != "" {
			t.Errorf("%s (-want +got)\n%s", x.SKU, d)
		}
	}
	return bySKU
}

// months returns the paths of the calendar that the job's budget permits.
func (s shopRun) months() []string {
	var out []string
	for i := range calendarMonths {
		out = append(out, fmt.Sprintf("/calendar/%d/%d", 2026+(10+i)/12, (10+i)%12+1))
	}
	return out
}

func (s shopRun) compareReviews(t *testing.T, records []frontier.Stored) {
	t.Helper()
	got := map[string]shopsite.Review{}
	for _, r := range records {
		var fields struct {
			Review, Product, Author, Title, Date string
			Stars                                int
		}
		if err := json.Unmarshal(r.Fields, &fields); err != nil {
			t.Fatal(err)
		}
		got[r.Key] = shopsite.Review{ID: fields.Review, Product: fields.Product, Author: fields.Author, Stars: fields.Stars, Title: fields.Title, Date: fields.Date}
	}
	want := map[string]shopsite.Review{}
	for _, r := range s.Reviews(0) {
		want[r.ID] = r
	}
	if d := cmp.Diff(want, got); d != "" || len(records) != len(want) {
		t.Errorf("%d reviews; want %d (-want +got)\n%s", len(records), len(want), d)
	}
}

// comparePhotos checks that each record has its photos. Photos that opt out are its
// failures.
func (s shopRun) comparePhotos(t *testing.T, bySKU map[string]frontier.Stored) {
	t.Helper()
	for _, x := range s.Items(0) {
		var want, got, refused []string
		for _, image := range x.Images {
			if !slices.Contains(x.OptOut, image) {
				want = append(want, s.ImagesURL+image)
			}
		}
		for _, a := range bySKU[x.SKU].Assets {
			got = append(got, a.URL)
			if info, err := os.Stat(filepath.Join(s.dir, "data", "shop", a.Path)); err != nil || info.Size() != a.Bytes {
				t.Errorf("%s at %s: %v", a.Name, a.Path, err)
			}
		}
		for _, a := range bySKU[x.SKU].Failed {
			refused = append(refused, strings.TrimPrefix(a.URL, s.ImagesURL))
			if !strings.Contains(a.Reason, "opted out: noai") {
				t.Errorf("%s lacks %s: %s", x.SKU, a.URL, a.Reason)
			}
		}
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("photos of %s (-want +got)\n%s", x.SKU, d)
		}
		if d := cmp.Diff(x.OptOut, refused); d != "" {
			t.Errorf("refused photos of %s (-want +got)\n%s", x.SKU, d)
		}
	}
}

// compareReasons checks why tasks were skipped and links left out.
func (s shopRun) compareReasons(t *testing.T) {
	t.Helper()
	var got struct {
		States  map[string]int64 `json:"states"`
		Reasons []struct {
			Reason string
			Count  int
		} `json:"reasons"`
		LeftOut []struct {
			Reason string
			Links  int
		} `json:"left_out"`
		Fresh struct{ Tracked int }
	}
	text := s.seine(t, "status", s.job, "-o", "json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	products := map[string]bool{}
	for _, x := range s.Items(0) {
		products[x.Product] = true
	}
	if got.Fresh.Tracked != len(products) {
		t.Errorf("%d pages are visited again; want %d products", got.Fresh.Tracked, len(products))
	}
	reasons := map[string]int{}
	for _, r := range got.Reasons {
		reasons[r.Reason] = r.Count
	}
	for _, l := range got.LeftOut {
		reasons[l.Reason] = l.Links
	}
	host := strings.TrimPrefix(s.PagesURL, "http://")
	if reasons["canonical is elsewhere"] != len(s.Duplicates()) || reasons["disallowed by robots.txt"] == 0 ||
		reasons["over the budget "+host+"/calendar/{n}/{n}"] != 1 || reasons["nofollow"] == 0 || got.States["error"] != 0 {
		t.Errorf("status %s", text)
	}
}
