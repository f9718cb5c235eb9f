// Package sitekit serves and draws the bundled sites.
package sitekit

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"net"
	"net/http"
	"sync"
	"time"
)

// Servers are the addresses at which a site is served. The zero value serves nothing.
type Servers struct {
	servers []*http.Server
	wg      sync.WaitGroup
}

// Listen serves a handler at a TCP address, whose port 0 is a free one. ready receives the URL
// without a path, as in http://127.0.0.1:8700, before the first request.
func (s *Servers) Listen(ctx context.Context, addr string, h http.Handler, ready func(url string)) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	ready("http://" + l.Addr().String())
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, srv)
	s.wg.Go(func() { _ = srv.Serve(l) })
	return nil
}

// Close stops serving.
func (s *Servers) Close() error {
	var errs []error
	for _, srv := range s.servers {
		errs = append(errs, srv.Close())
	}
	s.wg.Wait()
	return errors.Join(errs...)
}

// Parse compiles a template of a page. It panics on a mistake, because templates are constants.
func Parse(text string) *template.Template { return template.Must(template.New("page").Parse(text)) }

// Execute returns a page.
func Execute(t *template.Template, data any) ([]byte, error) {
	var b bytes.Buffer
	err := t.Execute(&b, data)
	return b.Bytes(), err
}
