package httpfetch

import "strings"

// isText says whether a type is text of some charset.
func isText(t string) bool {
	switch t {
	case "application/json", "application/xml", "application/javascript", "application/x-javascript", "application/ecmascript",
		"application/x-ndjson", "application/jsonl", "image/svg+xml":
		return true
	}
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "+xml") || strings.HasSuffix(t, "+json")
}
