package shopsite

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{})
	server := httptest.NewServer(s.Pages())
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	get := func(path string) (at, body string) {
		t.Helper()
		resp, err := client.Get(server.URL + path)
		return read(t, resp, err)
	}
	at, form := get("/account/orders")
	if at != "/login" {
		t.Fatalf("the orders lead to %s without a login", at)
	}
	field := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(form)
	if field == nil {
		t.Fatalf("no hidden field in\n%s", form)
	}
	post := func(client *http.Client, csrf, password string) string {
		t.Helper()
		resp, err := client.PostForm(server.URL+"/login", url.Values{"user": {User}, "password": {password}, "csrf": {csrf}, "next": {"//elsewhere.example/"}})
		at, body := read(t, resp, err)
		if resp.StatusCode == http.StatusForbidden {
			return "forbidden"
		} else if strings.Contains(body, `class="fault"`) {
			return "wrong"
		}
		return at
	}
	if got := post(client, "x", Password); got != "forbidden" {
		t.Errorf("a login with another token: %s", got)
	}
	if got := post(http.DefaultClient, field[1], Password); got != "forbidden" {
		t.Errorf("a login without the cookie: %s", got)
	}
	if got := post(client, field[1], "x"); got != "wrong" {
		t.Errorf("a login with another password: %s", got)
	}
	if got := post(client, field[1], Password); got != "/account/orders" {
		t.Fatalf("the login leads to %s", got)
	}
	var got []Order
	for n := range pageCount(orders, ordersPerPage) {
		_, list := get(numbered("/account/orders", n+1))
		for _, m := range regexp.MustCompile(`href="(/account/orders/\d+)"`).FindAllStringSubmatch(list, -1) {
			_, body := get(m[1])
			f := regexp.MustCompile(`Order (\d+)</h1>.*"sku">([^<]+)</p><p class="total">€ ([0-9.]+)<`).FindStringSubmatch(body)
			if f == nil {
				t.Fatalf("no order in\n%s", body)
			}
			got = append(got, Order{f[1], f[2], f[3]})
		}
	}
	if d := cmp.Diff(s.Orders(), got); d != "" {
		t.Errorf("orders (-want +got)\n%s", d)
	}
	s.ExpireSessions()
	if at, _ := get("/account/orders/5001"); at != "/login" {
		t.Errorf("an expired session reaches %s", at)
	}
	if got := post(client, field[1], Password); got != "/account/orders" {
		t.Fatalf("the second login leads to %s", got)
	}
	s.ExpireAfter(1)
	for _, want := range []string{"/account/orders/5001", "/login"} {
		if at, _ := get("/account/orders/5001"); at != want {
			t.Errorf("an order leads to %s; want %s", at, want)
		}
	}
}

func read(t *testing.T, resp *http.Response, err error) (at, body string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Request.URL.Path, string(text)
}
