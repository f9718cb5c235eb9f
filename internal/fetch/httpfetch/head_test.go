package httpfetch

import (
	"bytes"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// answer is a raw answer whose body is "fine." as text/plain. Lines of the head
// end in "\n"; without a length the body ends with the connection.
func answer(head, body string) string {
	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
}

const (
	okHead   = "HTTP/1.1 200 OK\nContent-Type: text/plain"
	chunkedB = "5\r\nfine.\r\n0\r\n\r\n"
)

// Each head that Chromium and curl accept is accepted. The outcomes are those of Chromium, except
// for warnings next to an answer.
func TestFetchReadsOddHeads(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, answer string }{
		{"identity until it closes", answer(okHead+"\nTransfer-Encoding: identity", "fine.")},
		{"identity with a length", answer(okHead+"\nTransfer-Encoding: identity\nContent-Length: 5", "fine.")},
		{"identity and chunked", answer(okHead+"\nTransfer-Encoding: identity, chunked", chunkedB)},
		{"chunked and identity", answer(okHead+"\nTransfer-Encoding: chunked, identity", chunkedB)},
		{"two Transfer-Encodings", answer(okHead+"\nTransfer-Encoding: identity\nTransfer-Encoding: chunked", chunkedB)},
		{"an empty Transfer-Encoding", answer(okHead+"\nTransfer-Encoding:\nContent-Length: 5", "fine.")},
		{"a comma behind chunked", answer(okHead+"\nTransfer-Encoding: Chunked,", chunkedB)},
		{"chunked in quotes", answer(okHead+"\nTransfer-Encoding: \"chunked\"", chunkedB)},
		{"a Transfer-Encoding that is none", answer(okHead+"\nTransfer-Encoding: utf-8\nContent-Length: 5", "fine.")},
		{"chunked goes before a length", answer(okHead+"\nContent-Length: 2\nTransfer-Encoding: chunked", chunkedB)},
		{"an empty length, until it closes", answer(okHead+"\nContent-Length:", "fine.")},
		{"a length twice", answer(okHead+"\nContent-Length: 5\nContent-Length: 5", "fine.")},
		{"a list of one length", answer(okHead+"\nContent-Length: 5, 5", "fine.")},
		{"a length with a plus", answer(okHead+"\nContent-Length: +5", "fine.")},
		{"no reason", answer("HTTP/1.1 200\nContent-Length: 5", "fine.")},
		{"a reason without a space", answer("HTTP/1.1 200OK\nContent-Length: 5", "fine.")},
		{"small letters", answer("http/1.1 200 ok\nContent-Length: 5", "fine.")},
		{"another version", answer("HTTP/2 200 OK\nContent-Length: 5", "fine.")},
		{"an empty line before", "\r\n" + answer("HTTP/1.1 200 OK\nContent-Length: 5", "fine.")},
		{"lines that end in LF", "HTTP/1.1 200 OK\nContent-Length: 5\n\nfine."},
		{"lines that end in CR CR LF", "HTTP/1.1 200 OK\r\r\nContent-Length: 5\r\r\n\r\r\nfine."},
		{"a blank before the colon", answer("HTTP/1.1 200 OK\nContent-Length : 5", "fine.")},
		{"a field without a name", answer(okHead+"\n: x\nContent-Length: 5", "fine.")},
		{"a name that is no token", answer(okHead+"\nM\xc3\xbf (x): x\nContent-Length: 5", "fine.")},
		{"a control in a value", answer(okHead+"\nX: a\x01\rb\nContent-Length: 5", "fine.")},
		{"a folded line", answer(okHead+"\nX: a\n b: c\nContent-Length: 5", "fine.")},
		{"a large head", answer(okHead+"\nX: "+strings.Repeat("x", 200<<10)+"\nContent-Length: 5", "fine.")},
		{"an early hint", answer("HTTP/1.1 103 Early Hints\nLink: </a>", "") + answer(okHead+"\nContent-Length: 5", "fine.")},
		{"bytes behind the body, until it closes", answer(okHead+"\nContent-Length: 5", "fine.and more")},
		{"chunks with LF and zeros", answer(okHead+"\nTransfer-Encoding: chunked", "000000000000000000005 ;x=y\nfine.\n00\nX: y\nno field\n\n")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answers := []string{tt.answer, answer(okHead+"\nContent-Length: 6", "second")}
			want := "second"
			if strings.HasSuffix(tt.name, "until it closes") {
				answers, want = answers[:1], "fine."
			}
			s := play(t, answers...)
			f := open(t, Config{})
			if p := get(t, f, s.url); p.Status != 200 || string(p.Body) != "fine." {
				t.Errorf("Fetch = %d %q; want 200 and fine.", p.Status, p.Body)
			}
			if p := get(t, f, s.url); string(p.Body) != want {
				t.Errorf("the next Fetch = %q; want %q", p.Body, want)
			}
		})
	}
}

func TestFetchRefusesMalformedHeads(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, answer, says string }{
		{"two lengths", answer(okHead+"\nContent-Length: 5\nContent-Length: 6", "fine."), "both 5 and 6"},
		{"a list of two lengths", answer(okHead+"\nContent-Length: 5, 6", "fine."), "both 5 and 6"},
		{"a length below zero", answer(okHead+"\nContent-Length: -1", "fine."), `"-1"`},
		{"a length that is no number", answer(okHead+"\nContent-Length: 5.0", "fine."), `"5.0"`},
		{"a length beyond all bounds", answer(okHead+"\nContent-Length: 99999999999999999999", "fine."), "Content-Length"},
		{"chunked twice", answer(okHead+"\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked", chunkedB), "chunked 2 times"},
		{"chunked twice in a list", answer(okHead+"\nTransfer-Encoding: chunked, chunked", chunkedB), "chunked 2 times"},
		{"no status", answer("HTTP/1.1\nContent-Length: 5", "fine."), "status line"},
		{"a status of two digits", answer("HTTP/1.1 20 OK\nContent-Length: 5", "fine."), "status line"},
		{"a status of four digits", answer("HTTP/1.1 2000 OK\nContent-Length: 5", "fine."), "status line"},
		{"a status of letters", answer("HTTP/1.1 OK 200\nContent-Length: 5", "fine."), "status line"},
		{"another protocol", answer("ICY 200 OK\nContent-Length: 5", "fine."), "status line"},
		{"HTML without a head", "<!doctype html>\n<h1>x</h1>", "status line"},
		{"nothing but empty lines", "\r\n\r\n\r\n\r\n\r\n", "status line"},
		{"no colon", answer(okHead+"\nthis is no header\nContent-Length: 5", "fine."), "no colon"},
		{"a zero byte", answer(okHead+"\nX: a\x00b\nContent-Length: 5", "fine."), "zero byte"},
		{"too large", answer(okHead+"\nX: "+strings.Repeat("x", maxHeader), "fine."), "262144 bytes"},
		{"too many lines", answer(okHead+strings.Repeat("\nX: y", maxHeader/6), "fine."), "262144 bytes"},
		{"interim answers alone", answer("HTTP/1.1 100 Continue", ""), "ends within the status line"},
		{"interim answers for ever", strings.Repeat(answer("HTTP/1.1 102 Processing", ""), 99), "interim"},
		{"another protocol than was asked for", answer("HTTP/1.1 101 Switching Protocols\nUpgrade: h2c", ""), "switches"},
		{"a chunk without a size", answer(okHead+"\nTransfer-Encoding: chunked", "\r\nfine."), "size of a chunk"},
		{"a chunk with a bad size", answer(okHead+"\nTransfer-Encoding: chunked", "0x5\r\nfine.\r\n0\r\n\r\n"), "size of a chunk"},
		{"a chunk that is longer than it says", answer(okHead+"\nTransfer-Encoding: chunked", "4\r\nfine.\r\n0\r\n\r\n"), "followed by"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := play(t, tt.answer)
			p, err := open(t, Config{}).Fetch(t.Context(), seine.Request{URL: s.url})
			if p != nil || fetch.Reason(err) != fetch.BadResponse || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Fetch = %v, %v (%q); want %q that says %q", p, err, fetch.Reason(err), fetch.BadResponse, tt.says)
			}
		})
	}
}

func TestFetchIgnoresWhatIsNoEncoding(t *testing.T) {
	t.Parallel()
	const text = "<h1>Encoded</h1>"
	zip := string(encoded(t, "gzip", []byte(text)))
	for _, tt := range []struct{ name, header, body string }{
		{"aws-chunked", "aws-chunked", text},
		{"a charset", "UTF8", text},
		{"another charset", "iso-8859-1", text},
		{"a media type", "text/html", text},
		{"nothing", "", text},
		{"none", "none, binary", text},
		{"an encoding of nobody", "foo, bar, baz", text},
		{"aws-chunked and gzip", "aws-chunked, gzip", zip},
		{"gzip and aws-chunked", "gzip,aws-chunked", zip},
		{"a charset and gzip", "utf-8\nContent-Encoding: gzip", zip},
		{"aws-chunked and gzip that is none", "aws-chunked,gzip", text},
		{"gzip in capitals", "X-GZip", zip},
		{"gzip in quotes", `"gzip"`, zip},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := play(t, answer(fmt.Sprintf("%s\nContent-Encoding: %s\nContent-Length: %d", okHead, tt.header, len(tt.body)), tt.body))
			if p := get(t, open(t, Config{}), s.url); string(p.Body) != text {
				t.Errorf("Fetch of Content-Encoding %q = %q; want %q", tt.header, p.Body, text)
			}
		})
	}
	s := play(t, answer(fmt.Sprintf("%s\nTransfer-Encoding: gzip, chunked", okHead), fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(zip), zip)))
	if p := get(t, open(t, Config{}), s.url); string(p.Body) != text {
		t.Errorf("Fetch of Transfer-Encoding gzip = %q; want %q", p.Body, text)
	}
	s = play(t, answer(fmt.Sprintf("%s\nContent-Encoding: gzip\nContent-Length: %d", okHead, len(text)), text))
	if p, err := open(t, Config{}).Fetch(t.Context(), seine.Request{URL: s.url}); fetch.Reason(err) != fetch.BadEncoding {
		t.Errorf("Fetch of gzip that is none = %v, %v; want %q, as in browsers", p, err, fetch.BadEncoding)
	}
}

// net/http logs unrequested bytes of a server. This must not reach standard error.
func TestFetchLogsNothing(t *testing.T) { //nolint:paralleltest // it holds the standard logger
	var out bytes.Buffer
	was := log.Writer()
	log.SetOutput(&out)
	defer log.SetOutput(was)
	s := play(t, answer(okHead+"\nContent-Length: 5", "fine.")+answer("HTTP/1.1 408 Timeout\nContent-Length: 0", ""), fine)
	f := open(t, Config{})
	get(t, f, s.url)
	get(t, f, s.url)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "Unsolicited") {
		t.Errorf("the log says %q", out.String())
	}
}

// Any status is a page. Whether the client requested it depends on the request.
func TestFetchSaysWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status string
		header http.Header
		asked  bool
	}{
		{status: "000"}, {status: "099"}, {status: "206"}, {status: "300"}, {status: "302"}, {status: "304"}, {status: "600"}, {status: "999"},
		{status: "206", header: http.Header{"Range": {"bytes=0-4"}}, asked: true},
		{status: "304", header: http.Header{"If-None-Match": {"\"x\""}}, asked: true},
	} {
		s := play(t, answer("HTTP/1.1 "+tt.status+" X\nContent-Length: 5", "fine."))
		p, err := open(t, Config{}).Fetch(t.Context(), seine.Request{URL: s.url, Header: tt.header})
		if err != nil {
			t.Fatal(err)
		}
		_, decided := seine.PageVerdict(p)
		if fmt.Sprintf("%03d", p.Status) != tt.status || p.Asked != tt.asked || decided == tt.asked {
			t.Errorf("HTTP %s with %v: status %d, asked %v, decided %v; want asked %v", tt.status, tt.header, p.Status, p.Asked, decided, tt.asked)
		}
	}
}

// A connection over TLS on which HTTP/1.1 was chosen is used again, too.
func TestFetchKeepsConnectionsOverTLS(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, r.Proto) }))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.StartTLS()
	defer s.Close()
	f := open(t, Config{RootCAs: roots(s)})
	for range 5 {
		if p := get(t, f, s.URL); string(p.Body) != "HTTP/1.1" {
			t.Errorf("the request came over %s", p.Body)
		}
	}
	if got := opened.Load(); got != 1 {
		t.Errorf("%d connections for 5 fetches; want 1", got)
	}
}
