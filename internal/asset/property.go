package asset

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
)

// Fill puts the properties of stored assets into the fields that name them. A field of an asset
// that is not stored, or without the property, is its Or.
func Fill(fields map[string]any, of []seine.AssetField, stored []assetfile.Stored) {
	for _, f := range of {
		var v any
		if f.All {
			if list := propertyList(f, stored); len(list) > 0 {
				v = list
			}
		} else {
			for _, s := range stored {
				if s.Name == f.Asset {
					v = property(s, f.Property)
				}
			}
		}
		if v == nil {
			v = f.Or
		}
		if v == nil && f.All {
			v = []any{}
		}
		fields[f.Field] = v
	}
}

// propertyList returns the property of each file of a list by its number. A file that is not stored
// gives nil.
func propertyList(f seine.AssetField, stored []assetfile.Stored) []any {
	var list []any
	for _, s := range stored {
		digits, ok := strings.CutPrefix(s.Name, f.Asset+"_")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 1 || n > seine.MaxAssets {
			continue // of another asset, or an original
		}
		for len(list) < n {
			list = append(list, nil)
		}
		list[n-1] = property(s, f.Property)
	}
	return list
}

// property is a property of a stored file; nil if it has none.
func property(s assetfile.Stored, name string) any {
	size := func(n int) any {
		if n == 0 {
			return nil
		}
		return int64(n)
	}
	// A file that was not rendered is its own original.
	original := func(n, own int) any {
		if n == 0 {
			n = own
		}
		return size(n)
	}
	switch name {
	case "width":
		return size(s.Width)
	case "height":
		return size(s.Height)
	case "bytes":
		return s.Bytes
	case "sha256":
		return hex.EncodeToString(s.SHA256)
	case "phash":
		if len(s.PHash) == 0 {
			return nil
		}
		return hex.EncodeToString(s.PHash)
	case "path":
		return s.Path
	case "url":
		return s.URL
	case "original_width":
		return original(s.OriginalWidth, s.Width)
	case "original_height":
		return original(s.OriginalHeight, s.Height)
	case "original_bytes":
		return s.OriginalBytes
	case "original_sha256":
		return hex.EncodeToString(s.OriginalSHA256)
	}
	return nil
}
