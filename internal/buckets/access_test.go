package buckets_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"gocloud.dev/blob"

	"github.com/seinehq/seine/internal/buckets"
	"github.com/seinehq/seine/internal/wiring"
)

// key makes a service account's key file whose tokens come from at.
func key(t *testing.T, at string) string {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "p", "private_key_id": "k", "client_email": "seine@p.iam.gserviceaccount.com", "token_uri": at,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Google's credentials are found where its own tools find them.
func TestGoogleCredentials(t *testing.T) {
	var byKey, byMetadata atomic.Int64
	google := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Metadata-Flavor", "Google")
		w.Header().Set("Content-Type", "application/json")
		token := `{"access_token": "t", "token_type": "Bearer", "expires_in": 3600}`
		switch {
		case r.URL.Path == "/token":
			byKey.Add(1)
			_, _ = io.WriteString(w, token)
		case strings.HasSuffix(r.URL.Path, "/token"):
			byMetadata.Add(1)
			_, _ = io.WriteString(w, token)
		case r.URL.Path == "/denied":
			http.Error(w, `{"error": "invalid_grant"}`, http.StatusBadRequest)
		default:
			_, _ = io.WriteString(w, "p")
		}
	}))
	t.Cleanup(google.Close)
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	t.Setenv("HOME", t.TempDir())
	check := func() error { return buckets.Check(t.Context(), "gs://cards", os.Getenv) }

	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", key(t, google.URL+"/token"))
	if err := check(); err != nil || byKey.Load() != 1 {
		t.Errorf("by key: %v, %d tokens", err, byKey.Load())
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", key(t, google.URL+"/denied"))
	if err := check(); err == nil || !strings.Contains(err.Error(), "invalid_grant") || !strings.Contains(err.Error(), "GOOGLE_APPLICATION_CREDENTIALS=") {
		t.Errorf("a key that is not accepted: %v", err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	if err := check(); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("no key: %v", err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(google.URL, "http://"))
	if err := check(); err != nil || byMetadata.Load() == 0 {
		t.Errorf("by the metadata server: %v, %d tokens", err, byMetadata.Load())
	}
	for _, at := range []string{"s3://cards?anonymous=true", "gs://cards?anonymous=true", "file:./data", ":"} {
		before := byKey.Load() + byMetadata.Load()
		if err := buckets.Check(t.Context(), at, os.Getenv); err != nil || byKey.Load()+byMetadata.Load() != before {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// Missing settings are named in one sentence.
func TestMissingCredentialsAreNamed(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_CONNECTION_STRING"} {
		t.Setenv(name, "")
	}
	check := func(at string, want ...string) {
		t.Helper()
		err := buckets.Check(t.Context(), at, os.Getenv)
		if len(want) == 0 {
			if err != nil {
				t.Errorf("%s: %v", at, err)
			}
			return
		}
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v; want %s in one line", at, err, w)
			}
		}
	}
	check("azblob://cards", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_CONNECTION_STRING")
	check("azblob://cards?storage_account=ours")
	check("s3://cards?region=us-east-1", "AWS_ACCESS_KEY_ID", "AWS_PROFILE")
	check("s3://cards?anonymous=true")
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	check("s3://cards", "AWS_REGION")
	check("s3://cards?region=us-east-1")
	check("s3://cards?endpoint=http://127.0.0.1:1")
	t.Setenv("AZURE_STORAGE_ACCOUNT", "ours")
	check("azblob://cards")
}

// A store whose server knows no conditional writes is refused before a file is stored.
func TestStoresWithoutConditionalWrites(t *testing.T) {
	s3 := clouds(t)[1]
	for _, tt := range []struct {
		name   string
		server func(w http.ResponseWriter, r *http.Request) bool // true: answered
	}{
		{"ignores the header", func(_ http.ResponseWriter, r *http.Request) bool {
			r.Header.Del("If-None-Match")
			return false
		}},
		{"answers 501", func(w http.ResponseWriter, r *http.Request) bool {
			return r.Header.Get("If-None-Match") != "" && answer(w, http.StatusNotImplemented, "NotImplemented")
		}},
		{"answers 400", func(w http.ResponseWriter, r *http.Request) bool {
			return r.Header.Get("If-None-Match") != "" && answer(w, http.StatusBadRequest, "InvalidArgument")
		}},
		{"answers 412 to the first write", func(w http.ResponseWriter, r *http.Request) bool {
			return r.Header.Get("If-None-Match") != "" && answer(w, http.StatusPreconditionFailed, "PreconditionFailed")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !tt.server(w, r) {
					s3.fault.real.ServeHTTP(w, r)
				}
			}))
			t.Cleanup(front.Close)
			at := "s3://cards?region=us-east-1&use_path_style=true&endpoint=" + front.URL
			b := open(t, cloud{url: at})
			err := wiring.CheckWrites(t.Context(), b, at)
			if !errors.Is(err, wiring.ErrStore) || !strings.Contains(err.Error(), "has no conditional writes") {
				t.Errorf("CheckWrites = %v; want no conditional writes", err)
			}
			left, err := b.List(&blob.ListOptions{Prefix: ".seine"}).Next(t.Context())
			if !errors.Is(err, io.EOF) {
				t.Errorf("CheckWrites leaves %v, %v", left, err)
			}
		})
	}
}

func answer(w http.ResponseWriter, status int, code string) bool {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	return true
}

// Stores with conditional writes pass. A store without access gives another error than a store
// without conditional writes.
func TestStoresWithConditionalWrites(t *testing.T) {
	for _, c := range clouds(t) {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, c)
			if err := wiring.CheckWrites(t.Context(), b, c.url); err != nil {
				t.Error(err)
			}
			if c.fault == nil {
				return
			}
			c.fault.set(func(_ int, r *http.Request) action {
				if writes(r) {
					return deny
				}
				return pass
			})
			if err := wiring.CheckWrites(t.Context(), b, c.url); !errors.Is(err, wiring.ErrStore) || strings.Contains(err.Error(), "conditional") {
				t.Errorf("without access: CheckWrites = %v", err)
			}
		})
	}
}
