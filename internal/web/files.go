package web

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/gif"  // decodes
	_ "image/jpeg" // decodes
	_ "image/png"  // decodes
	"net/http"
	"slices"
	"strings"
	"time"

	_ "golang.org/x/image/webp" // decodes
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Files reads the store of a job.
type Files interface {
	// Read reads a file. It refuses files of more than most bytes.
	Read(ctx context.Context, path string, most int64) ([]byte, error)

	// Page reads a recorded page.
	Page(ctx context.Context, rec frontier.Recording) (*seine.Page, error)

	// Screenshot returns the path of the picture of a task's page.
	Screenshot(key string) string
}

// Bounds of the files and pages that the console shows.
const (
	maxFile   = 20 << 20
	maxPixels = 100 << 20
	maxPage   = 2 << 20
	fileTime  = 20 * time.Second
)

// pictures are the types that a browser shows.
var pictures = []string{"png", "jpeg", "gif", "webp"}

// broken stands for a file that is no picture or can't be read.
const broken = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 120"><rect width="160" height="120" fill="#8884"/><path d="M50 40l60 40M110 40L50 80" stroke="#a61b1b" stroke-width="4"/><text x="80" y="108" font-size="11" text-anchor="middle" fill="#888">does not decode</text></svg>`

// file sends a picture of a task. The row of the file names its path. A request does not.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	job, err := s.find(r)
	if err != nil || s.cfg.Files == nil {
		http.NotFound(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), fileTime)
	defer cancel()
	q := r.URL.Query()
	path, err := s.pathOf(ctx, job, q.Get("task"), q.Get("key"), q.Get("name"))
	var text []byte
	if err == nil {
		text, err = s.read(ctx, job, path)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if err == nil {
		cfg, kind, bad := image.DecodeConfig(bytes.NewReader(text))
		if bad == nil && slices.Contains(pictures, kind) && cfg.Width*cfg.Height <= maxPixels {
			h.Set("Content-Type", "image/"+kind)
			_, _ = w.Write(text) //nolint:gosec // a picture, by its bytes and its type
			return
		}
		err = errors.Join(bad, errors.New("it is no picture"))
	}
	s.cfg.Log.DebugContext(ctx, "the console can't show a file", "job", job.Name, "path", path, "err", err)
	h.Set("Content-Type", "image/svg+xml")
	_, _ = w.Write([]byte(broken))
}

// pathOf returns the path of a file that a task brought, or of the picture of its page.
func (s *Server) pathOf(ctx context.Context, job frontier.JobInfo, task, key, name string) (string, error) {
	if key == "" && name == "screenshot" {
		files, err := s.cfg.Files(ctx, job)
		if err != nil {
			return "", err
		}
		return files.Screenshot(task), nil
	}
	records, err := s.cfg.Frontier.RecordsOf(ctx, job.ID, []string{task})
	if err != nil {
		return "", err
	}
	for _, rec := range records {
		for _, a := range rec.Assets {
			if a.Key == key && a.Name == name {
				return a.Path, nil
			}
		}
	}
	return "", errors.New("no such file")
}

func (s *Server) read(ctx context.Context, job frontier.JobInfo, path string) ([]byte, error) {
	files, err := s.cfg.Files(ctx, job)
	if err != nil {
		return nil, err
	}
	return files.Read(ctx, path, maxFile)
}

// recorded sends the recorded page of a task without scripts, styles, pictures and links. The
// browser gets it in a sandbox.
func (s *Server) recorded(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'self'")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Content-Type", "text/html; charset=utf-8")
	job, err := s.find(r)
	if err != nil || s.cfg.Files == nil {
		http.NotFound(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), fileTime)
	defer cancel()
	key := r.URL.Query().Get("key")
	page, err := s.recordedPage(ctx, job, key)
	if err != nil {
		s.cfg.Log.DebugContext(ctx, "the console can't show a recorded page", "job", job.Name, "err", err)
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("<!doctype html><title>no page</title><p>The recorded page can't be read."))
		return
	}
	_, _ = w.Write(inert(page.Body[:min(len(page.Body), maxPage)]))
}

func (s *Server) recordedPage(ctx context.Context, job frontier.JobInfo, key string) (*seine.Page, error) {
	found, err := s.cfg.Frontier.Recorded(ctx, job.ID, []string{key})
	if err != nil {
		return nil, err
	}
	rec, ok := found[key]
	if !ok {
		return nil, errors.New("no page is recorded")
	}
	files, err := s.cfg.Files(ctx, job)
	if err != nil {
		return nil, err
	}
	return files.Page(ctx, rec)
}

// dead are the elements that are left out of a recorded page.
var dead = []atom.Atom{
	atom.Script, atom.Style, atom.Link, atom.Meta, atom.Base, atom.Iframe, atom.Frame, atom.Frameset, atom.Object, atom.Embed, atom.Applet, atom.Audio, atom.Video, atom.Source, atom.Track,
	atom.Svg, atom.Math, atom.Template, atom.Noscript,
}

// harmless are the attributes that stay.
var harmless = []string{"title", "alt", "lang", "dir", "colspan", "rowspan", "scope", "class", "id", "datetime", "value", "type", "placeholder"}

// inert returns a page that loads, runs and sends nothing, by a list of what may stay. A text that
// is not HTML stays a text.
func inert(body []byte) []byte {
	doc, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return []byte(html.EscapeString(string(body)))
	}
	var clean func(n *html.Node)
	clean = func(n *html.Node) {
		for c := n.FirstChild; c != nil; {
			next := c.NextSibling
			switch {
			case c.Type == html.CommentNode, c.Type == html.ElementNode && (slices.Contains(dead, c.DataAtom) || c.Namespace != ""):
				n.RemoveChild(c)
			case c.Type == html.ElementNode && c.DataAtom == 0: // an element that no browser knows
				c.Data, c.DataAtom = "div", atom.Div
				clean(c)
			default:
				clean(c)
			}
			c = next
		}
		n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return !slices.Contains(harmless, strings.ToLower(a.Key)) })
	}
	clean(doc)
	var b bytes.Buffer
	if err := html.Render(&b, doc); err != nil {
		return []byte(html.EscapeString(string(body)))
	}
	return b.Bytes()
}
