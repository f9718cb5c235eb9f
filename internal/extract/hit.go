package extract

import (
	"fmt"
	"reflect"
	"regexp"

	"github.com/expr-lang/expr/types"

	"github.com/seinehq/seine"
)

// stateCompared finds what state is compared with.
var stateCompared = regexp.MustCompile(`\bstate\s*[!=]=\s*["']([^"']*)["']|["']([^"']*)["']\s*[!=]=\s*state\b`)

// CompileHit compiles the condition for a hit of local search or for an absent ID, over the stored
// data of every task: its ID, the state of its verdict, and the reason.
func CompileHit(src string) (func(id string, v seine.Verdict) bool, []Problem) {
	names := types.Map{"id": types.String, "state": types.String, "reason": types.String}
	for _, m := range stateCompared.FindAllStringSubmatch(src, -1) {
		if state := m[1] + m[2]; state != seine.Done.String() && state != seine.Skipped.String() {
			return nil, []Problem{{Message: fmt.Sprintf("state is never %q here, only \"done\" or \"skipped\"", state), Near: Nearest(state, []string{"done", "skipped"})}}
		}
	}
	s := &scope{strict: names, loose: names, names: []string{"id", "reason", "state"}}
	e, mistakes := s.compile(src, reflect.Bool)
	var problems []Problem
	for _, m := range mistakes {
		problems = append(problems, Problem{Message: m.message, Near: m.near})
	}
	if e == nil {
		return nil, problems
	}
	return func(id string, v seine.Verdict) bool {
		hit, err := e.run(map[string]any{"id": id, "state": v.State.String(), "reason": v.Reason})
		yes, _ := hit.(bool)
		return err == nil && yes
	}, nil
}
