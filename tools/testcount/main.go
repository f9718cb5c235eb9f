// Command testcount reads the output of `go test -json`. It shows each package at its end and the
// output of failed tests, and closes with the number of tests. It exits with code 1 if a test or
// package failed or was skipped, or if none ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is one line of test2json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

type counts struct{ passed, failed, skipped int }

func main() {
	c, broken := read(os.Stdin, os.Stdout)
	fmt.Printf("\n%d passed, %d failed, %d skipped\n", c.passed, c.failed, c.skipped)
	if c.failed > 0 || c.skipped > 0 || c.passed == 0 || broken {
		os.Exit(1)
	}
}

// read counts tests, and subtests without subtests of their own. broken reports a failed package,
// for example if it does not build.
func read(r io.Reader, w io.Writer) (c counts, broken bool) {
	output := map[string]*strings.Builder{}
	parents := map[string]bool{}
	in := bufio.NewScanner(r)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil || e.Action == "" {
			_, _ = fmt.Fprintln(w, in.Text()) // what the build says
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "run":
			if i := strings.LastIndex(e.Test, "/"); i >= 0 {
				parents[e.Package+" "+e.Test[:i]] = true
			}
		case "output", "build-output":
			if output[key] == nil {
				output[key] = &strings.Builder{}
			}
			output[key].WriteString(e.Output)
		case "pass", "fail", "skip":
			if e.Test == "" {
				if broken = broken || e.Action == "fail"; e.Action != "skip" {
					_, _ = fmt.Fprintf(w, "%-5s %-70s %6.1fs\n", e.Action, e.Package, e.Elapsed)
				}
				if e.Action == "fail" && output[key] != nil {
					_, _ = fmt.Fprint(w, output[key])
				}
				continue
			}
			if e.Action != "pass" && output[key] != nil {
				_, _ = fmt.Fprint(w, output[key])
			}
			delete(output, key)
			if parents[key] && e.Action == "pass" {
				continue
			}
			switch e.Action {
			case "pass":
				c.passed++
			case "fail":
				c.failed++
			default:
				c.skipped++
			}
		}
	}
	return c, broken || in.Err() != nil
}
