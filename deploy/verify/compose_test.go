package verify

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// compose is the part of a Docker Compose file that Seine uses. Any other key is a mistake.
type compose struct {
	Name     string             `json:"name"`
	Locked   any                `json:"x-locked"`
	Services map[string]service `json:"services"`
	Volumes  map[string]any     `json:"volumes"`
}

type service struct {
	Image       string            `json:"image"`
	User        string            `json:"user"`
	Entrypoint  []string          `json:"entrypoint"`
	Command     []string          `json:"command"`
	Environment map[string]string `json:"environment"`
	ReadOnly    bool              `json:"read_only"`
	CapDrop     []string          `json:"cap_drop"`
	CapAdd      []string          `json:"cap_add"`
	SecurityOpt []string          `json:"security_opt"`
	Tmpfs       []string          `json:"tmpfs"`
	MemLimit    string            `json:"mem_limit"`
	PidsLimit   int               `json:"pids_limit"`
	ShmSize     string            `json:"shm_size"`
	StopGrace   string            `json:"stop_grace_period"`
	Restart     string            `json:"restart"`
	Volumes     []string          `json:"volumes"`
	Healthcheck map[string]any    `json:"healthcheck"`
	DependsOn   map[string]struct {
		Condition string `json:"condition"`
	} `json:"depends_on"`
}

// checkCompose returns the mistakes in the file.
func checkCompose(text string) []string {
	var c complaints
	var file compose
	if err := yaml.UnmarshalStrict([]byte(text), &file); err != nil {
		return []string{err.Error()}
	}
	for name, s := range file.Services {
		c.add(slices.Contains(s.SecurityOpt, "no-new-privileges:true"), "%s: may gain privileges", name)
		c.add(s.MemLimit != "" && s.PidsLimit > 0, "%s: no limit of memory or processes", name)
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			_, named := file.Volumes[from]
			_, err := os.Stat(filepath.Join("..", from))
			c.add(named || strings.HasPrefix(from, "../") && err == nil, "%s: no volume or file %s", name, from)
		}
		for on := range s.DependsOn {
			_, ok := file.Services[on]
			c.add(ok, "%s: waits for %s, which is not there", name, on)
		}
		if name == "postgres" {
			continue
		}
		c.add(s.ReadOnly && slices.Equal(s.CapDrop, []string{"ALL"}), "%s: its root is writable or it has capabilities", name)
		// The image's own user is 10001; who makes the volume's folder theirs is root.
		c.add(name == "files" || s.User == "" && len(s.CapAdd) == 0, "%s: runs as another user than the image's", name)
		if strings.HasPrefix(name, "worker") {
			c.add(s.DependsOn["migrate"].Condition == "service_completed_successfully", "%s: before the migration", name)
			c.add(s.Environment["SEINE_LOG"] == "json", "%s: its log is no JSON", name)
			c.add(s.ShmSize != "" && s.Environment["SEINE_BROWSER_SANDBOX"] == "off", "%s: the browser can't work", name)
		}
	}
	return c
}

func TestCompose(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range checkCompose(string(b)) {
		t.Error(complaint)
	}
	for _, tt := range []struct{ name, from, to, want string }{
		{"a misspelt key", "read_only: true", "readonly: true", `unknown field "readonly"`},
		{"capabilities", "cap_drop: [ALL]", "cap_drop: []", "it has capabilities"},
		{"privileges", "security_opt: [\"no-new-privileges:true\"]\n  tmpfs", "security_opt: []\n  tmpfs", "may gain privileges"},
		{"no limit", "  mem_limit: 1g\n", "", "no limit of memory"},
		{"workers before the migration", "service_completed_successfully}\n      files", "service_started}\n      files", "before the migration"},
		{"a job file that is not there", "../examples/cardsite/browser.yaml", "../examples/cardsite/none.yaml", "no volume or file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n := strings.Count(string(b), tt.from); n != 1 {
				t.Fatalf("the file holds %q %d times, not once", tt.from, n)
			}
			got := checkCompose(strings.Replace(string(b), tt.from, tt.to, 1))
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, tt.want) }) {
				t.Errorf("got %q, want one with %q", got, tt.want)
			}
		})
	}
}
