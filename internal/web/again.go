package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// again is a form that was sent when the session had ended. It goes through the sign-in, and is
// shown to be sent once more.
type again struct {
	Path string
	Form string // its fields, encoded, without the token of the old session
}

func newAgain(path string, sent url.Values) *again {
	fields := maps.Clone(sent)
	delete(fields, "csrf")
	return &again{path, fields.Encode()}
}

// field is a field of a form.
type field struct{ Name, Value string }

// Fields returns the fields of the form that have a value.
func (a *again) Fields() []field {
	values, err := url.ParseQuery(a.Form)
	if err != nil {
		return nil
	}
	var out []field
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if v := values.Get(name); v != "" {
			out = append(out, field{name, v})
		}
	}
	return out
}

// Action returns the action of the form.
func (a *again) Action() string { return a.Path[strings.LastIndexByte(a.Path, '/')+1:] }

// againOf returns the form that a sign-in carries, or nil.
func againOf(r *http.Request) *again {
	path := ours(r.PostFormValue("again"))
	if path != "/workers/stop" && !strings.HasPrefix(path, "/jobs/") {
		return nil
	}
	return &again{path, r.PostFormValue("form")}
}
