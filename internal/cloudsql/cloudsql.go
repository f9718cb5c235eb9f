// Package cloudsql links Google's Cloud SQL into a program. Google's connector reaches a frontier
// at cloudsql://PROJECT:REGION:INSTANCE/DATABASE, encrypted, with an IAM login instead of a
// password. The command links it; a program of one's own that does not keeps to a DSN, through the
// proxy.
//
//	?user=NAME           default: the e-mail of the credentials; for a service account without .gserviceaccount.com
//	&private=1           the instance's private address; default: the public one
//	&pool_max_conns=N    connections of one process; default 2
package cloudsql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"cloud.google.com/go/cloudsqlconn"
	"cloud.google.com/go/compute/metadata"
	oauth "golang.org/x/oauth2/google"
	"google.golang.org/api/googleapi"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
)

// Scheme begins the URLs.
const Scheme = "cloudsql"

// Link makes the URLs known wherever a frontier is opened.
func Link() { drivers.Link(Scheme, open) }

// scope is the permission that the connector and its login need.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// lookWithin bounds the search for credentials.
const lookWithin = 20 * time.Second

func open(ctx context.Context, at string, opts drivers.Options) (drivers.Frontier, error) {
	return connect(ctx, at, opts)
}

// connect opens a frontier; more are options of the connector, for tests.
func connect(ctx context.Context, at string, opts drivers.Options, more ...cloudsqlconn.Option) (drivers.Frontier, error) {
	t, err := parse(at)
	if err != nil {
		return nil, err
	}
	user := t.user
	// The credentials are searched in any case, because the connector's own error names no remedy.
	own, err := userOf(ctx)
	if err != nil && (user == "" || errors.Is(err, errCredentials)) {
		return nil, fmt.Errorf("%w: %s: %w", frontier.ErrUnavailable, at, err)
	}
	if user == "" {
		user = own
	}
	// It would report how we connect to the project's monitoring.
	more = append([]cloudsqlconn.Option{cloudsqlconn.WithIAMAuthN(), cloudsqlconn.WithLazyRefresh(), cloudsqlconn.WithBuiltInMetrics(false), cloudsqlconn.WithUserAgent("seine")}, more...)
	if t.private {
		more = append(more, cloudsqlconn.WithDefaultDialOptions(cloudsqlconn.WithPrivateIP()))
	}
	// The connector keeps the context for as long as it lives.
	dialer, err := cloudsqlconn.NewDialer(context.WithoutCancel(ctx), more...)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", frontier.ErrUnavailable, at, err)
	}
	if opts.Conns == 0 {
		opts.Conns = t.conns
	}
	f, err := pgfrontier.Open(ctx, t.dsn(user), pgfrontier.Options{
		Now: opts.Now, Conns: opts.Conns,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := dialer.Dial(ctx, t.instance)
			return c, explain(err, t)
		},
	})
	if err != nil {
		return nil, errors.Join(loginRemedy(err, user, t), dialer.Close())
	}
	return &opened{f, dialer}, nil
}

// opened is a frontier with its connector.
type opened struct {
	*pgfrontier.Frontier
	dialer *cloudsqlconn.Dialer
}

// Close closes the connections, then the connector.
func (o *opened) Close() error { return errors.Join(o.Frontier.Close(), o.dialer.Close()) }

// explain adds the remedy to an error of the connector.
func explain(err error, t target) error {
	if err == nil {
		return nil
	}
	remedy := ""
	var api *googleapi.Error
	switch {
	case errors.As(err, &api) && api.Code == http.StatusNotFound:
		remedy = "there is no such instance: `gcloud sql instances list --project " + t.instance[:strings.LastIndex(t.instance[:strings.LastIndex(t.instance, ":")], ":")] + "` names those that are"
	case errors.As(err, &api) && api.Code == http.StatusForbidden:
		remedy = "grant this identity roles/cloudsql.client on the project, and enable the API: `gcloud services enable sqladmin.googleapis.com`"
	case errors.As(err, &api) && api.Code == http.StatusUnauthorized:
		remedy = "Google rejects these credentials: log in again, or use another key"
	case strings.Contains(err.Error(), "does not have IP of type"):
		remedy = "the instance has no such address: ?private=1 selects the private one, and without it the public one is used"
	case errors.Is(err, context.DeadlineExceeded), strings.Contains(err.Error(), "timeout"):
		remedy = "no answer: the private address of an instance is reachable only inside its network, and port 3307 must be open"
	}
	if remedy == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, remedy)
}

// loginRemedy returns the remedy if the instance rejects the user.
func loginRemedy(err error, user string, t target) error {
	if text := err.Error(); !strings.Contains(text, "SQLSTATE 28") {
		return err
	}
	kind := "cloud_iam_user"
	if strings.HasSuffix(user, ".iam") {
		kind = "cloud_iam_service_account"
	}
	name := t.instance[strings.LastIndex(t.instance, ":")+1:]
	return fmt.Errorf("%w; on Cloud SQL: `gcloud sql users create %s --instance %s --type %s`, the flag cloudsql.iam_authentication=on, and roles/cloudsql.instanceUser", err, user, name, kind)
}

// errCredentials reports missing credentials.
var errCredentials = errors.New("no Google credentials: set GOOGLE_APPLICATION_CREDENTIALS=KEY.json, or run with Workload Identity, or `gcloud auth application-default login`")

var impersonated = regexp.MustCompile(`/serviceAccounts/([^/:]+):generateAccessToken`)

// userOf is the database user of the default credentials: PostgreSQL knows a
// service account without the end of its e-mail.
func userOf(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	creds, err := oauth.FindDefaultCredentials(ctx, scope)
	if err != nil {
		if strings.Contains(err.Error(), "could not find default credentials") {
			return "", errCredentials
		}
		return "", fmt.Errorf("%w (%w)", errCredentials, err)
	}
	var key struct {
		Email       string `json:"client_email"`
		Impersonate string `json:"service_account_impersonation_url"`
	}
	var email string
	if len(creds.JSON) == 0 {
		if email, err = metadata.EmailWithContext(ctx, "default"); err != nil {
			return "", fmt.Errorf("the metadata server has no e-mail: %w: add ?user=NAME", err)
		}
	} else if err := json.Unmarshal(creds.JSON, &key); err != nil {
		return "", fmt.Errorf("%w (%w)", errCredentials, err)
	} else if email = key.Email; email == "" {
		if m := impersonated.FindStringSubmatch(key.Impersonate); m != nil {
			email = m[1]
		}
	}
	if email = strings.TrimSpace(email); email == "" {
		return "", errors.New("these credentials hold no e-mail: add ?user=NAME@DOMAIN")
	}
	return strings.TrimSuffix(email, ".gserviceaccount.com"), nil
}
