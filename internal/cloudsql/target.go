package cloudsql

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/seinehq/seine/internal/frontier/drivers"
)

// target is the instance of a cloudsql: URL.
type target struct {
	instance string // PROJECT:REGION:INSTANCE
	database string
	user     string // empty: by the credentials
	private  bool
	conns    int32 // 0: the default
}

const form = "cloudsql://PROJECT:REGION:INSTANCE/DATABASE"

var (
	// A project may belong to a domain, as in example.com:project.
	project  = regexp.MustCompile(`^([a-z0-9][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
	region   = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+$`)
	instance = regexp.MustCompile(`^[a-z][a-z0-9-]{0,96}$`)
)

// parse reads a URL by hand, because net/url takes the text after a colon for a port.
func parse(at string) (t target, err error) {
	rest, ok := strings.CutPrefix(at, Scheme+"://")
	bad := func(format string, args ...any) (target, error) {
		return target{}, fmt.Errorf("%w: %q: %s: %s", drivers.ErrURL, drivers.Redact(at), fmt.Sprintf(format, args...), form)
	}
	if !ok {
		return bad("give two slashes")
	}
	rest, query, _ := strings.Cut(rest, "?")
	if strings.Contains(rest, "@") {
		return bad("the user belongs at the end (?user=NAME), and there is no password because the login uses IAM")
	}
	name, database, _ := strings.Cut(rest, "/")
	t.instance = name
	i := strings.LastIndex(name, ":")
	j := -1
	if i > 0 {
		j = strings.LastIndex(name[:i], ":")
	}
	if j < 0 {
		return bad("the instance %q is not PROJECT:REGION:INSTANCE, as `gcloud sql instances describe NAME --format='value(connectionName)'` tells it", name)
	}
	for _, part := range []struct {
		what, is string
		want     *regexp.Regexp
	}{{"project", name[:j], project}, {"region", name[j+1 : i], region}, {"instance", name[i+1:], instance}} {
		if !part.want.MatchString(part.is) {
			return bad("%q is no %s", part.is, part.what)
		}
	}
	if t.database, err = url.PathUnescape(database); err != nil || t.database == "" || strings.Contains(t.database, "/") {
		return bad("name one database")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return bad("%v", err)
	}
	for key, v := range values {
		switch key {
		case "user":
			t.user = v[0]
		case "private":
			if t.private, err = strconv.ParseBool(v[0]); err != nil {
				return bad("private=%s: give 1 for the private address, 0 for the public one", v[0])
			}
		case "pool_max_conns":
			n, err := strconv.ParseInt(v[0], 10, 32)
			if err != nil || n < 1 || n > 1000 {
				return bad("pool_max_conns=%s: give a number from 1 to 1000", v[0])
			}
			t.conns = int32(n)
		default:
			return bad("unknown %q: user, private or pool_max_conns", key)
		}
	}
	return t, nil
}

// dsn returns the DSN for pgx. The connector encrypts and knows the address.
func (t target) dsn(user string) string {
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }
	return fmt.Sprintf("host=%s user=%s dbname=%s sslmode=disable", quote(t.instance), quote(user), quote(t.database))
}
