package asset

import (
	"path"
	"strings"
)

// extensions are the usual extensions of media types, as IANA's registrations and the shared MIME
// database name them. The program carries its own table, because tables differ between machines and
// a file would get two names in a fleet.
var extensions = map[string]string{
	"application/atom+xml":                            "atom",
	"application/dash+xml":                            "mpd",
	"application/epub+zip":                            "epub",
	"application/geo+json":                            "geojson",
	"application/gzip":                                "gz",
	"application/java-archive":                        "jar",
	"application/json":                                "json",
	"application/ld+json":                             "jsonld",
	"application/msword":                              "doc",
	"application/octet-stream":                        "bin",
	"application/ogg":                                 "ogx",
	"application/pdf":                                 "pdf",
	"application/postscript":                          "ps",
	"application/rss+xml":                             "rss",
	"application/rtf":                                 "rtf",
	"application/sql":                                 "sql",
	"application/vnd.amazon.ebook":                    "azw",
	"application/vnd.android.package-archive":         "apk",
	"application/vnd.apache.arrow.file":               "arrow",
	"application/vnd.apache.parquet":                  "parquet",
	"application/vnd.apple.mpegurl":                   "m3u8",
	"application/vnd.google-earth.kml+xml":            "kml",
	"application/vnd.google-earth.kmz":                "kmz",
	"application/vnd.ms-excel":                        "xls",
	"application/vnd.ms-fontobject":                   "eot",
	"application/vnd.ms-outlook":                      "msg",
	"application/vnd.ms-powerpoint":                   "ppt",
	"application/vnd.oasis.opendocument.graphics":     "odg",
	"application/vnd.oasis.opendocument.presentation": "odp",
	"application/vnd.oasis.opendocument.spreadsheet":  "ods",
	"application/vnd.oasis.opendocument.text":         "odt",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
	"application/vnd.openxmlformats-officedocument.presentationml.slideshow":    "ppsx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         "xlsx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.template":      "xltx",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   "docx",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.template":   "dotx",
	"application/vnd.rar":            "rar",
	"application/vnd.sqlite3":        "sqlite3",
	"application/vnd.visio":          "vsd",
	"application/warc":               "warc",
	"application/wasm":               "wasm",
	"application/x-7z-compressed":    "7z",
	"application/x-bittorrent":       "torrent",
	"application/x-bzip":             "bz",
	"application/x-bzip2":            "bz2",
	"application/x-gzip":             "gz",
	"application/x-javascript":       "js",
	"application/javascript":         "js",
	"application/x-mobipocket-ebook": "mobi",
	"application/x-mpegurl":          "m3u8",
	"application/x-ndjson":           "ndjson",
	"application/x-pdf":              "pdf",
	"application/x-rar-compressed":   "rar",
	"application/x-shockwave-flash":  "swf",
	"application/x-sqlite3":          "sqlite3",
	"application/x-tar":              "tar",
	"application/x-xz":               "xz",
	"application/x-yaml":             "yaml",
	"application/yaml":               "yaml",
	"application/x-zip-compressed":   "zip",
	"application/xhtml+xml":          "xhtml",
	"application/xml":                "xml",
	"application/xslt+xml":           "xslt",
	"application/zip":                "zip",
	"application/zstd":               "zst",
	"audio/aac":                      "aac",
	"audio/aiff":                     "aiff",
	"audio/basic":                    "au",
	"audio/flac":                     "flac",
	"audio/midi":                     "mid",
	"audio/mp4":                      "m4a",
	"audio/mpeg":                     "mp3",
	"audio/mp3":                      "mp3",
	"audio/mpegurl":                  "m3u",
	"audio/ogg":                      "ogg",
	"audio/opus":                     "opus",
	"audio/vnd.wave":                 "wav",
	"audio/wav":                      "wav",
	"audio/wave":                     "wav",
	"audio/webm":                     "weba",
	"audio/x-aiff":                   "aiff",
	"audio/x-flac":                   "flac",
	"audio/x-m4a":                    "m4a",
	"audio/x-mpegurl":                "m3u",
	"audio/x-ms-wma":                 "wma",
	"audio/x-wav":                    "wav",
	"font/collection":                "ttc",
	"font/otf":                       "otf",
	"font/ttf":                       "ttf",
	"font/woff":                      "woff",
	"font/woff2":                     "woff2",
	"application/font-woff":          "woff",
	"image/apng":                     "apng",
	"image/avif":                     "avif",
	"image/bmp":                      "bmp",
	"image/gif":                      "gif",
	"image/heic":                     "heic",
	"image/heif":                     "heif",
	"image/jp2":                      "jp2",
	"image/jpeg":                     "jpg",
	"image/jpg":                      "jpg",
	"image/jxl":                      "jxl",
	"image/pjpeg":                    "jpg",
	"image/png":                      "png",
	"image/svg+xml":                  "svg",
	"image/tiff":                     "tif",
	"image/vnd.adobe.photoshop":      "psd",
	"image/vnd.djvu":                 "djvu",
	"image/vnd.microsoft.icon":       "ico",
	"image/webp":                     "webp",
	"image/x-icon":                   "ico",
	"image/x-ms-bmp":                 "bmp",
	"image/x-photoshop":              "psd",
	"image/x-png":                    "png",
	"message/rfc822":                 "eml",
	"model/gltf+json":                "gltf",
	"model/gltf-binary":              "glb",
	"model/stl":                      "stl",
	"text/calendar":                  "ics",
	"text/css":                       "css",
	"text/csv":                       "csv",
	"text/html":                      "html",
	"text/javascript":                "js",
	"text/markdown":                  "md",
	"text/plain":                     "txt",
	"text/rtf":                       "rtf",
	"text/tab-separated-values":      "tsv",
	"text/vcard":                     "vcf",
	"text/vtt":                       "vtt",
	"text/x-markdown":                "md",
	"text/xml":                       "xml",
	"text/yaml":                      "yaml",
	"video/3gpp":                     "3gp",
	"video/3gpp2":                    "3g2",
	"video/avi":                      "avi",
	"video/matroska":                 "mkv",
	"video/mp2t":                     "ts",
	"video/mp4":                      "mp4",
	"video/mpeg":                     "mpg",
	"video/ogg":                      "ogv",
	"video/quicktime":                "mov",
	"video/webm":                     "webm",
	"video/x-flv":                    "flv",
	"video/x-m4v":                    "m4v",
	"video/x-matroska":               "mkv",
	"video/x-ms-wmv":                 "wmv",
	"video/x-msvideo":                "avi",
}

// extension returns the extension of a media type, bin if it has none.
func extension(media string) string {
	if e, ok := extensions[media]; ok {
		return e
	}
	return "bin"
}

// mediaTypes maps an extension to the type that files are stored with. Among several types, the
// first registered one in name order counts.
var mediaTypes = func() map[string]string {
	byExtension := map[string]string{}
	for media, ext := range extensions {
		if have, ok := byExtension[ext]; !ok || preferred(media, have) {
			byExtension[ext] = media
		}
	}
	return byExtension
}()

// preferred orders media types: registered before x-, then by name.
func preferred(media, other string) bool {
	if x, y := strings.Contains(media, "/x-"), strings.Contains(other, "/x-"); x != y {
		return y
	}
	return media < other
}

// typeOf is the Content-Type that a file is stored with.
func typeOf(key string) string {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(key), "."))
	switch ext {
	case "jpg", "jpeg":
		return "image/jpeg"
	case "bin", "":
		return "application/octet-stream"
	case "wav":
		return "audio/wav"
	case "mp3":
		return "audio/mpeg"
	case "js":
		return "text/javascript"
	case "xml":
		return "application/xml"
	}
	if media, ok := mediaTypes[ext]; ok {
		if strings.HasPrefix(media, "text/") {
			media += "; charset=utf-8"
		}
		return media
	}
	return "application/octet-stream"
}

// contains reports whether a file of a general type by its bytes may have a more special one. For
// example, an office document is a zip, and a playlist is text.
func contains(general, special string) bool {
	if family, _, ok := strings.Cut(general, "ml."); ok && strings.Contains(general, "officedocument") {
		return strings.HasPrefix(special, family) // a template or a slide show
	}
	switch general {
	case "application/octet-stream":
		return true
	case "application/zip":
		return strings.Contains(special, "+zip") || strings.Contains(special, "officedocument") || strings.Contains(special, "opendocument") ||
			special == "application/java-archive" || special == "application/vnd.android.package-archive" || special == "application/vnd.google-earth.kmz"
	case "text/plain":
		return special != "text/html"
	case "text/xml", "application/xml":
		return strings.HasSuffix(special, "+xml") && special != "application/xhtml+xml"
	case "application/ogg":
		return strings.HasPrefix(special, "audio/") || strings.HasPrefix(special, "video/")
	case "video/webm":
		return special == "audio/webm" || strings.HasSuffix(special, "matroska")
	case "video/mp4":
		return special == "audio/mp4" || special == "audio/x-m4a" || special == "video/x-m4v" || special == "video/quicktime" || strings.HasPrefix(special, "video/3gpp")
	case "audio/wave":
		return special == "audio/wav" || special == "audio/x-wav"
	}
	return false
}
