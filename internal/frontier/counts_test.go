package frontier

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

func TestCountsSplitByState(t *testing.T) {
	t.Parallel()
	c := NewCounts()
	// The rows of table stat come in any order, and a state may have several rows.
	for _, row := range []struct {
		state int
		n     int64
	}{
		{int(seine.Done), 30}, {StatTotal, 60}, {int(seine.Skipped), 20}, {StatRecords, 28}, {StatTotal, 40},
		{int(seine.Error), 5}, {int(seine.Stale), 4}, {StatAssets, 56}, {int(seine.Done), 1}, {int(seine.Error), -2},
	} {
		c.Add(row.state, row.n)
	}
	want := Counts{
		Total: 100, Open: 42, Records: 28, Assets: 56,
		Final: map[seine.State]int64{seine.Done: 31, seine.Skipped: 20, seine.Error: 3, seine.Stale: 4},
	}
	if d := cmp.Diff(want, c); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	states := c.States(7, 3, 2)
	if d := cmp.Diff(map[seine.State]int64{
		seine.Pending: 30, seine.InProgress: 7, seine.Done: 31, seine.Skipped: 20, seine.Stale: 6, seine.Error: 6,
	}, states); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
	var sum int64
	for _, n := range states {
		sum += n
	}
	if sum != c.Total {
		t.Errorf("the states come to %d; want the total, %d", sum, c.Total)
	}
	// The counters and the tasks are read at different moments.
	if got := c.States(60, 0, 0)[seine.Pending]; got != 0 {
		t.Errorf("%d pending; want none below zero", got)
	}
}

func TestCheckIdentity(t *testing.T) {
	t.Parallel()
	s := Spec{SeedURL: "http://a.example/{id}", StoreKey: "{id}.png"}
	for _, tt := range []struct{ name, seedURL, storeKey, want string }{
		{"the same", s.SeedURL, s.StoreKey, ""},
		{"another URL", "http://b.example/{id}", s.StoreKey, "seeds.url was"},
		{"another key", s.SeedURL, "x/{id}.png", "store.key was"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := CheckIdentity(s, tt.seedURL, tt.storeKey)
			if (err == nil) != (tt.want == "") || err != nil && (!errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("CheckIdentity = %v; want %q", err, tt.want)
			}
		})
	}
}

func TestCleanJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"nothing to clean stays byte for byte", `{ "b": 1, "a": "<&>" }`, `{ "b": 1, "a": "<&>" }`},
		{"NUL in a value", `{"a":"x\u0000y"}`, "{\"a\":\"x\ufffdy\"}"},
		{"NUL in a name", `{"x\u0000":[1]}`, "{\"x\ufffd\":[1]}"},
		{"half a pair", `["\ud800"]`, "[\"\ufffd\"]"},
		{"a whole pair", `["\ud83d\ude00"]`, `["😀"]`},
		{"no UTF-8", "[\"a\xffb\"]", "[\"a\ufffdb\"]"},
		{"a number keeps its digits", `["\u0041", 12345678901234567890, 1.10]`, `["A",12345678901234567890,1.10]`},
		{"two values are no JSON and stay so", `{"a":"\u0041"} {"b":1}`, `{"a":"\u0041"} {"b":1}`},
		{"a line's end is no value", "[\"\\u0041\"]\n", `["A"]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := string(CleanJSON(json.RawMessage(tt.in))); got != tt.want {
				t.Errorf("CleanJSON(%q) = %q; want %q", tt.in, got, tt.want)
			}
		})
	}
}

// Clean keeps a clean text, and its result is clean.
func FuzzCleanJSON(f *testing.F) {
	for _, s := range []string{`{"a":"\u0041","b":[1,null,true,1e400]}`, `"\u0000"`, `{"x\u0000":1,"x\ufffd":2}`, `1 2`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if !json.Valid([]byte(raw)) {
			return
		}
		got := CleanJSON(json.RawMessage(raw))
		if !json.Valid(got) {
			t.Fatalf("CleanJSON(%q) = %q", raw, got)
		}
		if again := CleanJSON(got); string(again) != string(got) && !strings.Contains(raw, `\u`) {
			t.Fatalf("CleanJSON(%q) = %q, then %q", raw, got, again)
		}
		// encoding/json replaces unpaired surrogates itself. It keeps NUL, and replaces each
		// invalid byte alone.
		if strings.Contains(raw, `\u0000`) || !utf8.ValidString(raw) {
			return
		}
		var before, after any
		if json.Unmarshal([]byte(raw), &before) != nil {
			return
		}
		if err := json.Unmarshal(got, &after); err != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("CleanJSON(%q) = %q, %v; want the same value", raw, got, err)
		}
	})
}
