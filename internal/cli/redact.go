package cli

import (
	"io"
	"sort"
	"strings"
	"sync"
)

// redactor keeps the values of ${NAME} out of every output.
type redactor struct {
	mu      sync.Mutex
	secrets map[string]bool
	replace *strings.Replacer
}

// minSecret is the length from which a value is a secret and not a word that
// stands everywhere.
const minSecret = 4

func (r *redactor) add(secrets []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.secrets == nil {
		r.secrets = map[string]bool{}
	}
	for _, s := range secrets {
		if len(s) >= minSecret {
			r.secrets[s] = true
		}
	}
	var all []string
	for s := range r.secrets {
		all = append(all, s)
	}
	// A secret that holds another one goes first.
	sort.Slice(all, func(i, j int) bool { return len(all[i]) > len(all[j]) })
	var pairs []string
	for _, s := range all {
		pairs = append(pairs, s, "xxxxx")
	}
	r.replace = strings.NewReplacer(pairs...)
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
