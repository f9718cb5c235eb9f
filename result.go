package seine

import (
	"context"
	"time"
)

// Scraper turns a page into a result. An error means that the page could not
// be judged: the task fails with it and is tried again.
//
// A page may have any status: [PageVerdict] says what one means where the
// scraper has no opinion of its own.
type Scraper interface {
	Scrape(ctx context.Context, task Task, page *Page) (Result, error)
}

// ScraperFunc is a function that is a Scraper.
type ScraperFunc func(ctx context.Context, task Task, page *Page) (Result, error)

// Scrape calls f.
func (f ScraperFunc) Scrape(ctx context.Context, task Task, page *Page) (Result, error) {
	return f(ctx, task, page)
}

// Result is what a scraper makes of one page. What it holds becomes true in
// one transaction, together with the task's state.
type Result struct {
	Verdict Verdict
	Records []Record
	Assets  []Asset
	Follow  []Follow
}

// Verdict is what a page is for its job. Its zero value is done.
type Verdict struct {
	// State is Done, Skipped, Stale or Error. Pending, its zero, means Done.
	State State

	// Reason says why, in few words without values: reasons are counted.
	Reason string

	// Rule is the rule that decided, as it is written; empty when none did.
	Rule string

	// Final ends a task in Error without another attempt, because another attempt would end alike.
	Final bool
}

// Record is one extracted thing, unique by job, kind and key.
type Record struct {
	// Key defaults to the task's.
	Key string

	// Kind defaults to "record".
	Kind string

	// URL defaults to the page's.
	URL string

	// Fields are JSON values: string, float64, int64, bool, nil, []any,
	// map[string]any.
	Fields map[string]any

	// AssetFields are fields that the task's stored assets fill in, after Fields.
	AssetFields []AssetField

	// FetchedAt defaults to the page's.
	FetchedAt time.Time
}

// AssetField is a field of a record whose value is a property of a stored asset.
type AssetField struct {
	// Field is the name of the field.
	Field string

	// Asset is the name of the asset. With All it names a list: the field is the list of the
	// properties of NAME_1, NAME_2 and so on, with nil for a file that is not stored.
	Asset string
	All   bool

	// Property is one of [AssetProperties].
	Property string

	// Or is the value if the asset is not stored or has no such property. Default nil.
	Or any
}

// AssetProperties are the properties of a stored asset that an [AssetField] can name. Sizes are in
// pixels and bytes. The original ones belong to the file as it came.
var AssetProperties = []string{
	"width", "height", "bytes", "sha256", "path", "url", "original_width", "original_height", "original_bytes", "original_sha256",
}

// Follow is a page that a scraper wants fetched.
type Follow struct {
	// Key is an id of the job's ID space, or a URL.
	Key string

	// Priority is 0 to 3; nil: the task's.
	Priority *int

	Meta map[string]any
}

// Asset is a file that belongs to a record, usually an image.
type Asset struct {
	// Name is unique in its task: front, back.
	Name string

	// URL is http:, https:, data:, or blob: for an image of a page that ViaChrome rendered.
	URL string

	// Body takes the page's own body as the file. URL is the page's then, and nothing is fetched.
	// The job sets [Fetch.KeepRaw].
	Body bool `json:",omitempty"`

	// Types are the media types that the file may have, such as image/* and application/pdf, by its
	// bytes. Default: any.
	Types []string `json:",omitempty"`

	// Upgrade, when set, is a better URL that is tried first.
	Upgrade *Upgrade

	// Image says how it is rendered before it is stored; nil: as it came.
	Image *Image

	// Path is its key in the store, every value in it sanitised; {ext} stands
	// for the extension of its type.
	Path string

	// OriginalPath is the key of the file as it came, where Image keeps it.
	OriginalPath string `json:",omitempty"`

	// Optional leaves the asset out if it can't be had. Its task is done without it.
	Optional bool `json:",omitempty"`

	// OnFailure is [KeepRecord], or empty. An asset that is not stored fails its task by default. With
	// KeepRecord the records are stored with the failure, and only the asset is retried.
	OnFailure string `json:",omitempty"`
}

// KeepRecord is a value of [Asset.OnFailure].
const KeepRecord = "keep"

// MaxAssets is the largest number of files of one list of assets.
const MaxAssets = 1000

// Upgrade replaces From by To, literal text, in an asset's URL; where From does
// not occur there is nothing to try.
type Upgrade struct{ From, To string }

// Image says how an image is checked and rendered: decoded, turned upright,
// cropped, resized, encoded. JPEG, PNG, WebP and the first frame of a GIF can
// be; other types, AVIF and animated WebP among them, end the task in error,
// whatever Keep says.
//
// A JPEG gives the pixels of libjpeg-turbo, a WebP those of libwebp. Exif's
// orientation is applied: Crop, MinWidth and MinHeight see the image as it is
// shown. No metadata is written into the rendition and no color profile is
// applied: samples are those of the file, in the profile's color space.
type Image struct {
	// Crop cuts a box out; nil: the whole.
	Crop *Crop

	// Resize makes what is left fit into a size; nil: as it is.
	Resize *Size

	// To is the format: [PNG] or [JPEG]. Default PNG: exact, with 16 bits a
	// sample and alpha where the image has them. A JPEG has 8 bits, chroma at
	// half the size (4:2:0), and white where the image is transparent.
	To string

	// Quality is that of a JPEG, 1 to 100. Default 90.
	Quality int

	// PNG is how hard the encoder tries for few bytes: [PNGFast], [PNGBalanced]
	// or [PNGSmall]. Default PNGBalanced.
	PNG string

	// Keep is [KeepOriginal] where the file as it came is stored too, as an
	// asset of its own: named as this one with "_original" after it, at
	// [Asset.OriginalPath]. Default: it is not stored.
	Keep string

	// MinWidth and MinHeight are the least size in pixels of the image as it
	// came. Default 1.
	MinWidth, MinHeight int

	// MaxPixels is the largest number of pixels, width × height, of the image as it came. A larger
	// image fails before it is decoded. Default 100 million, if the image takes at most 512 MiB to
	// render.
	MaxPixels int64 `json:",omitempty"`
}

// DefaultMaxPixels is the default of [Image.MaxPixels].
const DefaultMaxPixels = 100_000_000

// Words of an [Image].
const (
	PNG  = "png"
	JPEG = "jpeg"

	PNGFast     = "fast"     // half the time of balanced, an eighth more bytes
	PNGBalanced = "balanced" // the bytes of other encoders in a fraction of their time
	PNGSmall    = "small"    // 8 % fewer bytes, in five times the time

	KeepOriginal = "original"
)

// OriginalSuffix follows an asset's name in the name of its original.
const OriginalSuffix = "_original"

// Size is a width and a height in pixels, each at least 1. What is to fit keeps
// its shape and is never made larger: the side that is over its bound the most
// becomes the bound, the other side ÷ bound is rounded, halves up, and is at
// least 1. The filter is Catmull-Rom's, on the samples as they are.
type Size struct{ Width, Height int }

// Crop is a box given on a reference size: an edge is
// floor(edge × size ÷ reference + 0.5).
type Crop struct {
	// OfWidth and OfHeight are the reference size in pixels.
	OfWidth, OfHeight int

	// Left, Top, Right and Bottom are the box on the reference; right and
	// bottom are not included.
	Left, Top, Right, Bottom int
}

// Stored is an asset as it lies in the store.
type Stored struct {
	Name   string `json:"name"`
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
}
