package chromefetch

import (
	_ "embed"
	"encoding/json"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
)

// workers pauses a page's workers at their start until they have the page's settings. Otherwise
// they would identify as another browser. Other kinds are disabled. See flags and unasked.
var workers = target.SetAutoAttachParams{
	AutoAttach: true, WaitForDebuggerOnStart: true, Flatten: new(true), Filter: target.Filter{{Type: "worker"}},
}

// nestedWorkers keeps a worker from starting workers of its own. From version 148 on, Chromium
// gives their requests the page's user agent, so the browser's own check cannot recognize them. See
// unasked.
//
//go:embed js/nested.js
var nestedWorkers string

// startWorker lets a worker go. chromedp has no session for it, so no call waits for the answers. A
// worker takes its commands in order.
func (t *tab) startWorker(ev *target.EventAttachedToTarget) {
	t.tell(ev.SessionID, emulation.SetUserAgentOverride.Method, t.agent())
	t.tell(ev.SessionID, runtime.Evaluate.Method, runtime.EvaluateParams{Expression: nestedWorkers})
	t.tell(ev.SessionID, runtime.RunIfWaitingForDebugger.Method, cdp.Empty{})
}

func (t *tab) tell(session target.SessionID, method string, params any) {
	text, err := json.Marshal(params)
	if err != nil {
		return
	}
	// A write fails when the browser is lost, which is seen elsewhere.
	_ = t.browser.process.conn.Write(t.ctx, &cdproto.Message{
		ID: t.browser.unheard.Add(1), SessionID: session, Method: cdproto.MethodType(method), Params: text,
	})
}
