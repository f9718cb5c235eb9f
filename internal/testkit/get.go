package testkit

import (
	"io"
	"net/http"
	"testing"
)

// Get returns the status and the body of an HTTP GET. It fails the test if no response arrives.
func Get(t testing.TB, url string) (status int, body []byte) {
	t.Helper()
	resp, body := Response(t, url) //nolint:bodyclose // try closes it
	return resp.StatusCode, body
}

// Response is [Get] with the whole response, whose body is read and closed.
func Response(t testing.TB, url string) (*http.Response, []byte) {
	t.Helper()
	resp, body, err := try(t, url)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// Try is [Get] for a server that may not listen: it returns the error of a request that failed.
func Try(t testing.TB, url string) (status int, body []byte, err error) {
	t.Helper()
	resp, body, err := try(t, url) //nolint:bodyclose // try closes it
	if err != nil {
		return 0, nil, err
	}
	return resp.StatusCode, body, nil
}

func try(t testing.TB, url string) (*http.Response, []byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}
