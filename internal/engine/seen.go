package engine

import "github.com/seinehq/seine/internal/frontier"

// seenSize is the number of keys of each half of a seen set.
const seenSize = 1 << 15

// seen remembers keys that the frontier has admitted, because most links of a site lead to known
// pages. A job never loses a key, so a known one needs no second admission. The set forgets the
// oldest keys, which costs one admission that the frontier ignores. One goroutine uses it.
type seen struct {
	young, old map[string]struct{}
}

// fresh returns the tasks whose keys are not known to be admitted.
func (s *seen) fresh(tasks []frontier.New) []frontier.New {
	if len(s.young)+len(s.old) == 0 {
		return tasks
	}
	out := make([]frontier.New, 0, len(tasks))
	for _, n := range tasks {
		if _, ok := s.young[n.Key]; ok {
			continue
		}
		if _, ok := s.old[n.Key]; !ok {
			out = append(out, n)
		}
	}
	return out
}

// add records tasks that were admitted.
func (s *seen) add(tasks []frontier.New) {
	for _, n := range tasks {
		if s.young == nil || len(s.young) >= seenSize {
			s.young, s.old = make(map[string]struct{}, seenSize), s.young
		}
		s.young[n.Key] = struct{}{}
	}
}
