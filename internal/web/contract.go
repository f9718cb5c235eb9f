package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// contract is the API as openapi.json describes it. A call that it does not describe is refused. A
// misspelled parameter would otherwise widen an action to tasks that nobody meant.
type contract map[string]map[string]call // by path and method

// call is a method of a path.
type call struct{ parameters []string }

// form is the only type of a body that the API reads.
const form = "application/x-www-form-urlencoded"

// readContract reads openapi.json.
func readContract() (contract, error) {
	text, err := document.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	type parameter struct {
		Name string `json:"name"`
		In   string `json:"in"`
		Ref  string `json:"$ref"`
	}
	var in struct {
		Components struct {
			Parameters map[string]parameter `json:"parameters"`
		} `json:"components"`
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, err
	}
	out := contract{}
	for path, methods := range in.Paths {
		out[path] = map[string]call{}
		for method, raw := range methods {
			if method == "parameters" {
				continue // of the path itself
			}
			var op struct {
				Parameters []parameter `json:"parameters"`
				Body       struct {
					Content map[string]struct {
						Schema struct {
							Properties map[string]any `json:"properties"`
						} `json:"schema"`
					} `json:"content"`
				} `json:"requestBody"`
			}
			if err := json.Unmarshal(raw, &op); err != nil {
				return nil, err
			}
			var names []string
			for _, p := range op.Parameters {
				if p.Ref != "" {
					p = in.Components.Parameters[p.Ref[strings.LastIndexByte(p.Ref, '/')+1:]]
				}
				names = append(names, p.Name)
			}
			names = slices.AppendSeq(names, maps.Keys(op.Body.Content[form].Schema.Properties))
			slices.Sort(names)
			out[path][strings.ToUpper(method)] = call{names}
		}
	}
	return out, nil
}

// templateOf returns the path of the document that a request's path is an instance of.
func templateOf(path string) string {
	parts := strings.Split(path, "/")
	if len(parts) > 3 && parts[2] == "jobs" {
		parts[3] = "{job}"
	}
	return strings.Join(parts, "/")
}

var (
	errType  = errors.New("send the parameters as " + form)
	errLarge = errors.New("the request is larger than 64 KiB")
)

// admits reads the parameters of a request to the API. If the contract does not describe the
// request, admits answers it.
func (s *Server) admits(w http.ResponseWriter, r *http.Request) bool {
	methods := s.contract[templateOf(r.URL.Path)]
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	c, ok := methods[method]
	switch {
	case r.URL.Path == "/api/openapi.json" && method == http.MethodGet:
		return true
	case method == http.MethodPost && !s.permitted(w, r):
		return false
	case method == http.MethodPost && len(methods) == 0:
		s.refuse(w, r, errAction)
		return false
	case len(methods) == 0:
		answer(w, http.StatusNotFound, apiError{"no such call: /api/openapi.json lists them"})
		return false
	case !ok:
		w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
		answer(w, http.StatusMethodNotAllowed, apiError{r.Method + " is not for this path: /api/openapi.json lists the calls"})
		return false
	}
	switch err := readForm(r); {
	case errors.Is(err, errType):
		answer(w, http.StatusUnsupportedMediaType, apiError{err.Error()})
		return false
	case errors.Is(err, errLarge):
		answer(w, http.StatusRequestEntityTooLarge, apiError{err.Error()})
		return false
	case err != nil:
		answer(w, http.StatusBadRequest, apiError{err.Error()})
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(r.Form)) {
		if !slices.Contains(c.parameters, name) {
			takes := "it takes none"
			if len(c.parameters) > 0 {
				takes = "it takes " + strings.Join(c.parameters, ", ")
			}
			answer(w, http.StatusBadRequest, apiError{fmt.Sprintf("this call has no parameter %q: %s", name, takes)})
			return false
		}
	}
	return true
}

// readForm reads the parameters of a request from its query and its body.
func readForm(r *http.Request) error {
	if r.ContentLength != 0 {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != form {
			return errType
		}
	}
	err := r.ParseForm()
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errLarge
	}
	var escape url.EscapeError
	if errors.As(err, &escape) {
		return fmt.Errorf("the parameters are not escaped as in URLs: %w", escape)
	}
	return err
}
