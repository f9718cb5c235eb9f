//go:build unix

package chromefetch

import (
	"fmt"
	htmlpkg "html"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

const form = `<!doctype html><title>form</title><body>
<form action=/sent method=post><input name=user><textarea name=note></textarea><select name=color><option value=r>Red<option value=g>Green</select><div id=free contenteditable></div><button id=go>go</button></form>
<button id=more>more</button><a id=next href=/next>next</a><svg id=drawn width=9 height=9></svg><input id=off disabled><input id=box type=checkbox>
<script>
const log = [];
const say = (text) => { log.push(text); document.body.dataset.log = log.join(" "); };
for (const e of document.querySelectorAll("input, textarea, select, #free")) {
  for (const kind of ["input", "change"]) e.addEventListener(kind, () => say(kind + ":" + (e.name || e.id)));
}
document.querySelector("#drawn").addEventListener("click", () => say("drawn"));
document.querySelector("#more").addEventListener("click", () => {
  say("active:" + navigator.userActivation.isActive);
  setTimeout(() => document.body.insertAdjacentHTML("beforeend", "<p class=item>item</p>"), 50);
});
</script>`

// quoted would end a string of a script, of HTML or of a selector.
const quoted = `a"b'c\` + "`${x}</script>\n<b>é"

func sent(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	escape := func(name string) string { return htmlpkg.EscapeString(fmt.Sprintf("%q", r.PostFormValue(name))) }
	_, _ = fmt.Fprintf(w, "<p id=sent>%s %s %s %s</p><a id=next href=/next>next</a>", r.Method, escape("user"), escape("note"), escape("color"))
}

func TestSteps(t *testing.T) {
	t.Parallel()
	feed := `<body style="margin:0"><div id=list></div><script>
let n = 0;
const add = () => { if (n++ < 3) document.querySelector("#list").insertAdjacentHTML("beforeend", "<p style='height:3000px'>part " + n + "</p>"); };
add();
addEventListener("scroll", () => { if (innerHeight + scrollY >= document.documentElement.scrollHeight - 5) setTimeout(add, 30); });
</script>`
	s := serve(t, map[string]http.HandlerFunc{
		"/form": html(form), "/sent": sent, "/next": html(`<h1>next</h1><p id=there>there</p>`), "/feed": html(feed),
		"/404": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, "<p>none</p>")
		},
		"/moves": html(`<script>location.replace("/form")</script>`),
	})
	fill := func(css, value string) seine.Step { return seine.Step{Fill: css, Value: value} }
	click := func(css string) seine.Step { return seine.Step{Click: css} }
	for _, tt := range []struct {
		name, path string
		steps      []seine.Step
		waits      []seine.Wait
		url        string
		has        []string
		err        string
	}{
		{"click, and wait", "/form", []seine.Step{click("#more"), {Wait: &seine.Wait{CSS: ".item"}}, click("#more")}, []seine.Wait{{CSS: ".item + .item"}}, "/form", []string{"active:true"}, ""},
		{"click on a drawing", "/form", []seine.Step{click("#drawn")}, nil, "/form", []string{`data-log="drawn"`}, ""},
		{"fields have the events of a person", "/form", []seine.Step{fill("[name=user]", "x"), fill("#free", "y"), {Select: "[name=color]", Value: "Green"}}, nil, "/form", []string{`data-log="input:user change:user input:free change:free input:color change:color"`, "y</div>"}, ""},
		{"a field is emptied", "/form", []seine.Step{fill("[name=user]", "x"), fill("[name=user]", ""), click("#go")}, []seine.Wait{{CSS: "#sent"}}, "/sent", []string{`POST "" "" "r"`}, ""},
		{"a form that is sent", "/form", []seine.Step{fill("[name=user]", `a"b'c`), fill("textarea", quoted), {Select: "select", Value: "g"}, click("#go")}, []seine.Wait{{CSS: "#sent"}}, "/sent", []string{"POST \"a\\\"b'c\" \"a\\\"b'c\\\\`${x}&lt;/script&gt;\\r\\n&lt;b&gt;é\" \"g\""}, ""},
		{"steps go on in the next page", "/form", []seine.Step{click("#go"), {Wait: &seine.Wait{CSS: "#sent"}}, click("#next"), {Wait: &seine.Wait{CSS: "#there"}}}, nil, "/next", []string{"<h1>next</h1>"}, ""},
		{"a page that moves on before", "/moves", []seine.Step{click("#next")}, nil, "/next", []string{"there"}, ""},
		{"scroll as long as the page grows", "/feed", []seine.Step{{Scroll: 10}}, nil, "/feed", []string{"part 3"}, ""},
		{"scroll at most so many times", "/feed", []seine.Step{{Scroll: 1}}, nil, "/feed", []string{"part 2"}, ""},
		{"no steps in a 404", "/404", []seine.Step{click("#more")}, nil, "/404", []string{"none"}, ""},
		{"unless ends the steps", "/form", []seine.Step{{Wait: &seine.Wait{CSS: ".never", Unless: "form"}}, click("#none")}, []seine.Wait{{CSS: ".never"}}, "/form", nil, ""},
		{"nothing to click", "/form", []seine.Step{click("#more"), click("#none")}, nil, "", nil, "step failed: step 2: nothing matches #none"},
		{"nothing to fill", "/form", []seine.Step{fill("#none", quoted)}, nil, "", nil, "step 1: nothing matches #none"},
		{"nothing to select", "/form", []seine.Step{{Select: "#none", Value: "g"}}, nil, "", nil, "step 1: nothing matches #none"},
		{"no such option", "/form", []seine.Step{{Select: "select", Value: "blue"}}, nil, "", nil, "step 1: select has no such option"},
		{"no select", "/form", []seine.Step{{Select: "textarea", Value: "g"}}, nil, "", nil, "step 1: textarea is no select element"},
		{"no text field", "/form", []seine.Step{fill("#box", "x")}, nil, "", nil, "step 1: #box is no text field"},
		{"a field that is off", "/form", []seine.Step{fill("#off", "x")}, nil, "", nil, "step 1: #off is disabled or read-only"},
		{"a selector that no browser knows", "/form", []seine.Step{click("p:contains(x)")}, nil, "", nil, "step 1: SyntaxError"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			limit := enough
			if tt.err != "" { // a step waits for what is not there
				limit = 30 * time.Second
			}
			p, err := fetcher(t, shared, Job{}).Fetch(t.Context(), seine.Request{URL: s.URL + tt.path, Steps: tt.steps, Wait: tt.waits, Timeout: limit})
			if tt.err != "" {
				if fetch.Reason(err) != fetch.StepFailed || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v; want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.URL != s.URL+tt.url {
				t.Errorf("URL %s; want %s", p.URL, tt.url)
			}
			for _, want := range tt.has {
				if !strings.Contains(string(p.Body), want) {
					t.Errorf("the page has no %s: %s", want, p.Body)
				}
			}
		})
	}
}

// A step does not wait longer than the page has.
func TestStepsEndWithThePagesTime(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<body><script>
addEventListener("scroll", () => { document.body.insertAdjacentHTML("beforeend", "<p style='height:3000px'>more</p>"); });
</script><p style='height:3000px'>first</p>`)})
	_, err := fetcher(t, shared, Job{}).Fetch(t.Context(), seine.Request{
		URL: s.URL + "/a", Timeout: 10 * time.Second, Steps: []seine.Step{{Scroll: 100_000}},
	})
	if fetch.Reason(err) != fetch.StepFailed || !strings.Contains(err.Error(), "step 1: it did not end within 10s") {
		t.Errorf("error %v", err)
	}
}

// Waits among the steps are reported before the others.
func TestWaitsAmongSteps(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/form": html(form)})
	p, err := fetcher(t, shared, Job{}).Fetch(t.Context(), seine.Request{
		URL: s.URL + "/form", Steps: []seine.Step{{Wait: &seine.Wait{CSS: "form"}}, {Wait: &seine.Wait{CSS: ".never", Unless: "a"}}}, Wait: []seine.Wait{{CSS: "p"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range p.Waits {
		got = append(got, fmt.Sprintf("%s|%v|%s", w.Wait, w.OK, w.By))
	}
	if want := "css: form|true|,css: .never, unless: a|false|unless: a,css: p|false|unless: a"; strings.Join(got, ",") != want {
		t.Errorf("waits %q; want %q", got, want)
	}
}
