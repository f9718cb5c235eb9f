package jobfile

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/idspace"
)

func idsJob(ids, more string) string {
	return "job: a\nseeds:\n  url: https://a.example/{id}\n  ids: " + ids + "\n" + body + more
}

func TestIDs(t *testing.T) {
	t.Parallel()
	day := func(y int, m time.Month, d int) int64 { return seine.Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) }
	for _, tt := range []struct {
		ids  string
		want []seine.IDSpace
		keys string // the first and the last of each
	}{
		{"{from: 1, to: 99, width: 4}", []seine.IDSpace{{From: 1, To: 99, Width: 4}}, "0001 0099"},
		{"[{from: 1, to: 9, prefix: A-}, {from: 1, to: 9, prefix: B-}]", []seine.IDSpace{{From: 1, To: 9, Prefix: "A-"}, {From: 1, To: 9, Prefix: "B-"}}, "A-1 A-9 B-1 B-9"},
		{"{from: 7, to: 40, step: 10, start: [27]}", []seine.IDSpace{{From: 7, To: 40, Step: 10, Start: []int64{27}}}, "7 37"},
		{"{from: 7992739871, to: 7992739872, check: luhn}", []seine.IDSpace{{From: 7992739871, To: 7992739872, Check: seine.CheckLuhn}}, "79927398713 79927398721"},
		{"{from: 2024-02-28, to: 2024-03-02}", []seine.IDSpace{{From: day(2024, 2, 28), To: day(2024, 3, 2), Date: "2006-01-02"}}, "2024-02-28 2024-03-02"},
		{"{from: 2024-02-28, to: 2024-03-02, date: DD.MM.YYYY, step: 2}", []seine.IDSpace{{From: day(2024, 2, 28), To: day(2024, 3, 2), Date: "02.01.2006", Step: 2}}, "28.02.2024 01.03.2024"},
		{"{from: aaa, to: zzz, base: 26, start: [abc]}", []seine.IDSpace{{To: 26*26*26 - 1, Width: 3, Alphabet: strings.ToLower(seine.Letters), Start: []int64{28}}}, "aaa zzz"},
		{`{from: "000", to: ZZZ, base: 36}`, []seine.IDSpace{{To: 36*36*36 - 1, Width: 3, Alphabet: seine.Alphanumerics}}, "000 ZZZ"},
	} {
		t.Run(tt.ids, func(t *testing.T) {
			t.Parallel()
			src := idsJob(tt.ids, "")
			got := parse(t, src, nil).Job.Seeds.IDs
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("spaces (-got +want):\n%s", diff)
			}
			var keys []string
			for i := range got {
				keys = append(keys, idspace.Of(&got[i]).At(0), idspace.Of(&got[i]).At(idspace.Of(&got[i]).Len()-1))
			}
			if got := strings.Join(keys, " "); got != tt.keys {
				t.Errorf("ids %s; want %s", got, tt.keys)
			}
			if err := accepts(t, compileSchema(t, ""), src); err != nil {
				t.Errorf("the schema: %v", err)
			}
		})
	}
}

func TestIDsThatCantBe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ ids, more, want string }{
		{"{from: 9, to: 5}", "", "4:15: seeds.ids: from 9 is greater than to 5"},
		{"[]", "", "4:8: seeds.ids is empty"},
		{"{from: 1, to: 9223372036854775808}", "", "4:22: seeds.ids.to: 9223372036854775808 does not fit 64 bits"},
		{"{from: 1, to: 9223372036854775807}", "", "4:22: seeds.ids.to: 9223372036854775807 is too large: at most 9223372036854775806"},
		{"{from: -1, to: 5}", "", "4:15: seeds.ids.from is -1; at least 0"},
		{"{from: a, to: 5}", "", `4:15: seeds.ids.from: "a" has letters: add base: 26, or 36 with digits`},
		{"{from: , to: 5}", "", "4:9: seeds.ids.from wants a number, letters or a date, got no value"},
		{"{from: 2024-02-30, to: 2024-03-01}", "", `4:15: seeds.ids.from: "2024-02-30" is no date: 2020-01-31`},
		{"{from: 2024-03-02, to: 2024-03-01}", "", "4:15: seeds.ids: from 2024-03-02 is greater than to 2024-03-01"},
		{"{from: 1, to: 2024-01-05, date: YYYY-MM-DD}", "", `4:15: seeds.ids.from: "1" is no date: 2020-01-31`},
		{"{from: 2024-01-01, to: 2024-03-01, date: YYYY-MM}", "", `4:49: seeds.ids.date: "YYYY-MM" has DD not once: YYYY-MM-DD, DD.MM.YYYY, YYYYMMDD`},
		{"{from: 2024-01-01, to: 2024-03-01, date: YYYY-MM-DD hh}", "", `4:49: seeds.ids.date: "YYYY-MM-DD hh" holds other letters than YYYY, MM and DD`},
		{"{from: 2024-01-01, to: 2024-03-01, width: 9}", "", "4:50: seeds.ids.width needs numbers in digits: letters and dates have a width of their own"},
		{"{from: AA, to: ZZZ, base: 26}", "", `4:23: seeds.ids.to: "ZZZ" has another length than from: give a space for each length`},
		{"{from: AA, to: zz, base: 26}", "", "4:15: seeds.ids: from AA and to zz mix large and small letters"},
		{"{from: A1, to: ZZ, base: 26}", "", `4:15: seeds.ids.from: "A1" holds a character outside ABCDEFGHIJKLMNOPQRSTUVWXYZ`},
		{"{from: AAAAAAAAAAAAAA, to: ZZZZZZZZZZZZZZ, base: 26}", "", "4:35: seeds.ids.to: ZZZZZZZZZZZZZZ does not fit 64 bits"},
		{"{from: AA, to: ZZ, base: 20}", "", "4:33: seeds.ids.base is 20; it may be 10, 26, 36"},
		{"{from: AA, to: ZZ, base: 26, check: luhn}", "", "4:44: seeds.ids.check needs numbers in digits"},
		{"{from: 1, to: 5, check: crc}", "", `4:32: seeds.ids.check is "crc"; it may be luhn, ean, mod11, damm`},
		{"{from: 1, to: 5, step: 0}", "", "4:31: seeds.ids.step is 0; at least 1"},
		{"{from: 1, to: 50, step: 10, start: [12]}", "", "4:44: seeds.ids.start[0]: 12 is none of the ids from 1 on in steps of 10"},
		{"[{from: 1, to: 50}, {from: 9, to: 5}]", "", "4:35: seeds.ids[1]: from 9 is greater than to 5"},
		{"[{from: 1, to: 50}, {from: 50, to: 60}]", "", "4:28: seeds.ids[1]: the ID 50 is also one of seeds.ids[0], but spaces must not overlap"},
		{"[{from: 1, to: 5, prefix: A}, {from: 0, to: 9223372036854775806}, {from: 0, to: 9223372036854775806, prefix: B}]", "", "4:38: seeds.ids[1]: the spaces together hold more IDs than 64 bits count"},
		{"{from: 1, to: 5}", "limit: {yield: 1.5}\n", "6:16: limit.yield is 1.5; 0 to 1"},
		{"{from: 1, to: 5}", "limit: {yield: 5 %}\n", `6:16: limit.yield wants a number from 0 to 1, got the text "5 %"`},
		{"{from: 1, to: 5}", "explore: {strategy: chain}\nlimit: {yield: 0.1}\n", "7:16: limit.yield is not used with strategy: chain"},
		{"{from: 1, to: 5}", "explore: {strategy: chain, budget: 9}\n", "6:36: explore.budget is not used with strategy: chain, where limit.tasks is the bound"},
		{"{from: 1, to: 5}", "explore: {strategy: 'off', budget: 9}\n", "6:36: explore.budget is not used with strategy: off, where limit.tasks is the bound"},
		{"{from: 1, to: 5}", "explore: {hit: state == 'dona'}\n", `6:16: explore.hit: state is never "dona" here, only "done" or "skipped": did you mean "done"?`},
		{"{from: AA, to: 9}", "", `4:15: seeds.ids.from: "AA" has letters: add base: 26, or 36 with digits`},
		{"{from: 2020-1-3, to: 9}", "", `4:15: seeds.ids.from: "2020-1-3" is not a number: write a date as 2020-01-31`},
		{"{from: 1, to: 5}", "explore: {hit: stat == 'done'}\n", `6:16: explore.hit: unknown name "stat" in the expression: did you mean "state"?`},
		{"{from: 1, to: 5}", "explore: {hit: title == 'x'}\n", `6:16: explore.hit: unknown name "title" in the expression`},
		{"{from: 1, to: 5}", "explore: {strategy: forager, links: {next: a}}\n", "6:30: explore.links are for strategy: chain"},
		{"{from: 1, to: 5}", "explore: {links: {next: 'a['}}\n", "6:25: explore.links.next: bad selector"},
		{"{from: 1, to: 5}", "limit: {records: 6}\n", "6:18: limit.records: 6 records can't be met: the ID space has 5 ids, a record each; give at most 5, or no limit"},
		{"{from: 1, to: 500}", "explore: {budget: 4}\nlimit: {records: 5}\n", "7:18: limit.records: 5 records can't be met: explore.budget is 4 answers, a record each; give at most 4, or no limit"},
		{"{from: 1, to: 5}", "explore: {links: {}}\n", "6:11: explore.links: give next, prev or both"},
	} {
		t.Run(tt.ids+tt.more, func(t *testing.T) {
			t.Parallel()
			if got := mistakes(t, idsJob(tt.ids, tt.more)); !strings.HasPrefix(got, "job.yaml:"+tt.want) || strings.Contains(got, "\n") {
				t.Errorf("says\n%s\nwant\njob.yaml:%s", got, tt.want)
			}
		})
	}
	src := "job: a\nseeds:\n  url: https://a.example/id\n  ids: {from: 1, to: 5}\n" + body
	if got, want := mistakes(t, src), `job.yaml:3:8: seeds.url "https://a.example/id" has no {id}: a single page goes into seeds.urls`; got != want {
		t.Errorf("says\n%s\nwant\n%s", got, want)
	}
	if got, want := mistakes(t, head+body+"limit: {yield: 0.1}\n"), "limit.yield needs an ID space to explore: give seeds.ids"; !strings.Contains(got, want) {
		t.Errorf("says\n%s\nwant\n%s", got, want)
	}
	if src, err := os.ReadFile(example); err != nil || mistakes(t, string(src)) != "" {
		t.Error("the example is refused", err)
	}
}

// Useless and harmless content of a job file gives a warning.
func TestWhatIsPointedOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ ids, more, want string }{
		{"[{from: 1, to: 5}, {from: 1, to: 3, prefix: A}]", "assets: {a: {url: title}, b: {url: title}}\nlimit: {assets: 17}\n", "7:17: limit.assets: 17 assets can't be met: the ID space has 8 ids with 2 each"},
		{"{from: 1, to: 5}", "limit: {tasks: 6}\n", "6:16: limit.tasks: 6 tasks can't be met: the ID space has 5 ids"},
		{"{from: 1, to: 5}", "limit: {tasks: 5, records: 5}\n", ""},
		{"{from: 1, to: 5}", "assets: {a: {url: title}, b: {url: title}}\nlimit: {assets: 10}\n", ""},
		{"{from: 1, to: 5}", "explore: {strategy: chain}\n", "6:21: explore.strategy: a chain starts at known IDs: give seeds.ids.start, or `seine add` them"},
		{"{from: 1, to: 5, start: [2]}", "explore: {strategy: chain}\n", ""},
		{"{from: 1, to: 5, start: [2]}", "explore: {strategy: chain, patience: 3}\n", ""},
		{"{from: 1, to: 5}", "explore: {patience: 3}\n", "6:21: explore.patience is not used with strategy: forager, but with chain"},
		{"{from: 1, to: 5}", "explore: {max: 6}\n", ""},
		{"{from: 1, to: 5}", "explore: {strategy: random, max: 6}\n", "6:34: explore.max is not used with strategy: random, but with forager"},
	} {
		file := parse(t, idsJob(tt.ids, tt.more), nil)
		got := ""
		if len(file.Warnings) > 0 {
			got = strings.TrimPrefix(file.Warnings.Error(), "job.yaml:")
		}
		if got != tt.want {
			t.Errorf("%s %s says %q; want %q", tt.ids, tt.more, got, tt.want)
		}
	}
}

// The hit rule and the links of a chain reach the job.
func TestExploreReachesTheJob(t *testing.T) {
	t.Parallel()
	e := parse(t, idsJob("{from: 1, to: 5}", "explore: {hit: \"state == 'done' || reason == 'images missing' && id != '3'\"}\n"), nil).Job.Explore
	for _, tt := range []struct {
		id   string
		v    seine.Verdict
		want bool
	}{
		{"1", seine.Verdict{State: seine.Done}, true},
		{"2", seine.Verdict{State: seine.Skipped, Reason: "images missing"}, true},
		{"3", seine.Verdict{State: seine.Skipped, Reason: "images missing"}, false},
		{"4", seine.Verdict{State: seine.Skipped, Reason: "not pokemon"}, false},
	} {
		if got := e.Hit(tt.id, tt.v); got != tt.want {
			t.Errorf("%s %+v is a hit: %v; want %v", tt.id, tt.v, got, tt.want)
		}
	}
	f := parse(t, head+body+"explore: {patience: 2, links: {next: 'a.next', prev: 'a[rel=prev]'}}\n", nil)
	if e = f.Job.Explore; e.Strategy != seine.StrategyChain || e.Neighbor == nil {
		t.Fatalf("explore %+v; want a chain with neighbors", e)
	}
	page := &seine.Page{URL: "https://a.example/x/1", Type: "text/html", Body: []byte(`<base href="/y/"><a class=next href="2#top">n</a><a rel=prev>none</a>`)}
	if got := fmt.Sprintf("%s|%s", e.Neighbor(seine.Task{}, page, +1), e.Neighbor(seine.Task{}, page, -1)); got != "https://a.example/y/2#top|" {
		t.Errorf("neighbors %s", got)
	}
}
