package cli

import (
	"context"
	"fmt"
	"path"
	"path/filepath"

	"github.com/seinehq/seine/internal/number"
)

// archive writes the recorded pages of a job as a web archive.
func (a *exportCommand) archive(ctx context.Context, arg string) error {
	if a.where != "" || a.split != "" || a.versions != "latest" {
		return usagef("a web archive holds every recorded page: leave --where, --split and --versions out")
	}
	set, done, err := a.dataSet(ctx, arg, wants{frontier: true, store: true})
	if err != nil {
		return err
	}
	defer done()
	at, err := a.exportTo(ctx, a.output)
	if err != nil {
		return err
	}
	defer at.done()
	_, zip, err := formatOf(at.name, a.format)
	if err != nil {
		return err
	}
	target, err := at.open(ctx, at.name)
	if err != nil {
		return datasetError(err)
	}
	defer target.Abort()
	damaged := int64(0)
	about, err := set.ExportWARC(ctx, target, zip, Version, func(key string, err error) {
		damaged++
		a.say("seine: %s: %v; `seine retry %s %s` fetches the page again", key, err, set.Job.Name, key)
	})
	switch {
	case err != nil:
		return datasetError(err)
	case about.Records == 0 && damaged == 0:
		return usagef("job %s has no recorded page: set record_pages: true, and run it", set.Job.Name)
	}
	if err := target.Commit(); err != nil {
		return datasetError(err)
	}
	about.Damaged = damaged
	about.Files[0].Name = path.Base(filepath.ToSlash(at.name))
	if !at.stream {
		if err := writeAbout(ctx, at, at.name+aboutSuffix, about); err != nil {
			return datasetError(err)
		}
	}
	a.note("seine: %s of job %s in %s%s", counted(about.Records, "page"), about.Job, a.output, permitted(about))
	if damaged > 0 {
		return fmt.Errorf("%s could not be read and %s left out", counted(damaged, "recording"), number.Chosen(damaged, "is", "are"))
	}
	return nil
}
