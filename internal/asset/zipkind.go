package asset

import (
	"bytes"
	"encoding/binary"
	"iter"
	"strings"
)

// The records of a zip file (APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16).
const (
	zipEnd       = "PK\x05\x06"
	zipEntry     = "PK\x01\x02"
	zipEndSize   = 22
	zipEntrySize = 46
	zipFileSize  = 30

	// maxZipTail is how far from the end of a file its end record begins, with its comment.
	maxZipTail = zipEndSize + 1<<16 - 1

	// maxZipEntries is the most entries of a directory that are read. Office documents have tens.
	maxZipEntries = 1000

	// maxZipMedia is the most bytes of a media type in an entry.
	maxZipMedia = 100
)

// zipKind returns the type of a file that is a zip by its first bytes. Office documents, e-books
// and programs are zip files with known entries. Servers often call them zip, or nothing.
func zipKind(body []byte) kind {
	var office bool
	for name, e := range zipEntries(body) {
		switch {
		case name == "mimetype":
			// It names the type of e-books and documents of OpenDocument, uncompressed.
			media := strings.TrimSpace(string(e.content(body)))
			if ext, ok := extensions[media]; ok && contains("application/zip", media) {
				return kind{media, ext}
			}
		case name == "[Content_Types].xml":
			office = true
		case name == "AndroidManifest.xml":
			return zipped("application/vnd.android.package-archive")
		case name == "META-INF/MANIFEST.MF":
			return zipped("application/java-archive")
		case name == "doc.kml":
			return zipped("application/vnd.google-earth.kmz")
		}
		if folder, _, inside := strings.Cut(name, "/"); office && inside && officeFolders[folder] != "" {
			return zipped(officeFolders[folder])
		}
	}
	return zipped("application/zip")
}

// officeFolders are the types of documents of Office Open XML by the folder of their main part.
var officeFolders = map[string]string{
	"word": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"xl":   "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"ppt":  "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}

func zipped(media string) kind { return kind{media, extensions[media]} }

// zipEntryAt is an entry of the directory of a zip file.
type zipEntryAt struct {
	method uint16
	size   uint32 // in the file
	at     uint32 // of the local header
}

// zipEntries returns the entries of a zip file by name. It ends at the first mistake.
func zipEntries(body []byte) iter.Seq2[string, zipEntryAt] {
	return func(yield func(string, zipEntryAt) bool) {
		tail := body[max(0, len(body)-maxZipTail):]
		at := bytes.LastIndex(tail, []byte(zipEnd))
		if at < 0 || len(tail)-at < zipEndSize {
			return
		}
		start := int64(binary.LittleEndian.Uint32(tail[at+16:]))
		if start > int64(len(body)) {
			return
		}
		directory := body[start:]
		for range maxZipEntries {
			if len(directory) < zipEntrySize || !bytes.HasPrefix(directory, []byte(zipEntry)) {
				return
			}
			name := zipEntrySize + int(binary.LittleEndian.Uint16(directory[28:]))
			next := name + int(binary.LittleEndian.Uint16(directory[30:])) + int(binary.LittleEndian.Uint16(directory[32:]))
			if len(directory) < next {
				return
			}
			e := zipEntryAt{
				method: binary.LittleEndian.Uint16(directory[10:]),
				size:   binary.LittleEndian.Uint32(directory[20:]),
				at:     binary.LittleEndian.Uint32(directory[42:]),
			}
			if !yield(string(directory[zipEntrySize:name]), e) {
				return
			}
			directory = directory[next:]
		}
	}
}

// content returns the content of a short entry that is not compressed.
func (e zipEntryAt) content(body []byte) []byte {
	file := body[min(int64(e.at), int64(len(body))):]
	if e.method != 0 || e.size > maxZipMedia || len(file) < zipFileSize {
		return nil
	}
	from := zipFileSize + int(binary.LittleEndian.Uint16(file[26:])) + int(binary.LittleEndian.Uint16(file[28:]))
	if from+int(e.size) > len(file) {
		return nil
	}
	return file[from : from+int(e.size)]
}
