package chromefetch

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto"
	"golang.org/x/sys/unix"

	"github.com/seinehq/seine"
)

// triesArg makes this test's program the browser, as if a page had taken it over: it tries the
// attempts of its further arguments and writes their outcomes into its profile.
const (
	triesArg = "chromefetch-test-tries"
	triesOut = "tries"
)

// tries are the attempts of a browser. Each gets its target as text.
var tries = map[string]func(string) error{
	"read": func(path string) error { _, err := os.ReadFile(path); return err },
	"list": func(path string) error { _, err := os.ReadDir(path); return err },
	"open": func(path string) error { return closed(os.Open(path)) },
	"link": func(path string) error { _, err := os.Readlink(path); return err },
	"make": func(path string) error { return os.WriteFile(path, []byte("x"), 0o600) },
	"move": func(path string) error {
		return errors.Join(os.WriteFile("a", nil, 0o600), os.MkdirAll(path, 0o700), os.Rename("a", filepath.Join(path, "a")))
	},
	"threads": func(pid string) error {
		threads, _ := filepath.Glob("/proc/" + pid + "/task/*/environ")
		for _, thread := range threads {
			if _, err := os.ReadFile(thread); err == nil {
				return nil
			}
		}
		return fmt.Errorf("none of %d: %w", len(threads), os.ErrPermission)
	},
	"cat":     func(path string) error { return exec.Command("/bin/cat", path).Run() },
	"start":   func(path string) error { return exec.Command(path).Run() },
	"signal":  func(pid string) error { n, _ := strconv.Atoi(pid); return syscall.Kill(n, 0) },
	"connect": func(at string) error { return closed(net.Dial("tcp", at)) },
	"listen":  func(at string) error { return closed(net.Listen("tcp", at)) },
	"udp":     func(at string) error { return closed(net.Dial("udp", at)) },
	"unix":    func(at string) error { return closed(net.Dial("unix", at)) },
	"mptcp": func(at string) error {
		return onSocket(unix.SOCK_STREAM, unix.IPPROTO_MPTCP, func(s int) error { return unix.Connect(s, address(at)) })
	},
	"fastopen": func(at string) error {
		return onSocket(unix.SOCK_STREAM, 0, func(s int) error { return unix.Sendto(s, []byte("x"), unix.MSG_FASTOPEN, address(at)) })
	},
	"raw": func(string) error { return onSocket(unix.SOCK_RAW, unix.IPPROTO_ICMP, func(int) error { return nil }) },
}

func closed(c interface{ Close() error }, err error) error {
	if err == nil {
		err = c.Close()
	}
	return err
}

func onSocket(kind, protocol int, f func(int) error) error {
	s, err := unix.Socket(unix.AF_INET, kind, protocol)
	if err != nil {
		return err
	}
	return errors.Join(f(s), unix.Close(s))
}

func address(at string) *unix.SockaddrInet4 {
	a, err := net.ResolveTCPAddr("tcp4", at)
	if err != nil {
		panic(err)
	}
	return &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())}
}

func beTaken(args []string) {
	// Nothing is hostile before its first command.
	_, _ = bufio.NewReader(os.NewFile(3, "commands")).ReadByte()
	if err := os.Chdir(os.Getenv("TMPDIR")); err != nil {
		panic(err)
	}
	var out strings.Builder
	for _, arg := range args {
		what, target, is := strings.Cut(arg, ":")
		try := tries[what]
		if try == nil {
			try = changes[what]
		}
		if !is || try == nil {
			continue // a flag of browsers
		}
		result := "done"
		if err := try(target); err != nil {
			result = err.Error()
		}
		fmt.Fprintf(&out, "%s\t%s\n", arg, result)
	}
	if err := os.WriteFile(triesOut, []byte(out.String()), 0o600); err != nil {
		panic(err)
	}
}

// takenOver starts a browser that tries all of args, and returns the outcomes.
func takenOver(t *testing.T, c Confinement, ports []uint16, args []string) map[string]string {
	t.Helper()
	prof, err := newProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer prof.remove()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := spawn(self, append([]string{triesArg}, args...), prof, c, ports)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.conn.Write(t.Context(), &cdproto.Message{ID: 1, Method: "x"}); err != nil {
		t.Fatal(err)
	}
	<-p.exited
	text, err := os.ReadFile(filepath.Join(prof.dir, triesOut))
	if err != nil {
		t.Fatalf("%v: %v: %s", err, p.err, p.output)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		arg, result, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		out[arg] = result
	}
	return out
}

// threadsArg makes this test's program run goroutines beside its main one, on the main thread too.
const threadsArg = "chromefetch-test-threads"

func beMain() {
	var onMain atomic.Int64
	for range 200 {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				onThread(func() {
					if unix.Gettid() == unix.Getpid() {
						onMain.Add(1)
					}
				})
			})
		}
		wg.Wait()
	}
	fmt.Printf("%d on the main thread", onMain.Load())
}

// The main thread outlives its goroutines and would stay confined.
func TestTheMainThreadIsNeverConfined(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), os.Args[0], threadsArg).CombinedOutput()
	if got, want := string(out), "0 on the main thread"; err != nil || got != want {
		t.Errorf("%v: %q; want %q", err, got, want)
	}
}

// A page through the proxy of a job reaches it, however many jobs come after the browser's start.
func TestJobsAfterTheStartOfABrowser(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html("<p>x")})
	c := alone(t, Config{})
	first, free := c.Group(), !c.Confinement().tcp()
	fetchers := make([]*Fetcher, 0, spareDoors+2)
	for i := range spareDoors + 2 {
		f := fetcher(t, c, Job{})
		fetchers = append(fetchers, f)
		get(t, f, s.URL+"/a")
		if same := c.Group() == first; same != (free || i < spareDoors) {
			t.Errorf("job %d: in the first browser: %v", i, same)
		}
	}
	second := c.Group()
	for _, f := range fetchers {
		get(t, f, s.URL+"/a")
	}
	if c.Group() != second {
		t.Error("the second browser has not the ports of the jobs before")
	}
}

// Fonts, pictures, audio, storage and WebGL are the same in a confined browser.
func TestAConfinedPageLooksTheSame(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<canvas id=c width=400 height=200></canvas><script>(async () => {
const out = [], p = document.querySelector("#c").getContext("2d");
["serif", "sans-serif", "monospace", "cursive", "Liberation Serif", "Noto Sans CJK JP"].forEach((f, i) => {
  p.font = "20px " + f; p.fillText("Hamburg äß 漢字 😀", 5, 30 + 30 * i); out.push(f + p.measureText("Hamburg äß 漢字").width)
});
out.push(document.querySelector("#c").toDataURL());
const gl = document.createElement("canvas").getContext("webgl");
out.push("webgl " + (gl ? gl.getParameter(gl.VERSION) : "none"));
const sound = new OfflineAudioContext(1, 100, 8000), tone = sound.createOscillator();
tone.connect(sound.destination); tone.start();
out.push("sound " + (await sound.startRendering()).getChannelData(0)[50]);
out.push("video " + document.createElement("video").canPlayType("video/webm; codecs=vp9"));
localStorage.a = 1; out.push("storage " + localStorage.a);
const db = await new Promise((done) => { const r = indexedDB.open("x"); r.onsuccess = () => done("open"); r.onerror = () => done("error " + r.error) });
out.push("database " + db, "zone " + Intl.DateTimeFormat().resolvedOptions().timeZone);
document.body.insertAdjacentHTML("beforeend", "<b>" + out.join("\n") + "</b>");
})()</script>`)})
	got := map[bool]string{}
	for _, free := range []bool{false, true} {
		c := alone(t, Config{NoConfine: free})
		got[free] = string(get(t, fetcher(t, c, Job{}), s.URL+"/a", seine.Wait{CSS: "b"}).Body)
		if mine, its := filters(t, os.Getpid()), filters(t, c.Group()); (mine != its) != c.Confinement().sockets {
			t.Errorf("free %v: %s seccomp filters here, %s in the browser", free, mine, its)
		}
	}
	if got[false] != got[true] || !strings.Contains(got[true], "database open") {
		t.Errorf("confined %s\nfree %s", got[false], got[true])
	}
}

// filters returns the line of a process that counts its seccomp filters.
func filters(t *testing.T, pid int) string {
	t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "Seccomp_filters:")
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

func listener(t *testing.T, network, at string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// A browser that a page took over gets at its own files and nothing of the worker. Without its
// confinement it gets at everything.
func TestATakenBrowserStaysInItsBounds(t *testing.T) {
	t.Parallel()
	whole, err := confines()
	if err != nil {
		t.Fatal(err)
	}
	// The browser may use /dev/shm, where the suite's temporary folder may be.
	data, err := os.MkdirTemp("/var/tmp", "seine-test") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	database := filepath.Join(data, "seine.db")
	if err := os.WriteFile(database, []byte("rows"), 0o644); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(data, "true")
	if text, err := os.ReadFile("/bin/true"); err != nil || os.WriteFile(copied, text, 0o755) != nil {
		t.Fatal("no program to start")
	}
	proxy, other := listener(t, "tcp", "127.0.0.1:0"), listener(t, "tcp", "127.0.0.1:0")
	datagrams, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = datagrams.Close() })
	abstract := "@" + filepath.Base(data) + strconv.Itoa(os.Getpid())
	listener(t, "unix", abstract)
	pid := strconv.Itoa(os.Getpid())

	always := func(Confinement) bool { return true }
	files := func(c Confinement) bool { return c.landlock < landlockFiles }
	tcp := func(c Confinement) bool { return !c.tcp() }
	scopes := func(c Confinement) bool { return c.landlock < landlockScopes }
	signals := func(c Confinement) bool { return !c.signals }
	sockets := func(c Confinement) bool { return !c.sockets }
	list := []change{
		{"read:/proc/self/environ", always},
		{"read:/etc/hosts", always},
		{"list:/usr/share", always},
		{"make:/dev/null", always},
		{"make:own", always},
		{"move:folder", func(c Confinement) bool { return c.landlock == 0 || c.landlock >= landlockRefer }},
		{"start:/bin/true", always},
		{"connect:" + proxy.Addr().String(), always},

		{"read:/proc/" + pid + "/environ", files},
		{"cat:/proc/" + pid + "/environ", files},
		{"threads:" + pid, files},
		{"open:/proc/" + pid + "/mem", files},
		{"link:/proc/" + pid + "/fd/0", files},
		{"link:/proc/" + pid + "/cwd", files},
		{"read:" + database, files},
		{"make:" + database, files},
		{"make:" + filepath.Join(data, "new"), files},
		{"list:" + data, files},
		{"list:/", files},
		{"list:/var", files},
		{"start:" + copied, files},
		{"connect:" + other.Addr().String(), tcp},
		{"listen:127.0.0.1:0", tcp},
		{"unix:" + abstract, scopes},
		{"signal:" + pid, signals},
		{"fastopen:" + other.Addr().String(), func(c Confinement) bool { return !c.tcp() && !c.sockets }},
		{"mptcp:" + other.Addr().String(), sockets},
		{"udp:" + datagrams.LocalAddr().String(), sockets},
		{"raw:", func(c Confinement) bool { return !c.sockets && os.Geteuid() == 0 }},
	}
	list = append(list, changesOf(pid, database)...)
	for folder, open := range map[string]func(Confinement) bool{"/etc/ssl": files, "/etc/ssl/certs": always} {
		if _, err := os.Stat(folder); err == nil {
			list = append(list, change{"list:" + folder, open})
		}
	}
	args := make([]string, 0, len(list))
	for _, l := range list {
		args = append(args, l.try)
	}
	// The rights of older kernels are tried too.
	cases := map[string]Confinement{"off": off, whole.String(): whole}
	for version := 1; version < whole.landlock; version++ {
		c := whole
		c.landlock, c.signals = version, whole.signals && version >= landlockScopes
		cases["version "+strconv.Itoa(version)] = c
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := takenOver(t, c, []uint16{portOf(proxy)}, args)
			for _, l := range list {
				result, want := got[l.try], l.open(c)
				if strings.Contains(result, "protocol not supported") && !c.sockets {
					continue // this kernel lacks it
				}
				if (result == "done") != want {
					t.Errorf("%s: %q; open: want %v", l.try, result, want)
				}
			}
		})
	}
}
