package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// api serves 23 records, five on a page. next writes what leads from a page of records from-to to
// the next one.
func api(t *testing.T, param string, from func(v int) int, answer func(w http.ResponseWriter, host string, v, at int) string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/items" {
			http.NotFound(w, r)
			return
		}
		v, err := strconv.Atoi(r.URL.Query().Get(param))
		if err != nil {
			v = -1
		}
		at := from(v)
		var items []string
		for i := at; i < min(at+5, 23); i++ {
			items = append(items, fmt.Sprintf(`{"id": "x%d"}`, i))
		}
		w.Header().Set("Content-Type", "application/json")
		body := answer(w, "http://"+r.Host, v, at)
		_, _ = fmt.Fprint(w, strings.ReplaceAll(body, "ITEMS", "["+strings.Join(items, ",")+"]"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// The records of all pages come from the first one, however the API leads to the next.
func TestInitFollowsThePagesOfAnAPI(t *testing.T) {
	t.Parallel()
	page := func(v int) int { return (max(v, 1) - 1) * 5 }
	offset := func(v int) int { return max(v, 0) }
	for name, c := range map[string]struct {
		param, query string
		from         func(int) int
		answer       func(w http.ResponseWriter, host string, v, at int) string
	}{
		"link header": {"page", "", page, func(w http.ResponseWriter, host string, v, at int) string {
			if at+5 < 23 {
				w.Header().Set("Link", fmt.Sprintf(`<%s/items?page=1>; rel="first", <%s/items?page=%d>; rel="next"`, host, host, max(v, 1)+1))
			}
			return "ITEMS"
		}},
		"deep cursor": {"cursor", "", offset, func(_ http.ResponseWriter, _ string, _, at int) string {
			next := "null"
			if at+5 < 23 {
				next = strconv.Quote(strconv.Itoa(at + 5))
			}
			return `{"response": {"meta": {"paging": {"next_cursor": ` + next + `}}, "docs": ITEMS}}`
		}},
		"odata": {"$skip", "", offset, func(_ http.ResponseWriter, host string, _, at int) string {
			if at+5 < 23 {
				return fmt.Sprintf(`{"@odata.nextLink": "%s/items?$skip=%d", "value": ITEMS}`, host, at+5)
			}
			return `{"value": ITEMS}`
		}},
		"offset and total": {"offset", "?sort=a", offset, func(_ http.ResponseWriter, _ string, _, at int) string {
			return fmt.Sprintf(`{"total": 23, "offset": %d, "limit": 5, "items": ITEMS}`, at)
		}},
		"offset without a limit": {"start", "?start=0", offset, func(_ http.ResponseWriter, _ string, _, at int) string {
			return fmt.Sprintf(`{"response": {"numFound": 23, "start": %d, "docs": ITEMS}}`, at)
		}},
		"page and pages": {"page", "", page, func(_ http.ResponseWriter, _ string, v, _ int) string {
			return fmt.Sprintf(`{"page": %d, "total_pages": 5, "data": ITEMS}`, max(v, 1))
		}},
		"page, size and total": {"p", "?p=1", page, func(_ http.ResponseWriter, _ string, v, _ int) string {
			return fmt.Sprintf(`{"meta": {"current_page": %d, "per_page": 5, "total": 23}, "data": ITEMS}`, max(v, 1))
		}},
		"pages from zero": {"page", "", func(v int) int { return max(v, 0) * 5 }, func(_ http.ResponseWriter, _ string, v, _ int) string {
			return fmt.Sprintf(`{"content": ITEMS, "number": %d, "totalPages": 5}`, max(v, 0))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job, records := initialized(t, api(t, c.param, c.from, c.answer)+"/items"+c.query)
			if n := strings.Count(records, "\n"); n != 23 {
				t.Errorf("%d records; want 23\n%s", n, job)
			}
		})
	}
}

// An answer that says that there is more, and not where, gets a line.
func TestInitTellsOfAnUnknownNextPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i, c := range []struct{ answer, want string }{
		{`{"total": 23, "items": [{"id": 1}, {"id": 2}]}`, "no next page was found, but total is 23, and this page has 2 records"},
		{`{"items": [{"id": 1}], "meta": {"has_more": true}}`, "no next page was found, but meta.has_more is true"},
	} {
		args := []string{"init", paths(t, map[string]string{"/": c.answer}) + "/", "--allow-private", "--dir", fmt.Sprint("p", i)}
		said, err := command(t, dir, args...).CombinedOutput()
		if err != nil || !strings.Contains(string(said), c.want) {
			t.Errorf("%s: %s, %v; want %s", c.answer, said, err, c.want)
		}
	}
}
