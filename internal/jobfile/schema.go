package jobfile

import (
	_ "embed"
	"slices"
)

//go:embed schema.gen.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of a job file.
func Schema() []byte { return slices.Clone(schema) }
