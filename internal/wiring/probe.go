package wiring

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/seinehq/seine/internal/deadline"
	"github.com/seinehq/seine/internal/frontier/drivers"
)

// errUnconditional means that a store accepts a second "create" of one key, or rejects every
// "create".
var errUnconditional = errors.New("this store has no conditional writes (If-None-Match: *), so two tasks could overwrite each other's files: " +
	"use a bucket of S3, Google Cloud Storage or Azure, a newer release of the store's server, or file:FOLDER")

// CheckWrites writes a small object to the store at a URL and deletes it. It proves that the store
// creates a key only once, because the keeper of assets depends on it. CheckWrites fails with
// [ErrStore].
func CheckWrites(ctx context.Context, bucket *blob.Bucket, at string) error {
	err := deadline.Call(ctx, answerWithin, func(ctx context.Context) error { return checkWrites(ctx, bucket) })
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrStore, drivers.Redact(at), err)
	}
	return nil
}

func checkWrites(ctx context.Context, bucket *blob.Bucket) (err error) {
	key := ".seine-check-" + rand.Text()
	create := func() error { return bucket.WriteAll(ctx, key, []byte("seine"), &blob.WriterOptions{IfNotExist: true}) }
	if err := create(); err != nil {
		if !rejected(err) || bucket.WriteAll(ctx, key, []byte("seine"), nil) != nil {
			return err
		}
		return errors.Join(errUnconditional, bucket.Delete(ctx, key))
	}
	defer func() { err = errors.Join(err, bucket.Delete(ctx, key)) }()
	switch err := create(); {
	case err == nil:
		return errUnconditional
	case gcerrors.Code(err) == gcerrors.FailedPrecondition:
		return nil
	case rejected(err):
		return errUnconditional
	default:
		return err
	}
}

// rejected reports whether the store understood the request and refuses it, as opposed to an
// outage.
func rejected(err error) bool {
	if gcerrors.Code(err) == gcerrors.FailedPrecondition {
		return true
	}
	var answer interface{ HTTPStatusCode() int }
	if !errors.As(err, &answer) {
		return false
	}
	status := answer.HTTPStatusCode()
	return status == http.StatusNotImplemented || status >= 400 && status < 500
}
