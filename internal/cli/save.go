package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/wiring"
)

// saveExample writes a page with its result of now beside the job file. It replaces no file.
func (a *tryCommand) saveExample(ctx context.Context, path string, job *seine.Job, e recording.Example) (err error) {
	to, err := a.newExample(path)
	if err != nil {
		return err
	}
	if e.Expect, err = wiring.Judge(ctx, job, e); err != nil {
		return err
	}
	text, err := e.Format()
	if err != nil {
		return err
	}
	if err := writeExample(to, text); err != nil {
		return err
	}
	a.note("seine: wrote %s; read its expect.json, because `seine test` compares with it", to)
	return nil
}

// newExample returns the path of the example to save, at which no file is.
func (a *tryCommand) newExample(job string) (string, error) {
	to, err := examplePath(job, a.save)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		return "", usagef("%s is there: give another name, or remove it", to)
	}
	return to, nil
}

// saveRecorded saves the recording of a task.
func (a *tryCommand) saveRecorded(ctx context.Context, path, key string) error {
	if a.save == "" {
		return usagef("--recorded needs --save NAME")
	}
	job, _, err := a.load(path)
	if err != nil {
		return err
	}
	n, err := frontier.Admit(job, frontier.Seed{Key: key})
	if err != nil {
		return err
	}
	f, _, info, err := a.jobAt(ctx, path, needs{store: true})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	rows, err := f.Recorded(ctx, info.ID, []string{n.Key})
	if err != nil {
		return err
	}
	row, ok := rows[n.Key]
	if !ok {
		return usagef("task %s has no recording: set record_pages: true and run `seine retry %s %s`", n.Key, job.Name, n.Key)
	}
	tasks, err := f.Tasks(ctx, info.ID, frontier.Filter{Keys: []string{n.Key}})
	if err != nil || len(tasks) != 1 {
		return err
	}
	set := &dataset.Set{Job: job}
	if err := a.openSet(ctx, set); err != nil {
		return err
	}
	defer func() { _ = set.Store.Close() }()
	pages, err := wiring.Recordings(set.Store.Bucket, a.storeOf(job).url, job.Name)
	if err != nil {
		return err
	}
	e := recording.Example{Key: n.Key, Kind: tasks[0].Page, Meta: wiring.MetaOf(tasks[0])}
	if e.Page, err = pages.Page(ctx, row); err != nil {
		return fmt.Errorf("task %s: %w", n.Key, err)
	}
	return a.saveExample(ctx, path, job, e)
}
