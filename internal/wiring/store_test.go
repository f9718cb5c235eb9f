package wiring

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	_ "gocloud.dev/blob/gcsblob"
)

// A store that refuses the connection, or accepts it and never answers, is reported within the time
// limit.
func TestStoreThatDoesNotAnswer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for at, want := range map[string]string{"127.0.0.1:1": "connection refused", silent.Addr().String(): "no answer within"} {
		t.Setenv("STORAGE_EMULATOR_HOST", at)
		began := time.Now()
		_, err := store(t.Context(), "gs://cards", time.Second)
		if !errors.Is(err, ErrStore) || !strings.Contains(err.Error(), want) || time.Since(began) > 10*time.Second {
			t.Errorf("%s: %v after %v; want %s", at, err, time.Since(began), want)
		}
		if strings.Contains(err.Error(), "alt=json") {
			t.Errorf("%s: %v; want what went wrong, not the request", at, err)
		}
	}
}

func TestStoreOfNoKnownKind(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{"ftp://x": "begins with none of file:, gs:", "gcs://x": `did you mean "gs:"?`, "x": "give file:FOLDER"} {
		if _, err := Store(t.Context(), at); !errors.Is(err, ErrStore) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", at, err, want)
		}
	}
}
