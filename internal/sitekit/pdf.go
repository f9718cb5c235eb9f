package sitekit

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// PDF returns a file with a page per text, in Helvetica, and an information dictionary. The lines
// of a text stand below each other. The bytes depend on nothing else.
func PDF(info map[string]string, pages ...string) []byte {
	kids := make([]string, len(pages))
	for i := range pages {
		kids[i] = fmt.Sprintf("%d 0 R", 5+2*i)
	}
	about := "<<"
	for _, name := range slices.Sorted(maps.Keys(info)) {
		about += fmt.Sprintf(" /%s (%s)", name, escaped(info[name]))
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(pages)),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		about + " >>",
	}
	for i, text := range pages {
		var ops strings.Builder
		ops.WriteString("BT /F1 12 Tf 72 720 Td 14 TL")
		for line := range strings.SplitSeq(text, "\n") {
			fmt.Fprintf(&ops, " (%s) Tj T*", escaped(line))
		}
		ops.WriteString(" ET")
		objects = append(objects,
			fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 6+2*i),
			fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", ops.Len(), ops.String()))
	}
	return assembled(objects, "/Info 4 0 R")
}

// Encrypted returns a file that says of itself that it needs a password.
func Encrypted(file []byte) []byte {
	return bytes.Replace(file, []byte("/Info 4 0 R"), []byte(
		"/Info 4 0 R /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O ("+strings.Repeat("o", 32)+") /U ("+strings.Repeat("u", 32)+") >> /ID [(0123456789abcdef) (0123456789abcdef)]"), 1)
}

// assembled writes objects, their table and the trailer.
func assembled(objects []string, trailer string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	at := make([]int, len(objects))
	for i, o := range objects {
		at[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, table)
	return b.Bytes()
}

func escaped(s string) string {
	return strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(s)
}
