package web_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/web"
)

// client is a client that the OpenAPI document makes: it knows the addresses, parameters and forms
// of the operations, and checks each answer against the schema of its status.
type client struct {
	*console

	document any
	schemas  *jsonschema.Compiler
	ops      map[string]operation
}

// operation is an operation of the document.
type operation struct {
	method, path string
	params, form []string
	token        bool
}

func newClient(c *console) *client {
	c.Helper()
	_, _, text := c.ask(http.DefaultClient, "GET", "/api/openapi.json", nil)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		c.Fatal(err)
	}
	out := &client{console: c, document: document, schemas: jsonschema.NewCompiler(), ops: map[string]operation{}}
	out.schemas.AssertFormat()
	if err := out.schemas.AddResource("api.json", document); err != nil {
		c.Fatal(err)
	}
	var d struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		c.Fatal(err)
	}
	for path, item := range d.Paths {
		for method, raw := range item {
			if method == "parameters" {
				continue
			}
			var o struct {
				OperationID string
				Parameters  []struct {
					Name string `json:"name"`
					Ref  string `json:"$ref"`
				}
				Security    []any
				RequestBody struct {
					Content map[string]struct {
						Schema struct{ Properties map[string]any }
					}
				}
			}
			if err := json.Unmarshal(raw, &o); err != nil {
				c.Fatal(err)
			}
			op := operation{method: method, path: path, token: len(o.Security) > 0}
			for _, p := range o.Parameters {
				op.params = append(op.params, p.Name+p.Ref[strings.LastIndex(p.Ref, "/")+1:])
			}
			for name := range o.RequestBody.Content["application/x-www-form-urlencoded"].Schema.Properties {
				op.form = append(op.form, name)
			}
			out.ops[o.OperationID] = op
		}
	}
	return out
}

// call sends an operation and returns its status and its answer, which fits the document.
func (c *client) call(id string, values url.Values) (int, map[string]any) {
	c.Helper()
	op, ok := c.ops[id]
	if !ok {
		c.Fatalf("the document has no operation %s", id)
	}
	query, form := url.Values{}, url.Values{}
	for name, v := range values {
		switch {
		case slices.Contains(op.form, name):
			form[name] = v
		case slices.Contains(op.params, name):
			query[name] = v
		default:
			c.Fatalf("%s: the document has no parameter %s", id, name)
		}
	}
	address := c.url + strings.ReplaceAll(op.path, "{job}", "shop") + "?" + query.Encode()
	req, err := http.NewRequestWithContext(c.Context(), strings.ToUpper(op.method), address, strings.NewReader(form.Encode()))
	if err != nil {
		c.Fatal(err)
	}
	if op.method == "post" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if op.token {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatal(err)
	}
	escaped := strings.NewReplacer("~", "~0", "/", "~1").Replace(op.path)
	at := "api.json#/paths/" + url.PathEscape(escaped) + "/" + op.method + "/responses/" + resp.Status[:3] + "/content/application~1json/schema"
	schema, err := c.schemas.Compile(at)
	if err != nil {
		c.Fatalf("%s answers %s %s, which the document does not have: %v", id, resp.Status, body, err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(body)))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		c.Errorf("%s answers %s: %v", id, body, err)
	}
	out, _ := value.(map[string]any)
	return resp.StatusCode, out
}

// Each operation of the document works as it describes, for a client that the document makes.
func TestTheDocumentMakesAClient(t *testing.T) {
	t.Parallel()
	console := open(t, web.Config{Token: token})
	c := newClient(console)
	calls := map[string]struct {
		values url.Values
		status int
	}{
		"listJobs": {nil, 200}, "getJob": {nil, 200}, "listKinds": {nil, 200}, "listTasks": {url.Values{"state": {"error"}, "host": {"h:80"}}, 200}, "getTask": {url.Values{"key": {evil}}, 200},
		"listHosts": {nil, 200}, "listFailures": {nil, 200}, "listPictures": {url.Values{"field": {"a"}, "value": {"b"}}, 200}, "getSpaces": {url.Values{"from": {"1"}, "to": {"2"}}, 200}, "getHistory": {url.Values{"span": {"2d"}}, 200},
		"listJobChanges": {nil, 200}, "getSelection": {nil, 200}, "listWorkers": {nil, 200}, "listChanges": {nil, 200},
		"pause": {url.Values{"by": {"ann"}}, 200}, "resume": {nil, 200}, "drain": {nil, 200}, "changePace": {url.Values{"delay": {"2s"}}, 200},
		"count": {url.Values{"action": {"drop"}}, 200}, "prioritize": {url.Values{"priority": {"0"}, "key": {"waiting"}}, 202},
		"drop": {url.Values{"state": {"pending"}}, 202}, "retry": {url.Values{"state": {"error"}}, 202}, "stopWorker": {url.Values{"worker": {"w"}}, 200},
	}
	order := []string{"pause", "resume", "drain", "changePace", "count", "prioritize", "drop", "retry", "stopWorker"}
	for id := range c.ops {
		if _, ok := calls[id]; !ok {
			t.Errorf("no call of the operation %s", id)
		}
	}
	for id := range calls {
		if c.ops[id].method == "get" {
			order = append(order, id)
		}
	}
	for _, id := range order {
		if status, body := c.call(id, calls[id].values); status != calls[id].status {
			t.Errorf("%s answers %d %v; want %d", id, status, body, calls[id].status)
		}
		for c.ops[id].method == "post" { // a selection ends before the next one
			_, body := c.call("getSelection", nil)
			if s, _ := body["selection"].(map[string]any); s == nil || s["done"] == true {
				break
			}
		}
	}
	<-console.back
	changes, err := console.frontier.Changes(t.Context(), 0, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range changes {
		got = append(got, x.What)
		if x.What == "pause" && x.Who != "ann (API from 127.0.0.1)" {
			t.Errorf("who paused is %q", x.Who)
		}
	}
	slices.Reverse(got)
	want := []string{"pause", "resume", "drain", "pace --delay 2s", "prioritize 0 waiting: 1 tasks", "drop --state pending: 1 tasks", "retry --state error: 2 tasks", "stop w"}
	if !slices.Equal(got, want) {
		t.Errorf("the log of changes has %q; want %q", got, want)
	}
	workers, err := console.frontier.Workers(t.Context())
	if err != nil || len(workers) != 1 || !workers[0].Stopping {
		t.Errorf("workers %+v, %v; want w to stop", workers, err)
	}
	if tuned, err := console.frontier.Tunings(t.Context(), 1); err != nil || len(tuned) != 1 {
		t.Errorf("tunings %+v, %v", tuned, err)
	}
	if c, err := console.frontier.Count(t.Context(), 1, frontier.Filter{Reason: frontier.WhyDropped}); err != nil || c != 1 {
		t.Errorf("%d tasks are dropped, %v; want 1", c, err)
	}
	for id, values := range map[string]url.Values{"getTask": {"key": {"none"}}, "getHistory": {"span": {"9y"}}, "getSpaces": {"from": {"2"}, "to": {"1"}}, "listPictures": {"value": {"b"}}, "changePace": {"delay": {"soon"}}, "drop": nil, "prioritize": {"priority": {"x"}, "key": {"a"}}, "stopWorker": {"worker": {"none"}}} {
		if status, body := c.call(id, values); status < 400 || body["error"] == "" {
			t.Errorf("%s of wrong values answers %d %v", id, status, body)
		}
	}
	console.frontier.down.Store(true)
	for _, id := range []string{"listJobs"} {
		if status, _ := c.call(id, nil); status != 503 && status != 200 {
			t.Errorf("%s of a frontier that is down answers %d", id, status)
		}
	}
}
