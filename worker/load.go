package worker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/jobfile"
)

// Mistake is one mistake in a job file.
type Mistake struct {
	// File is the path of the file.
	File string

	// Line and Column are from 1. Columns count characters.
	Line, Column int

	// Path is the key, such as fetch.timeout or verdict[2].skip. It is empty for the whole file.
	Path string

	// Message states the mistake and the nearest correct word, if there is one.
	Message string
}

// String returns the mistake as compilers write one.
func (m Mistake) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Message)
}

// JobFileError lists all mistakes of a job file, in the order of their places.
type JobFileError struct{ Mistakes []Mistake }

// Error returns the mistakes, a line each.
func (e *JobFileError) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

// Load reads a job file, with variables from the process's environment. A relative
// Seeds.File is in the folder of the job file. Load fails with a [*JobFileError], or with the error
// of the file.
//
// The job has its defaults, and its rules are a [seine.Scraper]. A program may change its values
// before it runs, for example its Store.
func Load(path string) (seine.Job, error) {
	file, err := jobfile.Load(path, os.LookupEnv)
	var mistakes jobfile.Mistakes
	if errors.As(err, &mistakes) {
		e := &JobFileError{}
		for _, m := range mistakes {
			e.Mistakes = append(e.Mistakes, Mistake(m))
		}
		return seine.Job{}, e
	}
	if err != nil {
		return seine.Job{}, err
	}
	job := file.Job
	if job.Seeds.File != "" && !filepath.IsAbs(job.Seeds.File) {
		job.Seeds.File = filepath.Join(filepath.Dir(path), job.Seeds.File)
	}
	return job, nil
}
