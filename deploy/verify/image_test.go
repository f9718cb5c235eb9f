package verify

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
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
