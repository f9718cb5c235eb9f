package frontier

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/idspace"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/weburl"
)

const (
	// maxKey is the largest key in bytes. An entry of a PostgreSQL index holds at most 2,704 bytes.
	maxKey = 2000

	// shards is the number of lanes of a job without a pace. A single lane would admit one claim at
	// a time.
	shards = 16

	// unlimited is the number of slots of a lane without a bound.
	unlimited = 1 << 20

	// assetLane is the prefix of the lane of an asset host, and shardLane of a shard. No host
	// contains a '/'.
	assetLane = "assets/"
	shardLane = "shard/"
)

// ErrKey means that a key cannot be the key of a task.
var ErrKey = errors.New("not a task key")

// Seed is a key as a user writes it.
type Seed struct {
	Key string `json:"key"`

	// Priority is 0 (first) to 3. Other values are clamped. Default: the page kind's, else 1.
	Priority *int           `json:"priority"`
	Meta     map[string]any `json:"meta"`

	// Page is the name of the page kind. Default: the first kind that matches the URL.
	Page string `json:"page"`

	// Foreign means that a page wrote the key. ${NAME} in it stands for itself. In the keys of
	// operators it stands for a secret of the job.
	Foreign bool `json:"-"`

	// Send makes the request more than a GET. Default: the page kind's request.
	Send *seine.Send `json:"-"`
}

// Admit turns a key into a task: an ID of the job's template, padded as its space requires, or a
// canonical URL. If the key is neither, Admit returns ErrKey with the reason.
func Admit(job *seine.Job, seed Seed) (New, error) {
	if seed.Foreign {
		seed.Key = AsWritten(job, seed.Key)
	}
	key, page, err := resolve(job, strings.TrimSpace(seed.Key))
	if err != nil {
		return New{}, err
	}
	if IsSitemap(key) || seed.Page == SitemapPage {
		seed.Page, key = SitemapPage, strings.TrimSuffix(key, SitemapMark)+SitemapMark
	}
	n := New{Key: key, Lane: LaneKey(job, key, page), Priority: 1}
	kind := kindOf(job, seed, page)
	priority := seed.Priority
	if kind != nil {
		if n.Page = kind.Name; seed.Page != "" && seed.Page != kind.Name {
			return New{}, fmt.Errorf("%w: %.60q names the page kind %.60q, which the job has not", ErrKey, key, seed.Page)
		}
		if priority == nil {
			priority = kind.Priority
		}
	}
	if seed.Page == SitemapPage {
		n.Page = SitemapPage
	}
	if priority != nil {
		n.Priority = min(max(*priority, 0), 3)
	}
	if send := SendOf(kind, seed.Send, seed.Meta); send != nil && IsURL(key) {
		n.Key = withSend(page, send)
	}
	if len(seed.Meta) > 0 {
		if n.Meta, err = number.Marshal(seed.Meta); err != nil {
			return New{}, fmt.Errorf("%w: meta of %.60q: %w", ErrKey, key, err)
		}
	}
	return n, nil
}

// LaneKey returns the lane of a task: the host of its page, or a shard if the job has no pace.
func LaneKey(job *seine.Job, key, page string) string {
	if derived.Unpaced(job.Pace) {
		h := fnv.New32a()
		_, _ = h.Write([]byte(key))
		return fmt.Sprintf("%s%02d", shardLane, h.Sum32()%shards)
	}
	return weburl.Host(page)
}

// ShardLanes and AssetLanes are the SQL patterns of the keys of shards and of asset hosts.
const (
	ShardLanes = shardLane + "%"
	AssetLanes = assetLane + "%"
)

// AssetLane returns the lane of a host for assets.
func AssetLane(host string) string { return assetLane + host }

// IsHost reports whether a lane holds the pages of a host.
func IsHost(lane string) bool {
	return !strings.HasPrefix(lane, assetLane) && !strings.HasPrefix(lane, shardLane)
}

// AsWritten returns a key that a page wrote, in which ${NAME} stands for itself. Otherwise a link
// could ask for a secret of the job by its name.
func AsWritten(job *seine.Job, key string) string {
	if job.Seeds.URL != "" && !IsURL(strings.TrimSpace(key)) {
		return key // an ID, in which nothing is replaced
	}
	return strings.ReplaceAll(key, "${", "$%7B")
}

// PageURL returns the URL of a task's page.
func PageURL(job *seine.Job, key string) (string, error) {
	_, page, err := resolve(job, key)
	return page, err
}

func resolve(job *seine.Job, key string) (id, page string, err error) {
	switch {
	case key == "":
		return "", "", fmt.Errorf("%w: it is empty", ErrKey)
	case len(key) > maxKey:
		return "", "", fmt.Errorf("%w: %.60q… has %d bytes; at most %d", ErrKey, key, len(key), maxKey)
	case !utf8.ValidString(key):
		return "", "", fmt.Errorf("%w: %.60q is not UTF-8", ErrKey, key)
	case strings.ContainsFunc(key, unicode.IsControl):
		return "", "", fmt.Errorf("%w: %.60q holds a control character", ErrKey, key)
	}
	if job.Seeds.URL == "" || IsURL(key) {
		url, request := cutSend(key)
		page, err = weburl.CanonicalWith(expanded(job.Variables, url), weburl.Options{
			Drop: job.URLs.Drop, SortQuery: job.URLs.Sort,
		})
		if err != nil && weburl.IsBareID(key) {
			return "", "", fmt.Errorf("%w: %.60q is an ID: give seeds.url, for example https://shop.example/p/{id}", ErrKey, key)
		}
		if err != nil {
			return "", "", fmt.Errorf("%w: %.60q: %w", ErrKey, key, err)
		}
		if len(page) > maxKey {
			return "", "", fmt.Errorf("%w: %.60q… has %d bytes; at most %d", ErrKey, page, len(page), maxKey)
		}
		return collapsed(job.Variables, page) + request, page, nil
	}
	key = spelled(job.Seeds.IDs, key)
	page, err = weburl.ExpandSegments(job.Seeds.URL, segments(job.Seeds.IDs, key))
	if err == nil {
		page, err = weburl.Canonical(page)
	}
	if err != nil {
		return "", "", fmt.Errorf("%w: %.60q: %w", ErrKey, key, err)
	}
	return key, page, nil
}

// Locate returns the ID space that contains an ID, and the position of the ID there, from 0. The
// space that writes the ID in the same way comes first, and then the first space that accepts the
// ID without its leading zeros. If there is none, i is -1.
func Locate(spaces []seine.IDSpace, id string) (i int, pos int64) {
	i = -1
	for k := range spaces {
		at, ok := idspace.Of(&spaces[k]).Find(id)
		if !ok {
			continue
		}
		if idspace.Of(&spaces[k]).At(at) == id {
			return k, at
		}
		if i < 0 {
			i, pos = k, at
		}
	}
	return i, pos
}

// spelled returns a key as its ID space writes it: with leading zeros. A single space also pads IDs
// outside its bounds.
func spelled(spaces []seine.IDSpace, key string) string {
	if i, at := Locate(spaces, key); i >= 0 {
		return idspace.Of(&spaces[i]).At(at)
	}
	if len(spaces) == 1 {
		s := idspace.Of(&spaces[0])
		if n, ok := s.Number(key); ok {
			return s.Key(n)
		}
	}
	return key
}

// segments returns the path segments of an ID. A date layout with slashes has several.
func segments(spaces []seine.IDSpace, id string) []string {
	i, _ := Locate(spaces, id)
	if i < 0 || !strings.Contains(spaces[i].Date, "/") {
		return []string{id}
	}
	prefix := spaces[i].Prefix
	parts := strings.Split(id[len(prefix):], "/")
	parts[0] = prefix + parts[0]
	return parts
}

// IsURL reports whether a key has the scheme http or https.
func IsURL(key string) bool {
	scheme, _, found := strings.Cut(key, "://")
	return found && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// SpecOf returns the job as a frontier stores it.
func SpecOf(job *seine.Job, config json.RawMessage) Spec {
	s := Spec{
		Name: job.Name, Config: config, Digest: job.Digest, SeedURL: job.Seeds.URL, StoreKey: job.Store.Key,
		MaxAttempts: job.Retry.Error,
		Asset:       LanePace{Delay: job.Pace.Assets.Delay, Inflight: unlimited},
	}
	if job.Pace.Scope == seine.ScopeWorker {
		// Each worker paces its own address. The lane only distributes tasks.
		s.Page = LanePace{Inflight: unlimited}
		s.Asset.Delay = seine.Span{}
		return s
	}
	s.Page = LanePace{Delay: job.Pace.Delay, Inflight: job.Pace.Concurrency, Rest: job.Pace.Rest, Cooldown: job.Pace.Cooldown}
	if s.Page.Inflight <= 0 {
		s.Page.Inflight = unlimited
	}
	return s
}

// LaneRoom returns the room of a lane without a claim's own bound: see [Lane.Room].
func LaneRoom(p LanePace, inflight, faults int) int {
	return Lane{Pace: p, Inflight: inflight, Faults: faults}.Room(0)
}

// IsAssetLane reports whether a lane holds the assets of a host.
func IsAssetLane(lane string) bool { return strings.HasPrefix(lane, assetLane) }

// CheckIdentity returns ErrChanged if a job is registered with another identity.
func CheckIdentity(s Spec, seedURL, storeKey string) error {
	for _, c := range []struct{ name, was, is string }{{"seeds.url", seedURL, s.SeedURL}, {"store.key", storeKey, s.StoreKey}} {
		if c.was != c.is {
			return fmt.Errorf("%w: %s was %q and is %q: give the job another name, or say --accept-changes", ErrChanged, c.name, c.was, c.is)
		}
	}
	return nil
}

// Block admits at most n IDs from next to hi and returns the first ID of the next block.
func Block(next, hi int64, n int, admit func(id int64) (New, error)) (tasks []New, to int64, err error) {
	for id := next; id <= hi && len(tasks) < n; id++ {
		t, err := admit(id)
		if err != nil {
			return nil, next, err
		}
		tasks, to = append(tasks, t), id+1
	}
	return tasks, to, nil
}

// peek is the number of IDs whose lanes NextLanes returns. A few shards are probably all among
// them.
const peek = 32

// NextLanes lists the lanes of the IDs from next on. If at least half of them have no ready task,
// Fill admits more IDs.
func NextLanes(next, hi int64, admit func(id int64) (New, error)) ([]string, error) {
	tasks, _, err := Block(next, hi, peek, admit)
	if err != nil {
		return nil, err
	}
	var lanes []string
	for _, t := range tasks {
		if !slices.Contains(lanes, t.Lane) {
			lanes = append(lanes, t.Lane)
		}
	}
	return lanes, nil
}
