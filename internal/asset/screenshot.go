package asset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/seinehq/seine/internal/assetfile"
)

// ScreenshotFolder holds the pictures of pages that failed. They belong to no record.
const ScreenshotFolder = "_screenshots/"

// ScreenshotPath returns the path of the picture of a task's page in the store. The key may hold
// anything, so the path has a hash of it.
func ScreenshotPath(job, key string) string {
	sum := sha256.Sum256([]byte(key))
	return ScreenshotFolder + job + "/" + hex.EncodeToString(sum[:16]) + ".jpg"
}

// KeepScreenshot stores the picture of a task's page in place of an earlier one.
func (k *Keeper) KeepScreenshot(ctx context.Context, job, key string, image []byte) error {
	s := assetfile.Stored{Path: ScreenshotPath(job, key)}
	return k.call(ctx, s.Path, int64(len(image)), func(ctx context.Context) error { return k.write(ctx, s, image, false) })
}
