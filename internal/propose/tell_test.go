package propose_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/propose"
)

// The list is of the first kind and its items are of the second one, wherever they are.
func TestTell(t *testing.T) {
	t.Parallel()
	const host = "https://a.example"
	for _, c := range []struct {
		at, items, match, next string
		want                   []string
	}{
		{"/posts/", "/posts/x#", "/posts/*", "", []string{"/posts/"}},
		{"/posts", "/posts/x#", "/posts/*", "", nil},
		{"/posts/index.html", "/posts/x#", "/posts/*", "", []string{"/posts/index.html"}},
		{"/posts/index.html", "/posts/x#.html", "/posts/*.html", "/posts/page2.html", []string{"/posts/index.html", "/posts/page*.html"}},
		{"/posts/", "/posts/x#", "/posts/*", "/posts/?page=2", []string{"/posts/"}},
		{"/posts/", "/posts/x#", "/posts/*", "/posts/page/2", []string{"/posts/"}},
		{"/posts", "/posts/x#", "/posts/*", "/posts/2", nil},
		{"/", "/x#", "/*", "/?page=2", []string{"/"}},
		{"", "/x#", "/*", "", []string{"/"}},
		{"/index.php?cat=3", "/index.php?id=#", "/*", "", []string{"/index.php?cat=3"}},
		{"/c*/", "/x#", "/*", "", nil},
		{"/2020/", "/2020/x#/", "/2020/*/", "", nil},
	} {
		list := propose.List{Match: c.match}
		for i := range 4 {
			list.Links = append(list.Links, host+strings.ReplaceAll(c.items, "#", fmt.Sprint(i)))
		}
		if c.next != "" {
			list.NextURL = host + c.next
		}
		job := propose.Job{Name: "j", URL: host + c.at, Seeds: propose.Pages(host + c.at), Kinds: []propose.Kind{
			{Name: "list", None: true, Follow: []string{"{css: a, to: item}"}},
			{Name: "item", Fields: []propose.Field{{Name: "title", Rule: "{css: h1}"}}},
		}}
		ok := propose.Tell(&job, list, host+c.at)
		comment := "seeds belong to the first kind"
		if len(c.want) > 0 {
			comment = "the first kind whose match fits a URL counts"
		}
		if first := job.Kinds[0]; !ok || !slices.Equal(first.Match, c.want) || first.Comment != comment || !slices.Equal(job.Kinds[1].Match, []string{c.match}) {
			t.Errorf("%s with %s: %t, %q (%s)", c.at, c.items, ok, first.Match, first.Comment)
		}
	}
}

// If the URLs do not tell the list from its items, nothing is guessed.
func TestTellFails(t *testing.T) {
	t.Parallel()
	const at = "https://a.example/x"
	job := propose.Job{Name: "j", URL: at, Seeds: propose.Pages(at), Kinds: []propose.Kind{
		{Name: "list", None: true, Follow: []string{"{css: a, to: item}"}},
		{Name: "item", Fields: []propose.Field{{Name: "title", Rule: "{css: h1}"}}},
	}}
	if propose.Tell(&job, propose.List{Match: "/*", Links: []string{at}}, at) || fmt.Sprint(job.Kinds[0].Match, job.Kinds[1].Match) != "[] []" {
		t.Errorf("%+v", job.Kinds)
	}
}
