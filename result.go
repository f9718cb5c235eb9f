package seine

import (
	"context"
	"fmt"
	"time"
)

// Scraper turns a page into a result. An error means that the page could not be judged. The task
// fails with it and is retried, unless the error wraps [ErrFinal] or is a [Verdict].
//
// A page may have any status. [PageVerdict] gives the default meaning of a status.
//
// The context ends after another Fetch.Timeout, by default 20 seconds. If the scraper then returns
// an error, the task fails with "the scraper takes too long on this page" and is retried. A
// goroutine can't be stopped from outside, so a scraper that ignores its context holds its task.
// Minutes later the worker ends itself, and other workers take its tasks over.
type Scraper interface {
	Scrape(ctx context.Context, task Task, page *Page) (Result, error)
}

// ScraperFunc is a function that is a Scraper.
type ScraperFunc func(ctx context.Context, task Task, page *Page) (Result, error)

// Scrape calls f. A nil f fails with [ErrFinal].
func (f ScraperFunc) Scrape(ctx context.Context, task Task, page *Page) (Result, error) {
	if f == nil {
		return Result{}, fmt.Errorf("%w: the ScraperFunc is nil", ErrFinal)
	}
	return f(ctx, task, page)
}

// Result is the outcome of a scraper for one page. Its content is stored in one transaction,
// together with the task's state.
type Result struct {
	// Verdict is the state of the task and its reason. Default: done.
	Verdict Verdict

	// Records are stored if the verdict is done. Their keys differ.
	Records []Record

	// Assets are fetched and stored before the task is done.
	Assets []Asset

	// Follow are links whose pages become tasks of the job, each once.
	Follow []Follow

	// LeftOut lists the links that a rule found and did not follow.
	LeftOut []LeftOut

	// Unmatched names the rules that found no link on the page. A rule that finds none on any page
	// of a kind is reported.
	Unmatched []string

	// Canonical is the URL that a done page names as its canonical one. If it is another page in
	// scope, the task ends as skipped and that page is admitted. Default: the page itself.
	Canonical string
}

// LeftOut is a link that is not followed.
type LeftOut struct{ URL, Reason string }

// Verdict is the classification of a page for its job. Its zero value is done.
//
// A Verdict is also an error. A scraper may return it, wrapped or not, and the engine then takes it
// for the verdict of its result:
//
//	return seine.Result{}, seine.Skip("sold out")
type Verdict struct {
	// State is Done, Skipped, Stale or Error. Pending, its zero, means Done. Any other state is a
	// final error of the task.
	State State

	// Reason is a short explanation without values, because reasons are counted.
	Reason string

	// Rule is the rule that decided, as it is written; empty when none did.
	Rule string

	// Final ends a task in Error without another attempt, because another attempt would end alike.
	Final bool

	// After is the least time until the next attempt, for Error and Stale. Default: the backoff of
	// [Retries] alone.
	After time.Duration
}

// Error returns the state and the reason.
func (v Verdict) Error() string { return v.State.String() + ": " + v.Reason }

// Skip is the verdict of a page that the job does not want. It is final.
func Skip(reason string) Verdict { return Verdict{State: Skipped, Reason: reason} }

// MarkStale is the verdict of a response that is not the requested page, such as an old copy. The
// task is tried again, at most [Retries.Stale] times.
func MarkStale(reason string) Verdict { return Verdict{State: Stale, Reason: reason} }

// Retry is the verdict of a page that failed for now. The task is tried again, at most
// [Retries.Error] times, after a time that doubles. Any other error of a scraper has the same
// effect. An error that wraps [ErrFinal] ends the task.
func Retry(reason string) Verdict { return Verdict{State: Error, Reason: reason} }

// RetryAfter is [Retry] after at least d, at most 24 hours.
func RetryAfter(d time.Duration, reason string) Verdict {
	return Verdict{State: Error, Reason: reason, After: d}
}

// Record is one extracted thing, unique by job, kind and key.
type Record struct {
	// Key defaults to the task's. Two records of a page with one key and kind are a final error of
	// the task.
	Key string

	// Kind defaults to "record".
	Kind string

	// URL defaults to the page's.
	URL string

	// Fields holds JSON values of type string, float64, int64, bool, nil, []any or map[string]any.
	Fields map[string]any

	// AssetFields are fields that the task's stored assets fill in, after Fields.
	AssetFields []AssetField

	// FetchedAt defaults to the page's.
	FetchedAt time.Time

	// Merge updates a record of the same key that another page brought. By default the task fails.
	Merge bool
}

// AssetField is a field of a record whose value is a property of a stored asset.
type AssetField struct {
	// Field is the name of the field.
	Field string

	// Asset is the name of the asset. With All it names a list. The field is then the list of the
	// properties of NAME_1, NAME_2 and so on, with nil for a file that is not stored.
	Asset string

	// All makes the field a list. Default: one file.
	All bool

	// Property is width, height, bytes, sha256, path, url, original_width, original_height,
	// original_bytes, original_sha256 or phash, the perceptual hash. Sizes are in pixels and bytes.
	// The original ones belong to the file as it came.
	Property string

	// Or is the value if the asset is not stored or has no such property. Default nil.
	Or any
}

// Follow is a page that a scraper wants fetched. It has a URL or an ID.
//
// A follow that can't be a task of the job ends its task in error, with the reason: both or neither
// of URL and ID, a URL of another scheme than http and https, an ID that the job's seeds have no
// URL for, or an unknown page kind. With Optional it is left out. A page out of [Job.Scope] is left
// out in any case. A page that the job knows already is not fetched again.
type Follow struct {
	// URL is a URL as the page writes it. A relative one is resolved by the page's base element, or
	// else by its URL.
	URL string

	// ID is an ID of the job's seeds, which takes the place of {id} in [Seeds.URL].
	ID string

	// Page is the name of the page kind. Empty: the first kind that matches the URL.
	Page string

	// Priority is 0 to 3, and nil means the page kind's, or else the task's priority.
	Priority *int

	// Meta is the data of the new task, as JSON values. The scraper finds it in [Task.Meta].
	Meta map[string]any

	// Send makes the request more than a GET. The task's key is then the URL with a hash of the
	// method and body.
	Send *Send

	// Optional leaves the follow out if it can't be a task. It is for links of foreign pages, which
	// may be anything.
	Optional bool

	// Next marks the next page of a list, which is of the same page kind. If it is one of the 16
	// pages that led to this one, it is left out with the reason "pagination does not advance".
	Next bool `json:",omitempty"`
}

// Asset is a file that belongs to a record, usually an image.
type Asset struct {
	// Name is unique in its task, for example front or back.
	Name string

	// URL has the scheme http, https or data, or blob for an image of a page that ViaChrome
	// rendered.
	URL string

	// Record is the key of the record that the file belongs to. Default: the record with the task's
	// key, or else the only record of the page. An asset of a done page that then has no record is
	// a final error of the task.
	Record string `json:",omitempty"`

	// Body takes the page's own body as the file. URL is the page's then, and nothing is fetched.
	// The job sets [Fetch.KeepRaw].
	Body bool `json:",omitempty"`

	// Types are the media types that the file may have, such as image/* and application/pdf, by its
	// bytes. Default: any.
	Types []string `json:",omitempty"`

	// Upgrade, when set, is a better URL that is tried first.
	Upgrade *Upgrade

	// Image configures the rendition before it is stored. nil means the unchanged file.
	Image *Image

	// Path is the key of the file in the store, with a sanitized form of each value. {ext} stands
	// for the extension of the file's type. Default: [Store.Key] with the key and the fields of
	// the asset's record. That path is safe, and no other asset of the job has it if the template
	// holds {id} and {asset}. A path that leaves the store is a final error of the task.
	Path string

	// OriginalPath is the key of the unchanged file, if Image keeps it. Default: as Path, with the
	// asset's name and "_original".
	OriginalPath string `json:",omitempty"`

	// Optional leaves the asset out if it can't be had. Its task is done without it.
	Optional bool `json:",omitempty"`

	// OnFailure is [KeepRecord], or empty. An asset that is not stored fails its task by default.
	// With KeepRecord the records are stored with the failure, and only the asset is retried.
	OnFailure string `json:",omitempty"`
}

// KeepRecord is a value of [Asset.OnFailure].
const KeepRecord = "keep"

// MaxAssets is the largest number of files of one list of assets.
const MaxAssets = 1000

// Upgrade replaces From by To, literal text, in an asset's URL; where From does
// not occur there is nothing to try.
type Upgrade struct{ From, To string }

// Image configures how an image is checked and rendered: decoded, turned upright, cropped, resized,
// encoded. JPEG, PNG, WebP and the first frame of a GIF are supported. Other types, including AVIF
// and animated WebP, end the task in error, whatever Keep requests.
//
// A JPEG gives the pixels of libjpeg-turbo, and a WebP those of libwebp. Exif's orientation is
// applied first, so Crop, MinWidth and MinHeight refer to the displayed image. Exif's orientation
// is applied: Crop, MinWidth and MinHeight see the image as it is shown. The rendition has no
// metadata, and no color profile is applied. Samples stay in the profile's color space.
type Image struct {
	// Crop cuts out a box. nil means the whole image.
	Crop *Crop

	// Resize brings the result to a size. nil keeps its size.
	Resize *Size

	// Mode is how the image is brought to the size: [ModeFit], [ModeCenterCrop], [ModeBorder] or
	// [ModeStretch]. Default ModeFit.
	Mode string `json:",omitempty"`

	// To is the format: [PNG], [JPEG] or [WebP]. Default PNG: exact, with 16 bits a sample and
	// alpha where the image has them. A JPEG has 8 bits, chroma at half the size (4:2:0), and white
	// where the image is transparent. A WebP is lossy with 8 bits, has chroma at half the size, and
	// keeps alpha. Its sides have at most 16,383 pixels.
	To string

	// Quality is the quality of a JPEG or WebP from 1 to 100. Default 90.
	Quality int

	// PNG is how hard the encoder tries for few bytes: [PNGFast], [PNGBalanced]
	// or [PNGSmall]. Default PNGBalanced.
	PNG string

	// With [KeepOriginal] in Keep, the unchanged file is stored too, as an asset of its own. Its
	// name is this one's with "_original" after it, at [Asset.OriginalPath]. By default it is not
	// stored.
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
	WebP = "webp"

	// ModeFit shrinks an image until it fits, and keeps its aspect ratio. The other modes give
	// exactly the size, and enlarge a smaller image: ModeCenterCrop covers it and cuts the rest
	// off, ModeBorder fits into it on white, and ModeStretch changes the aspect ratio.
	ModeFit        = "fit"
	ModeCenterCrop = "center_crop"
	ModeBorder     = "border"
	ModeStretch    = "stretch"

	PNGFast     = "fast"     // half the time of balanced, an eighth more bytes
	PNGBalanced = "balanced" // the bytes of other encoders in a fraction of their time
	PNGSmall    = "small"    // 8 % fewer bytes, in five times the time

	KeepOriginal = "original"
)

// Size is a width and a height in pixels, each at least 1. An image that must fit ([ModeFit]) keeps
// its aspect ratio and is never enlarged. The side that exceeds its bound most becomes the bound.
// The other side is divided by the same factor, rounded with halves up, and at least 1. The filter
// is Catmull-Rom's, on the samples as they are.
type Size struct{ Width, Height int }

// Crop is a box on a reference size. An edge is floor(edge × size ÷ reference + 0.5).
type Crop struct {
	// OfWidth and OfHeight are the reference size in pixels.
	OfWidth, OfHeight int

	// Left, Top, Right and Bottom are the box on the reference; right and
	// bottom are not included.
	Left, Top, Right, Bottom int
}
