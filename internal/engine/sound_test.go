package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func scraped(t *testing.T, result seine.Result, err error) (seine.Result, error) {
	t.Helper()
	job := seine.Job{Scraper: seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) { return result, err })}
	return Scraped(t.Context(), &job, seine.Task{Key: "7"}, &seine.Page{URL: "https://shop.example/p/7"})
}

// An asset belongs to a record of its page, or the task fails for good.
func TestAssetsHaveARecord(t *testing.T) {
	t.Parallel()
	asset := func(record string) []seine.Asset {
		return []seine.Asset{{Name: "photo", URL: "/a.jpg", Record: record}}
	}
	for name, tt := range map[string]struct {
		records []string
		asset   string
		want    string // the record of the asset; a part of the error if it begins with "!"
	}{
		"the task's":           {[]string{""}, "", ""},
		"the task's of two":    {[]string{"", "a"}, "", ""},
		"the only one":         {[]string{"a"}, "", "a"},
		"the named one":        {[]string{"a", "b"}, "b", "b"},
		"the task's by name":   {[]string{""}, "7", "7"},
		"one of several":       {[]string{"a", "b"}, "", "!the asset photo may belong to each of 2 records: set Asset.Record to the Key of one"},
		"a name without":       {[]string{"a"}, "b", `!the asset photo belongs to the record "b", and the page has no such record: set Asset.Record to the Key of one`},
		"a page without any":   {nil, "", "!the asset photo has no record, because the page gives none: return a Record for it"},
		"a name and no record": {nil, "7", "!the asset photo has no record"},
	} {
		result := seine.Result{Assets: asset(tt.asset)}
		for _, key := range tt.records {
			result.Records = append(result.Records, seine.Record{Key: key})
		}
		got, err := scraped(t, result, nil)
		if want, fails := strings.CutPrefix(tt.want, "!"); fails {
			if !errors.Is(err, seine.ErrFinal) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %s", name, err, want)
			}
			continue
		}
		if err != nil || got.Assets[0].Record != tt.want {
			t.Errorf("%s: %+v, %v; want %q", name, got.Assets, err, tt.want)
		}
	}
	// Nothing of a page that is not done is stored.
	if _, err := scraped(t, seine.Result{Assets: asset("")}, seine.Skip("sold out")); err != nil {
		t.Error(err)
	}
}

// Mistakes of a scraper that another attempt would repeat are final.
func TestMistakesOfScrapersAreFinal(t *testing.T) {
	t.Parallel()
	record := []seine.Record{{}}
	for want, result := range map[string]seine.Result{
		"the verdict's state is in_progress; give Done, Skipped, Stale or Error":             {Verdict: seine.Verdict{State: seine.InProgress}},
		"the verdict's state is State(99); give Done, Skipped, Stale or Error":               {Verdict: seine.Verdict{State: 99}},
		`the page has two records "7" of the kind record: give each a Key of its own`:        {Records: []seine.Record{{Key: "7"}, {Kind: "record"}}},
		`asset photo: its path "../a" has the path element ".."`:                             {Records: record, Assets: []seine.Asset{{Name: "photo", URL: "/a", Path: "../a"}}},
		`asset photo: its path "/a" begins with a slash, but a key is relative to the store`: {Records: record, Assets: []seine.Asset{{Name: "photo", URL: "/a", Path: "/a"}}},
		`asset photo_original: its path "a/../../b" has the path element ".."`: {Records: record, Assets: []seine.Asset{
			{Name: "photo", URL: "/a", OriginalPath: "a/../../b", Image: &seine.Image{Keep: seine.KeepOriginal}},
		}},
	} {
		if _, err := scraped(t, result, nil); !errors.Is(err, seine.ErrFinal) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if _, err := scraped(t, seine.Result{}, seine.Verdict{State: seine.InProgress}); !errors.Is(err, seine.ErrFinal) {
		t.Errorf("a verdict as an error: %v", err)
	}
	for owner, want := range map[string]error{"7": errTwice, "8": errTaken} { // of keys that become one in the database
		if err := takenBy(frontier.TakenKey{Owner: owner}, "7"); !errors.Is(err, want) {
			t.Errorf("%v; want %v", err, want)
		}
	}
	if _, err := scraped(t, seine.Result{Records: []seine.Record{{Key: "7"}, {Key: "7", Kind: "review"}}}, nil); err != nil {
		t.Errorf("two kinds: %v", err)
	}
}

// The context of a scraper in Go ends after the time of a page.
func TestScraperIsBounded(t *testing.T) {
	t.Parallel()
	waits := seine.ScraperFunc(func(ctx context.Context, _ seine.Task, _ *seine.Page) (seine.Result, error) {
		<-ctx.Done()
		return seine.Result{}, ctx.Err()
	})
	for limit, want := range map[time.Duration]time.Duration{0: 20 * time.Second, 3 * time.Second: 3 * time.Second, time.Minute: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			job, began := seine.Job{Scraper: waits, Fetch: seine.Fetch{Timeout: limit}}, time.Now()
			_, err := Scraped(t.Context(), &job, seine.Task{Key: "7"}, &seine.Page{URL: "https://shop.example/p/7"})
			if took := time.Since(began); took != want || !errors.Is(err, errLong) || errors.Is(err, seine.ErrFinal) {
				t.Errorf("%v: %v after %v; want %v after %v", limit, err, took, errLong, want)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			if _, err := Scraped(ctx, &job, seine.Task{Key: "7"}, &seine.Page{}); errors.Is(err, errLong) || !errors.Is(err, context.Canceled) {
				t.Errorf("the end of the worker's context gives %v", err)
			}
		})
	}
	// A result that is there in spite of the end counts.
	synctest.Test(t, func(t *testing.T) {
		job := seine.Job{Scraper: seine.ScraperFunc(func(ctx context.Context, _ seine.Task, _ *seine.Page) (seine.Result, error) {
			<-ctx.Done()
			return seine.Result{Records: []seine.Record{{Key: "a"}}}, nil
		})}
		if got, err := Scraped(t.Context(), &job, seine.Task{Key: "7"}, &seine.Page{}); err != nil || len(got.Records) != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
