package extract

import (
	"context"
	"errors"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

// defaultTimeout bounds the rules on one page if the job sets no time. It equals the default of
// fetch.timeout.
const defaultTimeout = 20 * time.Second

// errSlow ends a page whose rules exceed their time.
var errSlow = errors.New("the rules take too long on this page")

// stopwatch ends the reading of a page after some time. The wait for memory does not count.
type stopwatch struct {
	ctx     context.Context //nolint:containedctx // lives as long as the reading
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	left    time.Duration
	started time.Time
}

// watch returns a running stopwatch. Its context ends with parent, and with errSlow after d.
func watch(parent context.Context, d time.Duration) *stopwatch {
	if d <= 0 {
		d = defaultTimeout
	}
	w := &stopwatch{left: d}
	w.ctx, w.cancel = context.WithCancelCause(parent)
	w.timer = time.AfterFunc(d, func() { w.cancel(errSlow) })
	w.started = time.Now()
	return w
}

func (w *stopwatch) pause() {
	if w.timer == nil {
		return // of a View, whose context alone bounds it
	}
	w.timer.Stop()
	w.left -= time.Since(w.started)
}

func (w *stopwatch) resume() {
	if w.timer == nil {
		return
	}
	w.started = time.Now()
	w.timer.Reset(max(w.left, 0))
}

func (w *stopwatch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// tick returns the reason why the reading must end.
func (w *stopwatch) tick() error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	return nil
}

// tickFunc and clockName are names that no expression of a user can have. The function fails when
// the stopwatch of the environment has run out.
const (
	tickFunc  = "tick()"
	clockName = "clock()"
)

// tickPatcher makes each iteration of a loop in an expression check the stopwatch, because nested
// any(…), count(…) and the like take the product of their lengths.
type tickPatcher struct{}

// Visit implements [ast.Visitor].
func (tickPatcher) Visit(node *ast.Node) {
	p, ok := (*node).(*ast.PredicateNode)
	if !ok {
		return
	}
	if s, done := p.Node.(*ast.SequenceNode); done && len(s.Nodes) == 2 && isTick(s.Nodes[0]) {
		return // patched before: the library visits a tree several times
	}
	tick := &ast.CallNode{Callee: &ast.IdentifierNode{Value: tickFunc}, Arguments: []ast.Node{&ast.IdentifierNode{Value: clockName}}}
	p.Node = &ast.SequenceNode{Nodes: []ast.Node{tick, p.Node}}
}

func isTick(n ast.Node) bool {
	call, ok := n.(*ast.CallNode)
	if !ok {
		return false
	}
	callee, ok := call.Callee.(*ast.IdentifierNode)
	return ok && callee.Value == tickFunc
}

func tickOptions() []expr.Option {
	return []expr.Option{expr.Patch(tickPatcher{}), expr.Function(tickFunc, func(args ...any) (any, error) {
		if w, ok := args[0].(*stopwatch); ok {
			return true, w.tick()
		}
		return true, nil
	}, new(func(any) bool))}
}
