package cli

import (
	"io"
	"slices"
	"sync"

	"github.com/seinehq/seine/internal/redact"
)

// redactor keeps the values of ${NAME} out of every output.
type redactor struct {
	mu      sync.Mutex
	secrets []string
	replace *redact.Replacer
}

func (r *redactor) add(secrets []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := len(r.secrets)
	for _, s := range secrets {
		if !slices.Contains(r.secrets, s) {
			r.secrets = append(r.secrets, s)
		}
	}
	if len(r.secrets) == before {
		return
	}
	r.replace = redact.New(r.secrets)
}

// clean returns a text without the secrets.
func (r *redactor) clean(s string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.replace == nil {
		return s
	}
	return r.replace.Replace(s)
}

func (r *redactor) writer(w io.Writer) io.Writer { return redacted{r, w} }

type redacted struct {
	r *redactor
	w io.Writer
}

func (w redacted) Write(p []byte) (int, error) {
	w.r.mu.Lock()
	replace := w.r.replace
	w.r.mu.Unlock()
	if replace == nil {
		return w.w.Write(p)
	}
	if _, err := io.WriteString(w.w, replace.Replace(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
