package asset

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/extract"
)

func TestFieldsAreFilledFromStoredAssets(t *testing.T) {
	t.Parallel()
	stored := []assetfile.Stored{
		{Name: "photo_1", Width: 50, Height: 25, Bytes: 7, SHA256: []byte{0xab}, Path: "p/1.png", URL: "http://h/1", PHash: []byte{1, 2, 3, 4, 5, 6, 7, 8}, OriginalWidth: 4000, OriginalHeight: 2000, OriginalBytes: 999, OriginalSHA256: []byte{0xcd}},
		{Name: "photo_1_original", Width: 4000},
		{Name: "photo_3", Width: 9, OriginalBytes: 3},
		{Name: "plain", Width: 30, Height: 20, Bytes: 5, OriginalBytes: 5},
		{Name: "text", Bytes: 5, OriginalBytes: 5},
	}
	fields := map[string]any{"title": "x"}
	Fill(fields, []seine.AssetField{
		{Field: "w", Asset: "photo_1", Property: "width"}, {Field: "h", Asset: "photo_1", Property: "height"},
		{Field: "ow", Asset: "photo_1", Property: "original_width"}, {Field: "oh", Asset: "photo_1", Property: "original_height"},
		{Field: "ph", Asset: "photo_1", Property: "phash"}, {Field: "ob", Asset: "photo_1", Property: "original_bytes"}, {Field: "os", Asset: "photo_1", Property: "original_sha256"},
		{Field: "b", Asset: "photo_1", Property: "bytes"}, {Field: "s", Asset: "photo_1", Property: "sha256"},
		{Field: "p", Asset: "photo_1", Property: "path"}, {Field: "u", Asset: "photo_1", Property: "url"},
		{Field: "all", Asset: "photo", Property: "width", All: true},
		{Field: "plain", Asset: "plain", Property: "original_width"},
		{Field: "text", Asset: "text", Property: "original_width"},
		{Field: "or", Asset: "gone", Property: "width", Or: int64(-1)},
		{Field: "none", Asset: "gone", Property: "width", All: true},
	}, stored)
	want := map[string]any{
		"title": "x", "w": int64(50), "h": int64(25), "ow": int64(4000), "oh": int64(2000), "ob": int64(999), "os": "cd", "ph": "0102030405060708", "b": int64(7), "s": "ab",
		"p": "p/1.png", "u": "http://h/1", "all": []any{int64(50), nil, int64(9)}, "plain": int64(30), "text": nil, "or": int64(-1), "none": []any{},
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	for _, p := range extract.AssetProperties {
		if property(stored[0], p) == nil {
			t.Errorf("property %s is not known", p)
		}
	}
}
