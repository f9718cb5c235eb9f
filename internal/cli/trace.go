package cli

import (
	"context"
	"errors"

	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/tracing"
)

// trace sends the worker's traces to the destination of the environment.
func (a *workCommand) trace(ctx context.Context, cfg *runner.Config) (end func(), err error) {
	a.redact.add(tracing.Secrets(a.getenv))
	cfg.Traces, end, err = tracing.Open(ctx, tracing.Config{Getenv: a.getenv, Version: Version, Worker: cfg.Name, Console: a.stderr, Log: cfg.Log})
	if errors.Is(err, tracing.ErrSettings) {
		err = coded{exitUsage, err}
	}
	return end, err
}
