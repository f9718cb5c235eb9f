package dataset

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"gocloud.dev/gcerrors"
	"golang.org/x/sync/errgroup"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// The outcomes of a render.
const (
	RenderedNew       = "rendered"  // the file has other bytes or another path
	RenderedSame      = "unchanged" // the options are the same, or make the same file
	RenderedFailed    = "failed"    // the original can't be read or rendered
	RenderedOpen      = "open"      // the task is not finished
	RenderedMeanwhile = "meanwhile" // another process wrote the task
	RenderedBare      = "without original"
)

// Rendering is the result for one image.
type Rendering struct {
	Key     string `json:"key"`
	Asset   string `json:"asset"`
	Path    string `json:"path"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
}

// RenderReport sums a render up.
type RenderReport struct {
	Images    int64 `json:"images"`
	Rendered  int64 `json:"rendered"`
	Unchanged int64 `json:"unchanged"`
	Failed    int64 `json:"failed"`
	Bare      int64 `json:"without_original"`
	Open      int64 `json:"open"`
	Meanwhile int64 `json:"meanwhile"`

	// Removed counts the files of earlier formats that were deleted.
	Removed int64 `json:"removed"`
}

// ErrNoOriginals reports that a job stores no originals.
var ErrNoOriginals = errors.New("no originals are stored: add `keep: original` to image in the job file, and fetch the images again with `seine retry`")

const (
	// renderPage is the number of tasks whose images are rendered before their rows are stored.
	renderPage = 200

	// mostAtOnce is the most memory of an original that is taken before a byte of it is read.
	mostAtOnce = 16 << 20

	// rounds bounds how often images are rendered whose tasks other processes wrote meanwhile.
	rounds = 3
)

// Render makes the renditions of the job's images from their stored originals, with the options of
// the job file as it is now. It makes no request.
//
// The paths that it is about to change are noted before a file changes, and the rows follow in one
// transaction per page. A render that was stopped left notes, and the next one renders their tasks
// again. An audit knows the notes. A file of an earlier format is deleted after the row names the
// file of the new one.
func (s *Set) Render(ctx context.Context, each func(Rendering) error) (report RenderReport, err error) {
	rules, ok := s.Rules.(*extract.Scraper)
	if !ok {
		return report, fmt.Errorf("job %s has no job file: its options are code of its program", s.Job.Name)
	}
	r := &renderer{
		Set: s, rules: rules, keeper: asset.New(s.Store.Bucket, asset.Options{}), report: &report, each: each,
		forced: map[string]bool{}, again: map[string]bool{},
	}
	if err := s.Frontier.Intents(ctx, s.ID, func(i frontier.Intent) error {
		r.forced[i.Task] = true
		return nil
	}); err != nil {
		return report, err
	}
	if err := r.all(ctx, frontier.Filter{Limit: renderPage}); err != nil {
		return report, err
	}
	for round := 0; len(r.again) > 0 && round < rounds; round++ {
		if err := r.once(ctx, round == rounds-1); err != nil {
			return report, err
		}
	}
	if err := r.settle(ctx); err != nil {
		return report, err
	}
	if report.Images == report.Bare && !rules.KeepsOriginals() {
		return report, ErrNoOriginals
	}
	return report, nil
}

// renderer is one render.
type renderer struct {
	*Set
	rules  *extract.Scraper
	keeper *asset.Keeper
	report *RenderReport
	each   func(Rendering) error

	// forced are the tasks that a stopped render left notes of. Their files may differ from their
	// rows.
	forced map[string]bool

	// again are the tasks that another process wrote meanwhile. last means that no further round
	// follows.
	again map[string]bool
	last  bool

	left int // files of earlier formats, noted and not deleted yet
}

// remaking is an image that is rendered. One goroutine writes it.
type remaking struct {
	Rendering
	task     frontier.TaskInfo
	was      frontier.Asset
	original frontier.Asset
	spec     seine.Image
	now      assetfile.Stored
	force    bool
}

func (r *renderer) all(ctx context.Context, filter frontier.Filter) error {
	for {
		tasks, err := r.Frontier.Tasks(ctx, r.ID, filter)
		if err != nil || len(tasks) == 0 {
			return err
		}
		if err := r.page(ctx, tasks); err != nil {
			return err
		}
		filter.After = tasks[len(tasks)-1].Key
		if r.left >= sweepBatch {
			if err := r.settle(ctx); err != nil {
				return err
			}
		}
	}
}

// once renders the tasks again that another process wrote meanwhile.
func (r *renderer) once(ctx context.Context, last bool) error {
	keys := sorted(r.again)
	r.again, r.last = map[string]bool{}, last
	for len(keys) > 0 {
		n := min(len(keys), renderPage)
		for _, k := range keys[:n] {
			r.forced[k] = true
		}
		tasks, err := r.Frontier.Tasks(ctx, r.ID, frontier.Filter{Keys: keys[:n], Limit: renderPage})
		if err != nil {
			return err
		}
		if err := r.page(ctx, tasks); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// page renders the images of some tasks.
func (r *renderer) page(ctx context.Context, tasks []frontier.TaskInfo) error {
	byKey, keys := map[string]frontier.TaskInfo{}, make([]string, len(tasks))
	for i, t := range tasks {
		byKey[t.Key], keys[i] = t, t.Key
	}
	stored, err := r.Frontier.RecordsOf(ctx, r.ID, keys)
	if err != nil {
		return err
	}
	list := r.plan(stored, byKey)
	if err := r.Frontier.Intend(ctx, r.ID, intents(list)); err != nil {
		return err
	}
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range list {
		if list[i].Outcome == "" {
			g.Go(func() error { return r.remake(within, &list[i]) })
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := r.commit(ctx, list, stored); err != nil {
		return err
	}
	for i := range list {
		if err := r.tell(list[i].Rendering); err != nil {
			return err
		}
	}
	return nil
}

// plan lists the images of records, with an outcome for those that are not rendered.
func (r *renderer) plan(stored []frontier.Stored, tasks map[string]frontier.TaskInfo) (list []remaking) {
	seen := map[frontier.AssetID]bool{}
	for _, rec := range stored {
		for _, a := range rec.Assets {
			id := frontier.AssetID{Key: a.Key, Name: a.Name}
			t, known := tasks[cmp.Or(a.Task, a.Key)]
			spec := r.rules.Rendition(t.Page, a.Name)
			if seen[id] || !known || spec == nil {
				continue
			}
			seen[id] = true
			m := remaking{Rendering: Rendering{Key: a.Key, Asset: a.Name, Path: a.Path}, task: t, was: a, spec: *spec, force: r.forced[t.Key]}
			original := named(rec.Assets, a.Key, a.Name+assetfile.OriginalSuffix)
			switch {
			case original == nil:
				m.Outcome = RenderedBare
			case !t.Final:
				m.Outcome = RenderedOpen
			case !m.force && string(a.RenderedBy) == string(asset.RenderedBy(m.spec)):
				m.original, m.Outcome = *original, RenderedSame
			default:
				m.original = *original
			}
			list = append(list, m)
		}
	}
	return list
}

func named(assets []frontier.Asset, key, name string) *frontier.Asset {
	for i, a := range assets {
		if a.Key == key && a.Name == name {
			return &assets[i]
		}
	}
	return nil
}

// intents are the paths that the rendering of images changes.
func intents(list []remaking) (notes []frontier.Intent) {
	for _, m := range list {
		if m.Outcome != "" {
			continue
		}
		to := asset.Moved(m.was.Path, m.spec)
		notes = append(notes, frontier.Intent{Path: to, Task: m.task.Key})
		if to != m.was.Path {
			notes = append(notes, frontier.Intent{Path: m.was.Path, Task: m.task.Key})
		}
	}
	return notes
}

// remake renders an image and writes the file.
func (r *renderer) remake(ctx context.Context, m *remaking) error {
	body, why, err := r.originalOf(ctx, m.original)
	if err != nil {
		return err
	}
	var made asset.Remade
	if why == "" {
		if made, err = r.keeper.Remake(ctx, body, m.was.Stored, m.spec); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			why = asset.Reason(err)
		}
	}
	if why != "" {
		m.Outcome, m.Reason = RenderedFailed, why
		return nil
	}
	m.now, m.Path, m.Outcome = made.Stored, made.Path, RenderedNew
	if string(m.now.SHA256) == string(m.was.SHA256) && m.now.Path == m.was.Path {
		m.Outcome = RenderedSame
		if !m.force {
			return nil
		}
	}
	err = r.keeper.Store(ctx, made, asset.Hold{
		Owned: func(ctx context.Context) error { return r.still(ctx, m.task) },
		Owner: func(ctx context.Context, path string, sum []byte) (string, error) {
			return r.Frontier.Owner(ctx, r.ID, m.task.Key, path, sum)
		},
	})
	var taken *asset.CollisionError
	switch {
	case errors.Is(err, errMeanwhile):
		m.Outcome = RenderedMeanwhile
	case errors.As(err, &taken):
		m.Path, m.Outcome, m.Reason = m.was.Path, RenderedFailed, taken.Error()
	case err != nil:
		return err
	}
	return nil
}

// originalOf returns the bytes of a stored original, or the reason why it can't be used.
func (r *renderer) originalOf(ctx context.Context, a frontier.Asset) (body []byte, why string, err error) {
	err = r.Store.read(ctx, a.Path, func(from io.Reader) error {
		// A file that is longer than its row states is another one.
		whole := bytes.NewBuffer(make([]byte, 0, min(a.Bytes, mostAtOnce)+bytes.MinRead))
		_, err = whole.ReadFrom(io.LimitReader(from, a.Bytes+1))
		body = whole.Bytes()
		return err
	})
	switch {
	case gcerrors.Code(err) == gcerrors.NotFound:
		return nil, "original is not in the store", nil
	case err != nil:
		return nil, "", storeError("read "+a.Path, err)
	}
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], a.SHA256) {
		return nil, "original has other bytes than its row", nil
	}
	return body, "", nil
}

var errMeanwhile = errors.New("another process wrote the task")

// still returns errMeanwhile if a task is not as it was.
func (r *renderer) still(ctx context.Context, was frontier.TaskInfo) error {
	now, err := r.Frontier.Tasks(ctx, r.ID, frontier.Filter{Keys: []string{was.Key}, Limit: 1})
	if err == nil && (len(now) == 0 || !now[0].Final || !now[0].UpdatedAt.Equal(was.UpdatedAt)) {
		err = errMeanwhile
	}
	return err
}

func (r *renderer) tell(one Rendering) error {
	if one.Outcome == RenderedMeanwhile && !r.last {
		return nil // it is rendered again
	}
	r.report.Images++
	r.progress("images", r.report.Images)
	switch one.Outcome {
	case RenderedNew:
		r.report.Rendered++
	case RenderedSame:
		r.report.Unchanged++
	case RenderedFailed:
		r.report.Failed++
	case RenderedBare:
		r.report.Bare++
	case RenderedOpen:
		r.report.Open++
	case RenderedMeanwhile:
		r.report.Meanwhile++
	}
	return r.each(one)
}

// settle deletes the noted files that no record owns, and forgets the notes.
func (r *renderer) settle(ctx context.Context) error {
	var (
		files []object
		paths []string
	)
	flush := func() error {
		gone, err := r.remove(ctx, files, time.Now().Add(sweepTTL))
		r.report.Removed += int64(len(gone))
		if err == nil {
			err = r.Frontier.Settled(ctx, r.ID, paths)
		}
		files, paths = nil, nil
		return err
	}
	if err := r.Frontier.Intents(ctx, r.ID, func(i frontier.Intent) error {
		if r.again[i.Task] && !r.last {
			return nil
		}
		files, paths = append(files, object{path: i.Path}), append(paths, i.Path)
		if len(paths) < sweepBatch {
			return nil
		}
		return flush()
	}); err != nil {
		return err
	}
	r.left = 0
	return flush()
}
