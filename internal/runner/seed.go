package runner

import (
	"context"

	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
)

// maxNamedLines is the largest number of lines of a list that are logged one by one.
const maxNamedLines = 10

// seed admits the seeds of a job. Lines of its list that give no task are logged.
func (w *Worker) seed(ctx context.Context, job *engine.Job) error {
	if w.cfg.Strict {
		return discovery.Seed(ctx, w.frontier, &job.Job, job.ID, nil)
	}
	log := w.cfg.Log
	lines := 0
	err := discovery.Seed(ctx, w.frontier, &job.Job, job.ID, func(b *frontier.BadLine) error {
		if lines++; lines <= maxNamedLines && log != nil {
			log.WarnContext(ctx, "line of the list is left out", "job", job.Name, "file", b.Name, "line", b.Line, "reason", b.Reason)
		}
		return nil
	})
	if lines > 0 && log != nil {
		log.WarnContext(ctx, "lines of the list are left out; --strict stops at the first", "job", job.Name, "lines", lines)
	}
	return err
}
