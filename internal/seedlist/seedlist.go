// Package seedlist reads the list of a job's seeds from a file.
//
// [frontier.ReadSeeds] lists the formats of texts. A name that ends in .parquet is a Parquet
// file, of which each row is a task. A value of a type that JSON does not have is converted: a time
// becomes RFC 3339 in UTC, a date YYYY-MM-DD, a decimal a number with all digits, a map an object,
// and a number that is not finite a missing value. A column of another such type ends the reading,
// because its bytes would be a wrong value.
package seedlist

import (
	"fmt"
	"os"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Read reads the list of seeds. [frontier.ReadSeeds] describes each and bad.
func Read(seeds *seine.Seeds, each func(frontier.Seed) error, bad func(*frontier.BadLine) error) error {
	file, err := os.Open(seeds.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if strings.HasSuffix(strings.ToLower(seeds.File), ".parquet") {
		return readParquet(file, frontier.NewList(seeds.File, seeds.Columns, each, bad))
	}
	return frontier.ReadSeeds(file, seeds.File, seeds.Columns, each, bad)
}

// unreadable describes a file that is no Parquet file.
func unreadable(name string, err any) error {
	return fmt.Errorf("%s: the Parquet file can't be read: %v", name, err)
}
