package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/wiring"
)

// wants names the parts of a data set that a command needs.
type wants struct {
	frontier, store bool

	address bool // of the store, which is not opened
}

// dataSet opens a job's data set and prints its location. The returned function closes it.
func (a *app) dataSet(ctx context.Context, arg string, w wants) (*dataset.Set, func(), error) {
	var closers []io.Closer
	closeAll := func() {
		for _, c := range closers {
			_ = c.Close()
		}
	}
	set := &dataset.Set{Progress: a.datasetProgress()}
	var f frontier.Results
	if w.frontier || !isFile(arg) {
		opened, job, info, err := a.jobAt(ctx, arg, needs{store: w.store || w.address})
		if err != nil {
			return nil, nil, err
		}
		f = opened
		closers = append(closers, opened)
		if job.Permission == "" { // in a variable that is not set
			job.Permission = permissionOf(info)
		}
		set.Job, set.ID = job, info.ID
		if w.frontier {
			set.Frontier = opened
		}
	} else {
		job, err := a.look(arg, needs{store: w.store || w.address})
		if err != nil {
			return nil, nil, err
		}
		set.Job = job
	}
	if rules, ok := set.Job.Scraper.(*extract.Scraper); ok {
		set.Rules = rules
	} else {
		found, err := dataset.Find(ctx, f, set.ID, set.Job.Store.Key, wiring.Declared(set.Job)...)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		set.Rules = found
	}
	if !w.store {
		return set, closeAll, nil
	}
	if err := a.openSet(ctx, set); err != nil {
		closeAll()
		return nil, nil, err
	}
	closers = append(closers, set.Store.Bucket)
	if w.frontier {
		a.whereabouts([]*seine.Job{set.Job})
	} else {
		a.note("seine: store %s", a.storeOf(set.Job))
	}
	return set, closeAll, nil
}

// permissionOf returns the permission with which a job was registered.
func permissionOf(info frontier.JobInfo) string {
	job, _, _, err := wiring.Stored(info.Config)
	if err != nil {
		return ""
	}
	return job.Permission
}

// openSet opens the store of a data set.
func (a *app) openSet(ctx context.Context, set *dataset.Set) (err error) {
	set.Store, err = a.existingStore(ctx, a.storeOf(set.Job))
	return err
}

// existingStore opens an existing store, because a reading command must not create a folder, and an
// unmounted folder must not look like an empty store.
func (a *app) existingStore(ctx context.Context, at place) (dataset.Store, error) {
	folder, err := wiring.Folder(at.url)
	if err != nil {
		return dataset.Store{}, fmt.Errorf("%w: %s: %w", wiring.ErrStore, at, err)
	}
	if folder != "" {
		if err := folderThere(folder); err != nil {
			return dataset.Store{}, fmt.Errorf("%w: %s: %w", wiring.ErrStore, at, err)
		}
	}
	bucket, err := a.openStore(ctx, at)
	if err != nil {
		return dataset.Store{}, err
	}
	return dataset.Store{Bucket: bucket, Folder: folder}, nil
}

// datasetProgress prints the progress of a long command now and then.
func (a *app) datasetProgress() func(what string, n int64) {
	last := time.Now()
	return func(what string, n int64) {
		if time.Since(last) >= lineEvery {
			last = time.Now()
			a.note("seine: %s so far", counted(n, strings.TrimSuffix(what, "s")))
		}
	}
}

// sayStrangers tells of files that were passed over.
func (a *app) sayStrangers(set *dataset.Set, others dataset.Strangers) {
	if others.Number == 0 {
		return
	}
	where := "the store"
	if folder := set.Rules.Layout().Prefix(); folder != "" {
		where = folder
	}
	a.say("seine: %s in %s %s of store.key %q (such as %s)", counted(others.Number, "file"), where, number.Chosen(others.Number, "is none", "are none"), set.Job.Store.Key, others.Example)
}

// datasetError gives an error of package dataset its exit code.
func datasetError(err error) error {
	switch {
	case errors.Is(err, seine.ErrDiskFull):
		return err
	case errors.Is(err, dataset.ErrStore):
		return coded{exitStore, err}
	case errors.Is(err, dataset.ErrField), errors.Is(err, dataset.ErrLayout):
		return coded{exitUsage, err}
	}
	return err
}

// checkGrace bounds --grace.
func checkGrace(d time.Duration) error {
	if d < 0 {
		return usagef("--grace %v: give a time of at least 0s", d)
	}
	return nil
}
