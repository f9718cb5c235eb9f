package cloudsql

import (
	"errors"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/frontier/drivers"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		at   string
		want target
		bad  string
	}{
		{"cloudsql://my-project:us-east1:cards/seine", target{instance: "my-project:us-east1:cards", database: "seine"}, ""},
		{"cloudsql://example.com:my-project:us-east1:cards/seine?private=1", target{instance: "example.com:my-project:us-east1:cards", database: "seine", private: true}, ""},
		{"cloudsql://my-project:us-east1:cards/a%20b?user=me@example.com&pool_max_conns=4", target{instance: "my-project:us-east1:cards", database: "a b", user: "me@example.com", conns: 4}, ""},
		{"cloudsql:my-project:us-east1:cards/seine", target{}, "give two slashes"},
		{"cloudsql://cards/seine", target{}, `the instance "cards" is not PROJECT:REGION:INSTANCE, as ` + "`gcloud"},
		{"cloudsql://us-east1:cards/seine", target{}, `the instance "us-east1:cards" is not PROJECT:REGION:INSTANCE`},
		{"cloudsql://My_Project:us-east1:cards/seine", target{}, `"My_Project" is no project`},
		{"cloudsql://my-project:useast:cards/seine", target{}, `"useast" is no region`},
		{"cloudsql://my-project:us-east1:Cards/seine", target{}, `"Cards" is no instance`},
		{"cloudsql://my-project:us-east1:cards", target{}, "name one database"},
		{"cloudsql://my-project:us-east1:cards/", target{}, "name one database"},
		{"cloudsql://my-project:us-east1:cards/a/b", target{}, "name one database"},
		{"cloudsql://u:sesame@my-project:us-east1:cards/seine", target{}, "there is no password because the login uses IAM"},
		{"cloudsql://my-project:us-east1:cards/seine?private=maybe", target{}, "private=maybe: give 1"},
		{"cloudsql://my-project:us-east1:cards/seine?pool_max_conns=0", target{}, "pool_max_conns=0: give a number"},
		{"cloudsql://my-project:us-east1:cards/seine?sslmode=off", target{}, `unknown "sslmode": user, private or pool_max_conns`},
	} {
		got, err := parse(tt.at)
		if got != tt.want || (err != nil) != (tt.bad != "") {
			t.Errorf("%s: %+v, %v; want %+v, %q", tt.at, got, err, tt.want, tt.bad)
		}
		if err != nil && (!errors.Is(err, drivers.ErrURL) || !strings.Contains(err.Error(), tt.bad) || strings.Contains(err.Error(), "sesame")) {
			t.Errorf("%s: %v; want %q", tt.at, err, tt.bad)
		}
	}
	if got, want := (target{instance: "p:r:i", database: `a'b`}).dsn(`me\@x`), `host='p:r:i' user='me\\@x' dbname='a\'b' sslmode=disable`; got != want {
		t.Errorf("DSN %s; want %s", got, want)
	}
}
