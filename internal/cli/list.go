package cli

import (
	"errors"
	"os"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/weburl"
)

// maxListedHosts bounds the hosts of a list that are told apart.
const maxListedHosts = 100_000

// describeList reads the list of a job and prints how many tasks of how many hosts it has, and its
// first mistakes. It returns the number of tasks, and that of the host with the most.
func (a *app) describeList(job *seine.Job) (tasks, most int64) {
	file, err := os.Open(job.Seeds.File)
	if err != nil {
		return 0, 0 // seedsThere reported it
	}
	defer func() { _ = file.Close() }()
	seen, bad := map[string]int64{}, badLines{}
	err = frontier.ReadSeeds(file, job.Seeds.File, func(s frontier.Seed) error {
		n, err := frontier.Admit(job, s)
		if err != nil {
			return err
		}
		tasks++
		if page, err := frontier.PageURL(job, n.Key); err == nil {
			host := weburl.Host(page)
			if _, known := seen[host]; known || len(seen) < maxListedHosts {
				seen[host]++
				most = max(most, seen[host])
			}
		}
		return nil
	}, bad.add)
	a.print("            %s of %s", counted(tasks, "task"), counted(int64(len(seen)), "host"))
	if err != nil {
		a.print("            %v", err)
	}
	if err := bad.print(a); err != nil {
		a.say("seine: %v", err)
	}
	return tasks, most
}

// listedMeta returns what comes with a key in seeds.file; nil if the list has no such key, or can't be
// read: `seine validate` tells why.
func listedMeta(job *seine.Job, given, key string) map[string]any {
	if job.Seeds.File == "" {
		return nil
	}
	file, err := os.Open(job.Seeds.File)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }()
	var meta map[string]any
	_ = frontier.ReadSeeds(file, job.Seeds.File, func(s frontier.Seed) error {
		if s.Key != given && s.Key != key {
			return nil
		}
		meta = s.Meta
		for name, v := range meta {
			meta[name] = number.Value(v)
		}
		return errFound
	}, func(*frontier.BadLine) error { return nil })
	return meta
}

// errFound ends the reading of a list.
var errFound = errors.New("found")
