package jobfile_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/jobfile"
)

const partial = `job: shop
contact: ${MAIL}
seeds:
  urls: ["${BASE}/a", "https://${HOST}/b?key=${API_TOKEN}"]
fetch:
  user_agent: "me ${MAIL}"
  headers: {Authorization: "Bearer ${API_TOKEN}"}
pace: {delay: "${DELAY:-2s}"}
store: {url: "file:${FOLDER}"}
fields: {title: {css: h1}}
`

var unneeded = []string{"contact", "seeds", "fetch.headers", "fetch.user_agent", "store.url"}

// A file whose variables are not set is read as far as it is needed, with the same digest.
func TestParsePart(t *testing.T) {
	t.Parallel()
	none := func(string) (string, bool) { return "", false }
	file, err := jobfile.ParsePart("job.yaml", []byte(partial), none, unneeded...)
	if err != nil {
		t.Fatal(err)
	}
	job := file.Job
	if got := job.Seeds.URLs; got[0] != "http://unset.invalid/a" || got[1] != "https://unset.invalid/b?key=unset.invalid" {
		t.Errorf("urls %q", got)
	}
	if !file.Partial || job.Contact != "" || job.Fetch.UserAgent != "" || job.Store.URL != "file:./data/shop/" || len(job.Fetch.Header) > 0 {
		t.Errorf("partial %v, contact %q, user agent %q, store %q, headers %v", file.Partial, job.Contact, job.Fetch.UserAgent, job.Store.URL, job.Fetch.Header)
	}
	set := func(name string) (string, bool) {
		switch name {
		case "BASE":
			return "https://a.example", true
		case "DELAY":
			return "", false
		}
		return strings.ToLower(name), true
	}
	whole, err := jobfile.ParsePart("job.yaml", []byte(partial), set, unneeded...)
	if err != nil {
		t.Fatal(err)
	}
	if whole.Partial || !bytes.Equal(whole.Job.Digest, job.Digest) || whole.Job.Contact != "mail" {
		t.Errorf("partial %v, digests %x and %x, contact %q", whole.Partial, whole.Job.Digest, job.Digest, whole.Job.Contact)
	}
}

// The error names the variable of a needed key, and of a key without a placeholder.
func TestParsePartNamesWhatItNeeds(t *testing.T) {
	t.Parallel()
	none := func(string) (string, bool) { return "", false }
	for src, want := range map[string]string{
		strings.Replace(partial, "${DELAY:-2s}", "${DELAY}", 1):     "job.yaml:8:15: the environment has no DELAY",
		strings.Replace(partial, "${HOST}", "a.example:${PORT}", 1): "the environment has no PORT",
	} {
		if _, err := jobfile.ParsePart("job.yaml", []byte(src), none, unneeded...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q in it", err, want)
		}
	}
	if _, err := jobfile.ParsePart("job.yaml", []byte(partial), none, "contact"); err == nil || !strings.Contains(err.Error(), "API_TOKEN") || strings.Contains(err.Error(), "unset.invalid") {
		t.Errorf("%v; want what is not set", err)
	}
}
