package frontier

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

func idJob() *seine.Job {
	return &seine.Job{
		Name: "j", Seeds: seine.Seeds{URL: "http://a.example/cert/{id}/psa", IDs: []seine.IDSpace{{From: 1, To: 99999, Width: 5}}},
		Pace: seine.Pace{Delay: seine.Span{Min: time.Second, Max: time.Second}, Scope: seine.ScopeHost, Concurrency: 1},
	}
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	prio := func(n int) *int { return &n }
	free := idJob()
	free.Seeds = seine.Seeds{}
	days := idJob()
	days.Seeds.IDs = []seine.IDSpace{{From: 19700, To: 19999, Date: "2006/01/02", Prefix: "a/b-"}}
	for _, tt := range []struct {
		name string
		job  *seine.Job
		seed Seed
		want New
		page string
	}{
		{"an id is padded", idJob(), Seed{Key: "42"}, New{Key: "00042", Lane: "a.example:80", Priority: 1}, "http://a.example/cert/00042/psa"},
		{"a padded id stays", idJob(), Seed{Key: " 00042 "}, New{Key: "00042", Lane: "a.example:80", Priority: 1}, "http://a.example/cert/00042/psa"},
		{"an id that is no number", idJob(), Seed{Key: "A-7"}, New{Key: "A-7", Lane: "a.example:80", Priority: 1}, "http://a.example/cert/A-7/psa"},
		{"an id changes no path", idJob(), Seed{Key: "../x?y#z"}, New{Key: "../x?y#z", Lane: "a.example:80", Priority: 1}, "http://a.example/cert/..%2Fx%3Fy%23z/psa"},
		{"a date's own slashes are the path's", days, Seed{Key: "a/b-2024/03/05"}, New{Key: "a/b-2024/03/05", Lane: "a.example:80", Priority: 1}, "http://a.example/cert/a%2Fb-2024/03/05/psa"},
		{"those of others are not", days, Seed{Key: "a/b-2024/03/5"}, New{Key: "a/b-2024/03/5", Lane: "a.example:80", Priority: 1}, "http://a.example/cert/a%2Fb-2024%2F03%2F5/psa"},
		{"a URL beside ids", idJob(), Seed{Key: "HTTPS://B.example#top"}, New{Key: "https://b.example/", Lane: "b.example:443", Priority: 1}, "https://b.example/"},
		{"a URL is canonical", free, Seed{Key: "http://a.example:80/%7Eme"}, New{Key: "http://a.example/~me", Lane: "a.example:80", Priority: 1}, "http://a.example/~me"},
		{"a priority is clamped", free, Seed{Key: "http://a.example/", Priority: prio(9)}, New{Key: "http://a.example/", Lane: "a.example:80", Priority: 3}, "http://a.example/"},
		{"and from below", free, Seed{Key: "http://a.example/", Priority: prio(-1)}, New{Key: "http://a.example/", Lane: "a.example:80", Priority: 0}, "http://a.example/"},
		{"meta comes along", free, Seed{Key: "http://a.example/", Meta: map[string]any{"a": 1}}, New{Key: "http://a.example/", Lane: "a.example:80", Priority: 1, Meta: json.RawMessage(`{"a":1}`)}, "http://a.example/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Admit(tt.job, tt.seed)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("Admit(%q) (-want +got):\n%s", tt.seed.Key, d)
			}
			if page, err := PageURL(tt.job, got.Key); err != nil || page != tt.page {
				t.Errorf("PageURL(%q) = %q, %v; want %q", got.Key, page, err, tt.page)
			}
			if again, err := Admit(tt.job, Seed{Key: got.Key}); err != nil || again.Key != got.Key {
				t.Errorf("Admit(%q) = %q, %v: a key is not its own", got.Key, again.Key, err)
			}
		})
	}
	for _, key := range []string{"", "  ", "a\x00b", "line\nbreak", "\xff", strings.Repeat("9", 2001), "..", "http://" + strings.Repeat("a/", 2000)} {
		if got, err := Admit(idJob(), Seed{Key: key}); !errors.Is(err, ErrKey) {
			t.Errorf("Admit(%.20q) = %+v, %v; want %v", key, got, err, ErrKey)
		}
	}
	for _, key := range []string{"42", "ftp://a.example/", "mailto:a@b.example", "http://u:p@a.example/"} {
		if got, err := Admit(free, Seed{Key: key}); !errors.Is(err, ErrKey) {
			t.Errorf("Admit(%q) = %+v, %v; want %v", key, got, err, ErrKey)
		}
	}
}

// If spaces differ only in the number of leading zeros, an ID belongs to the space that writes it
// so. Without leading zeros it belongs to the first one.
func TestLocate(t *testing.T) {
	t.Parallel()
	job := idJob()
	job.Seeds.IDs = []seine.IDSpace{{From: 1, To: 999, Width: 4}, {From: 1, To: 99999, Width: 6}, {From: 1, To: 99}}
	for _, tt := range []struct {
		key, want string
		space     int
	}{
		{"0005", "0005", 0},
		{"000005", "000005", 1},
		{"5", "5", 2},
		{"00005", "0005", 0},
		{"1000", "001000", 1},
		{"100000", "100000", -1},
	} {
		got, err := Admit(job, Seed{Key: tt.key})
		if err != nil || got.Key != tt.want {
			t.Errorf("Admit(%q) = %q, %v; want %q", tt.key, got.Key, err, tt.want)
		}
		if i, _ := Locate(job.Seeds.IDs, tt.key); i != tt.space {
			t.Errorf("Locate(%q) is the space %d; want %d", tt.key, i, tt.space)
		}
	}
}

func TestLaneKeySpreadsWhatNothingLimits(t *testing.T) {
	t.Parallel()
	j := idJob()
	j.Pace = seine.Pace{Scope: seine.ScopeHost, Concurrency: seine.Unlimited}
	lanes := map[string]int{}
	for i := range 16_000 {
		lanes[LaneKey(j, fmt.Sprint(i), "http://a.example/")]++
	}
	if len(lanes) != 16 {
		t.Errorf("%d lanes; want 16", len(lanes))
	}
	for lane, n := range lanes {
		if IsHost(lane) || n < 800 || n > 1200 {
			t.Errorf("lane %s has %d of 16,000 tasks", lane, n)
		}
	}
	if !IsHost("a.example:80") || IsHost(AssetLane("a.example:80")) || !IsAssetLane(AssetLane("a.example:80")) || IsAssetLane("a.example:80") {
		t.Error("the kinds of lanes are mixed up")
	}
}

func TestSpecOf(t *testing.T) {
	t.Parallel()
	j := idJob()
	j.Pace.Rest = seine.Rest{Every: 50, For: time.Minute}
	if got := SpecOf(j, nil).Page; got.Delay != j.Pace.Delay || got.Inflight != 1 || got.Rest != j.Pace.Rest {
		t.Errorf("page pace %+v", got)
	}
	j.Pace.Scope = seine.ScopeWorker
	if got := SpecOf(j, nil).Page; got.Delay != (seine.Span{}) || got.Inflight < 1000 || got.Rest != (seine.Rest{}) {
		t.Errorf("page pace %+v of workers that pace themselves; want none", got)
	}
}

func TestLaneRoom(t *testing.T) {
	t.Parallel()
	sec := func(n float64) seine.Span {
		d := time.Duration(n * float64(time.Second))
		return seine.Span{Min: d, Max: d}
	}
	for _, tt := range []struct {
		name             string
		pace             LanePace
		inflight, faults int
		want             int
	}{
		{"one slot", LanePace{Inflight: 1}, 0, 0, 1},
		{"half of the slots", LanePace{Inflight: 10}, 0, 0, 5},
		{"what is left", LanePace{Inflight: 10}, 8, 0, 2},
		{"full", LanePace{Inflight: 10}, 10, 0, 0},
		{"two seconds of starts", LanePace{Inflight: 100, Delay: sec(0.5)}, 0, 0, 4},
		{"at least one", LanePace{Inflight: 100, Delay: sec(30)}, 0, 0, 1},
		{"more taken than there are slots now", LanePace{Inflight: 2}, 5, 0, 0},
		{"a host at fault", LanePace{Inflight: 10}, 0, 3, 1},
		{"a host at fault that is being tried", LanePace{Inflight: 10}, 1, 3, 0},
	} {
		if got := LaneRoom(tt.pace, tt.inflight, tt.faults); got != tt.want {
			t.Errorf("%s: room %d; want %d", tt.name, got, tt.want)
		}
	}
}

func TestNextTry(t *testing.T) {
	t.Parallel()
	r := seine.Retries{Error: 8, Stale: 3, Backoff: 20 * time.Second}
	last := time.Duration(0)
	total := time.Duration(0)
	for attempt := 1; attempt < 8; attempt++ {
		lo, final := NextTry(r, seine.Error, attempt, 0, 0)
		hi, _ := NextTry(r, seine.Error, attempt, 0, 0.9999)
		if final || lo < last || hi < lo || hi > 2*lo {
			t.Errorf("attempt %d waits %v to %v, final %v", attempt, lo, hi, final)
		}
		last = lo
		total += lo + (hi-lo)/2
	}
	if total < 20*time.Minute || total > 45*time.Minute {
		t.Errorf("eight attempts span %v; want about half an hour", total)
	}
	if _, final := NextTry(r, seine.Error, 8, 0, 0); !final {
		t.Error("the eighth of eight attempts is not final")
	}
	if _, final := NextTry(r, seine.Stale, 3, 0, 0); !final {
		t.Error("the third of three stale attempts is not final")
	}
	if d, _ := NextTry(r, seine.Error, 1, time.Hour, 0); d != time.Hour {
		t.Errorf("the host's own wish is %v; want 1h", d)
	}
	r.Error = 1000
	if d, _ := NextTry(r, seine.Error, 900, 0, 0.5); d > time.Hour || d < 30*time.Minute {
		t.Errorf("attempt 900 waits %v; want at most an hour", d)
	}
}

func TestBlock(t *testing.T) {
	t.Parallel()
	admit := func(id int64) (New, error) { return New{Key: fmt.Sprint(id)}, nil }
	for _, tt := range []struct {
		next, hi int64
		n        int
		want     int
		to       int64
	}{{1, 10, 4, 4, 5}, {9, 10, 4, 2, 11}, {math.MaxInt64 - 2, math.MaxInt64 - 1, 9, 2, math.MaxInt64}} {
		got, to, err := Block(tt.next, tt.hi, tt.n, admit)
		if err != nil || len(got) != tt.want || to != tt.to {
			t.Errorf("Block(%d, %d, %d) = %d tasks, %d, %v; want %d, %d", tt.next, tt.hi, tt.n, len(got), to, err, tt.want, tt.to)
		}
	}
}

func TestCheckSchema(t *testing.T) {
	t.Parallel()
	wants := map[int64]string{
		0: "seine migrate", 1000: "seine migrate", 999: "not Seine's", 20240131120000: "not Seine's", 2001: "newer seine",
		1000 + SchemaMinor: "", 1001 + SchemaMinor: "",
	}
	for minor := range SchemaMinor {
		wants[int64(1000+minor)] = "seine migrate"
	}
	for version, want := range wants {
		err := CheckSchema(version)
		if (err == nil) != (want == "") || err != nil && (!errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), want)) {
			t.Errorf("CheckSchema(%d) = %v; want %q", version, err, want)
		}
	}
}

func TestCheckClock(t *testing.T) {
	t.Parallel()
	there := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for gap, want := range map[time.Duration]string{0: "", time.Minute: "", -59 * time.Second: "", 3 * time.Minute: "3m0s ahead of", -time.Hour: "1h0m0s behind"} {
		err := CheckClock(there.Add(gap), there)
		if (err == nil) != (want == "") || err != nil && (!errors.Is(err, ErrClock) || !strings.Contains(err.Error(), want)) {
			t.Errorf("CheckClock at %v = %v; want %q", gap, err, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x00\xff", `{"a":"\u0000\ud800"}`)
	f.Fuzz(func(t *testing.T, s, raw string) {
		for _, got := range []string{Clean(s), CleanReason(s)} {
			if !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
				t.Fatalf("Clean(%q) = %q", s, got)
			}
		}
		if len(CleanReason(s)) > 200 {
			t.Fatalf("CleanReason(%q) is too long", s)
		}
		var before, after any
		if json.Unmarshal([]byte(raw), &before) != nil {
			return
		}
		got := CleanJSON(json.RawMessage(raw))
		if err := json.Unmarshal(got, &after); err != nil || !utf8.Valid(got) || bytes.Contains(got, []byte(`\u0000`)) && !bytes.Contains(got, []byte(`\\u0000`)) {
			t.Fatalf("CleanJSON(%q) = %q, %v", raw, got, err)
		}
	})
}

func TestPlainReasons(t *testing.T) {
	t.Parallel()
	got := Plain([]ReasonCount{{seine.Stale, "no page" + WithScreenshot, 3}, {seine.Error, "no page", 1}, {seine.Stale, "no page", 2}, {seine.Stale, "x", 1}})
	want := []ReasonCount{{seine.Stale, "no page", 5}, {seine.Error, "no page", 1}, {seine.Stale, "x", 1}}
	if d := cmp.Diff(got, want); d != "" {
		t.Error(d)
	}
}
