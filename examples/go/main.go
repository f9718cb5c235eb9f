// Command go is a program on Seine's SDK. Its site wants signed requests and answers in a binary
// format. The README tells how to run it.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/worker"
)

// station is a record. Its fields are the columns of each export.
type station struct {
	ID       string  `seine:"id,key,required"`
	Name     string  `seine:"name"`
	Readings int     `seine:"readings"`
	Coldest  float64 `seine:"coldest"`
	Warmest  float64 `seine:"warmest"`
}

func main() {
	site, key := cmp.Or(os.Getenv("STATIONS"), "http://127.0.0.1:8730"), os.Getenv("STATIONS_KEY")
	worker.Main(seine.Job{
		Name:    "stations",
		Seeds:   seine.Seeds{Pages: []seine.SeedPage{{URL: site + "/", Page: "list"}}},
		Pages:   []seine.PageKind{{Name: "list"}, {Name: "readings", Match: isReadings}},
		Scraper: seine.Router{"list": html.ScraperFunc(list), "readings": seine.ScraperFunc(readings)},
		Fields:  seine.FieldsOf[station](),
		Secrets: []string{key},
		Pace:    seine.Pace{Delay: seine.Every(20 * time.Millisecond)},
		Retry:   seine.Retries{Backoff: time.Second},
		Fetch: seine.Fetch{
			Wrap:         func(next seine.Fetcher) seine.Fetcher { return signer{next, key} },
			AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.1")}, // the bundled site
		},
	})
}

func isReadings(url string) bool { return strings.HasSuffix(url, ".bin") }

// list follows the stations of a page of the list, and the next page.
func list(_ context.Context, _ seine.Task, doc *html.Document) (out seine.Result, err error) {
	for _, a := range doc.All("a.station") {
		out.Follow = append(out.Follow, seine.Follow{URL: a.Attr("href"), Meta: map[string]any{"name": a.Text()}})
	}
	if next := doc.First("a[rel=next]"); next.Found() {
		out.Follow = append(out.Follow, seine.Follow{URL: next.Attr("href")})
	}
	return out, nil
}

// readings decodes the readings of a station.
func readings(_ context.Context, task seine.Task, page *seine.Page) (out seine.Result, err error) {
	if v, decided := seine.PageVerdict(page); decided {
		return out, v
	}
	id := page.URL[len(page.URL)-len("S00.bin") : len(page.URL)-len(".bin")]
	body, found := bytes.CutPrefix(page.Body, []byte("SNS1"))
	if !found {
		return out, fmt.Errorf("%w: the file is not of readings", seine.ErrFinal)
	}
	if len(body) < 2 || len(body) != 2+2*int(binary.LittleEndian.Uint16(body)) {
		return out, seine.Retry("the file is cut short")
	}
	values := make([]int16, len(body)/2-1)
	if _, err := binary.Decode(body[2:], binary.LittleEndian, values); err != nil || len(values) == 0 {
		return out, seine.Skip("no readings")
	}
	name, _ := task.Meta["name"].(string)
	out.Records = []seine.Record{seine.RecordOf(station{
		id, name, len(values), float64(slices.Min(values)) / 100, float64(slices.Max(values)) / 100,
	})}
	return out, nil
}

// signer is a fetcher that signs the path of each request.
type signer struct {
	next seine.Fetcher
	key  string
}

func (s signer) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	at, err := url.Parse(req.URL)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, []byte(s.key))
	mac.Write([]byte(at.Path))
	if req.Header = req.Header.Clone(); req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("X-Signature", hex.EncodeToString(mac.Sum(nil)))
	return s.next.Fetch(ctx, req)
}
