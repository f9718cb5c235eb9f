package seedlist_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/seedlist"
	"github.com/seinehq/seine/internal/testkit"
)

// read returns the tasks of a list as JSON, and its bad lines.
func read(t *testing.T, seeds seine.Seeds) (tasks, bad []string, err error) {
	t.Helper()
	err = seedlist.Read(&seeds, func(s frontier.Seed) error {
		text, err := json.Marshal([]any{s.Key, s.Priority, s.Meta})
		tasks = append(tasks, string(text))
		return err
	}, func(b *frontier.BadLine) error {
		bad = append(bad, fmt.Sprintf("%d: %s", b.Line, b.Reason))
		return nil
	})
	return tasks, bad, err
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTables(t *testing.T) {
	t.Parallel()
	columns := map[string]string{"url": "Image Link", "caption": "alt"}
	link := map[string]string{"url": "link"}
	want := []string{`["http://a.example/1.jpg",null,{"caption":"one","n":"7"}]`, `["http://a.example/2.jpg",null,{"caption":"two, \"quoted\"","n":"8"}]`}
	for _, tt := range []struct {
		name, text string
		columns    map[string]string
		want, bad  []string
		err        string
	}{
		{"a.csv", "n,Image Link,alt\n7,http://a.example/1.jpg,one\n8,http://a.example/2.jpg,\"two, \"\"quoted\"\"\"\n", columns, want, nil, ""},
		{"a.tsv", "n\tImage Link\talt\n7\thttp://a.example/1.jpg\tone\n8\thttp://a.example/2.jpg\t\"two, \"\"quoted\"\"\"\n", columns, want, nil, ""},
		{"a.jsonl", `{"n": "7", "Image Link": "http://a.example/1.jpg", "alt": "one"}` + "\n" + `{"n": "8", "Image Link": "http://a.example/2.jpg", "alt": "two, \"quoted\""}`, columns, want, nil, ""},
		{"b.jsonl", `{"url": "http://a.example/1", "priority": 3, "n": 12345678901234567890, "l": [1, null], "x": null}`, nil, []string{`["http://a.example/1",3,{"l":[1,null],"n":12345678901234567890}]`}, nil, ""},
		{"c.jsonl", `{"id": 7, "name": "x"}`, nil, []string{`["7",null,{"name":"x"}]`}, nil, ""},
		{"d.json", `[{"url": "http://a.example/1", "n": 1}, "k", {"key": "z", "meta": {"a": 1}}]`, nil, []string{`["http://a.example/1",null,{"n":1}]`, `["k",null,null]`, `["z",null,{"a":1}]`}, nil, ""},
		{"e.jsonl", `{"alt": "no link"}` + "\n" + `{"Image Link": null}` + "\n" + `{"Image Link": [1]}`, columns, nil, []string{"1: the column Image Link is missing or null", "2: the column Image Link is missing or null", "3: the column Image Link is no text or number"}, ""},
		{"f.jsonl", `{"key": "a", "mata": {}}`, nil, nil, []string{`1: unknown field "mata": a line is a key, or {"key": …, "priority": …, "meta": {…}}`}, ""},
		{"own-id.csv", "id,link\n7,http://a.example/1\n", link, []string{`["http://a.example/1",null,{"id":"7"}]`}, nil, ""},
		{"own-key.jsonl", `{"key": "7", "id": 8, "link": "http://a.example/1"}`, link, []string{`["http://a.example/1",null,{"id":8,"key":"7"}]`}, nil, ""},
		{"two-names.csv", "link\nhttp://a.example/1\n", map[string]string{"url": "link", "also": "link"}, []string{`["http://a.example/1",null,{"also":"http://a.example/1"}]`}, nil, ""},
		{"two-names.jsonl", `{"link": "http://a.example/1"}`, map[string]string{"url": "link", "also": "link"}, []string{`["http://a.example/1",null,{"also":"http://a.example/1"}]`}, nil, ""},
		{"shadowed.jsonl", `{"url": "http://a.example/1", "caption": "own", "alt": "given"}`, map[string]string{"caption": "alt"}, []string{`["http://a.example/1",null,{"caption":"given"}]`}, nil, ""},
		{"shadowed.csv", "url,alt,caption\nhttp://a.example/1,given,own\n", map[string]string{"caption": "alt"}, []string{`["http://a.example/1",null,{"caption":"given"}]`}, nil, ""},
		{"large.jsonl", `{"URL": "http://a.example/1", "TEXT": "x"}`, nil, []string{`["http://a.example/1",null,{"TEXT":"x"}]`}, nil, ""},
		{"large.csv", "URL,TEXT\nhttp://a.example/1,x\n", nil, []string{`["http://a.example/1",null,{"TEXT":"x"}]`}, nil, ""},
		{"empty.jsonl", `{"link": " "}`, link, nil, []string{"1: the column link is empty"}, ""},
		{"g.csv", "n,link\n1,http://a.example/1\n", columns, nil, nil, "seeds.columns names a column alt, and the list has n, link"},
		{"h.csv", "n,link\n1,http://a.example/1\n", nil, nil, nil, "it has n, link. Name the column: seeds.columns: {url: NAME}"},
	} {
		tasks, bad, err := read(t, seine.Seeds{File: write(t, tt.name, tt.text), Columns: tt.columns})
		if d := cmp.Diff(tasks, tt.want); d != "" {
			t.Errorf("%s: tasks (-got +want):\n%s", tt.name, d)
		}
		if d := cmp.Diff(bad, tt.bad); d != "" {
			t.Errorf("%s: bad lines (-got +want):\n%s", tt.name, d)
		}
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.err)
		}
	}
}

// DuckDB writes the file.
func TestParquet(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "list.parquet")
	testkit.DuckDB(t, `copy (select * from (values
		('http://a.example/1', 'é 😀', 7, 123456789012345678901234567890123456.78::decimal(38,2), 0.5::double, true, date '2024-02-29', timestamptz '2024-01-02 03:04:05.678901+00', ['a', null], {'w': 1, 'h': 2.5::double}, 0.1::float, 255::utinyint, 1234567.89::decimal(9,2)),
		('http://a.example/2', null, null, -0.01, null, null, null, null, [], null, null, null, -0.05)
	) t(link, caption, n, price, x, b, d, seen, tags, size, f, u, small)) to '`+path+`' (format parquet)`)
	tasks, bad, err := read(t, seine.Seeds{File: path, Columns: map[string]string{"url": "link"}})
	want := []string{
		`["http://a.example/1",null,{"b":true,"caption":"é 😀","d":"2024-02-29","f":0.1,"n":7,"price":123456789012345678901234567890123456.78,"seen":"2024-01-02T03:04:05.678901Z","size":{"h":2.5,"w":1},"small":1234567.89,"tags":["a",null],"u":255,"x":0.5}]`,
		`["http://a.example/2",null,{"price":-0.01,"small":-0.05,"tags":[]}]`,
	}
	if d := cmp.Diff(tasks, want); d != "" || err != nil || bad != nil {
		t.Errorf("%v, bad lines %q, tasks (-got +want):\n%s", err, bad, d)
	}
}

// Each value is one that a reader of Parquet can get wrong.
func TestParquetValues(t *testing.T) {
	t.Parallel()
	values := []struct{ sql, want string }{
		{"18446744073709551615::ubigint", "18446744073709551615"},
		{"4294967295::uinteger", "4294967295"},
		{"[18446744073709551615::ubigint, null]", "[18446744073709551615,null]"},
		{"{'m': map{'k': 65535::usmallint}}", `{"m":{"k":65535}}`},
		{"'nan'::double", "null"},
		{"[1.5, '-inf'::float]", "[1.5,null]"},
		{"uuid '00112233-4455-6677-8899-aabbccddeeff'", `"00112233-4455-6677-8899-aabbccddeeff"`},
		{"time '23:59:59.5'", `"23:59:59.5"`},
		{"time_ns '10:00:00.123456789'", `"10:00:00.123456789"`},
		{"date '1901-02-03'", `"1901-02-03"`},
		{"timestamp_ns '1960-01-01 00:00:00.123456789'", `"1960-01-01T00:00:00.123456789Z"`},
		{"map{1: 'x'}", `{"1":"x"}`},
		{"map{'k': map{'j': date '2020-01-01'}}", `{"k":{"j":"2020-01-01"}}`},
		{"map{'k': null}", `{"k":null}`},
		{"[map{'k': [1, null]}]", `[{"k":[1,null]}]`},
		{"[[1, 2], null, []]", "[[1,2],null,[]]"},
		{"[{'a': [{'b': 1}]}, {'a': null}, null]", `[{"a":[{"b":1}]},{"a":null},null]`},
		{"{'a': null::int[], 'b': []::int[]}", `{"a":null,"b":[]}`},
		{"[1.50::decimal(9, 2), null]", "[1.50,null]"},
		{"{'a': [-0.01::decimal(38, 2)]}", `{"a":[-0.01]}`},
	}
	path := filepath.Join(t.TempDir(), "list.parquet")
	columns := ""
	for i, v := range values {
		columns += fmt.Sprintf(", %s as v%d", v.sql, i)
	}
	// The first row is another one: the levels of a row must not leak into the next.
	testkit.DuckDB(t, "copy (select 'http://a.example/0' as URL, * replace (null as v0) from (select 1 as n"+columns+") union all select 'http://a.example/1', 1"+
		strings.ReplaceAll(columns, " as v", " as w")+") to '"+path+"' (format parquet)")
	rows := 0
	err := seedlist.Read(&seine.Seeds{File: path}, func(s frontier.Seed) error {
		rows++
		for i, v := range values {
			got, err := json.Marshal(s.Meta[fmt.Sprint("v", i)])
			if want := v.want; err != nil || string(got) != want && (i > 0 || s.Key != "http://a.example/0") {
				t.Errorf("%s: %s has %s, %v; want %s", s.Key, v.sql, got, err, want)
			}
		}
		return nil
	}, nil)
	if err != nil || rows != 2 {
		t.Errorf("%d rows, %v; want 2", rows, err)
	}
}

func TestParquetMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testkit.DuckDB(t, `copy (select 'k' as key, interval 1 day as i) to '`+dir+`/interval.parquet' (format parquet)`)
	testkit.DuckDB(t, `copy (select 1 as n) to '`+dir+`/none.parquet' (format parquet)`)
	testkit.DuckDB(t, `copy (select 'k' as key, '\xff\xfe'::blob as b) to '`+dir+`/bytes.parquet' (format parquet)`)
	whole, err := os.ReadFile(filepath.Join(dir, "none.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"empty": nil, "text": []byte("url\nhttp://a.example/"), "cut": whole[:len(whole)-20]} {
		if err := os.WriteFile(filepath.Join(dir, name+".parquet"), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"interval": "the column i holds intervals, which is not read: leave it out, or convert it to a text", "none": "the header has no column key, id or url: it has n",
		"bytes": "the column b: bytes that are no text in UTF-8",
		"empty": "the Parquet file can't be read", "text": "the Parquet file can't be read", "cut": "the Parquet file can't be read",
	} {
		tasks, _, err := read(t, seine.Seeds{File: filepath.Join(dir, name+".parquet")})
		if err == nil || !strings.Contains(err.Error(), want) || len(tasks) > 0 {
			t.Errorf("%s: %q, %v; want %q", name, tasks, err, want)
		}
	}
}
