package cli

import (
	"cmp"
	"context"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/asset"
)

// Warnings of one kind are logged at their first occurrence, then once an interval with their
// number.
const (
	repeatEvery = time.Minute

	// maxKinds bounds the kinds in memory. Beyond it all counts are logged and the kinds forgotten.
	maxKinds = 1000
)

// repeats groups the warnings of a log.
type repeats struct {
	mu    sync.Mutex
	kinds map[string]*repeated
	now   func() time.Time
}

// repeated is a kind of warning. n counts the warnings since the last logged one, at since.
type repeated struct {
	n     int64
	since time.Time
	last  slog.Record
	to    slog.Handler
}

func newRepeats() *repeats { return &repeats{kinds: map[string]*repeated{}, now: time.Now} }

// handler returns a handler that groups warnings before it passes them to to.
func (r *repeats) handler(to slog.Handler) slog.Handler { return repeatHandler{r: r, to: to} }

// run logs the numbers of each interval, and the rest when ctx is done.
func (r *repeats) run(ctx context.Context) {
	t := time.NewTicker(repeatEvery / 6)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			r.flush(context.WithoutCancel(ctx), 0)
			return
		case <-t.C:
			r.flush(ctx, repeatEvery)
		}
	}
}

// flush logs the counts of all kinds whose last log line is at least after old. It forgets a kind
// without a new warning.
func (r *repeats) flush(ctx context.Context, after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	var due []string
	for key, k := range r.kinds {
		if now.Sub(k.since) >= after {
			due = append(due, key)
		}
	}
	slices.SortFunc(due, func(a, b string) int {
		return cmp.Or(r.kinds[a].since.Compare(r.kinds[b].since), cmp.Compare(a, b))
	})
	for _, key := range due {
		k := r.kinds[key]
		if k.n == 0 {
			delete(r.kinds, key)
			continue
		}
		line := k.last
		if k.n > 1 {
			line = line.Clone()
			line.AddAttrs(slog.Int64("repeated", k.n), slog.String("within", now.Sub(k.since).Round(time.Second).String()))
		}
		k.n, k.since = 0, now
		_ = k.to.Handle(ctx, line) // as slog itself does
	}
}

// first reports whether a warning is logged; otherwise it is counted.
func (r *repeats) first(key string, line slog.Record, to slog.Handler) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.kinds[key]
	if k == nil {
		r.kinds[key] = &repeated{since: r.now(), to: to}
		return true
	}
	k.n, k.last, k.to = k.n+1, line.Clone(), to
	return false
}

func (r *repeats) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.kinds) >= maxKinds
}

type repeatHandler struct {
	r     *repeats
	to    slog.Handler
	group string // the attributes of With, as kindOf returns them
}

func (h repeatHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.to.Enabled(ctx, level)
}

func (h repeatHandler) Handle(ctx context.Context, line slog.Record) error {
	if line.Level != slog.LevelWarn {
		return h.to.Handle(ctx, line)
	}
	if h.r.full() {
		h.r.flush(ctx, 0)
		h.r.flush(ctx, 0) // the second one forgets the kinds
	}
	key := h.group + "\x00" + line.Message
	line.Attrs(func(a slog.Attr) bool {
		key += kindOf(a)
		return true
	})
	if h.r.first(key, line, h.to) {
		return h.to.Handle(ctx, line)
	}
	return nil
}

func (h repeatHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.to = h.to.WithAttrs(attrs)
	for _, a := range attrs {
		h.group += kindOf(a)
	}
	return h
}

func (h repeatHandler) WithGroup(name string) slog.Handler {
	h.to = h.to.WithGroup(name)
	return h
}

// particular matches the parts in which two errors of one kind differ: URLs, quoted texts, numbers.
var particular = regexp.MustCompile(`[a-zA-Z]+://\S+|"[^"]*"|\d+`)

// kindOf returns the part of an attribute that tells kinds of warnings apart. Job, host, asset,
// space, file and line count as they are. An error counts by its reason, without URLs and numbers.
func kindOf(a slog.Attr) string {
	value := ""
	switch a.Key {
	case "job", "host", "asset", "space", "file", "line":
		value = a.Value.String()
	case "err", "reason":
		value = a.Value.String()
		if err, ok := a.Value.Any().(error); ok {
			value = asset.Reason(err)
		}
		value = particular.ReplaceAllString(value, "#")
	}
	return "\x00" + value
}
