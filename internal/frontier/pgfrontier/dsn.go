package pgfrontier

import (
	"errors"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// errSigns means that a DSN is ambiguous: in one reading a part of the password is a host, a port
// or a database.
var errSigns = errors.New("the user or password in the DSN is not written as a URL takes it: write %40 for @, %2F for /, %3F for ?, %23 for # and %25 for %")

// parseDSN parses a DSN. Its errors repeat no part of the DSN.
func parseDSN(dsn string) (*pgxpool.Config, error) {
	if _, rest, isURL := strings.Cut(dsn, "://"); isURL && strings.Contains(rest, "@") {
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		user, _, _ := strings.Cut(rest[:end], "@")
		_, err := url.Parse("postgres://" + user + "@host")
		later, _, _ := strings.Cut(rest[end:], "=") // a value of the query may hold one
		if err != nil || strings.Count(rest[:end], "@") > 1 || strings.Contains(later, "@") {
			return nil, errSigns
		}
	}
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// "cannot parse `DSN`: why". pgx redacts only the passwords that it recognizes.
		why := oneLine(err)
		if i := strings.LastIndex(why, "`: "); i >= 0 {
			why = why[i+len("`: "):]
		}
		return nil, errors.New("the DSN can't be read: " + why)
	}
	return cfg, nil
}
