// Package measure holds the shared parts of the benchmarks: figures, processes, the PostgreSQL
// under test, and the command.
package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// Machine describes the machine and the Go version of a run.
func Machine() string {
	return fmt.Sprintf("%d CPUs, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// Of lists one value per run, in ascending order.
func Of[T any](runs []T, value func(T) float64) []float64 {
	var v []float64
	for _, r := range runs {
		v = append(v, value(r))
	}
	slices.Sort(v)
	return v
}

// Median returns the median of v, the upper one of an even number.
func Median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// Spread returns the median of v with its lowest and highest value, without decimals.
func Spread(v []float64) string {
	v = slices.Sorted(slices.Values(v))
	return fmt.Sprintf("%.0f (%.0f to %.0f)", Median(v), v[0], v[len(v)-1])
}

// Command returns the absolute path of bin/seine. Benchmarks run in the folder bench.
func Command() (string, error) {
	path, err := filepath.Abs("../bin/seine")
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: run `make build`", err)
	}
	return path, nil
}
