package dataset

import (
	"testing"

	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine/internal/asset"
)

// Pictures of pages that failed are no files of the data set, so that an audit reports none of them
// as a stray and a cleaning deletes none.
func TestScreenshotsAreNotListed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder, err := fileblob.OpenBucket(dir, &fileblob.Options{Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]Store{"bucket": {Bucket: memblob.OpenBucket(nil)}, "folder": {Bucket: folder, Folder: dir}} {
		for _, path := range []string{"1_front.png", asset.ScreenshotPath("j", "1"), "screenshots/2.jpg"} {
			if err := s.WriteAll(t.Context(), path, []byte("x"), nil); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		if err := s.list(t.Context(), "", func(o object) error {
			if n++; o.path != "1_front.png" && o.path != "screenshots/2.jpg" {
				t.Errorf("%s: %s is listed", name, o.path)
			}
			return nil
		}); err != nil || n != 2 {
			t.Errorf("%s: %d files are listed, %v; want 2", name, n, err)
		}
	}
}
