//go:build !unix

package chromefetch

import (
	"context"
	"errors"
	"fmt"

	"github.com/chromedp/chromedp"
)

// process is missing on other systems, because a browser needs two inherited files.
type process struct {
	profile *profile
	pid     int
	conn    *chromedp.PipeConn
	output  fmt.Stringer
	exited  chan struct{}
}

func launch(string, []string, string, Confinement, []uint16) (*process, error) {
	return nil, errors.New("a browser can be driven on Linux and macOS only")
}

func (p *process) close()                     {}
func (p *process) kill()                      {}
func (p *process) died(context.Context) error { return nil }

func (l *lock) take(string) error { return errors.ErrUnsupported }
func killUsers(string)            {}
