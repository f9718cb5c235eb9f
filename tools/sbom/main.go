// Command sbom prints the bill of materials of a Go binary in CycloneDX 1.6, with the linked
// modules and the linker's checksums. The output holds neither a time nor a random number, so equal
// binaries give equal bills.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

type hash struct {
	Alg     string `json:"alg"`
	Content string `json:"content"`
}

type component struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl"`
	Hashes  []hash `json:"hashes,omitempty"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

type bill struct {
	Format      string `json:"bomFormat"`
	SpecVersion string `json:"specVersion"`
	Version     int    `json:"version"`
	Metadata    struct {
		Component component `json:"component"`
	} `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

func main() {
	version := flag.String("version", "", "the release's version")
	flag.Parse()
	if flag.NArg() != 1 || *version == "" {
		fmt.Fprintln(os.Stderr, "usage: sbom -version V BINARY")
		os.Exit(2)
	}
	b, err := of(flag.Arg(0), *version)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	if err := enc.Encode(b); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// of reads a binary's modules.
func of(path, version string) (*bill, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, err
	}
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(bytes)
	b := &bill{Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Components: []component{}}
	main := purl(info.Main.Path, version)
	b.Metadata.Component = component{Type: "application", Ref: main, Name: filepath.Base(path), Version: version, PURL: main, Hashes: []hash{{"SHA-256", hex.EncodeToString(sum[:])}}}
	top := dependency{Ref: main}
	for _, m := range append([]*debug.Module{{Path: "std", Version: info.GoVersion}}, info.Deps...) {
		if m.Replace != nil {
			m = m.Replace
		}
		ref := purl(m.Path, m.Version)
		c := component{Type: "library", Ref: ref, Name: m.Path, Version: m.Version, PURL: ref}
		// h1: is a SHA-256 over the hashes of the module's files, in base 64.
		if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(raw) == sha256.Size {
			c.Hashes = []hash{{"SHA-256", hex.EncodeToString(raw)}}
		}
		b.Components = append(b.Components, c)
		top.DependsOn = append(top.DependsOn, ref)
	}
	b.Dependencies = []dependency{top}
	return b, nil
}

func purl(path, version string) string { return "pkg:golang/" + path + "@" + version }
