package cardsite

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Served is a site at its two addresses.
type Served struct {
	*Site

	// PagesURL is where pages are, as in http://127.0.0.1:8700.
	PagesURL string

	servers []*http.Server
	wg      sync.WaitGroup
}

// Serve serves a site at two loopback addresses; port 0 is a free one. A linked host has a free
// port of its own.
func Serve(ctx context.Context, s *Site, pages, images string) (*Served, error) {
	out := &Served{Site: s}
	var lc net.ListenConfig
	type host struct {
		addr    string
		handler http.Handler
		url     *string
	}
	all := []host{{images, s.Images(), &s.ImagesURL}, {pages, s.Pages(), &out.PagesURL}}
	if s.cfg.Linked {
		all = append(all, host{"127.0.0.1:0", s.Linked(), &s.LinkedURL})
	}
	for _, a := range all {
		l, err := lc.Listen(ctx, "tcp", a.addr)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cardsite: %w", err), out.Close())
		}
		*a.url = "http://" + l.Addr().String()
		srv := &http.Server{Handler: a.handler, ReadHeaderTimeout: 10 * time.Second}
		out.servers = append(out.servers, srv)
		out.wg.Go(func() { _ = srv.Serve(l) })
	}
	return out, nil
}

// Close stops serving.
func (s *Served) Close() error {
	var errs []error
	for _, srv := range s.servers {
		errs = append(errs, srv.Close())
	}
	s.wg.Wait()
	return errors.Join(errs...)
}
