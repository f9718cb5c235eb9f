package jobfile

import (
	"runtime"
	"strings"
	"testing"
)

// The most bytes that Parse may allocate for a job file of 1 MiB.
const maxParse = 512 << 20

// A job file of at most 1 MiB that is made of one token costs little memory, whatever the token.
// This test is not parallel, because it counts the bytes that the process allocates.
func TestHostileFilesAreCheap(t *testing.T) {
	for _, token := range []string{
		`"`, `'`, "[", "{", "- ", "? ", ": ", "&a ", "*a ", "!!a ", "|\n", ">\n", "#", "# \n", "%a\n", ",", `""`, "[]", "{}", "[],", "a", "a ", "a\n", "a: ", "a: b\n", "\n",
		"--- \n", "...\n", `"\n`, "<<: ", "\\", "a,", "[a,", "é", strings.Repeat("[]", maxBraces/4) + strings.Repeat("a", maxBytes/2),
	} {
		for _, prefix := range []string{"", "a: ", "a:\n  - ", "a: ["} {
			src := prefix + strings.Repeat(token, (maxBytes-len(prefix))/len(token))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := mistakes(t, src)
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > maxParse {
				t.Errorf("%q behind %q takes %d MiB (%.80s)", token, prefix, took>>20, got)
			}
		}
	}
}
