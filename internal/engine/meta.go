package engine

import (
	"bytes"
	"encoding/json"

	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/number"
)

// ownKey is the key in a task's meta that is the engine's own; the rest is what
// was given with the task.
const ownKey = "_seine"

// ownMeta travels with a task from the one that it follows.
type ownMeta struct {
	Depth int           `json:"depth,omitempty"`
	Walk  *explore.Walk `json:"walk,omitempty"`

	// Foreign marks a page on a site that may not receive the job's credentials: another page linked to it.
	Foreign bool `json:"foreign,omitempty"`

	// Probe and Trip say what an explored id was asked for.
	Probe bool               `json:"probe,omitempty"`
	Trip  *explore.Excursion `json:"trip,omitempty"`
}

// Kind is what an id was asked for.
func (m ownMeta) Kind() explore.Kind {
	switch {
	case m.Trip != nil:
		return explore.Stepped
	case m.Probe:
		return explore.Probed
	}
	return explore.Given
}

func splitMeta(raw json.RawMessage) (own ownMeta, given map[string]any) {
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

// joinMeta is what splitMeta takes apart.
func joinMeta(own ownMeta, given map[string]any) map[string]any {
	if own == (ownMeta{}) {
		return given
	}
	out := make(map[string]any, len(given)+1)
	for k, v := range given {
		out[k] = v
	}
	out[ownKey] = own
	return out
}

// encode writes JSON without escaping what HTML would: the text is stored, not
// embedded in a page.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
