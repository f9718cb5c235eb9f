package chromefetch

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
)

// forward sends a request once, over a connection of its own, and passes its answer to the browser
// byte by byte, so that the browser alone judges the answer. The connection to the browser ends
// with the answer.
func (p *proxy) forward(w http.ResponseWriter, r *http.Request) {
	host := hostPort(r.URL.Host, "80")
	out, err := p.dial(r.Context(), "tcp", host)
	if err != nil {
		p.note(host, err)
		panic(http.ErrAbortHandler) // no page: the browser sees an empty response
	}
	// The body of a request is read before the connection is taken over.
	req := r.Clone(r.Context())
	req.RequestURI = ""
	req.Close = true
	for _, k := range []string{"Proxy-Connection", "Proxy-Authorization", "Connection", "Keep-Alive"} {
		req.Header.Del(k)
	}
	if len(req.Header.Values("User-Agent")) == 0 {
		req.Header["User-Agent"] = nil
	}
	if err := req.Write(out); err != nil {
		_ = out.Close()
		panic(http.ErrAbortHandler)
	}
	in, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = out.Close()
		return
	}
	if !p.track(in, out) {
		return
	}
	defer p.forget(in, out)
	// The browser may go away first.
	go func() {
		_, _ = io.Copy(io.Discard, in)
		_ = out.Close()
	}()
	answer := bufio.NewReader(out)
	if closing(in, answer) == nil {
		copyIdle(in, answer, out)
	}
}

// maxHeadBytes bounds the heads in which the end of the connection is announced.
const maxHeadBytes = 1 << 20

// closing gives the heads of an answer to the browser. Each head gets a header that the connection
// ends. Otherwise the browser would send another request on it. An answer that is not HTTP/1 passes
// unchanged.
func closing(to net.Conn, answer *bufio.Reader) error {
	for total := 0; total < maxHeadBytes; {
		line, err := answer.ReadSlice('\n')
		total += len(line)
		if err == nil && isStatusLine(line) {
			line = append(bytes.Clone(line), "Connection: close\r\n"...)
		}
		interim := err == nil && isInterim(line)
		if _, e := to.Write(line); e != nil {
			return e
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if !interim {
			return nil
		}
		// Another head follows the empty line.
		for {
			line, err := answer.ReadSlice('\n')
			total += len(line)
			if _, e := to.Write(line); e != nil {
				return e
			}
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				return err
			}
			if len(bytes.TrimRight(line, "\r\n")) == 0 || total > maxHeadBytes {
				break
			}
		}
	}
	return nil
}

func isStatusLine(line []byte) bool {
	return len(line) > 5 && bytes.EqualFold(line[:5], []byte("HTTP/"))
}

// isInterim reports whether a status line belongs to an interim response.
func isInterim(line []byte) bool {
	words := bytes.Fields(line)
	return isStatusLine(line) && len(words) > 1 && len(words[1]) == 3 && words[1][0] == '1' && string(words[1]) != "101"
}
