// Package buckets links the drivers of cloud buckets into a program, so that every store accepts
// gs:, s3: and azblob: URLs. The command imports it; a program of one's own imports the drivers
// that it needs.
//
//	gs://BUCKET                      Google Cloud Storage
//	s3://BUCKET?region=…             S3, and what speaks as it does: &endpoint=https://…&use_path_style=true
//	azblob://CONTAINER               Azure: AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, or its default credentials
//	…?prefix=FOLDER/                 a folder of one
package buckets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	_ "gocloud.dev/blob/azureblob" // azblob:
	_ "gocloud.dev/blob/gcsblob"   // gs:
	_ "gocloud.dev/blob/s3blob"    // s3:
	oauth "golang.org/x/oauth2/google"
)

// Getenv looks a variable up; the command reads the environment.
type Getenv = func(name string) string

// checkTimeout bounds the wait for a token.
const checkTimeout = 20 * time.Second

// scope is the permission of Google that a store needs.
const scope = "https://www.googleapis.com/auth/devstorage.read_write"

// Check returns the mistake in the credentials for a bucket before it is opened, in one sentence
// with the setting to change. Google's driver continues without credentials and fails later, and
// Amazon's reports only the last place that it tried. nil when they are in order or not needed (an
// emulator, anonymous access).
func Check(ctx context.Context, at string, env Getenv) error {
	u, err := url.Parse(at)
	if err != nil {
		return nil // of what is wrong with a URL the opener speaks
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	switch u.Scheme {
	case "gs":
		return google(ctx, u.Query(), env)
	case "s3":
		return amazon(ctx, u.Query(), env)
	case "azblob":
		return azure(u.Query(), env)
	}
	return nil
}

// google asks for a token, by GOOGLE_APPLICATION_CREDENTIALS, the metadata
// server (Workload Identity) or the login of gcloud.
func google(ctx context.Context, q url.Values, env Getenv) error {
	if env("STORAGE_EMULATOR_HOST") != "" || q.Get("anonymous") == "true" || q.Get("access_id") == "-" {
		return nil
	}
	from := "the metadata server or gcloud's login"
	if file := env("GOOGLE_APPLICATION_CREDENTIALS"); file != "" {
		from = "GOOGLE_APPLICATION_CREDENTIALS=" + file
	}
	creds, err := oauth.FindDefaultCredentials(ctx, scope)
	if err != nil {
		if env("GOOGLE_APPLICATION_CREDENTIALS") != "" {
			return fmt.Errorf("%s can't be read as a key: %w", from, err)
		}
		return errors.New("no Google credentials: set GOOGLE_APPLICATION_CREDENTIALS=KEY.json, or run with Workload Identity, or `gcloud auth application-default login`")
	}
	got := make(chan error, 1)
	go func() { // it takes no context
		_, err := creds.TokenSource.Token()
		got <- err
	}()
	select {
	case err = <-got:
	case <-ctx.Done():
		err = errors.New("no answer")
	}
	if err != nil {
		return fmt.Errorf("google gives no token for %s: %w", from, err)
	}
	return nil
}

// amazon searches for credentials as the driver will: in the environment, a profile, a role of the
// pod or the machine.
func amazon(ctx context.Context, q url.Values, env Getenv) error {
	if q.Get("anonymous") == "true" {
		return nil
	}
	// Its own log would report only the last place that it tried.
	opts := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
	if profile := q.Get("profile"); profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return fmt.Errorf("the AWS settings can't be read: %w", err)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		if profile := cmp.Or(q.Get("profile"), env("AWS_PROFILE")); profile != "" {
			return fmt.Errorf("AWS profile %s gives no credentials: %w", profile, err)
		}
		return errors.New("no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run with a role (AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE, or the machine's)")
	}
	elsewhere := cmp.Or(q.Get("endpoint"), env("AWS_ENDPOINT_URL_S3"), env("AWS_ENDPOINT_URL"))
	if cfg.Region == "" && q.Get("region") == "" && elsewhere == "" {
		return errors.New("no AWS region: set AWS_REGION, or write s3://BUCKET?region=REGION")
	}
	return nil
}

// azure wants to know whose container it is.
func azure(q url.Values, env Getenv) error {
	for _, name := range []string{"AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGEBLOB_CONNECTIONSTRING"} {
		if env(name) != "" {
			return nil
		}
	}
	if q.Get("storage_account") != "" {
		return nil
	}
	return errors.New("no Azure account: set AZURE_STORAGE_ACCOUNT, with AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or a managed identity; or AZURE_STORAGE_CONNECTION_STRING")
}
