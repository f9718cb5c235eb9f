package seine_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
)

type grade struct {
	By    string  `seine:"by,required"`
	Score float32 `json:"score,omitempty"`
}

type base struct {
	Seen time.Time
	skip int //nolint:unused // unexported
}

type level string

type card struct {
	base
	ID     string            `seine:"id,key"`
	Name   string            `seine:"name,required"`
	Price  *float64          `json:"price"`
	Exact  json.Number       `seine:"exact"`
	Year   uint64            `seine:"year"`
	Sold   bool              `seine:"sold"`
	Tags   []level           `seine:"tags"`
	Grades []grade           `seine:"grades"`
	Best   *grade            `seine:"best"`
	More   map[string]int    `seine:"more"`
	Host   netip.Addr        `seine:"host"`
	Free   any               `seine:"free"`
	Note   string            `seine:"-"`
	Plain  []*int            // without a tag
	inner  map[string]string //nolint:unused // unexported
}

func TestFieldsOf(t *testing.T) {
	t.Parallel()
	grades := []seine.Field{{Name: "by", Type: seine.TypeString, Required: true}, {Name: "score", Type: seine.TypeFloat}}
	want := []seine.Field{
		{Name: "seen", Type: seine.TypeTime},
		{Name: "id", Type: seine.TypeString}, {Name: "name", Type: seine.TypeString, Required: true}, {Name: "price", Type: seine.TypeFloat},
		{Name: "exact", Type: seine.TypeDecimal}, {Name: "year", Type: seine.TypeInt}, {Name: "sold", Type: seine.TypeBool},
		{Name: "tags", Type: seine.TypeString, List: true}, {Name: "grades", Type: seine.TypeObject, List: true, Fields: grades},
		{Name: "best", Type: seine.TypeObject, Fields: grades}, {Name: "more", Type: seine.TypeAny}, {Name: "host", Type: seine.TypeString},
		{Name: "free", Type: seine.TypeAny}, {Name: "plain", Type: seine.TypeInt, List: true},
	}
	if diff := cmp.Diff(want, seine.FieldsOf[card]()); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	for want, of := range map[string]func(){
		"seine: int is no struct": func() { seine.FieldsOf[int]() },
		"field C of struct { C chan int } has the type chan int, which no record holds": func() { seine.FieldsOf[struct{ C chan int }]() },
		"which no record holds ":  func() { seine.FieldsOf[struct{ C []byte }]() },
		"map[int]string, which":   func() { seine.FieldsOf[struct{ C map[int]string }]() },
		"which no record holds  ": func() { seine.FieldsOf[struct{ C [][]int }]() },
		"has two fields with the name a": func() {
			seine.FieldsOf[struct {
				A, B int `seine:"a"`
			}]()
		},
		"seine_test.ring holds itself":         func() { seine.FieldsOf[ring]() },
		"seine: *seine_test.card is no struct": func() { seine.FieldsOf[*card]() },
	} {
		if got := panicOf(of); !strings.Contains(got, strings.TrimSpace(want)) {
			t.Errorf("%s; want %s", got, want)
		}
	}
}

type ring struct{ Next []ring }

func panicOf(f func()) (out string) {
	defer func() { out = fmt.Sprint(recover()) }()
	f()
	return ""
}

func TestRecordOf(t *testing.T) {
	t.Parallel()
	price, one := 0.1, 1
	c := card{
		base: base{Seen: time.Date(2024, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600))},
		ID:   "7", Name: "a", Price: &price, Exact: "1.50", Year: math.MaxUint64, Sold: true, Tags: []level{"x"}, Note: "no",
		Grades: []grade{{"p", 0.1}, {"", float32(math.NaN())}}, More: map[string]int{"a": 1}, Host: netip.MustParseAddr("10.0.0.1"),
		Free: []string{"y"}, Plain: []*int{&one, nil},
	}
	want := seine.Record{Key: "7", Fields: map[string]any{
		"seen": "2024-01-02T02:04:05.0000006Z", "id": "7", "name": "a", "price": 0.1, "exact": json.Number("1.50"),
		"year": json.Number("18446744073709551615"), "sold": true, "tags": []any{"x"},
		"grades": []any{map[string]any{"by": "p", "score": 0.1}, map[string]any{"by": nil, "score": nil}},
		"best":   nil, "more": map[string]any{"a": 1.0}, "host": "10.0.0.1", "free": []any{"y"}, "plain": []any{int64(1), nil},
	}}
	if diff := cmp.Diff(want, seine.RecordOf(&c)); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	empty := seine.RecordOf(card{})
	if empty.Key != "" || empty.Fields["year"] != int64(0) || empty.Fields["name"] != nil || empty.Fields["seen"] != nil || !cmp.Equal(empty.Fields["tags"], []any{}) {
		t.Errorf("the zero value is %+v", empty)
	}
}

// The library that checks the schemas of job files accepts and rejects the same records as the
// declared fields do.
func TestSchemaAgreesWithTheCheck(t *testing.T) {
	t.Parallel()
	v, err := extract.ParseSchema(seine.SchemaOf[card]())
	if err != nil {
		t.Fatal(err)
	}
	schema, err := extract.CompileSchema(v)
	if err != nil {
		t.Fatal(err)
	}
	job, err := seine.Job{Name: "j", Scraper: scraper(""), Fields: seine.FieldsOf[card]()}.Normal()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(fields map[string]any)
		broken string // field and rule
	}{
		"whole":                   {func(map[string]any) {}, ""},
		"null":                    {func(f map[string]any) { f["price"], f["best"], f["tags"] = nil, nil, []any{} }, ""},
		"absent":                  {func(f map[string]any) { delete(f, "price") }, ""},
		"required is absent":      {func(f map[string]any) { delete(f, "name") }, "/name required"},
		"required is null":        {func(f map[string]any) { f["name"] = nil }, "/name required"},
		"unknown":                 {func(f map[string]any) { f["other"] = 1 }, "/other additionalProperties"},
		"text for a number":       {func(f map[string]any) { f["price"] = "12" }, "/price type"},
		"fraction for an integer": {func(f map[string]any) { f["year"] = 1.5 }, "/year type"},
		"whole float":             {func(f map[string]any) { f["year"] = 2.0 }, ""},
		"scalar for a list":       {func(f map[string]any) { f["tags"] = "x" }, "/tags type"},
		"in a list":               {func(f map[string]any) { f["tags"] = []any{"x", 1} }, "/tags/1 type"},
		"null in a list":          {func(f map[string]any) { f["tags"] = []any{nil} }, ""},
		"inside":                  {func(f map[string]any) { f["best"] = map[string]any{"score": 1.0} }, "/best/by required"},
		"no time":                 {func(f map[string]any) { f["seen"] = "noon" }, "/seen type"},
		"any":                     {func(f map[string]any) { f["free"] = map[string]any{"a": []any{1}} }, ""},
		"a large decimal":         {func(f map[string]any) { f["exact"] = json.Number("123456789012345678901234567890.5") }, ""},
	} {
		fields := seine.RecordOf(card{Name: "a", Grades: []grade{{By: "p"}}}).Fields
		tt.change(fields)
		got := ""
		if v := job.Check("", seine.Record{Fields: fields}); v != nil {
			got = v.Field + " " + v.Rule
		}
		if got != tt.broken {
			t.Errorf("%s: %q; want %q", name, got, tt.broken)
		}
		if v := schema.Check(fields, nil); (v != nil) != (tt.broken != "") {
			t.Errorf("%s: the schema gives %+v", name, v)
		}
	}
}

// The check of the job comes after the declared fields, and a page kind may have its own fields.
func TestFieldsOfPageKinds(t *testing.T) {
	t.Parallel()
	own := &seine.Violation{Rule: "own"}
	job := seine.Job{
		Name: "j", Scraper: scraper(""), Fields: []seine.Field{{Name: "a", Type: seine.TypeInt}},
		Pages: []seine.PageKind{{Name: "p"}, {Name: "q", Fields: []seine.Field{{Name: "b", Type: seine.TypeInt}}}},
		Check: func(string, seine.Record) *seine.Violation { return own },
	}
	job, err := job.Normal()
	if err != nil {
		t.Fatal(err)
	}
	if job, err = job.Normal(); err != nil { // again changes nothing
		t.Fatal(err)
	}
	record := seine.Record{Fields: map[string]any{"a": 1}}
	if v := job.Check("p", record); v != own {
		t.Errorf("%+v", v)
	}
	if v := job.Check("q", record); v == nil || v.Rule != "additionalProperties" {
		t.Errorf("%+v", v)
	}
	for _, tt := range []struct{ field, want string }{
		{`{"Name": "1a", "Type": "int"}`, `field "1a": a name is letters`}, {`{"Name": "a", "Type": "integer"}`, `field a has the unknown type "integer"`},
		{`{"Name": "a", "Type": "int", "Fields": [{"Name": "b", "Type": "int"}]}`, "only an object has fields"},
		{`{"Name": "a", "Type": "object", "Fields": [{"Name": "b", "Type": ""}]}`, `field a.b has the unknown type ""`},
	} {
		var f seine.Field
		if err := json.Unmarshal([]byte(tt.field), &f); err != nil {
			t.Fatal(err)
		}
		if _, err := (seine.Job{Name: "j", Scraper: scraper(""), Fields: []seine.Field{f}}).Normal(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v; want %s", err, tt.want)
		}
	}
}

// A mistake in a tag is no field that is silently another one.
func TestTagMistakes(t *testing.T) {
	t.Parallel()
	for want, of := range map[string]func(){
		`seine: field A of seine_test.misspelled has the option "kye" in its tag: known are key and required`:         func() { seine.FieldsOf[misspelled]() },
		"seine: field b of seine_test.unexported has a tag but is not exported: begin its name with a capital letter": func() { seine.FieldsOf[unexported]() },
		"seine: seine_test.twoKeys has two fields with the option key: a record has one key":                          func() { seine.RecordOf(twoKeys{}) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("%v; want %s", got, want)
				}
			}()
			of()
		}()
	}
	if got := seine.FieldsOf[ofJSON](); len(got) != 1 || got[0].Name != "a" { // options of other packages are theirs
		t.Errorf("%+v", got)
	}
}

type misspelled struct {
	A string `seine:"a,kye"`
}

type unexported struct {
	A string `seine:"a"`
	b string `seine:"b"` //nolint:unused // its tag is the mistake
}

type twoKeys struct {
	A string `seine:"a,key"`
	B string `seine:"b,key"`
}

type ofJSON struct {
	A string `json:"a,omitempty"`
}
