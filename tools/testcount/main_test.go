package main

import (
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	t.Parallel()
	in := `{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/one"}
{"Action":"output","Package":"p","Test":"A/one","Output":"it broke\n"}
{"Action":"fail","Package":"p","Test":"A/one"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"B"}
{"Action":"run","Package":"p","Test":"B/one"}
{"Action":"pass","Package":"p","Test":"B/one"}
{"Action":"pass","Package":"p","Test":"B"}
{"Action":"skip","Package":"p","Test":"C"}
{"Action":"fail","Package":"p","Elapsed":1}
{"Action":"skip","Package":"no-tests"}
`
	var out strings.Builder
	c, broken := read(strings.NewReader(in), &out)
	if c != (counts{passed: 1, failed: 2, skipped: 1}) || !broken || !strings.Contains(out.String(), "it broke") || strings.Contains(out.String(), "no-tests") {
		t.Errorf("%+v, broken %v\n%s", c, broken, &out)
	}
}
