package engine

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
)

// Recorder stores the responses of a job.
type Recorder interface {
	// Write makes drafts durable and returns their index rows. known holds the frames of contents
	// that are recorded. An error is an asset.ErrStore or an asset.ErrDiskFull.
	Write(ctx context.Context, drafts []*recording.Draft, known map[string]frontier.Frame) ([]*frontier.Recording, error)
}

// capture is what an attempt leaves beside its result: a picture of a page that failed, and the
// response for a recording. One goroutine at a time uses it: the task's, then the committer's.
type capture struct {
	image []byte
	page  *seine.Page
	draft *recording.Draft
	row   *frontier.Recording
}

// recorded returns the index row of the page, nil if it is not recorded.
func (c *capture) recorded() *frontier.Recording {
	if c == nil {
		return nil
	}
	return c.row
}

// encode encodes the response of an attempt that ends its task. The committer writes it. A page
// that did not change since its last visit is recorded already.
func (c *capture) encode(x *executor, out outcome) error {
	page := c.page
	c.page = nil
	if page == nil || !out.final() || !derived.Recorded(&x.job.Job, out.pageKind) || x.job.Recorder == nil || x.observe != nil ||
		out.found.unchanged && len(page.Body) == 0 {
		return nil
	}
	draft, err := recording.Encode(out.Key, page, x.job.Digest, x.redact, x.fetcher.Hide())
	c.draft = draft
	return err
}

// pageWriter stores the recordings of a committer's batches.
type pageWriter struct{ *committer }

// write makes the recordings of a batch durable. Their rows are stored with the results. If
// the store takes none, the tasks are tried again.
func (m pageWriter) write(ctx context.Context, s *shift, batch []outcome) {
	var (
		drafts []*recording.Draft
		of     []*outcome
	)
	for i := range batch {
		if o := &batch[i]; o.final() && o.caught != nil && o.caught.draft != nil {
			drafts, of = append(drafts, o.caught.draft), append(of, o)
			o.caught.draft = nil
		}
	}
	if len(drafts) == 0 {
		return
	}
	var known map[string]frontier.Frame
	if _, ok := m.persist(ctx, s, func() (_ frontier.Outcome, err error) {
		known, err = m.pages.Bodies(ctx, m.job.ID, recording.Digests(drafts))
		return frontier.Outcome{}, err
	}); !ok {
		return // neither will the results be stored
	}
	rows, err := m.job.Recorder.Write(ctx, drafts, known)
	if err != nil {
		m.meter.StoreError()
		m.log.WarnContext(ctx, "pages are not recorded; their tasks are tried again", "tasks", len(of), "err", err)
	}
	for i, o := range of {
		if err == nil {
			o.caught.row = rows[i]
			continue
		}
		facts := attempt{stage: stageRecord, err: err}
		*o = outcome{work: o.work, facts: facts, ending: endingOf(&m.job.Job, o.Claimed, facts, rand.Float64()), page: o.page, span: o.span}
		if o.fatal != nil {
			s.fail(facts.fatal(o.fatal))
		}
	}
}

// reasonOfRecording is the reason of a task whose page is not recorded.
func reasonOfRecording(err error) string {
	if errors.Is(err, asset.ErrDiskFull) || errors.Is(err, asset.ErrStore) {
		return "recording: " + asset.Reason(err)
	}
	return "recording: " + err.Error()
}
