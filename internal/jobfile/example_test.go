package jobfile_test

import (
	"fmt"
	"os"

	"github.com/seinehq/seine/internal/jobfile"
)

func ExampleParse() {
	_, err := jobfile.Parse("job.yaml", []byte(`job: cards
seeds: {url: "https://cards.example/{id}"}
fields:
  grade: {css: .grade, mach: '\d+'}
verdict:
  - {skip: grad == nil, why: no grade}
fetch: {timeout: 20}
`), os.LookupEnv)
	fmt.Println(err)
	// Output:
	// job.yaml:4:24: unknown key "mach" in fields.grade: did you mean "match"?
	// job.yaml:6:12: verdict[0].skip: unknown name "grad" in the expression: did you mean "grade"?
	// job.yaml:7:18: fetch.timeout: "20" has no unit: 500ms, 20s, 1m30s, 2d
}
