package wiring

import (
	"crypto/sha256"
	"encoding/json"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
)

// digest identifies a job made in Go by its values, because its rules are code.
func digest(job *seine.Job) []byte {
	text, err := json.Marshal(struct {
		Name   string
		Source []byte
		Seeds  seine.Seeds
		Store  seine.Store
	}{job.Name, derived.Source(job), job.Seeds, job.Store})
	if err != nil {
		text = []byte(job.Name)
	}
	sum := sha256.Sum256(text)
	return sum[:]
}
