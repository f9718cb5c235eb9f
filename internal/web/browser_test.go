package web_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/seinehq/seine/internal/fetch/chromefetch"
	"github.com/seinehq/seine/internal/web"
)

// In a browser every page opens without an error on its console, the numbers are live under the
// policy, and a person signs in, pauses the job and sends tasks back.
func TestTheConsoleInABrowser(t *testing.T) {
	t.Parallel()
	path, err := chromefetch.Find("")
	if err != nil {
		t.Fatal(err)
	}
	c := open(t, web.Config{Token: token, Every: time.Millisecond})
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var (
		mu     sync.Mutex
		faults []string
	)
	if err := chromedp.Listen(ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			faults = append(faults, ev.ExceptionDetails.Text)
		case *cdplog.EventEntryAdded:
			if string(ev.Entry.Level) == "error" {
				faults = append(faults, ev.Entry.Text+" "+ev.Entry.URL)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	do := func(what string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	text := func(selector string) string {
		t.Helper()
		out, err := chromedp.Run(ctx, chromedp.Text(selector))
		if err != nil {
			t.Fatalf("%s: %v", selector, err)
		}
		return out
	}
	do("the list", chromedp.Navigate(c.url))
	jobs := text("main")
	do("the job", chromedp.Navigate(c.url+"/jobs/shop"), chromedp.WaitVisible(`[data-n="state-error"]`))
	if err := c.frontier.PauseJob(ctx, 1, true); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](`document.querySelector('[data-n="phase"]').textContent === "paused"`)); err != nil {
		t.Fatalf("the number is not live: %v", err)
	}
	do("sign in", chromedp.Navigate(c.url+"/login"), chromedp.SendKeys("#token", token+"\n"), chromedp.WaitVisible(`form[action="/logout"]`))
	// The forms of hosts have the same action.
	form := func(action string) string { return `form[action="/jobs/shop/` + action + `"]:not(:has([name="host"]))` }
	do("resume", chromedp.Navigate(c.url+"/jobs/shop"), chromedp.Click(form("resume")+" button"), chromedp.WaitVisible(form("pause")))
	resumed := text("main")
	do("count", chromedp.Navigate(c.url+"/jobs/shop/tasks?state=error"), chromedp.Click(`form[action="/jobs/shop/count"]:has([value="retry"]) button`), chromedp.WaitVisible(`form[action="/jobs/shop/retry"]`))
	confirm := text("main")
	do("send back", chromedp.Click(`form[action="/jobs/shop/retry"] button`), chromedp.WaitVisible(`[role="status"]`))
	<-c.back
	if !strings.Contains(jobs, "shop") || !strings.Contains(confirm, "2 tasks match, in state error") || !strings.Contains(resumed, "idle") {
		t.Errorf("the pages show %q, %q, %q", jobs, confirm, resumed)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(faults) > 0 {
		t.Errorf("the browser reports %q", faults)
	}
}
