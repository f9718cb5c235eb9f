package cookie

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

// The changes of a page apply to cookies that other pages changed meanwhile.
func TestChangesApplyToOtherCookies(t *testing.T) {
	t.Parallel()
	c := func(name, value string, life time.Duration) seine.Cookie {
		out := seine.Cookie{Name: name, Value: value, Domain: "a.example", HostOnly: true, Path: "/"}
		if life != 0 {
			out.Expires = now.Add(life)
		}
		return out
	}
	before := []seine.Cookie{c("sid", "1", time.Hour), c("gone", "1", 0), c("same", "1", 0)}
	after := []seine.Cookie{c("sid", "1", time.Hour+time.Second), c("same", "1", 0), c("new", "1", 0)}
	changes := Changes(before, after)
	if diff := cmp.Diff([]Change{{Cookie: c("new", "1", 0)}, {Cookie: c("gone", "1", 0), Gone: true}}, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if got := Changes(before, []seine.Cookie{c("sid", "1", 2*time.Hour), c("gone", "1", 0), c("same", "2", 0)}); len(got) != 2 {
		t.Errorf("changes %v; want the later expiry and the other value", got)
	}
	meanwhile := []seine.Cookie{c("sid", "2", time.Hour), c("gone", "1", 0), c("old", "1", -time.Second)}
	if diff := cmp.Diff([]seine.Cookie{c("sid", "2", time.Hour), c("new", "1", 0)}, Apply(meanwhile, changes, now)); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
}
