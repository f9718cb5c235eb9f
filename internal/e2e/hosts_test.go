package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// nameServer names the server that the command asks for all names.
const nameServer = "SEINE_E2E_NAMES"

// askNameServer makes the process ask the name server of a test.
func askNameServer(at string) {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", at)
	}}
}

// names is a name server. A host whose number is a multiple of 50 has an address, and the one after
// it has one since they were mended. No other name exists.
type names struct {
	at     string
	mended atomic.Bool

	mu    sync.Mutex
	asked map[string]int // questions for addresses of version 4, by name
}

func serveNames(t *testing.T) *names {
	t.Helper()
	c, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{at: c.LocalAddr().String(), asked: map[string]int{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buffer := make([]byte, 1024)
		for {
			size, from, err := c.ReadFrom(buffer)
			if err != nil {
				return
			}
			if out := n.answer(buffer[:size]); out != nil {
				_, _ = c.WriteTo(out, from)
			}
		}
	}()
	t.Cleanup(func() { _ = c.Close(); <-ended })
	return n
}

func (n *names) answer(question []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Additionals, m.RCode = true, nil, dnsmessage.RCodeNameError
	if n.exists(q.Name.String()) {
		m.RCode = dnsmessage.RCodeSuccess
		if q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60},
				Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
			}}
		}
	}
	if q.Type == dnsmessage.TypeA {
		n.mu.Lock()
		n.asked[q.Name.String()]++
		n.mu.Unlock()
	}
	out, _ := m.Pack()
	return out
}

// counts returns how often each name was asked for.
func (n *names) counts() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.asked)
}

// exists reports whether a host has an address.
func (n *names) exists(name string) bool {
	label, ok := strings.CutSuffix(name, ".hosts.example.")
	host, err := strconv.Atoi(strings.TrimPrefix(label, "h"))
	return ok && err == nil && (host%50 == 0 || host%50 == 1 && n.mended.Load())
}

const hostsJob = `job: hosts
permission: "ours: bundled with Seine"
seeds: {file: list.csv, columns: {url: link}}
fetch: {allow_private: [127.0.0.0/8]}
pace: {delay: 15ms}
concurrency: 64
retry: {error: 1, host_down: 100ms}
max_failures: 1000000
assets: {image: {body: true, image: {resize: 16x16, to: jpeg}}}
store: {key: "{id}_{asset}.{ext}"}
`

// A list has one image on each of very many hosts, and most names do not resolve. They are a class
// of their own, and memory stays small. Later the class is tried again, and no image is
// fetched twice.
//
// SEINE_STRESS takes 100,000 hosts, and prints the CPU time.
func TestAListOfManyHosts(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"sqlite", "postgres"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			dsn := "sqlite:" + filepath.Join(dir, "seine.db")
			if at == "postgres" {
				dsn = pgtest.Empty(t)
				run(t, dir, 0, "migrate", "--frontier", dsn)
			}
			manyHosts(t, dir, dsn)
		})
	}
}

func manyHosts(t *testing.T, dir, dsn string) {
	hosts := 500
	if os.Getenv("SEINE_STRESS") != "" {
		hosts = 100_000
	}
	served, fetched := serveNames(t), atomic.Int64{}
	site := servePicture(t, &fetched)
	var list strings.Builder
	list.WriteString("link\n")
	for i := range hosts {
		fmt.Fprintf(&list, "http://h%d.hosts.example:%s/%d.jpg\n", i, site, i)
	}
	if err := os.WriteFile(filepath.Join(dir, "list.csv"), []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	job := filepath.Join(dir, "hosts.yaml")
	if err := os.WriteFile(job, []byte(hostsJob), 0o600); err != nil {
		t.Fatal(err)
	}
	measured := func(args ...string) {
		t.Helper()
		p := start(t, dir, []string{nameServer + "=" + served.at}, append(args, "--frontier", dsn)...)
		peak := peakOf(p.Process.Pid)
		if err := p.Wait(); err != nil {
			t.Fatalf("seine %s: %v\n%s", args[0], err, tail(p.log.String()))
		}
		mb := <-peak
		t.Logf("seine %s: %s of CPU, %d MB", args[0], (p.ProcessState.UserTime() + p.ProcessState.SystemTime()).Round(time.Millisecond), mb)
		if mb > 200 {
			t.Errorf("seine %s needed %d MB; want at most 200", args[0], mb)
		}
	}
	measured("run", job)
	judgeHosts(t, dir, dsn, job, hosts, hosts/50)
	for name, n := range served.counts() {
		if n > 8 { // for robots.txt and the page, at each of two attempts
			t.Errorf("the name server was asked %d times for %s", n, name)
			break
		}
	}

	served.mended.Store(true)
	measured("retry", job, "--reason", "name does not resolve")
	measured("run", job)
	judgeHosts(t, dir, dsn, job, hosts, 2*hosts/50)
	if n := int(fetched.Load()); n != 2*hosts/50 {
		t.Errorf("%d images were fetched; want each of %d once", n, 2*hosts/50)
	}
}

// judgeHosts checks the state of each host and the reason.
func judgeHosts(t *testing.T, dir, dsn, job string, hosts, done int) {
	t.Helper()
	s := readStatus(t, dir, dsn, job)
	if int(s.States["done"]) != done || int(s.States["error"]) != hosts-done {
		t.Errorf("the states are %v; want %d of %d done", s.States, done, hosts)
	}
	var got struct {
		Reasons []struct {
			Reason string
			Count  int
		}
	}
	if err := json.Unmarshal([]byte(run(t, dir, 0, "status", job, "--frontier", dsn, "-o", "json")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Reasons) != 1 || got.Reasons[0].Count != hosts-done || !strings.Contains(got.Reasons[0].Reason, "name does not resolve") {
		t.Errorf("the reasons are %+v; want one", got.Reasons)
	}
}

// servePicture serves a picture on loopback, and returns the port.
func servePicture(t *testing.T, fetched *atomic.Int64) (port string) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range 64 {
		m.Set(i, i, color.White)
	}
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, m, nil); err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, ".jpg") {
			http.NotFound(w, r)
			return
		}
		fetched.Add(1)
		_, _ = w.Write(picture.Bytes())
	})}}
	s.Start()
	t.Cleanup(s.Close)
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// peakOf sends the largest anonymous memory of a process in MB when it has ended, 0 where /proc
// does not tell.
func peakOf(pid int) <-chan int {
	out := make(chan int, 1)
	go func() {
		most := 0
		for {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, after, ok := strings.Cut(string(text), "RssAnon:")
			if err != nil || !ok || syscall.Kill(pid, 0) != nil {
				out <- most
				return
			}
			if f := strings.Fields(after); len(f) > 0 {
				kb, _ := strconv.Atoi(f[0])
				most = max(most, kb>>10)
			}
			time.Sleep(50 * time.Millisecond) // between two samples; nothing is expected of the time
		}
	}()
	return out
}
