package verify

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestPin checks that pin writes the newest Chromium and the date, and nothing else.
func TestPin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, candidate, want string
		args                  []string
		code                  int
		changed               bool
	}{
		{name: "a newer one", candidate: "999.0.1.2-1~deb12u1", want: "the newest is 999.0.1.2-1~deb12u1", changed: true},
		{name: "a newer one that is only looked for", candidate: "999.0.1.2-1~deb12u1", args: []string{"--check"}, want: "the newest is 999.0.1.2-1~deb12u1", code: 3},
		{name: "another system", candidate: "999.0.1.2-1", want: "apt knows no chromium-headless-shell of Debian bookworm", code: 1},
		{name: "the same", candidate: "PINNED", want: "is the newest"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := copyOf(t, "docker")
			read := func() string {
				b, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			before := read()
			if tt.candidate == "PINNED" {
				tt.candidate = regexp.MustCompile(`(?m)^ARG CHROMIUM=(.*)$`).FindStringSubmatch(before)[1]
			}
			bin := t.TempDir()
			stand(t, bin, "apt-cache", "*) echo '  Candidate: "+tt.candidate+"' ;;")
			stand(t, bin, "date", "*) echo 2031-02-03 ;;")
			out, err := command(t, dir, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "LOG=/dev/null"}, "bash", append([]string{"./pin"}, tt.args...)...)
			if (err != nil) != (tt.code != 0) || !strings.Contains(out, tt.want) {
				t.Errorf("pin: %v\n%s\nwant %q", err, out, tt.want)
			}
			want := before
			if tt.changed {
				want = regexp.MustCompile(`(?m)^ARG CHROMIUM=.*$`).ReplaceAllString(want, "ARG CHROMIUM="+tt.candidate)
				want = regexp.MustCompile(`(?m)^ARG CHROMIUM_DATE=.*$`).ReplaceAllString(want, "ARG CHROMIUM_DATE=2031-02-03")
			}
			if got := read(); got != want {
				t.Errorf("the Dockerfile is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestImagesWorkflow checks that CI pins the newest Chromium and builds and runs both
// images every week.
func TestImagesWorkflow(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../.github/workflows/images.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		On struct {
			Schedule []struct{ Cron string } `json:"schedule"`
		} `json:"true"` // YAML 1.1 reads the key "on" as a boolean
		Jobs map[string]struct {
			Steps []struct{ Run string } `json:"steps"`
		} `json:"jobs"`
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.On.Schedule) != 1 || !regexp.MustCompile(`^[0-9]+ [0-9]+ \* \* [0-6]$`).MatchString(file.On.Schedule[0].Cron) {
		t.Errorf("not once a week: %+v", file.On.Schedule)
	}
	var all string
	for _, s := range file.Jobs["rebuild"].Steps {
		all += s.Run + "\n"
	}
	pin, build, try := strings.Index(all, "deploy/docker/pin"), strings.Index(all, "--target \"$target\""), strings.LastIndex(all, "demo --via chrome")
	if pin < 0 || build < pin || try < build || !strings.Contains(all, "for target in seine seine-chromium") {
		t.Errorf("it does not pin, build and run, in this order:\n%s", all)
	}
}

// TestUnreadableBinary checks why the Dockerfile takes the right to read from the
// binary and from tini: the kernel then hides the environment of the process from
// other processes of the same user, such as a browser that a page took over.
func TestUnreadableBinary(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("only root on Linux can run as another user")
	}
	user := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 10001, Gid: 10001}}
	for _, tt := range []struct {
		mode   os.FileMode
		hidden bool
	}{{0o711, true}, {0o755, false}} {
		t.Run(strconv.FormatUint(uint64(tt.mode), 8), func(t *testing.T) {
			dir, err := os.MkdirTemp("", "seine-unreadable") // of t.TempDir only root may list
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			binary := filepath.Join(dir, "seine")
			// Not written by this process: a fork of another test could still hold the
			// file open for writing, and then it does not start ("text file busy").
			if said, err := command(t, dir, nil, "install", "-m", strconv.FormatUint(uint64(tt.mode), 8), tools(t, "seine"), binary); err != nil {
				t.Fatalf("install: %v\n%s", err, said)
			}
			c := exec.CommandContext(t.Context(), binary, "demo", "--serve-only", "--pages", "127.0.0.1:0", "--images", "127.0.0.1:0")
			c.SysProcAttr, c.Dir = user, dir
			c.Env = []string{"API_TOKEN=s3cret", "HOME=" + dir}
			out, err := c.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
			if _, err := io.ReadAtLeast(out, make([]byte, 512), 1); err != nil { // it runs
				t.Fatal(err)
			}
			reader := exec.CommandContext(t.Context(), "cat", "/proc/"+strconv.Itoa(c.Process.Pid)+"/environ")
			reader.SysProcAttr, reader.Dir = user, "/"
			got, err := reader.CombinedOutput()
			if hidden := err != nil && !strings.Contains(string(got), "s3cret"); hidden != tt.hidden {
				t.Errorf("hidden: %v, want %v: %v, %q", hidden, tt.hidden, err, got)
			}
		})
	}
}

// TestUnproved checks that check-deploy and the README name the same limits of the
// proof, each with a command.
func TestUnproved(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	page, script := read("../README.md"), read("../verify.sh")
	if !strings.Contains(script, "deploy/verify/unproved.txt >&2") {
		t.Error("verify.sh does not print unproved.txt")
	}
	var subjects []string
	for line := range strings.Lines(read("unproved.txt")) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		what, how, ok := strings.Cut(strings.TrimSpace(line), " | ")
		if !ok || what == "" || how == "" {
			t.Errorf("no command in %q", line)
			continue
		}
		if !strings.Contains(page, "| "+what+" | `"+how+"` |\n") {
			t.Errorf("README.md has not the row\n| %s | `%s` |", what, how)
		}
		subjects = append(subjects, what)
		for _, file := range regexp.MustCompile(`deploy/[a-z./-]+`).FindAllString(how, -1) {
			if _, err := os.Stat(filepath.Join("../..", file)); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	for _, want := range []string{"enums", "IAM", "Peering", "Data plane", "CRD fields", "Versions", "Quotas"} {
		if !strings.Contains(strings.Join(subjects, "\n"), want) {
			t.Errorf("nothing about %s", want)
		}
	}
}
