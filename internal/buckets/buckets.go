// Package buckets links the drivers of cloud buckets into a program: with it,
// gs:, s3: and azblob: URLs are known wherever a store is opened. The command
// imports it; a program of one's own imports the drivers that it needs.
//
//	gs://BUCKET                      Google Cloud Storage
//	s3://BUCKET?region=…             S3, and what speaks as it does: &endpoint=https://…&use_path_style=true
//	azblob://CONTAINER               Azure: AZURE_STORAGE_ACCOUNT and _KEY, or its default credentials
//	…?prefix=FOLDER/                 a folder of one
package buckets

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "gocloud.dev/blob/azureblob" // azblob:
	_ "gocloud.dev/blob/gcsblob"   // gs:
	_ "gocloud.dev/blob/s3blob"    // s3:
	"golang.org/x/oauth2/google"
)

// Getenv looks a variable up; the command reads the environment.
type Getenv func(name string) string

// checkTimeout bounds the wait for a token.
const checkTimeout = 20 * time.Second

// scope is what a store needs of Google.
const scope = "https://www.googleapis.com/auth/devstorage.read_write"

// Check says what is wrong with the credentials for a bucket, before it is
// opened: Google's driver goes on without any, and fails where nobody looks for
// the cause. It asks for a token, by GOOGLE_APPLICATION_CREDENTIALS, the
// metadata server (Workload Identity) or the login of gcloud. nil when they are
// in order, not needed (an emulator, anonymous access), or another driver's.
func Check(ctx context.Context, at string, env Getenv) error {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "gs" {
		return nil // of what is wrong with a URL the opener speaks
	}
	q := u.Query()
	if env("STORAGE_EMULATOR_HOST") != "" || q.Get("anonymous") == "true" || q.Get("access_id") == "-" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	from := "the metadata server or gcloud's login"
	if file := env("GOOGLE_APPLICATION_CREDENTIALS"); file != "" {
		from = "GOOGLE_APPLICATION_CREDENTIALS=" + file
	}
	creds, err := google.FindDefaultCredentials(ctx, scope)
	if err != nil {
		if env("GOOGLE_APPLICATION_CREDENTIALS") != "" {
			return fmt.Errorf("%s can't be read as a key: %w", from, err)
		}
		return errors.New("no Google credentials: set GOOGLE_APPLICATION_CREDENTIALS=KEY.json, or run with Workload Identity, or `gcloud auth application-default login`")
	}
	got := make(chan error, 1)
	go func() { // it takes no context
		_, err := creds.TokenSource.Token()
		got <- err
	}()
	select {
	case err = <-got:
	case <-ctx.Done():
		err = errors.New("no answer")
	}
	if err != nil {
		return fmt.Errorf("google gives no token for %s: %w", from, err)
	}
	return nil
}
