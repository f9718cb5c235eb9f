package shopsite

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"text/scanner"
)

// selection is a field of a query with its arguments and the fields that it selects.
type selection struct {
	name   string
	args   map[string]any
	fields []selection
}

// query reads the part of GraphQL that the shop answers: fields with arguments and variables.
type query struct {
	scanner.Scanner

	next      rune
	variables map[string]any
}

// maxQuery is the longest body of a request in bytes, and maxDepth how deep fields may stand.
const (
	maxQuery = 64 << 10
	maxDepth = 10
)

var errQuery = errors.New("the query is not understood")

func parseQuery(text string, variables map[string]any) ([]selection, error) {
	q := &query{variables: variables}
	q.Init(strings.NewReader(text))
	q.Mode = scanner.ScanIdents | scanner.ScanInts | scanner.ScanStrings
	q.Error = func(*scanner.Scanner, string) {}
	q.advance()
	// The name of the operation and the types of its variables do not matter.
	for q.next != '{' && q.next != scanner.EOF {
		q.advance()
	}
	return q.fields(0)
}

func (q *query) advance() { q.next = q.Scan() }

func (q *query) fields(depth int) ([]selection, error) {
	if q.next != '{' || depth > maxDepth {
		return nil, errQuery
	}
	q.advance()
	var out []selection
	for q.next == scanner.Ident {
		f := selection{name: q.TokenText()}
		q.advance()
		var err error
		if f.args, err = q.arguments(); err != nil {
			return nil, err
		}
		if q.next == '{' {
			if f.fields, err = q.fields(depth + 1); err != nil {
				return nil, err
			}
		}
		out = append(out, f)
	}
	if q.next != '}' || len(out) == 0 {
		return nil, errQuery
	}
	q.advance()
	return out, nil
}

func (q *query) arguments() (map[string]any, error) {
	out := map[string]any{}
	if q.next != '(' {
		return out, nil
	}
	q.advance()
	for q.next == scanner.Ident {
		name := q.TokenText()
		if q.advance(); q.next != ':' {
			return nil, errQuery
		}
		q.advance()
		switch q.next {
		case '$':
			q.advance()
			out[name] = q.variables[q.TokenText()]
		case scanner.Int:
			n, err := strconv.Atoi(q.TokenText())
			if err != nil {
				return nil, errQuery
			}
			out[name] = float64(n) // as a variable
		case scanner.String:
			text, err := strconv.Unquote(q.TokenText())
			if err != nil {
				return nil, errQuery
			}
			out[name] = text
		case scanner.Ident: // null
			out[name] = nil
		default:
			return nil, errQuery
		}
		if q.advance(); q.next == ',' {
			q.advance()
		}
	}
	if q.next != ')' {
		return nil, errQuery
	}
	q.advance()
	return out, nil
}

// graphql is POST /graphql. It answers {products(first, after) {nodes {…} pageInfo {…}}}.
func (s *Site) graphql(w http.ResponseWriter, r *http.Request) {
	if !s.permit(w) {
		return
	}
	data, err := s.resolve(http.MaxBytesReader(w, r.Body, maxQuery))
	if err != nil {
		writeJSON(w, http.StatusOK, map[string]any{"errors": []any{map[string]any{"message": err.Error()}}})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"data": data})
}

// resolve answers a request.
func (s *Site) resolve(body io.Reader) (map[string]any, error) {
	var q struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := json.NewDecoder(body).Decode(&q); err != nil {
		return nil, fmt.Errorf("the body is not JSON: %w", err)
	}
	fields, err := parseQuery(q.Query, q.Variables)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, f := range fields {
		if f.name != "products" {
			return nil, fmt.Errorf("no field %q of Query", f.name)
		}
		first, _ := f.args["first"].(float64)
		after, _ := f.args["after"].(string)
		of, err := s.page(after, int(first))
		if err != nil {
			return nil, err
		}
		nodes := []any{}
		for _, x := range of.items {
			node, err := asMap(x)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, node)
		}
		out[f.name], err = selected(map[string]any{
			"nodes": nodes, "pageInfo": map[string]any{"hasNextPage": of.more, "endCursor": of.end},
		}, f.fields)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func asMap(v any) (map[string]any, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	err = json.Unmarshal(body, &out)
	return out, err
}

// selected returns the selected fields of a value.
func selected(v any, fields []selection) (any, error) {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, each := range v {
			var err error
			if out[i], err = selected(each, fields); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		if len(fields) == 0 {
			return nil, errQuery
		}
		out := map[string]any{}
		for _, f := range fields {
			value, there := v[f.name]
			if !there {
				return nil, fmt.Errorf("no field %q", f.name)
			}
			var err error
			if out[f.name], err = selected(value, f.fields); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}
