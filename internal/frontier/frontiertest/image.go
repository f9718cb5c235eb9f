package frontiertest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

// image returns the row of a rendition.
func image(key, name, path, sum string) frontier.Asset {
	return frontier.Asset{Key: key, Stored: assetfile.Stored{
		Name: name, Path: path, URL: "https://h/" + name, Bytes: 7, SHA256: []byte(sum), Width: 3, Height: 4,
		OriginalBytes: 9, OriginalSHA256: []byte("o"), PHash: []byte("12345678"), RenderedBy: []byte("r"),
	}}
}

func (s *suite) assetRows(job frontier.JobID) (all []frontier.Asset) {
	s.Helper()
	s.check(s.Assets(s.ctx(), job, func(a frontier.Asset) error {
		all = append(all, a)
		return nil
	}))
	return all
}

func testImages(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b", "c"), 3)
	l := s.lease()
	batch := done(s.claim(l, job, 3, 3)...)
	plain := image("c", "front", "c.png", "c1")
	plain.PHash, plain.RenderedBy = nil, nil
	first := map[string]frontier.Asset{"a": image("a", "front", "a.png", "a1"), "b": image("b", "front", "b.png", "b1"), "c": plain}
	for i, c := range batch {
		batch[i].Assets = []frontier.Asset{first[c.Key]}
		batch[i].Records = []frontier.Record{{Key: c.Key, Kind: "card", URL: "https://h/" + c.Key, Fields: []byte(`{"w": 3}`), Digest: []byte{1}, FetchedAt: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}}
	}
	s.complete(l, job, batch, 3)
	if d := cmp.Diff([]frontier.Asset{first["a"], first["b"], first["c"]}, s.assetRows(job)); d != "" {
		t.Errorf("stored images (-want +got):\n%s", d)
	}
	t.Run("notes", func(t *testing.T) { testIntents(t, s, job) })
	t.Run("marks", func(t *testing.T) { testMarks(t, s, job) })
	t.Run("renders", func(t *testing.T) { testRenders(t, s, job, first) })
	t.Run("forgetting", func(t *testing.T) { testForgetImages(t, s, job) })
}

func testIntents(t *testing.T, s *suite, job frontier.JobID) {
	intents := func() (all []frontier.Intent) {
		s.check(s.Intents(s.ctx(), job, func(i frontier.Intent) error {
			all = append(all, i)
			return nil
		}))
		return all
	}
	s.check(s.Intend(s.ctx(), job, []frontier.Intent{{Path: "b", Task: "b"}, {Path: "a", Task: "a"}, {Path: "b", Task: "c"}}[:2]))
	s.check(s.Intend(s.ctx(), job, []frontier.Intent{{Path: "b", Task: "c"}}))
	if d := cmp.Diff([]frontier.Intent{{Path: "a", Task: "a"}, {Path: "b", Task: "c"}}, intents()); d != "" {
		t.Errorf("notes (-want +got):\n%s", d)
	}
	s.check(s.Settled(s.ctx(), job, []string{"a", "x"}))
	s.check(s.Settled(s.ctx(), job, nil))
	if d := cmp.Diff([]frontier.Intent{{Path: "b", Task: "c"}}, intents()); d != "" {
		t.Errorf("notes that are left (-want +got):\n%s", d)
	}
	s.check(s.Settled(s.ctx(), job, []string{"b"}))
}

func testMarks(t *testing.T, s *suite, job frontier.JobID) {
	marks := func() map[string]string {
		out := map[string]string{}
		for _, a := range s.assetRows(job) {
			out[a.Key] = a.DuplicateOf
		}
		return out
	}
	s.check(s.Mark(s.ctx(), job, []frontier.Duplicate{
		{Key: "b", Name: "front", SHA256: []byte("b1"), Of: "a/front"}, {Key: "c", Name: "front", SHA256: []byte("c1"), Of: "a/front"},
		{Key: "a", Name: "front", SHA256: []byte("other"), Of: "x/front"},
	}))
	if d := cmp.Diff(map[string]string{"a": "", "b": "a/front", "c": "a/front"}, marks()); d != "" {
		t.Errorf("marks (-want +got):\n%s", d)
	}
	s.check(s.Mark(s.ctx(), job, []frontier.Duplicate{{Key: "c", Name: "front", SHA256: []byte("c1")}}))
	if d := cmp.Diff(map[string]string{"a": "", "b": "a/front", "c": ""}, marks()); d != "" {
		t.Errorf("marks after one is removed (-want +got):\n%s", d)
	}
}

func testRenders(t *testing.T, s *suite, job frontier.JobID, first map[string]frontier.Asset) {
	at := func(key string) time.Time {
		return s.replayOf(job, key)[0].Replayed
	}
	was := at("a")
	fields := func(key string) []frontier.RecordFields {
		return []frontier.RecordFields{{Key: key, Kind: "card", Fields: []byte(`{"w": 30}`)}}
	}
	// The row of b gets other bytes and loses its mark. That of a has the wrong time. c brings a
	// file that a sweep deletes.
	sweep, err := s.BeginSweep(s.ctx(), []string{"c.webp"}, time.Minute)
	s.check(err)
	b := image("b", "front", "b.webp", "b2")
	lost, err := s.Render(s.ctx(), job, []frontier.Rendered{
		{Task: "a", At: was.Add(-time.Second), Assets: []frontier.Asset{image("a", "front", "a.webp", "a2")}, Fields: fields("a")},
		{Task: "b", At: at("b"), Assets: []frontier.Asset{b}, Fields: fields("b")},
		{Task: "c", At: at("c"), Assets: []frontier.Asset{image("c", "front", "c.webp", "c2")}},
		{Task: "unknown", At: was, Assets: nil},
	})
	s.check(err)
	s.check(s.EndSweep(s.ctx(), sweep))
	if d := cmp.Diff([]string{"a", "c", "unknown"}, lost); d != "" {
		t.Errorf("lost tasks (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]frontier.Asset{first["a"], b, first["c"]}, s.assetRows(job)); d != "" {
		t.Errorf("rows after a render (-want +got):\n%s", d)
	}
	var versions []int
	s.check(s.Records(s.ctx(), job, func(r frontier.Stored) error {
		versions = append(versions, r.Version)
		return nil
	}))
	if d := cmp.Diff([]int{1, 2, 1}, versions); d != "" {
		t.Errorf("versions (-want +got):\n%s", d)
	}
	// A task that is open is lost too.
	if n, err := s.Retry(s.ctx(), job, tasks("h:80", "a")); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	lost, err = s.Render(s.ctx(), job, []frontier.Rendered{{Task: "a", At: was, Assets: []frontier.Asset{image("a", "front", "a.webp", "a2")}}})
	s.check(err)
	if d := cmp.Diff([]string{"a"}, lost); d != "" {
		t.Errorf("lost tasks that are open (-want +got):\n%s", d)
	}
}

func testForgetImages(t *testing.T, s *suite, job frontier.JobID) {
	s.check(s.Mark(s.ctx(), job, []frontier.Duplicate{{Key: "c", Name: "front", SHA256: []byte("c1"), Of: "b/front"}}))
	s.check(s.Intend(s.ctx(), job, []frontier.Intent{{Path: "b.png", Task: "b"}, {Path: "c.png", Task: "c"}}))
	s.forget(job, "b")
	got, _ := s.erasures(job)
	if d := cmp.Diff([]string{"b.png 0+0 false", "b.webp 0+0 false"}, got); d != "" {
		t.Errorf("files to erase (-want +got):\n%s", d)
	}
	for _, a := range s.assetRows(job) {
		if a.DuplicateOf != "" {
			t.Errorf("%s names the forgotten %s", a.Key, a.DuplicateOf)
		}
	}
	s.check(s.Intents(s.ctx(), job, func(i frontier.Intent) error {
		if i.Task != "c" {
			t.Errorf("the note of %s stays", i.Path)
		}
		return nil
	}))
}
