package worker

import (
	"os"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/cli"
)

// Main runs the seine command for the jobs of this program, with the arguments and the streams of
// the process, and exits. A job is named by its name in place of a job file. A program with one job
// may leave the name out:
//
//	func main() { worker.Main(job) }
//
//	$ ./cards try 70000001     # fetch one page, show the result, write nothing
//	$ ./cards run              # work until nothing is left
//	$ ./cards export -o cards.parquet
//
// Job files work too. The exit codes are the same as of seine, see `--help`. Main does not return.
func Main(jobs ...seine.Job) { os.Exit(cli.Main(cli.Program{Jobs: jobs})) }
