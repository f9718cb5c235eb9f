// Package assetfile describes the files of assets in a store.
package assetfile

// OriginalSuffix follows an asset's name in the name of its original.
const OriginalSuffix = "_original"

// Stored is an asset as it lies in the store.
type Stored struct {
	Name string `json:"name"`
	// Record is the key of the record that the file belongs to; empty: the task's.
	Record string `json:"record,omitempty"`
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 []byte `json:"sha256"`
	URL    string `json:"url"`

	// Width and Height are in pixels; zero when it is no image.
	Width  int `json:"width,omitempty"`
	Height int `json:"height,omitempty"`

	// OriginalBytes and OriginalSHA256 are of the file as it came.
	OriginalBytes  int64  `json:"original_bytes,omitempty"`
	OriginalSHA256 []byte `json:"original_sha256,omitempty"`

	// OriginalWidth and OriginalHeight are its size before it was rendered.
	OriginalWidth  int `json:"original_width,omitempty"`
	OriginalHeight int `json:"original_height,omitempty"`

	// PHash is the perceptual hash of an image, 8 bytes, or nil. Images that look alike differ in
	// few bits.
	PHash []byte `json:"phash,omitempty"`

	// RenderedBy identifies the options of a rendition. It is nil for a file as it came.
	RenderedBy []byte `json:"rendered_by,omitempty"`
}
