package cloudsql

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/cloudsqlconn"
	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// cloud simulates Google for the connector: tokens, the SQL Admin API, and an instance's proxy in
// front of a real PostgreSQL, which accepts a certificate of the API.
type cloud struct {
	*testing.T
	ca     *x509.Certificate
	key    *rsa.PrivateKey
	api    *httptest.Server
	proxy  net.Listener
	server string // host:port of the real one

	mu     sync.Mutex
	status int      // the API's answer; 0: what is right
	dialed []string // addresses
	tokens int      // certificates that were asked for with a login token
	open   int
	most   int
}

func newCloud(t *testing.T, server string) *cloud {
	t.Helper()
	c := &cloud{T: t, server: server}
	c.key = c.newKey()
	c.ca = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw := c.sign(c.ca, &c.key.PublicKey)
	var err error
	if c.ca, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	c.api = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.api.Close)
	own := c.newKey()
	pool := x509.NewCertPool()
	pool.AddCert(c.ca)
	c.proxy, err = tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		MinVersion: tls.VersionTLS12, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		Certificates: []tls.Certificate{{Certificate: [][]byte{c.sign(leaf("my-project:cards"), &own.PublicKey)}, PrivateKey: own}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for {
			client, err := c.proxy.Accept()
			if err != nil {
				return
			}
			carrying.Go(func() { c.carry(client) })
		}
	})
	t.Cleanup(func() {
		_ = c.proxy.Close()
		carrying.Wait()
	})
	return c
}

func (c *cloud) newKey() *rsa.PrivateKey {
	c.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		c.Fatal(err)
	}
	return k
}

func leaf(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
}

func (c *cloud) sign(cert *x509.Certificate, of any) []byte {
	raw, err := x509.CreateCertificate(rand.Reader, cert, c.ca, of, c.key)
	if err != nil {
		c.Error(err)
	}
	return raw
}

func asPEM(raw []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
}

func (c *cloud) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	status := c.status
	c.mu.Unlock()
	answer := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	const instance = "/sql/v1beta4/projects/my-project/instances/cards"
	switch {
	case r.URL.Path == "/token":
		answer(map[string]any{"access_token": "t0ken", "expires_in": 3600, "token_type": "Bearer"})
	case status != 0:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"error":{"code":%d,"message":"said so"}}`, status)
	case r.URL.Path == instance+"/connectSettings":
		answer(map[string]any{
			"backendType": "SECOND_GEN", "databaseVersion": "POSTGRES_17", "region": "us-east1", "serverCaCert": map[string]any{"cert": asPEM(c.ca.Raw)},
			"ipAddresses": []map[string]any{{"type": "PRIMARY", "ipAddress": "203.0.113.7"}, {"type": "PRIVATE", "ipAddress": "10.0.0.7"}},
		})
	case r.URL.Path == instance+":generateEphemeralCert":
		var q struct {
			PublicKey string `json:"public_key"`
			Token     string `json:"access_token"`
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			c.Error(err)
		}
		block, _ := pem.Decode([]byte(q.PublicKey))
		if block == nil {
			http.Error(w, "no key", http.StatusBadRequest)
			return
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			c.Error(err)
		}
		c.mu.Lock()
		if q.Token != "" {
			c.tokens++
		}
		c.mu.Unlock()
		answer(map[string]any{"ephemeralCert": map[string]any{"cert": asPEM(c.sign(leaf("client"), key)), "expirationTime": time.Now().Add(time.Hour).Format(time.RFC3339)}})
	default:
		c.Errorf("the API is asked for %s", r.URL.Path)
		http.NotFound(w, r)
	}
}

// carry is one connection of a client that showed its certificate.
func (c *cloud) carry(client net.Conn) {
	defer func() { _ = client.Close() }()
	if err := client.(*tls.Conn).HandshakeContext(context.Background()); err != nil {
		c.Errorf("handshake: %v", err)
		return
	}
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	c.mu.Lock()
	c.open++
	c.most = max(c.most, c.open)
	c.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	_, _ = io.Copy(server, client)
	_ = server.Close()
	<-done
	c.mu.Lock()
	c.open--
	c.mu.Unlock()
}

// options lead the connector here.
func (c *cloud) options() []cloudsqlconn.Option {
	return []cloudsqlconn.Option{
		cloudsqlconn.WithAdminAPIEndpoint(c.api.URL),
		cloudsqlconn.WithDialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			c.mu.Lock()
			c.dialed = append(c.dialed, addr)
			c.mu.Unlock()
			return (&net.Dialer{}).DialContext(ctx, network, c.proxy.Addr().String())
		}),
	}
}

// credentials writes a key file of a service account and names it in the environment.
func (c *cloud) credentials(email string) {
	c.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.newKey())
	if err != nil {
		c.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "my-project", "private_key_id": "k", "client_email": email, "client_id": "1", "token_uri": c.api.URL + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	})
	if err != nil {
		c.Fatal(err)
	}
	file := filepath.Join(c.TempDir(), "key.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		c.Fatal(err)
	}
	c.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
}

// A frontier on Cloud SQL passes the suite through the real connector, with an IAM login, in front
// of a real PostgreSQL. Only Google itself is made up.
func TestConnects(t *testing.T) {
	dsn, err := url.Parse(pgtest.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	const user = "worker@my-project.iam"
	admin, err := pgx.Connect(t.Context(), dsn.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec(t.Context(), `drop role if exists "`+user+`"; create role "`+user+`" login superuser`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		_, err := admin.Exec(ctx, `drop owned by "`+user+`" cascade; drop role "`+user+`"`)
		if err != nil {
			t.Error(err)
		}
		_ = admin.Close(ctx)
	})
	c := newCloud(t, dsn.Host)
	c.credentials("worker@my-project.iam.gserviceaccount.com")
	at := "cloudsql://my-project:us-east1:cards" + dsn.Path
	f, err := connect(t.Context(), at+"?private=1", drivers.Options{}, c.options()...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	job, err := f.Register(t.Context(), frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 1000}}, false)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.most = 0
	c.mu.Unlock()
	var working sync.WaitGroup
	for i := range 8 {
		working.Go(func() {
			for j := range 20 {
				if _, err := f.Add(t.Context(), job, []frontier.New{{Key: fmt.Sprint(i, "-", j), Lane: "h:80"}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
	if n, err := f.Counts(t.Context(), job); err != nil || n.Total != 160 {
		t.Errorf("%+v, %v; want 160 tasks", n, err)
	}
	var as string
	if err := admin.QueryRow(t.Context(), `select string_agg(distinct usename, ',') from pg_stat_activity where application_name = 'seine' and datname = current_database()`).Scan(&as); err != nil || as != user {
		t.Errorf("it is logged in as %q, %v; want %q", as, err, user)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most > 2 {
		t.Errorf("%d connections at once; want at most 2", c.most)
	}
	if c.tokens == 0 {
		t.Error("no certificate was asked for with a login token")
	}
	for _, addr := range c.dialed {
		if addr != "10.0.0.7:3307" {
			t.Errorf("it dialed %s; want the private address", addr)
		}
	}
}

// Each rejection by Google is reported with its remedy.
func TestRemedies(t *testing.T) {
	dsn, err := url.Parse(pgtest.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	c := newCloud(t, dsn.Host)
	at := "cloudsql://my-project:us-east1:cards" + dsn.Path
	fails := func(name, at string, want ...string) {
		t.Helper()
		f, err := connect(t.Context(), at, drivers.Options{}, c.options()...)
		if err == nil {
			_ = f.Close()
		}
		if !errors.Is(err, frontier.ErrUnavailable) {
			t.Errorf("%s: %v; want %v", name, err, frontier.ErrUnavailable)
			return
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v; want %q", name, err, w)
			}
		}
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	fails("a key that is not there", at, "set GOOGLE_APPLICATION_CREDENTIALS=KEY.json", "none.json")
	fails("the same with a user", at+"?user=me", "set GOOGLE_APPLICATION_CREDENTIALS=KEY.json")
	c.credentials("")
	fails("credentials without an e-mail", at, "add ?user=NAME@DOMAIN")
	c.credentials("nobody@my-project.iam.gserviceaccount.com")
	set := func(status int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.status = status
	}
	set(http.StatusNotFound)
	fails("no such instance", at, "there is no such instance", "gcloud sql instances list --project my-project`")
	set(http.StatusForbidden)
	fails("no rights", at, "roles/cloudsql.client", "sqladmin.googleapis.com")
	set(0)
	fails("no such user", at, "SQLSTATE 28", `gcloud sql users create nobody@my-project.iam --instance cards --type cloud_iam_service_account`)
	fails("no such user of a person", at+"?user=me@example.com", `gcloud sql users create me@example.com --instance cards --type cloud_iam_user`)
}

func TestUserOf(t *testing.T) {
	for _, tt := range []struct{ name, key, want string }{
		{"a service account", `{"type":"service_account","client_email":"w@p.iam.gserviceaccount.com","private_key":"x"}`, "w@p.iam"},
		{"one that is impersonated", `{"type":"external_account","audience":"a","subject_token_type":"t","token_url":"https://sts.googleapis.com/v1/token","credential_source":{"file":"/x"},"service_account_impersonation_url":"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/w@p.iam.gserviceaccount.com:generateAccessToken"}`, "w@p.iam"},
		{"a person", `{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}`, ""},
	} {
		file := filepath.Join(t.TempDir(), "key.json")
		if err := os.WriteFile(file, []byte(tt.key), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
		if got, err := userOf(t.Context()); got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
	// The metadata server of a pod.
	pod := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Metadata-Flavor", "Google")
		if strings.HasSuffix(r.URL.Path, "/service-accounts/default/email") {
			_, _ = fmt.Fprint(w, "pod@p.iam.gserviceaccount.com")
		}
	}))
	defer pod.Close()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(pod.URL, "http://"))
	if got, err := userOf(t.Context()); got != "pod@p.iam" || err != nil {
		t.Errorf("in a pod: %q, %v; want pod@p.iam", got, err)
	}
}
