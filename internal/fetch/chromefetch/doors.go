package chromefetch

import (
	"net"
	"sync"
)

// doors are the loopback ports of a worker's proxies. The ports that a confined browser may connect
// to are fixed at its start, so some are open before a job takes them. A job that comes later than
// those gets a new browser. See Chrome.use.
type doors struct {
	keep int // how many to hold open for jobs to come

	mu    sync.Mutex
	spare []net.Listener
	taken map[uint16]bool
}

// spareDoors is how many jobs a browser may get after its start. A port costs one file.
const spareDoors = 16

func newDoors(keep int) *doors { return &doors{keep: keep, taken: map[uint16]bool{}} }

func listenLocal() (net.Listener, error) {
	return net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
}

func portOf(l net.Listener) uint16 { return uint16(l.Addr().(*net.TCPAddr).Port) }

// take returns a listener for a proxy.
func (d *doors) take() (net.Listener, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var l net.Listener
	if n := len(d.spare); n > 0 {
		l, d.spare = d.spare[n-1], d.spare[:n-1]
	} else {
		var err error
		if l, err = listenLocal(); err != nil {
			return nil, err
		}
	}
	d.taken[portOf(l)] = true
	return l, nil
}

// leave forgets the port of a closed proxy. Browsers that run can still connect to it.
func (d *doors) leave(port uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.taken, port)
}

// ports returns the ports that a starting browser gets.
func (d *doors) ports() (out []uint16, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.spare) < d.keep {
		l, err := listenLocal()
		if err != nil {
			return nil, err
		}
		d.spare = append(d.spare, l)
	}
	for port := range d.taken {
		out = append(out, port)
	}
	for _, l := range d.spare {
		out = append(out, portOf(l))
	}
	return out, nil
}

// close closes the ports that no proxy has taken.
func (d *doors) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.spare {
		_ = l.Close()
	}
	d.spare = nil
}
