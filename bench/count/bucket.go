package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// listing is a bucket of n generated objects, with a front and a back per ID under one grade. For
// every hundredth ID the back belongs to another ID, which has nothing else. The back of every
// thousandth ID is under another grade.
type listing struct{ n int }

// tally is what there is to be counted.
type tally struct {
	total                      int64
	values, incomplete, double int
}

// object is the i-th key.
func (l listing) object(i int) string {
	id, side, grade := 70_000_000+i/2, "front", 1+10*(i/2)/(l.n/2+1)
	if i%2 == 1 {
		side = "back"
		switch {
		case id%100 == 7:
			id += 9_000_000
		case id%1000 == 9:
			grade = 1 + grade%10
		}
	}
	return fmt.Sprintf("png/%d/%d_%s.png", grade, id, side)
}

// counted is a count of the same keys without Seine.
func (l listing) counted() tally {
	type sides struct{ front, back bool }
	ids := map[string]map[string]sides{}
	for i := range l.n {
		part := strings.FieldsFunc(l.object(i), func(r rune) bool { return r == '/' || r == '_' || r == '.' })
		grade, id, side := part[1], part[2], part[3]
		if ids[id] == nil {
			ids[id] = map[string]sides{}
		}
		s := ids[id][grade]
		s.front, s.back = s.front || side == "front", s.back || side == "back"
		ids[id][grade] = s
	}
	var t tally
	values := map[string]bool{}
	for _, grades := range ids {
		whole := false
		for grade, s := range grades {
			if s.front && s.back {
				whole, values[grade] = true, true
			}
		}
		if whole {
			t.total++
		} else {
			t.incomplete++
		}
		if len(grades) > 1 {
			t.double++
		}
	}
	t.values = len(values)
	return t
}

// serveBucket answers what Google's listing answers, a page at a time, and
// prints its address first.
func serveBucket(l listing) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /storage/v1/b/cards/o", l.page)
	return (&http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}).Serve(listener)
}

func (l listing) page(w http.ResponseWriter, r *http.Request) {
	const most = 1000
	from, _ := strconv.Atoi(r.FormValue("pageToken"))
	size, err := strconv.Atoi(r.FormValue("maxResults"))
	if err != nil || size > most || size < 1 {
		size = most
	}
	to := min(from+size, l.n)
	var b bytes.Buffer
	b.WriteString(`{"kind": "storage#objects"`)
	if to < l.n {
		fmt.Fprintf(&b, `, "nextPageToken": "%d"`, to)
	}
	b.WriteString(`, "items": [`)
	for i := from; i < to; i++ {
		if i > from {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"kind": "storage#object", "bucket": "cards", "name": %q, "size": "1100000", "contentType": "image/png", "generation": "1",
 "md5Hash": "1B2M2Y8AsgTpgAmY7PhCfg==", "crc32c": "AAAAAA==", "etag": "CAE=", "timeCreated": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z"}`, l.object(i))
	}
	b.WriteString(`]}`)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b.Bytes())
}

func get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(resp.Body)
}
