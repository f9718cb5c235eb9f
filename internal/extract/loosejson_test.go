package extract

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLooseJSON(t *testing.T) {
	t.Parallel()
	chair := `{"name":"Oak chair"}`
	for text, want := range map[string][]string{
		chair:                          {chair},
		"\ufeff" + chair:               {chair},
		")]}',\n" + chair:              {chair},
		")]}'\n" + chair:               {chair},
		"while(1);" + chair:            {chair},
		"for (;;);" + chair:            {chair},
		"cb(" + chair + ");":           {chair},
		"/**/ a.b['c'](" + chair + ")": {chair},
		"typeof cb === 'function' && cb(" + chair + ");": {chair},
		chair + "\n" + `{"name":"Elm chair"}` + "\n":     {chair, `{"name":"Elm chair"}`},
		`{"a":NaN,"b":-Infinity,"c":[1,2,],}`:            {`{"a":null,"b":null,"c":[1,2]}`},
		"{\"a\": 1, // x\n /* y */ \"b\": 2}":            {`{"a":1,"b":2}`},
		"<!--\n" + chair + "\n-->":                       {chair},
		"//<![CDATA[\n" + chair + "\n//]]>":              {chair},
		"/*<![CDATA[*/" + chair + "/*]]>*/":              {chair},
		chair + ";":                                      {chair},
		"{\"a\":\"x\ny\tz\"}":                            {`{"a":"x\u000ay\u0009z"}`},
		`{"a":"http://b.example//c, /* d */"}`:           {`{"a":"http://b.example//c, /* d */"}`},
		`{"a":18446744073709551615.10}`:                  {`{"a":18446744073709551615.10}`},
	} {
		got, err := looseJSON([]byte(text))
		var values []string
		for _, v := range got {
			values = append(values, string(v))
		}
		if diff := cmp.Diff(values, want); diff != "" || err != nil {
			t.Errorf("%q: %v (-got +want):\n%s", text, err, diff)
		}
	}
	for text, want := range map[string]string{
		"<!doctype html><p>x":       `line 1, column 1: not JSON: "<!doctype html><p>x"`,
		"{\"a\": 1\n \"b\": 2}":     `line 2, column 2: no comma between two values: "\"b\": 2}"`,
		`{a: 1}`:                    `line 1, column 2: a key has no quotation mark: "a: 1}"`,
		`{"a": "x`:                  `line 1, column 7: the string is not closed: "\"x"`,
		`[1, 2`:                     "line 1, column 6: the text ends inside [ ]",
		`{"a": 01}`:                 `line 1, column 7: not JSON: "01}"`,
		"":                          "line 1, column 1: no value",
		strings.Repeat("[", 20_000): "nested more than 10000 deep",
	} {
		if _, err := looseJSON([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v; want %s", text, err, want)
		}
	}
}

// FuzzLooseJSON checks that the result is strict JSON and that strict JSON stays unchanged.
func FuzzLooseJSON(f *testing.F) {
	for _, text := range []string{`{"a":[1,2,],}`, `cb({"a":NaN})`, ")]}'\n{}", `{"a":"\x41"}`, "//<![CDATA[\n{}\n//]]>"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		values, err := looseJSON(text)
		if json.Valid(text) && (err != nil || len(values) != 1 || string(values[0]) != string(text)) {
			t.Fatalf("%q: %q, %v", text, values, err)
		}
		for _, v := range values {
			if !json.Valid(v) {
				t.Fatalf("%q gave %q", text, v)
			}
		}
	})
}
