package frontier

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/weburl"
)

// SendOf returns the request of a task: its own, or its page kind's with the values of the task's
// meta in the body. It returns nil for a plain GET.
func SendOf(kind *seine.PageKind, own *seine.Send, meta map[string]any) *seine.Send {
	if own != nil {
		if kind == nil || own.Method != "" {
			return own
		}
		merged := *own
		merged.Method = kind.Method
		return &merged
	}
	if kind == nil || kind.Method == "" && kind.Body == "" {
		return nil
	}
	return &seine.Send{Method: kind.Method, Body: withMeta(kind.Body, meta)}
}

var metaValue = regexp.MustCompile(`\{meta\.([A-Za-z_][A-Za-z0-9_]*)\}`)

// withMeta puts values of a task's meta into a body: as they are into JSON, escaped into a form. A
// missing value is null, or nothing.
func withMeta(body string, meta map[string]any) string {
	begin := strings.TrimSpace(body)
	if at := metaValue.FindStringIndex(begin); at != nil && at[0] == 0 {
		begin = "" // a value is no object
	}
	isJSON := strings.HasPrefix(begin, "{") || strings.HasPrefix(begin, "[")
	return metaValue.ReplaceAllStringFunc(body, func(name string) string {
		v := meta[metaValue.FindStringSubmatch(name)[1]]
		raw, err := number.Marshal(v)
		if err != nil {
			raw = []byte("null")
		}
		text, isText := v.(string)
		switch {
		case isJSON && isText: // the body has the quotation marks
			return strings.TrimSuffix(strings.TrimPrefix(string(raw), `"`), `"`)
		case isJSON:
			return string(raw)
		case isText:
			return weburl.Encode(text)
		case v == nil:
			return ""
		}
		return weburl.Encode(string(raw))
	})
}

// withSend returns the key of a request that is more than a GET: the URL, the method, and a hash of
// both and the body. A canonical URL has no fragment.
func withSend(url string, send *seine.Send) string {
	raw, _ := json.Marshal([]string{send.Method, send.Body}) // texts
	sum := sha256.Sum256(raw)
	return fmt.Sprintf("%s#%s-%s", url, send.Method, hex.EncodeToString(sum[:8]))
}

var sendSuffix = regexp.MustCompile(`#[A-Z]*-[0-9a-f]{16}$`)

// cutSend splits a key into its URL and the suffix of withSend or of a sitemap.
func cutSend(key string) (url, suffix string) {
	if url, ok := strings.CutSuffix(key, SitemapMark); ok {
		return url, SitemapMark
	}
	if at := sendSuffix.FindStringIndex(key); at != nil {
		return key[:at[0]], key[at[0]:]
	}
	return key, ""
}
