package egress_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/fetch/egress"
	"github.com/seinehq/seine/internal/fetch/httpfetch"
	"github.com/seinehq/seine/internal/testkit"
)

// relay is a proxy that records the addresses that it is asked for. user is the required password
// in base64, or empty.
type relay struct {
	net.Listener
	user string

	mu    sync.Mutex
	asked []string
}

func (p *relay) targets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

func (p *relay) note(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, target)
}

func serve(t *testing.T, user string, handle func(p *relay, c net.Conn) error) *relay {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &relay{Listener: l, user: user}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = handle(p, c); _ = c.Close() }()
		}
	}()
	return p
}

func join(a net.Conn, target, ok, refused string) error {
	b, err := net.Dial("tcp", target)
	if err != nil {
		_, err = io.WriteString(a, refused)
		return err
	}
	if _, err := io.WriteString(a, ok); err != nil {
		return err
	}
	go func() { _, _ = io.Copy(b, a); _ = b.Close() }()
	_, err = io.Copy(a, b)
	return err
}

func httpProxy(t *testing.T, user string) *relay {
	t.Helper()
	return serve(t, user, func(p *relay, c net.Conn) error {
		head := make([]byte, 0, 1024)
		for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
			b := make([]byte, 1)
			if _, err := c.Read(b); err != nil {
				return err
			}
			head = append(head, b...)
		}
		var target string
		_, _ = fmt.Sscanf(string(head), "CONNECT %s", &target)
		p.note(target)
		if p.user != "" && !strings.Contains(string(head), "Proxy-Authorization: Basic "+p.user) {
			_, err := io.WriteString(c, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
			return err
		}
		return join(c, target, "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")
	})
}

func socksProxy(t *testing.T) *relay {
	t.Helper()
	return serve(t, "", func(p *relay, c net.Conn) error {
		b := make([]byte, 3)
		if _, err := io.ReadFull(c, b); err != nil { // version, one method, none
			return err
		}
		if _, err := c.Write([]byte{5, 0}); err != nil {
			return err
		}
		b = make([]byte, 10)
		if _, err := io.ReadFull(c, b); err != nil {
			return err
		}
		if b[3] != 1 {
			p.note("a name")
			return nil
		}
		target := fmt.Sprintf("%d.%d.%d.%d:%d", b[4], b[5], b[6], b[7], int(b[8])<<8+int(b[9]))
		p.note(target)
		rest := "\x00\x01\x7f\x00\x00\x01\x00\x00"
		return join(c, target, "\x05\x00"+rest, "\x05\x05"+rest)
	})
}

// get fetches a page through proxies.
func get(t *testing.T, url string, log io.Writer, allow []string, proxies ...string) error {
	t.Helper()
	_, err := fetcher(t, log, allow, proxies...).Fetch(t.Context(), seine.Request{URL: url})
	return err
}

func fetcher(t *testing.T, log io.Writer, allow []string, proxies ...string) *httpfetch.Fetcher {
	t.Helper()
	var guard fetch.Guard
	for _, a := range allow {
		guard.Allow = append(guard.Allow, seine.MustParsePrivateNet(a))
	}
	out, err := egress.New(egress.Config{Guard: guard, Proxies: proxies, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	f := httpfetch.New(httpfetch.Config{Guard: guard, Egress: out})
	t.Cleanup(func() { _ = f.Close() })
	return f
}

var loopback = []string{"127.0.0.0/8", "::1/128"}

func hello(http.ResponseWriter, *http.Request) {}

// closed returns the address of a port on which nothing listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A proxy gets the checked address in place of the name.
func TestPagesThroughProxies(t *testing.T) {
	t.Parallel()
	site := testkit.Serve(t, hello)
	at := site.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(at)
	plain, secret, socks := httpProxy(t, ""), httpProxy(t, "bWU6aHVzaGh1c2g="), socksProxy(t)
	for url, p := range map[string]*relay{
		"http://" + plain.Addr().String():              plain,
		"http://me:hushhush@" + secret.Addr().String(): secret,
		"socks5://" + socks.Addr().String():            socks,
	} {
		var log bytes.Buffer
		err := get(t, "http://localhost:"+port+"/", &log, loopback, url)
		if got := p.targets(); err != nil || fmt.Sprint(got) != fmt.Sprint([]string{at}) {
			t.Errorf("%s: %v, asked for %q; want %s", url, err, got, at)
		}
	}
	if n := len(site.Requests()); n != 3 {
		t.Errorf("%d requests; want 3", n)
	}
}

// A proxy with TLS, whose certificate is unknown here, fails and rests.
func TestProxyWithTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(hello))
	t.Cleanup(s.Close)
	var log bytes.Buffer
	if err := get(t, "http://127.0.0.1:1/", &log, loopback, s.URL); fetch.Reason(err) != fetch.NoProxy || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v; want a bad certificate", err)
	}
}

// The guard holds for the host behind a proxy and for the proxy itself.
func TestTheGuardHoldsBehindProxies(t *testing.T) {
	t.Parallel()
	site := testkit.Serve(t, hello)
	p := httpProxy(t, "")
	url := "http://" + p.Addr().String()
	err := get(t, site.URL, io.Discard, []string{p.Addr().String()}, url)
	if !errors.Is(err, seine.ErrRefused) || len(p.targets()) != 0 {
		t.Errorf("a private host behind a proxy: %v, the proxy was asked for %q", err, p.targets())
	}
	err = get(t, site.URL, io.Discard, []string{site.Listener.Addr().String()}, url)
	if !errors.Is(err, seine.ErrRefused) || !strings.Contains(err.Error(), "fetch.allow_private") || len(p.targets()) != 0 {
		t.Errorf("a private proxy: %v, the proxy was asked for %q", err, p.targets())
	}
	if len(site.Requests()) != 0 {
		t.Error("the site was requested")
	}
	err = get(t, "http://no-such-name.invalid/", io.Discard, loopback, url)
	if fetch.Reason(err) != fetch.NoName || len(p.targets()) != 0 {
		t.Errorf("a name that does not resolve here: %v, the proxy was asked for %q", err, p.targets())
	}
}

// A proxy that fails rests, and the next one is taken. A host that does not answer is no fault of a
// proxy.
func TestProxyThatFailsRests(t *testing.T) {
	t.Parallel()
	site := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	denied, works := httpProxy(t, "bm9ib2R5Cg=="), socksProxy(t)
	var log bytes.Buffer
	f := fetcher(t, &log, loopback, "http://me:hushhush@"+denied.Addr().String(), "http://"+closed(t), "socks5://"+works.Addr().String())
	for range 3 {
		if _, err := f.Fetch(t.Context(), seine.Request{URL: site.URL}); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := len(denied.targets()), len(works.targets()); a != 1 || b != 3 {
		t.Errorf("the failing proxy was asked %d times and the other one %d times; want 1 and 3", a, b)
	}
	if n := strings.Count(log.String(), "a proxy fails and rests"); n != 2 || strings.Contains(log.String(), "hush") || !strings.Contains(log.String(), "407") {
		t.Errorf("log\n%s", &log)
	}
	log.Reset()
	for _, proxy := range []string{"socks5://" + works.Addr().String(), "http://" + httpProxy(t, "").Addr().String()} {
		err := get(t, "http://"+closed(t)+"/", &log, loopback, proxy)
		if !errors.Is(err, seine.ErrHost) || fetch.Reason(err) == fetch.NoProxy || log.Len() > 0 {
			t.Errorf("a host that does not answer behind %s: %v, log %s", proxy, err, &log)
		}
	}
	if err := get(t, site.URL, &log, loopback, "http://"+closed(t)); fetch.Reason(err) != fetch.NoProxy || !errors.Is(err, seine.ErrHost) {
		t.Errorf("no proxy works: %v", err)
	}
}

// The environment names no proxy for Seine.
func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	p := httpProxy(t, "")
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "http://"+p.Addr().String())
	}
	site := testkit.Serve(t, hello)
	if err := get(t, site.URL, io.Discard, loopback); err != nil || len(p.targets()) != 0 {
		t.Errorf("%v, the proxy was asked for %q", err, p.targets())
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"http://p.example": "p.example:80", "https://p.example/": "p.example:443", "socks5://u:p@[::1]:9": "[::1]:9", "socks5://p.example": "p.example:1080",
	} {
		if u, err := egress.Parse(at); err != nil || u.Host != want {
			t.Errorf("%s: %v, %v; want %s", at, u, err, want)
		}
	}
	for at, want := range map[string]string{
		"ftp://p.example": `the scheme "ftp" is unknown; begin with http://, https:// or socks5://`,
		"p.example:3128":  `the scheme "p.example" is unknown; begin with http://, https:// or socks5://`,
		"socks5h://p":     `the scheme "socks5h" is not supported; begin with socks5://, where names resolve on this machine`,
		"http://":         "it has no host; write http://HOST:PORT",
		"http://p/x":      "it has more than a host and a port; leave out what follows",
		"http://u:p@a b":  "it is not a URL; write http://HOST:PORT",
	} {
		if _, err := egress.Parse(at); err == nil || err.Error() != want {
			t.Errorf("%s: %v; want %s", at, err, want)
		}
	}
}
