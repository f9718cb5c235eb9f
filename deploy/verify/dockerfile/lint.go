// Package dockerfile checks the Dockerfile by BuildKit's own checks (`docker build --check`) and by
// assertions on its syntax tree, because BuildKit accepts a container that runs as root. It is a
// module of its own for BuildKit's sake.
package dockerfile

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// offline resolves every base image as existing and without settings.
type offline struct{}

func (offline) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	b, err := json.Marshal(ocispecs.Image{Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"}})
	return ref, digest.FromBytes(b), b, err
}

// Lint returns BuildKit's findings.
func Lint(ctx context.Context, file []byte) ([]string, error) {
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	source := llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", file)
	source.Definition = &llb.Definition{}
	caps := pb.Caps.CapSet(pb.Caps.All())
	result, err := dockerfile2llb.DockerfileLint(ctx, file, dockerfile2llb.ConvertOpt{
		MetaResolver: offline{}, LLBCaps: &caps, TargetPlatform: &platform, SourceMap: source,
		Config: dockerui.Config{BuildPlatforms: []ocispecs.Platform{platform}},
		Warn:   func(string, string, string, string, []parser.Range) {},
	})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, w := range result.Warnings {
		found = append(found, w.RuleName+": "+w.Detail)
	}
	if result.Error != nil {
		found = append(found, result.Error.Message)
	}
	return found, nil
}

// Stages reads the file's stages.
func Stages(file []byte) ([]instructions.Stage, []instructions.ArgCommand, error) {
	tree, err := parser.Parse(bytes.NewReader(file))
	if err != nil {
		return nil, nil, err
	}
	return instructions.Parse(tree.AST, linter.New(&linter.Config{}))
}

// Check returns the violations of Seine's rules in the file, or nil.
func Check(file []byte) ([]string, error) {
	stages, args, err := Stages(file)
	if err != nil {
		return nil, err
	}
	var found []string
	complain := func(ok bool, format string, values ...any) {
		if !ok {
			found = append(found, fmt.Sprintf(format, values...))
		}
	}
	var bases, names []string
	for _, a := range args {
		for _, kv := range a.Args {
			bases = append(bases, kv.Key)
		}
	}
	for _, s := range stages {
		names = append(names, s.Name)
		isArg := slices.ContainsFunc(bases, func(b string) bool { return s.BaseName == "${"+b+"}" })
		complain(isArg || s.BaseName == "scratch", "stage %s: its base %s can't be given by digest", s.Name, s.BaseName)
		for _, c := range s.Commands {
			switch c := c.(type) {
			case *instructions.AddCommand:
				complain(false, "stage %s: ADD fetches and unpacks: COPY", s.Name)
			case *instructions.EnvCommand:
				for _, kv := range c.Env {
					complain(!secret.MatchString(kv.Key), "stage %s: %s in the image", s.Name, kv.Key)
				}
			case *instructions.RunCommand:
				complain(!strings.Contains(line(c), "curl") && !strings.Contains(line(c), "wget"), "stage %s: fetches outside of packages", s.Name)
				if strings.Contains(line(c), "apt-get install") {
					complain(strings.Contains(line(c), "--no-install-recommends"), "stage %s: installs recommended packages", s.Name)
					complain(strings.Contains(line(c), "rm -rf /var/lib/apt/lists"), "stage %s: leaves the package lists", s.Name)
				}
			}
		}
	}
	complain(pinned(args), "the browser is not pinned by version and date: deploy/docker/pin")
	complain(slices.Equal(names, []string{"build", "seine", "seine-chromium"}), "stages are %v", names)
	for _, s := range stages {
		if s.Name == "build" {
			build(s, complain)
			continue
		}
		final(s, complain)
	}
	return found, nil
}

// pinned reports whether CHROMIUM is a version of Debian bookworm, with the date of that version.
func pinned(args []instructions.ArgCommand) bool {
	forms := map[string]*regexp.Regexp{
		"CHROMIUM": regexp.MustCompile(`^[0-9]+(\.[0-9]+){3}-\S*deb12u[0-9]+$`), "CHROMIUM_DATE": regexp.MustCompile(`^20[0-9]{2}-[01][0-9]-[0-3][0-9]$`),
	}
	found := 0
	for _, a := range args {
		for _, kv := range a.Args {
			if form := forms[kv.Key]; form != nil && kv.Value != nil && form.MatchString(*kv.Value) {
				found++
			}
		}
	}
	return found == len(forms)
}

var secret = regexp.MustCompile(`(?i)password|secret|token|key`)

func line(c *instructions.RunCommand) string { return strings.Join(c.CmdLine, " ") }

// build checks that equal sources give equal bytes, stamped with the version.
func build(s instructions.Stage, complain func(bool, string, ...any)) {
	var all []string
	for _, c := range s.Commands {
		switch c := c.(type) {
		case *instructions.RunCommand:
			all = append(all, line(c))
		case *instructions.EnvCommand:
			for _, kv := range c.Env {
				all = append(all, kv.Key+"="+kv.Value)
			}
		}
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "-buildvcs=false", "-buildid=", "-s -w", "cli.Version=${VERSION}", `test -n "${VERSION}"`, "chmod 0711 /out/seine"} {
		complain(strings.Contains(text, want), "stage build: no %s", want)
	}
}

// final checks that the process is not root, receives signals, and has an init if a browser leaves
// processes behind.
func final(s instructions.Stage, complain func(bool, string, ...any)) {
	var user string
	var entry []string
	var shell, copied, label bool
	var packages string
	for _, c := range s.Commands {
		switch c := c.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.EntrypointCommand:
			entry, shell = c.CmdLine, c.PrependShell
		case *instructions.CopyCommand:
			copied = copied || c.From == "build" && c.DestPath == "/usr/local/bin/seine"
			complain(c.From == "build", "stage %s: copies files other than the build's", s.Name)
		case *instructions.LabelCommand:
			for _, kv := range c.Labels {
				label = label || strings.Contains(kv.Key, "image.version") && strings.Contains(kv.Value, "${VERSION}")
			}
		case *instructions.RunCommand:
			packages += " " + line(c)
		case *instructions.VolumeCommand:
			complain(false, "stage %s: VOLUME makes an unnecessary writable folder", s.Name)
		}
	}
	complain(regexp.MustCompile(`^[1-9][0-9]{3,}:[1-9][0-9]{3,}$`).MatchString(user), "stage %s: runs as %q, not as a number above 999", s.Name, user)
	complain(len(entry) > 0 && !shell, "stage %s: a shell stands between signals and the process", s.Name)
	complain(copied, "stage %s: without the binary", s.Name)
	complain(label, "stage %s: no version on it", s.Name)
	if s.Name == "seine" {
		complain(s.BaseName == "scratch" && packages == "", "stage seine: more than the binary")
		return
	}
	complain(len(entry) > 1 && entry[0] == "/usr/bin/tini" && entry[1] == "--", "stage %s: no init reaps the orphans of the browser", s.Name)
	complain(strings.Contains(packages, "chmod 0711 /usr/bin/tini"), "stage %s: a page can read the environment of tini", s.Name)
	complain(strings.Contains(packages, `"chromium-headless-shell=${CHROMIUM}"`), "stage %s: the browser's version is not pinned", s.Name)
	for _, p := range []string{"fonts-noto-cjk", "tini", "ca-certificates"} {
		complain(strings.Contains(packages, " "+p), "stage %s: no %s", s.Name, p)
	}
	complain(!strings.Contains(packages, " chromium ") && !strings.Contains(packages, "chromium-driver"), "stage %s: a browser with windows", s.Name)
}
