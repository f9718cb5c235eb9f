package cli

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/seinehq/seine/internal/jobfile"
)

// durationValue is a flag with a job file's duration, which includes 1d, or Go's.
type durationValue time.Duration

// durationVar defines a flag.
func durationVar(f *pflag.FlagSet, to *time.Duration, name string, or time.Duration, usage string) {
	*to = or
	f.Var((*durationValue)(to), name, usage)
	if or == 0 { // help says nothing of it
		f.Lookup(name).DefValue = "0"
	}
}

// Set reads it.
func (v *durationValue) Set(s string) error {
	d, err := jobfile.ParseDuration(s)
	if err != nil {
		var other error
		if d, other = time.ParseDuration(s); other != nil { // -1s, which each flag bounds itself
			return fmt.Errorf("it %w", err)
		}
	}
	*v = durationValue(d)
	return nil
}

// String prints it.
func (v *durationValue) String() string { return time.Duration(*v).String() }

// Type names it in help.
func (v *durationValue) Type() string { return "duration" }
