package dataset

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/redact"
)

// WARC is the format of web archives. It holds the recorded pages of a job and no record.
const WARC Format = "warc"

// ExportWARC writes the recordings of the job, ordered by key and time, with every visit. damaged
// is called for each recording that can't be read, and the others go on. The bytes depend on the
// recordings alone.
func (s *Set) ExportWARC(ctx context.Context, to io.Writer, zip bool, version string, damaged func(key string, err error)) (about About, err error) {
	about = About{
		Job: s.Job.Name, Permission: s.Job.Permission, Contact: s.Job.Contact, Format: WARC, ExportedAt: time.Now().UTC(),
		Digest: hex.EncodeToString(s.Job.Digest), Digests: map[string]int64{}, LeftOut: []string{},
	}
	secrets := redact.New(s.Job.Secrets)
	about.Permission, about.Contact = secrets.Replace(about.Permission), secrets.Replace(about.Contact)
	var (
		pages = recording.NewStore(s.Store.Bucket, "", s.Job.Name)
		sum   = sha256.New()
		count = &countWriter{}
		out   = bufio.NewWriterSize(io.MultiWriter(to, sum, count), 1<<18)
		warc  *recording.WARC
	)
	begin := func(at time.Time) (err error) {
		warc, err = recording.NewWARC(out, zip, s.Job.Name, at, map[string]string{
			"software": "Seine/" + version, "format": "WARC File Format 1.1", "isPartOf": s.Job.Name, "operator": about.Contact,
			"description": about.Permission, "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
		})
		return err
	}
	if err := s.Frontier.Recordings(ctx, s.ID, func(r frontier.Recording) error {
		page, err := pages.Page(ctx, r)
		if errors.Is(err, recording.ErrDamaged) {
			damaged(r.Key, err)
			return nil
		}
		if err != nil {
			return err
		}
		if warc == nil {
			if err := begin(r.At); err != nil {
				return err
			}
		}
		about.Records++
		about.Digests[hex.EncodeToString(r.Digest)]++
		s.progress("pages", about.Records)
		return warc.Add(r.Key, page)
	}); err != nil {
		return about, err
	}
	if err := out.Flush(); err != nil {
		return about, err
	}
	about.Files = []File{{Records: about.Records, Bytes: count.n, SHA256: hex.EncodeToString(sum.Sum(nil))}}
	return about, nil
}

type countWriter struct{ n int64 }

func (c *countWriter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return len(b), nil
}
