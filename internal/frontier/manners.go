package frontier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Robots keeps the robots.txt files that the workers of a job share.
type Robots interface {
	// Robots returns the file of an origin. If the frontier has none that is not expired, mine is
	// true for one caller, which has hold to fetch and store the file. After that time another
	// caller may. The other callers meanwhile get the stored file, with Pending.
	Robots(ctx context.Context, job JobID, origin string, hold time.Duration) (f RobotsFile, mine bool, err error)

	// SetRobots stores a file for f.TTL.
	SetRobots(ctx context.Context, job JobID, f RobotsFile) error

	// RobotsFiles lists up to limit stored files without their bodies, ordered by origin.
	RobotsFiles(ctx context.Context, job JobID, limit int) ([]RobotsFile, error)

	// SetDelay makes the delay of a lane at least this long, whatever the job's pace is. A later
	// call replaces the bound. SetDelay creates a missing lane. The tasks of a job without a pace
	// are in shards. Its workers move them to the lanes of the hosts that [Hosts.Unhealthy] lists.
	SetDelay(ctx context.Context, job JobID, lane string, least time.Duration) error

	// ReturnStart takes back the start of a claimed task that makes no request, because robots.txt
	// forbids its page. If a later start of the lane is assigned, it changes nothing.
	ReturnStart(ctx context.Context, c Claimed) error
}

// Sessions keeps the cookies that the workers of a job share.
type Sessions interface {
	// Session returns the session of a job. A job without one has the zero value.
	Session(ctx context.Context, job JobID) (Session, error)

	// SaveCookies stores cookies as the next version. If the session has another version than the
	// given one, or a worker logs in, ok is false and SaveCookies stores nothing. It returns the
	// stored session.
	SaveCookies(ctx context.Context, job JobID, version int64, cookies json.RawMessage) (s Session, ok bool, err error)

	// BeginLogIn reports whether this worker logs in: one caller per version, which has hold to
	// call EndLogIn. After that time another caller may log in. The others get the stored session.
	BeginLogIn(ctx context.Context, job JobID, version int64, worker string, hold time.Duration) (mine bool, s Session, err error)

	// EndLogIn ends a login. It stores the next version: with the cookies, or if failure is not
	// empty with the earlier ones and the failure. If the session has another version than the
	// given one, because hold was too short, EndLogIn stores nothing. It returns the stored
	// session.
	EndLogIn(ctx context.Context, job JobID, version int64, cookies json.RawMessage, failure string) (Session, error)
}

// maxRobots is the largest stored body of a robots.txt in bytes. A parser reads at least 500 KiB
// (RFC 9309, section 2.5).
const maxRobots = 512 << 10

// maxCookies is the largest JSON of a session's cookies in bytes: 4,096 cookies of 256 bytes.
const maxCookies = 1 << 20

// RobotsFile is the robots.txt of an origin.
type RobotsFile struct {
	// Origin is the scheme and host, for example https://shop.example.
	Origin string

	// Status is the HTTP status, 0 without a response. Reason is the cause of a failure.
	Status int
	Reason string

	// Body is the file, cut after 512 KiB.
	Body []byte

	// FetchedAt and ExpiresAt are times of the frontier's clock. Zero means that no file is stored.
	FetchedAt, ExpiresAt time.Time

	// TTL is the time from SetRobots to ExpiresAt. Only SetRobots reads it.
	TTL time.Duration

	// CrawlDelay is the delay that the file asks for.
	CrawlDelay time.Duration

	// Pending means that a worker fetches the file, because there is none or it is expired.
	Pending bool
}

// Bounded returns the file as a frontier stores it.
func (f RobotsFile) Bounded() RobotsFile {
	f.Origin, f.Reason, f.Body = Clean(f.Origin), CleanReason(f.Reason), f.Body[:min(len(f.Body), maxRobots)]
	return f
}

// Session is the session of a job on its site.
type Session struct {
	// Version changes with each write. 0 means that there is no session yet.
	Version int64

	// Cookies is JSON, or nil.
	Cookies json.RawMessage

	// LoggedInAt is the time of the last successful login, and LogInBy the worker that logged in
	// last or logs in.
	LoggedInAt time.Time
	LogInBy    string

	// Failures counts the failed logins in a row, and Reason is the last failure.
	Failures int
	Reason   string
}

// ErrCookies means that cookies cannot be stored.
var ErrCookies = errors.New("not the cookies of a session")

// CheckCookies returns the text of cookies to store, nil if there are none.
func CheckCookies(cookies json.RawMessage) (*string, error) {
	switch {
	case len(cookies) == 0:
		return nil, nil
	case len(cookies) > maxCookies:
		return nil, fmt.Errorf("%w: they have %d bytes; at most %d: log in again without them", ErrCookies, len(cookies), maxCookies)
	case !json.Valid(cookies):
		return nil, fmt.Errorf("%w: they are not JSON", ErrCookies)
	}
	text := string(CleanJSON(cookies))
	return &text, nil
}
