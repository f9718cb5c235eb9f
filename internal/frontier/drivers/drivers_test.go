package drivers

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"postgres://u:secret@h/db", "postgres://u:xxxxx@h/db"},
		{"postgres://u@h/db?password=secret&sslmode=off", "postgres://u@h/db?password=xxxxx&sslmode=off"},
		{"postgres://u:se%cret@h/db", "postgres://xxxxx@h/db"},
		{"postgres://u:12#secret@h/db", "postgres://u:xxxxx@h/db"},
		{"postgres://u:12/secret@h/db", "postgres://u:xxxxx@h/db"},
		{"postgres://u:12?secret@h/db", "postgres://u:xxxxx@h/db"},
		{"postgres://u:a@secret@h/db", "postgres://u:xxxxx@h/db"},
		{"postgres://u:a@b/secret@h/db", "postgres://u:xxxxx@h/db"},
		{"postgres://u:secret@h/db?application_name=me@home", "postgres://u:xxxxx@h/db?application_name=me@home"},
		{"host=h user=u password=secret dbname=d", "host=h user=u password=xxxxx dbname=d"},
		{"host=h password='my secret' user=u", "host=h password=xxxxx user=u"},
		{`host=h password = 'it\'s secret' user=u`, "host=h password=xxxxx user=u"},
		{`password=a\ secret host=h`, "password=xxxxx host=h"},
		{"password=a&secret host=h", "password=xxxxx host=h"},
		{"password='my secret", "password=xxxxx"},
		{"sqlite:./data/seine.db", "sqlite:./data/seine.db"},
		{"gs://bucket/prefix", "gs://bucket/prefix"},
		{"s3://b?endpoint=http://k:secret@h:9000&region=x", "s3://b?endpoint=http://k:xxxxx@h:9000&region=x"},
		{"s3://b?endpoint=http%3A%2F%2Fk%3Asecret%40h%3A9000&region=x", "s3://b?endpoint=http://k:xxxxx@h:9000&region=x"},
		{"s3://b?region=x&endpoint=https://h:9000", "s3://b?region=x&endpoint=https://h:9000"},
		{"cloudsql://p:r:i/db?user=me@example.com", "cloudsql://p:r:i/db?user=me@example.com"},
		{"cloudsql://u:secret@p:r:i/db?private=1", "cloudsql://xxxxx@p:r:i/db?private=1"},
	} {
		if got := Redact(tt.in); got != tt.want || strings.Contains(got, "secret") {
			t.Errorf("Redact(%q) = %q; want %q", tt.in, got, tt.want)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"", "sqlite:", "cloudsql://p:r:i/db", "mysql://u:secret@h/db", "./seine.db"} {
		if _, err := Open(t.Context(), at, Options{}); !errors.Is(err, ErrURL) || strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q): %v; want %v", at, err, ErrURL)
		}
	}
	path := filepath.Join(t.TempDir(), "a folder", "s?#%.db")
	f, err := Open(t.Context(), "sqlite:"+path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Migrate(t.Context()); err != nil {
		t.Error(err)
	}
	if m, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.db")); err != nil || len(m) != 1 || m[0] != path {
		t.Errorf("made %q, %v; want %q", m, err, path)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
