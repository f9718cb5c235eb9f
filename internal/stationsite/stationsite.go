// Package stationsite is a bundled archive of weather stations. It wants signed requests and
// answers in a binary format. The same seed gives the same stations.
//
//	/                    a list of stations, with a link to the next page
//	/readings/ID.bin     the readings of a station
//
// A request for readings has the header X-Signature, the SHA-256 HMAC of its path in hexadecimal
// digits under [Key]. Readings are little-endian: "SNS1", the number of readings as a uint16, and
// each reading as an int16 in hundredths of a degree Celsius. One station is closed, one file is
// broken, and one is cut short at its first request.
package stationsite

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Key signs the requests.
const Key = "station-key-0123456789"

const (
	stations = 25
	perPage  = 10
	closed   = 7  // HTTP 410
	broken   = 13 // another file
	cut      = 21 // at its first request
)

// Station is a station as it is: the truth about the site.
type Station struct {
	ID       string
	Name     string
	Readings []int16 // hundredths of a degree Celsius
}

// Site is the site.
type Site struct {
	all []Station

	mu    sync.Mutex
	asked map[string]int
}

// New returns a site. Equal seeds give equal sites.
func New(seed uint64) *Site {
	s := &Site{asked: map[string]int{}}
	draw := rand.New(rand.NewPCG(seed, 1))
	for i := range stations {
		one := Station{ID: fmt.Sprintf("S%02d", i+1), Name: fmt.Sprintf("Station %d <%c>", i+1, 'A'+rune(i))}
		for range 3 + draw.IntN(50) {
			one.Readings = append(one.Readings, int16(draw.IntN(8000)-3000))
		}
		s.all = append(s.all, one)
	}
	return s
}

// Truth returns the stations that have readings, ordered by ID.
func (s *Site) Truth() []Station {
	var out []Station
	for i, one := range s.all {
		if n := i + 1; n != closed && n != broken {
			out = append(out, one)
		}
	}
	return out
}

// Asked returns how often a path was requested.
func (s *Site) Asked(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

// ServeHTTP serves the site.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path]++
	times := s.asked[r.URL.Path]
	s.mu.Unlock()
	if r.URL.Path == "/" {
		s.list(w, r.URL.Query().Get("page"))
		return
	}
	id, isFile := strings.CutSuffix(path.Base(r.URL.Path), ".bin")
	n, err := strconv.Atoi(strings.TrimPrefix(id, "S"))
	switch {
	case !isFile || path.Dir(r.URL.Path) != "/readings" || err != nil || n < 1 || n > stations:
		http.NotFound(w, r)
	case !hmac.Equal([]byte(r.Header.Get("X-Signature")), []byte(signature(r.URL.Path))):
		http.Error(w, "wrong signature", http.StatusForbidden)
	case n == closed:
		http.Error(w, "closed", http.StatusGone)
	default:
		body := file(s.all[n-1].Readings)
		switch {
		case n == broken:
			body = []byte("GIF89a")
		case n == cut && times == 1:
			body = body[:len(body)-1]
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(body)
	}
}

// list serves a page of the list.
func (s *Site) list(w http.ResponseWriter, page string) {
	n, _ := strconv.Atoi(page)
	from := min(max(n, 0)*perPage, stations)
	to := min(from+perPage, stations)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprint(w, "<!doctype html><title>Stations</title><ul>")
	for _, one := range s.all[from:to] {
		name := strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(one.Name)
		_, _ = fmt.Fprintf(w, "<li><a class=station href=readings/%s.bin>%s</a>", one.ID, name)
	}
	if to < stations {
		_, _ = fmt.Fprintf(w, "</ul><a rel=next href=?page=%d>next</a>", max(n, 0)+1)
	}
}

func signature(path string) string {
	mac := hmac.New(sha256.New, []byte(Key))
	mac.Write([]byte(path))
	return hex.EncodeToString(mac.Sum(nil))
}

func file(readings []int16) []byte {
	var b bytes.Buffer
	b.WriteString("SNS1")
	_ = binary.Write(&b, binary.LittleEndian, uint16(len(readings)))
	_ = binary.Write(&b, binary.LittleEndian, readings)
	return b.Bytes()
}
