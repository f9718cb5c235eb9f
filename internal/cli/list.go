package cli

import (
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/seedlist"
	"github.com/seinehq/seine/internal/weburl"
)

// maxListedHosts bounds the distinct hosts of a list.
const maxListedHosts = 100_000

// maxListedKeys bounds the stored keys of a list, which prevent that a key counts twice. It is
// about 100 MB.
const maxListedKeys = 2_000_000

// listing describes the list of a job.
type listing struct {
	tasks, again int64            // again: keys that stand there before
	most         int64            // tasks of the host with the most
	hosts        map[string]int64 // tasks by host, of the first hosts
	bad          badLines
}

// readList reads the list of a job, if it has one. It fails if the list can't be read.
func readList(job *seine.Job) (*listing, error) {
	l := &listing{hosts: map[string]int64{}}
	if job.Seeds.File == "" {
		return l, nil
	}
	keys, seed := map[uint64]struct{}{}, maphash.MakeSeed()
	err := seedlist.Read(&job.Seeds, func(s frontier.Seed) error {
		n, err := frontier.Admit(job, s)
		if err != nil {
			return err
		}
		key := maphash.String(seed, n.Key)
		if _, known := keys[key]; known {
			l.again++
			return nil
		}
		if len(keys) < maxListedKeys {
			keys[key] = struct{}{}
		}
		l.tasks++
		if page, err := frontier.PageURL(job, n.Key); err == nil {
			host := weburl.Host(page)
			if _, known := l.hosts[host]; known || len(l.hosts) < maxListedHosts {
				l.hosts[host]++
				l.most = max(l.most, l.hosts[host])
			}
		}
		return nil
	}, l.bad.add)
	if err != nil {
		return nil, fmt.Errorf("%w: seeds.file: %w", discovery.ErrSeeds, err)
	}
	return l, nil
}

// describeList prints how many tasks of how many hosts a list has, and its first mistakes.
func (a *validateCommand) describeList(l *listing) {
	a.print("            %s of %s", counted(l.tasks, "task"), counted(int64(len(l.hosts)), "host"))
	if l.again > 0 {
		a.print("            %s more than once", counted(l.again, "key"))
	}
	if err := l.bad.print(a.console); err != nil {
		a.say("seine: %v", err)
	}
}

// listedMeta returns what comes with a key in seeds.file; nil if the list has no such key, or can't
// be read: `seine validate` tells why.
func listedMeta(job *seine.Job, given, key string) map[string]any {
	if job.Seeds.File == "" {
		return nil
	}
	var meta map[string]any
	_ = seedlist.Read(&job.Seeds, func(s frontier.Seed) error {
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
