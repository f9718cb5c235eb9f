package frontier

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadSeeds(t *testing.T) {
	t.Parallel()
	read := func(text, name string) (keys []string, err error) {
		err = ReadSeeds(strings.NewReader(text), name, nil, func(s Seed) error {
			if s.Key == "refuse" {
				return ErrKey
			}
			k := s.Key
			if s.Priority != nil {
				k += fmt.Sprint(" p", *s.Priority)
			}
			if s.Meta != nil {
				k += fmt.Sprint(" ", s.Meta)
			}
			keys = append(keys, k)
			return nil
		}, nil)
		return keys, err
	}
	got, err := read("\ufeffone\r\n\n  two  \n{\"key\":\"three\",\"priority\":0,\"meta\":{\"a\":1}}\nlast", "list")
	if d := cmp.Diff([]string{"one", "two", "three p0 map[a:1]", "last"}, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write([]byte("a\nb\n"))
	_ = w.Close()
	if got, err := read(z.String(), "list.gz"); err != nil || len(got) != 2 {
		t.Errorf("gzip: %q, %v", got, err)
	}
	for text, want := range map[string]string{
		"a\n{bad}":                           "list:2: ",
		"a\nb\n{\"kee\":1}":                  "list:3: ",
		"a\nrefuse":                          "list:2: not a task key",
		"a\n" + strings.Repeat("x", 2<<20):   "list:2: the line is longer",
		"{\"key\":\"a\",\"priority\":\"x\"}": "list:1: ",
	} {
		if _, err := read(text, "list"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.20q: %v; want %q", text, err, want)
		}
	}
	if _, err := read("plain", "list.gz"); err == nil || !strings.Contains(err.Error(), "not gzip") {
		t.Errorf("plain text named .gz: %v", err)
	}
}

func FuzzReadSeeds(f *testing.F) {
	f.Add("one\n{\"key\":\"two\"}\n")
	f.Fuzz(func(t *testing.T, text string) {
		_ = ReadSeeds(strings.NewReader(text), "list", nil, func(s Seed) error {
			n, err := Admit(idJob(), s)
			if err == nil && (n.Key == "" || n.Lane == "" || n.Priority < 0 || n.Priority > 3) {
				t.Fatalf("Admit(%+v) = %+v", s, n)
			}
			return nil
		}, func(*BadLine) error { return nil })
	})
}

func TestReadSeedsOfEveryForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want, bad  []string
	}{
		{"list", "{\"key\":\"a1\"}{\"key\":\"a2\"} {\"key\":\"a3\"}\n", []string{"a1", "a2", "a3"}, nil},
		{"list", "{\"key\":\"a1\"} and words\na2\n", []string{"a2"}, []string{"list:1: invalid character 'a'"}},
		{"list", `["a1", "a2", 3, {"key": "a4", "meta": {"n": 18446744073709551615}}]`, []string{"a1", "a2", "3", "a4 map[n:18446744073709551615]"}, nil},
		{"list", "[\n  \"a1\",\n  true,\n  {\"kee\": 1},\n  \"a2\"\n]\n", []string{"a1", "a2"}, []string{"list:3: true is neither", `list:4: unknown field "kee"`}},
		{"list", "[\"a1\",\n\"a2\"", []string{"a1", "a2"}, []string{"list:2: the array does not end"}},
		{"list", "[\"a1\"]\nmore", []string{"a1"}, []string{"list:1: text behind the array"}},
		{"list", "# a comment\na1\n\n# another\na2", []string{"a1", "a2"}, nil},
		{"list", "url,price,priority\nhttps://a.example/1,\"1,50\",0\n,2,1\nhttps://a.example/2,3,x\nhttps://a.example/3,4\n", []string{"https://a.example/1 p0 map[price:1,50]"},
			[]string{"list:3: the column url is empty", `list:4: the priority "x"`, "list:5: 2 columns"}},
		{"list.tsv", "id\tcolor\n7\tdark red\n", []string{"7 map[color:dark red]"}, nil},
		{"list.csv", "\ufeffid\n7\n8\n", []string{"7", "8"}, nil},
		// An unpaired quotation mark costs only its line.
		{"list.csv", "id,n\n1,\"open\n2,b\n3,\"c\"\n4,d\"d\n5,\"e\"e\n6,f\n", []string{"2 map[n:b]", "3 map[n:c]", "6 map[n:f]"},
			[]string{"list.csv:2: text stands behind", "list.csv:5: a quotation mark stands within", "list.csv:6: text stands behind"}},
		{"list.csv", "id,n\n1,\"open\n2,b\n", []string{"2 map[n:b]"}, []string{"list.csv:2: a quotation mark is not closed"}},
		{"list.csv", "id,n\n1,\"open\n2,b\n3,\"\n4,d\n", []string{"1 map[n:open\n2,b\n3,]", "4 map[n:d]"}, nil},
		{"list.csv", "id,n\n1,\"a\n2,b\",c\n4,d\n", []string{"4 map[n:d]"}, []string{"list.csv:2: lines 2 to 3 are a record of 3 columns"}},
		{"list.csv", "id,n\r\n1,\"a\r\nb\"\r\n\r\n2,\"q\"\"q\"\r\n3,\n", []string{"1 map[n:a\r\nb]", "2 map[n:q\"q]", "3"}, nil},
		{"list.csv", "id,n\n1,caf\xe9\n2,caf\u00e9\n", []string{"2 map[n:café]"}, []string{"list.csv:2: byte 6 (0xE9) is not UTF-8"}},
		{"list.tsv", "id\tn\n1\t\"5 inch screen\n2\ta\"b\n3\t\"c\td\"\n4\t\"x\n", []string{`1 map[n:"5 inch screen]`, `2 map[n:a"b]`, "3 map[n:c\td]", `4 map[n:"x]`}, nil},
		{"list.csv", "id;\"Na;me, first\";n\n1;a;\"2,5\"\n", []string{"1 map[Na;me, first:a n:2,5]"}, nil},
		{"list", "caf\xe9\na1\n{\"key\":\"\xff\"}\n", []string{"a1"}, []string{"list:1: byte 4 (0xE9) is not UTF-8", "list:3: byte 9 (0xFF) is not UTF-8"}},
		{"list", "{\"key\":\"a1\",\"priority\":\"high\"}\n{\"key\":true}\n{\"key\":\"a2\",\"meta\":[1]}", nil, []string{`list:1: "priority" wants a whole number, got a JSON string`, `list:2: "key" wants a text, got a JSON bool`, `list:3: "meta" wants an object, got a JSON array`}},
		{"list", "a1 # note\nBatman #12\n// a2\na3\n", []string{"Batman #12", "a3"}, []string{`list:1: "a1 # note" holds a comment`, `list:3: "// a2" is no key: a comment begins with #`}},
		{"list", "http://a.example/1 http://a.example/2\nhttp://a.example/1,https://a.example/2\nhttp://a.example/3\t#x\nhttp://a.example/4?u=http://b.example/#5\n",
			[]string{"http://a.example/4?u=http://b.example/#5"}, []string{`list:1: "http://a.example/1 http://a.example/2" holds two URLs`, "list:2: ", "list:3: "}},
		{"list", "a1\u200b\n\ufeffa2\n{\"key\":\"\u200ea3\"}\nna\u200cme\n", []string{"na\u200cme"}, []string{`list:1: "a1\u200b" begins or ends with an invisible`, `list:2: "\ufeffa2"`, `list:3: "\u200ea3"`}},
		{"list", "a1\ra2\r", []string{"a1", "a2"}, nil},
		{"list.csv", "id,n\r1,a\r2,b", []string{"1 map[n:a]", "2 map[n:b]"}, nil},
		{"list.csv", "id,n,,\n1,a,,\n", []string{"1 map[n:a]"}, nil},
		{"list.csv", "# a \"list\", of\n\n# two\nid,n\n# c\n1,a\n# \"open,x\n#2,b\n\"#3\",c\n", []string{"1 map[n:a]", "#3 map[n:c]"}, nil},
		{"list", "# a list\nid,n\n1,a\n2\n", []string{"1 map[n:a]"}, []string{"list:4: 1 column"}},
		{"list.csv", "n,id\n#1,a\n# note\n#2,\"b\n\"\n", []string{"a map[n:#1]", "b map[n:#2]"}, nil},
		{"list.tsv", "#x\n#id\tid\n#1\ta\n", []string{"a map[#id:#1]"}, nil},
		{"list", "a1\n" + strings.Repeat("x", maxLine) + "y\na3\n" + strings.Repeat("z", 2*maxLine), []string{"a1", "a3"}, []string{"list:2: the line is longer than", "list:4: the line is longer than"}},
		{"list.csv", "id,n\n1,\"a\n2," + strings.Repeat("x", maxLine) + "\n3,c\n", []string{"3 map[n:c]"}, []string{"list.csv:2: a quotation mark is not closed", "list.csv:3: the line is longer than"}},
		{"list", `{"key":"a1","key":"a2"}` + "\n" + `{"key":"a3","meta":{"n":[{"x":1,"x":2}]}}` + "\n" + `{"key":"a4","KEY":"a5"}` + "\n" + `{"id":"a6","c":1,"c":2}` + "\n" + `{"key":"a7","meta":{"c":{"c":1},"C":2}}`,
			[]string{"a7 map[C:2 c:map[c:1]]"}, []string{`list:1: the object has the member "key" twice`, `list:2: the object has the member "x" twice`, `list:3: the object has the member "key" twice, in upper and lower case`, `list:4: the object has the member "c" twice`}},
		{"list", "[{\"key\":\"a1\",\n\"key\":\"a2\"},\"a3\"]", []string{"a3"}, []string{`list:2: the object has the member "key" twice`}},
		{"list", "a1\nrefuse\na2", []string{"a1", "a2"}, []string{"list:2: not a task key"}},
		{"list", "{\"key\":\"a1\",\n\"meta\":{}}", nil, []string{"list:1: the object does not end on its line", "list:2: "}},
	} {
		var got, bad []string
		err := ReadSeeds(strings.NewReader(c.text), c.name, nil, func(s Seed) error {
			if s.Key == "refuse" {
				return ErrKey
			}
			k := s.Key
			if s.Priority != nil {
				k += fmt.Sprint(" p", *s.Priority)
			}
			if s.Meta != nil {
				k += fmt.Sprint(" ", s.Meta)
			}
			got = append(got, k)
			return nil
		}, func(b *BadLine) error { bad = append(bad, b.Error()); return nil })
		if d := cmp.Diff(got, c.want); err != nil || d != "" {
			t.Errorf("%q: %v (-got +want)\n%s", c.text, err, d)
		}
		if len(bad) != len(c.bad) {
			t.Errorf("%q: bad lines %q; want %q", c.text, bad, c.bad)
			continue
		}
		for i := range bad {
			if !strings.HasPrefix(bad[i], c.bad[i]) {
				t.Errorf("%q: bad line %q; want %q", c.text, bad[i], c.bad[i])
			}
		}
	}
}

func TestReadSeedsRefusesAColumnTwice(t *testing.T) {
	t.Parallel()
	err := ReadSeeds(strings.NewReader("id,n,n\n1,a,b\n"), "list.csv", nil, func(Seed) error { return nil }, nil)
	if want := "list.csv:1: the header has the column n twice, as columns 2 and 3: rename one"; err == nil || err.Error() != want {
		t.Errorf("ReadSeeds = %v; want %s", err, want)
	}
}
