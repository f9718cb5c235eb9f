package discovery

import (
	"encoding/json"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/number"
)

// ownKey is Seine's own key in a task's meta. The other keys came with the task.
const ownKey = "_seine"

// Meta is the part of a task's meta that the previous task of its walk wrote.
type Meta struct {
	Depth int           `json:"depth,omitempty"`
	Walk  *explore.Walk `json:"walk,omitempty"`

	// Foreign marks a page on a site that may not receive the job's credentials, because another
	// page linked to it.
	Foreign bool `json:"foreign,omitempty"`

	// Send is the request of a link that is more than a GET.
	Send *seine.Send `json:"send,omitempty"`

	// Auto marks a sitemap that the job file does not name, so it may be absent.
	Auto bool `json:"auto,omitempty"`

	// Probe marks an ID that the forager chose. Search is the local search that the ID continues.
	Probe  bool                 `json:"probe,omitempty"`
	Search *explore.LocalSearch `json:"trip,omitempty"`

	// Trail identifies the pages of a list that led to this page, the last ones: see trail.
	Trail string `json:"trail,omitempty"`

	// Near marks a probe below an ID of the newest end that was asked again in vain.
	Near bool `json:"near,omitempty"`
}

// Above returns the meta of a page one link higher, from which a link leads to the page's own
// depth.
func (m Meta) Above() Meta { return Meta{Depth: m.Depth - 1} }

// Kind returns the purpose for which an ID was admitted.
func (m Meta) Kind() explore.Kind {
	switch {
	case m.Search != nil:
		return explore.Stepped
	case m.Probe:
		return explore.Probed
	}
	return explore.Given
}

// SplitMeta separates Seine's own part of a task's meta from the given one.
func SplitMeta(raw json.RawMessage) (own Meta, given map[string]any) {
	if len(raw) == 0 {
		return own, nil
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return own, nil
	}
	if o, ok := all[ownKey]; ok {
		_ = json.Unmarshal(o, &own) // ours: if it is damaged, the task is a plain one
		delete(all, ownKey)
	}
	if len(all) == 0 {
		return own, nil
	}
	given = make(map[string]any, len(all))
	for k, v := range all {
		var x any
		_ = number.Unmarshal(v, &x) // valid: it was part of valid JSON
		given[k] = x
	}
	return own, given
}

// JoinMeta is the inverse of SplitMeta.
func JoinMeta(own Meta, given map[string]any) map[string]any {
	if own == (Meta{}) {
		return given
	}
	out := make(map[string]any, len(given)+1)
	for k, v := range given {
		out[k] = v
	}
	out[ownKey] = own
	return out
}
