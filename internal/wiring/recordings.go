package wiring

import (
	"gocloud.dev/blob"

	"github.com/seinehq/seine/internal/recording"
)

// Recordings returns the recordings of a job in the open store at a URL.
func Recordings(bucket *blob.Bucket, at, job string) (*recording.Store, error) {
	folder, err := Folder(at)
	if err != nil {
		return nil, err
	}
	return recording.NewStore(bucket, folder, job), nil
}
