package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focused describes the element with the focus, and whether a person sees it.
const focused = `(() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
  const name = (e.closest("label")?.textContent ?? e.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 60);
  return [e.tagName + " " + (e.getAttribute("href") ?? e.name ?? "") + " " + name, String(s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && r.right > 0 && r.bottom > 0)]; })()`

// stops lists the elements that Tab reaches from the top of a page, in their order.
func (b *tab) stops(path string) (out []string) {
	b.Helper()
	b.do(path, chromedp.Navigate(b.url+path))
	for range 400 {
		b.do("Tab", chromedp.KeyEvent(kb.Tab))
		got, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](focused))
		if err != nil || len(got) != 2 {
			b.Fatalf("%s: the focus: %q, %v", path, got, err)
		}
		if strings.HasPrefix(got[0], "BODY") {
			return out
		}
		if got[1] != "true" {
			b.Errorf("%s: nobody sees the focus of %q", path, got[0])
		}
		out = append(out, got[0])
	}
	b.Errorf("%s: Tab does not come to an end: %q", path, out)
	return out
}

// tabTo moves the focus to the first element that holds a text, and no mouse is used.
func (b *tab) tabTo(text string) {
	b.Helper()
	var seen []string
	for range 200 {
		b.do("Tab", chromedp.KeyEvent(kb.Tab))
		got, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](focused))
		if err != nil {
			b.Fatal(err)
		}
		if strings.Contains(got[0], text) {
			return
		}
		seen = append(seen, got[0])
	}
	b.Fatalf("Tab does not reach %q, only %q", text, seen)
}

// A person with a keyboard reaches every link and action, sees where they are, skips the
// navigation, signs in, pauses and resumes the job, and sends tasks back.
func TestTheConsoleByKeyboard(t *testing.T) {
	t.Parallel()
	f := openFleet(t)
	defer f.close()
	b := openTab(t, f.url)
	enter := chromedp.KeyEvent(kb.Enter)
	b.do("the first page", chromedp.Navigate(f.url))
	b.tabTo("Sign in")
	b.do("sign in", enter, chromedp.WaitVisible("#token"))
	b.tabTo("INPUT token")
	b.do("the token", chromedp.KeyEvent(consoleToken), enter, chromedp.WaitVisible(`form[action="/logout"]`))
	b.tabTo("A /jobs/shop ")
	b.do("the job", enter, chromedp.WaitVisible(`form[action="/jobs/shop/pause"]`))
	b.tabTo("Skip to the content")
	b.do("skip", enter)
	b.tabTo("A ")
	if got, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.querySelector("main").contains(document.activeElement)`)); err != nil || !got {
		t.Errorf("after the skip link the focus is not in the content, %v", err)
	}
	b.tabTo("Pause the job")
	b.do("pause", enter, chromedp.WaitVisible(`form[action="/jobs/shop/resume"]:not(:has([name="host"]))`))
	b.tabTo("Resume the job")
	b.do("resume", enter, chromedp.WaitVisible(`form[action="/jobs/shop/pause"]:not(:has([name="host"]))`))
	b.do("failures", chromedp.Navigate(f.url+"/jobs/shop/failures"))
	b.tabTo("Send these back")
	b.do("count", enter, chromedp.WaitVisible(`form[action="/jobs/shop/retry"]`))
	b.tabTo("Send back ")
	b.do("send back", enter, chromedp.WaitVisible(`p[role="status"]`))
	b.do("the map", chromedp.Navigate(f.url+"/jobs/shop/space"))
	b.tabTo("Skip the map")
	b.do("after the map", enter)
	if got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.activeElement.id`)); err != nil || got != "after" {
		t.Errorf("after the map the focus is at %q, %v", got, err)
	}
	for _, path := range []string{"/", "/workers", "/changes", "/jobs/shop", "/jobs/shop/tasks?state=error&reason=500", "/jobs/shop/failures", "/jobs/shop/hosts", "/jobs/shop/kinds", "/jobs/shop/history", "/jobs/shop/space?from=1&to=8", "/jobs/shop/task?key=7"} {
		stops := b.stops(path)
		const all = `[...document.querySelectorAll("a[href], button, select, input:not([type=hidden])")].length`
		want, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](all))
		if err != nil {
			t.Fatal(err)
		}
		got := len(slices.DeleteFunc(slices.Clone(stops), func(s string) bool {
			return !slices.Contains([]string{"A", "BUTTON", "SELECT", "INPUT"}, strings.Fields(s)[0])
		}))
		if got != want || len(stops) == 0 || !strings.HasPrefix(stops[0], "A #main Skip") {
			t.Errorf("%s: Tab reaches %d of %d links and actions: %s", path, got, want, fmt.Sprintf("%.2000q", stops))
		}
	}
	b.faulty()
}
