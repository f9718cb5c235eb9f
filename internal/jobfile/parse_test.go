package jobfile

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
)

// example is the job of the original, as it stands in the design.
const example = "../../examples/psa-cards/job.yaml"

var onlyExported = cmp.Options{
	cmpopts.IgnoreUnexported(seine.Job{}),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

// parse returns a job that must be right.
func parse(t *testing.T, src string, env map[string]string) *File {
	t.Helper()
	f, err := Parse("job.yaml", []byte(src), func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatalf("Parse(%q): %v", src, err)
	}
	return f
}

func TestTheExampleLoadsAsItStands(t *testing.T) {
	t.Parallel()
	f, err := Load(example, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) > 0 || len(f.Secrets) > 0 {
		t.Errorf("warnings %v, secrets %v; want none", f.Warnings, f.Secrets)
	}
	got := f.Job
	if got.Scraper != seine.Scraper(f.Scraper) || f.Scraper == nil {
		t.Errorf("Job.Scraper is %v; want the file's", got.Scraper)
	}
	src, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(derived.Source(&got), src) || len(got.Digest) != 32 {
		t.Errorf("source of %d bytes, digest of %d; want the file's %d and 32", len(derived.Source(&got)), len(got.Digest), len(src))
	}
	if len(got.Fetch.Wait) != 3 || got.Fetch.Wait[1].Matches.String() != "^https?://" || got.Fetch.Wait[1].Attr != "src" || got.Fetch.Wait[2].Stable != time.Second {
		t.Errorf("waits %+v", got.Fetch.Wait)
	}
	got.Scraper, got.Digest, got.Fetch.Wait, got.Concurrency = nil, nil, nil, 0
	want := seine.Job{
		Robots: seine.ObeyRules, Consent: seine.ObeyRules,
		Name: "psa-cards", Permission: "in writing, 2025-03", Contact: "data@example.org",
		Seeds: seine.Seeds{
			IDs: []seine.IDSpace{{From: 70000000, To: 123371178, Start: []int64{}}},
			URL: "https://www.psacard.com/cert/{id}/psa",
		},
		Fetch: seine.Fetch{
			Via: seine.ViaChrome, KeepBlobs: true, Chrome: seine.Chrome{Width: 1920, Height: 1080, Locale: "en-US"}, Timeout: 20 * time.Second, AssetTimeout: 15 * time.Second,
			MaxBody: 8 << 20, MaxAsset: 64 << 20, MaxRedirects: 10,
		},
		Pace: seine.Pace{
			Delay: seine.Span{Min: 20 * time.Second, Max: 30 * time.Second}, Scope: seine.ScopeWorker, Concurrency: 1,
			Rest: seine.Rest{Every: 50, For: time.Minute}, Cooldown: seine.Cooldown{After: 3, For: 10 * time.Minute},
			Assets: seine.AssetPace{Concurrency: 2},
		},
		Store:   seine.Store{URL: "file:./data/psa-cards/", Key: "png/{grade}/{id}_{asset}.png"},
		Explore: seine.Explore{Strategy: seine.StrategyForager, Patience: 1},
		OnDrift: seine.DriftWarns,
		Limit:   seine.Limit{Assets: 10000},
		Retry:   seine.Retries{Error: 8, Stale: 3, Backoff: 20 * time.Second, HostDown: 20 * time.Minute, Refused: 24 * time.Hour},
	}
	if diff := cmp.Diff(got, want, onlyExported); diff != "" {
		t.Errorf("job (-got +want):\n%s", diff)
	}
}

// In this job every key has a value other than its default.
const everything = `
job: all
permission: yes, by mail
contact: https://lab.example
kind: card
seeds:
  ids: {from: 1, to: 99, width: 4, start: [7]}
  url: https://a.example/{id}
  file: ids.txt.gz
fetch:
  via: chrome
  wait: [{css: p, matches: x}]
  timeout: 1m30s
  asset_timeout: 1d
  headers: {Accept-Language: en, x-token: "${TOKEN}"}
  user_agent: Lab/1
  credentials_to: [b.example]
  allow_private: [127.0.0.0/8, "::1", 10.1.2.3/8, 192.168.0.0/16:443, "[fd00::]/8:8080"]
  max_body: 2MiB
  max_asset: 1.5kB
  max_redirects: 3
pace:
  delay: 0s
  scope: host
  concurrency: 0
  rest: {every: 5, for: 1s}
  cooldown: {after: 2, for: 1h}
  assets: {delay: 10ms..20ms, concurrency: 9}
fields: {a: {css: p}}
assets: {f: {url: a, optional: true, image: {min: 10x20}}}
store: {url: "s3://${BUCKET:-cards}/x", key: "{key}_{asset}.{ext}"}
explore: {strategy: chain, patience: 4}
limit: {assets: 1, records: 2, tasks: 3}
retry: {error: 5, stale: 6, backoff: 0s, host_down: 1h, refused: 2h}
concurrency: 12
max_failures: 13
on_drift: pause
frontier: ${DB:-sqlite:./x.db}
`

func TestEveryKeyReachesTheJob(t *testing.T) {
	t.Parallel()
	f := parse(t, everything, map[string]string{"TOKEN": "s3cr3t", "DB": ""})
	got := f.Job
	got.Scraper, got.Digest, got.Fetch.Wait = nil, nil, nil
	want := seine.Job{
		Robots: seine.ObeyRules, Consent: seine.ObeyRules, OnDrift: seine.DriftPauses,
		Name: "all", Secrets: []string{"s3cr3t"}, Variables: map[string]string{"TOKEN": "s3cr3t"}, Permission: "yes, by mail", Contact: "https://lab.example",
		Seeds: seine.Seeds{
			IDs: []seine.IDSpace{{From: 1, To: 99, Width: 4, Start: []int64{7}}},
			URL: "https://a.example/{id}", File: "ids.txt.gz",
		},
		Fetch: seine.Fetch{
			Via: seine.ViaChrome, KeepBlobs: true, Chrome: seine.Chrome{Width: 1920, Height: 1080, Locale: "en-US"}, Timeout: 90 * time.Second, AssetTimeout: 24 * time.Hour,
			MaxBody: 2 << 20, MaxAsset: 1500, MaxRedirects: 3, UserAgent: "Lab/1", CredentialsTo: []string{"b.example"},
			Header: http.Header{"Accept-Language": {"en"}, "X-Token": {"s3cr3t"}},
			AllowPrivate: []seine.PrivateNet{
				seine.MustParsePrivateNet("127.0.0.0/8"), seine.MustParsePrivateNet("::1/128"), seine.MustParsePrivateNet("10.0.0.0/8"),
				{Prefix: netip.MustParsePrefix("192.168.0.0/16"), Port: 443}, {Prefix: netip.MustParsePrefix("fd00::/8"), Port: 8080},
			},
		},
		Pace: seine.Pace{
			Scope: seine.ScopeHost, Concurrency: seine.Unlimited,
			Rest: seine.Rest{Every: 5, For: time.Second}, Cooldown: seine.Cooldown{After: 2, For: time.Hour},
			Assets: seine.AssetPace{Delay: seine.Span{Min: 10 * time.Millisecond, Max: 20 * time.Millisecond}, Concurrency: 9},
		},
		Store:       seine.Store{URL: "s3://cards/x", Key: "{key}_{asset}.{ext}"},
		Explore:     seine.Explore{Strategy: seine.StrategyChain, Patience: 4},
		Limit:       seine.Limit{Assets: 1, Records: 2, Tasks: 3},
		Retry:       seine.Retries{Error: 5, Stale: 6, HostDown: time.Hour, Refused: 2 * time.Hour},
		Concurrency: 12, MaxFailures: 13, Frontier: "sqlite:./x.db",
	}
	if diff := cmp.Diff(got, want, onlyExported); diff != "" {
		t.Errorf("job (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(f.Secrets, []string{"s3cr3t"}); diff != "" {
		t.Errorf("secrets (-got +want):\n%s", diff)
	}
}

func TestRulesReachTheScraper(t *testing.T) {
	t.Parallel()
	f := parse(t, head+`
fields:
  title: {css: h1}
  price: {first: [{css: .none}, {css: .price, type: float}], or: 0}
  rows: {css: li, all: true, fields: {name: {css: b}, n: {attr: data-n, type: int}}}
  secret: {css: i, keep: false}
  raw: {css: p, attr: title, trim: false}
verdict: [{skip: "title == 'no'", why: not it}, {done: "true"}]
assets: {pic: {url: "'/' + title + '.png'", upgrade: {from: a, to: b}, image: {crop: {of: 10x20, box: [1, 2, 3, 4]}, min: 5x6, resize: 7x8, to: jpeg, quality: 85, keep: original}}}
store: {key: "{secret}/{id}-{asset}.{ext}"}
kind: thing
`, nil)
	page := &seine.Page{URL: "https://a.example/x", Status: 200, Type: "text/html", Body: []byte(
		`<h1>yes</h1><b class=price>1,200.50</b><ul><li data-n=3><b>x</b></ul><i>s</i><p title=" r ">`)}
	got, err := f.Scraper.Scrape(t.Context(), seine.Task{Key: "k", ID: "7"}, page)
	if err != nil {
		t.Fatal(err)
	}
	want := seine.Result{
		Verdict: seine.Verdict{State: seine.Done, Rule: "true"},
		Records: []seine.Record{{Key: "k", Kind: "thing", Fields: map[string]any{
			"title": "yes", "price": 1200.5, "raw": " r ",
			"rows": []any{map[string]any{"name": "x", "n": int64(3)}},
		}}},
		Assets: []seine.Asset{{
			Name: "pic", URL: "https://a.example/yes.png", Path: "s/7-pic.{ext}", OriginalPath: "s/7-pic_original.{ext}", Upgrade: &seine.Upgrade{From: "a", To: "b"},
			Image: &seine.Image{
				Resize: &seine.Size{Width: 7, Height: 8}, To: seine.JPEG, Quality: 85, Keep: seine.KeepOriginal,
				MinWidth: 5, MinHeight: 6,
				Crop: &seine.Crop{OfWidth: 10, OfHeight: 20, Left: 1, Top: 2, Right: 3, Bottom: 4},
			},
		}},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("result (-got +want):\n%s", diff)
	}
}

func TestWhatIsAddedLaterNeedsOnlyAURL(t *testing.T) {
	t.Parallel()
	f := parse(t, "job: a\nseeds: {url: 'https://a.example/{id}'}\n"+body, nil)
	if f.Job.Seeds.IDs != nil || f.Job.Seeds.URL == "" {
		t.Errorf("seeds %+v; want a URL alone", f.Job.Seeds)
	}
}

func TestDigestIsOfWhatTheFileSays(t *testing.T) {
	t.Parallel()
	base := head + body + "contact: ${WHO:-a}\nlimit: {assets: 1}\n"
	sum := func(src string, env map[string]string) string {
		return hex.EncodeToString(parse(t, src, env).Job.Digest)
	}
	want := sum(base, nil)
	for name, src := range map[string]string{
		"a comment":        "# note\n" + base,
		"another order":    body + "limit:\n  assets: 1\ncontact: '${WHO:-a}'\n" + head,
		"an alias":         strings.Replace(base, "https://a.example/", "&x https://a.example/", 1),
		"lines of Windows": strings.ReplaceAll(base, "\n", "\r\n"),
	} {
		if got := sum(src, nil); got != want {
			t.Errorf("%s changes the digest", name)
		}
	}
	if got := sum(base, map[string]string{"WHO": "someone"}); got != want {
		t.Error("the environment changes the digest")
	}
	for name, src := range map[string]string{
		"another value":   strings.Replace(base, "assets: 1", "assets: 2", 1),
		"another default": strings.Replace(base, ":-a", ":-b", 1),
		"another field":   strings.Replace(base, "title", "name", 1),
	} {
		if got := sum(src, nil); got == want {
			t.Errorf("%s does not change the digest", name)
		}
	}
	a, b := parse(t, head+"fields: {a: {css: p, or: 1}}\n", nil), parse(t, head+"fields: {a: {css: p, or: '1'}}\n", nil)
	if bytes.Equal(a.Job.Digest, b.Job.Digest) {
		t.Error("1 and '1' have one digest")
	}
}

func TestAWaitViaHTTPIsAWarning(t *testing.T) {
	t.Parallel()
	f := parse(t, head+body+"fetch:\n  wait: [{css: p}]\n", nil)
	want := Mistakes{{
		File: "job.yaml", Line: 5, Column: 3, Path: "fetch.wait",
		Message: "fetch.wait is not used via http, where a page is judged at once",
	}}
	if diff := cmp.Diff(f.Warnings, want); diff != "" {
		t.Errorf("warnings (-got +want):\n%s", diff)
	}
}

func TestLoadNamesAFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := Load(filepath.Join(t.TempDir(), "job.yaml"), noEnv)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load failed with %v; want fs.ErrNotExist", err)
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "20s": 20 * time.Second, "1m30s": 90 * time.Second, "1.5h": 90 * time.Minute,
		"2d": 48 * time.Hour, "1d12h": 36 * time.Hour, "500ms": time.Second / 2, "3us": 3 * time.Microsecond,
	} {
		if got, err := ParseDuration(s); got != want || err != nil {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "s", "1", "-1s", "+1s", "1 s", "1s ", "1w", "99999999999999999999h", "1e3s", "s1", "1s-"} {
		if got, err := ParseDuration(s); err == nil {
			t.Errorf("ParseDuration(%q) = %v; want an error", s, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	src, err := os.ReadFile(example)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src)
	f.Add([]byte(everything))
	f.Add([]byte(head + body))
	f.Add([]byte("a: &a [*a]\n---\n!!x {? b}\n"))
	f.Add([]byte("job: ${X:-a}\nseeds: {ids: {from: 0x1, to: .inf}}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := Parse("job.yaml", src, noEnv) // the fuzzer itself reports a hang
		ms, isMistakes := errors.AsType[Mistakes](err)
		switch {
		case err == nil:
			if file == nil || file.Job.Scraper == nil || ValidName(file.Job.Name) != nil {
				t.Fatalf("right, but %+v", file)
			}
		case !isMistakes || len(ms) == 0:
			t.Fatalf("failed with %T %v; want Mistakes", err, err)
		}
		if !slices.IsSortedFunc(ms, func(a, b Mistake) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Column - b.Column
		}) {
			t.Fatalf("not in order: %v", ms)
		}
		for _, m := range ms {
			if m.Line < 1 || m.Column < 1 || m.Message == "" {
				t.Fatalf("no place or no message: %+v", m)
			}
		}
	})
}

// In braces, too, a colon without a space behind it is part of a text.
func TestPortsInBraces(t *testing.T) {
	t.Parallel()
	for _, list := range []string{"[127.0.0.1:8080, 10.0.0.0/8:443]", "[ 127.0.0.1:8080 , '10.0.0.0/8:443' ]", `["127.0.0.1:8080", 10.0.0.0/8:443]`} {
		file := parse(t, "job: a\nseeds: {urls: ['http://a.example/']}\nfetch: {via: http, allow_private: "+list+"}\nfields: {t: {css: h1}}\n", nil)
		want := []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.1:8080"), seine.MustParsePrivateNet("10.0.0.0/8:443")}
		if diff := cmp.Diff(want, file.Job.Fetch.AllowPrivate, onlyExported); diff != "" {
			t.Errorf("%s (-want +got):\n%s", list, diff)
		}
	}
}
