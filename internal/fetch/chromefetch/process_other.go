//go:build !unix

package chromefetch

import (
	"context"
	"errors"
	"fmt"

	"github.com/chromedp/chromedp"
)

// process is what other systems do not have: a browser is driven through two
// inherited files.
type process struct {
	profile *profile
	pid     int
	conn    *chromedp.PipeConn
	output  fmt.Stringer
	exited  chan struct{}
}

func launch(string, []string, string) (*process, error) {
	return nil, errors.New("a browser can be driven on Linux and macOS only")
}

func (p *process) close()                     {}
func (p *process) kill()                      {}
func (p *process) died(context.Context) error { return nil }

func (l *lock) take(string) error { return errors.ErrUnsupported }
func killUsers(string)            {}
