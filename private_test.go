package seine_test

import (
	"net/netip"
	"testing"

	"github.com/seinehq/seine"
)

func TestParsePrivateNet(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{"127.0.0.1", "127.0.0.1/32"},
		{"10.1.2.3/8", "10.0.0.0/8"},
		{"127.0.0.1:8080", "127.0.0.1/32:8080"},
		{"10.0.0.0/8:443", "10.0.0.0/8:443"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"::1", "::1/128"},
		{"[::1]", "::1/128"},
		{"fd00::/8", "fd00::/8"},
		{"[::1]:8080", "[::1]/128:8080"},
		{"[fd00::]/8:443", "[fd00::]/8:443"},
		{"[fd00::/8]:443", "[fd00::]/8:443"},
		{"[fd00::]/8", "fd00::/8"},
		{"::ffff:10.0.0.0/104", "10.0.0.0/8"},
		{"[::ffff:127.0.0.1]:80", "127.0.0.1/32:80"},
		{"127.0.0.1:65535", "127.0.0.1/32:65535"},
	} {
		n, err := seine.ParsePrivateNet(tt.text)
		if err != nil || n.String() != tt.want {
			t.Errorf("ParsePrivateNet(%q) = %v, %v; want %s", tt.text, n, err, tt.want)
		}
		if again, err := seine.ParsePrivateNet(n.String()); err != nil || again != n {
			t.Errorf("ParsePrivateNet(%q) = %v, %v; want %v", n.String(), again, err, n)
		}
	}
	for _, s := range []string{
		"", "localhost", "localhost:80", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:http", "127.0.0.1:-1", "127.0.0.1:80/8", "127.0.0.0/33",
		"127.0.0.0/8/8", "127.0.0.0/8:80:90", "[::1", "::1]:80", "[::1]80", "fe80::1%eth0", "http://127.0.0.1", "10.0.0.0/", "/8", ":80", "1.2.3", "[]:80",
	} {
		if n, err := seine.ParsePrivateNet(s); err == nil {
			t.Errorf("ParsePrivateNet(%q) = %v; want an error", s, n)
		}
	}
}

func TestPrivateNetContains(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		net, addr string
		want      bool
	}{
		{"127.0.0.1", "127.0.0.1:80", true},
		{"127.0.0.1:80", "127.0.0.1:80", true},
		{"127.0.0.1:80", "127.0.0.1:81", false},
		{"127.0.0.1:80", "127.0.0.2:80", false},
		{"10.0.0.0/8:443", "10.9.9.9:443", true},
		{"10.0.0.0/8:443", "[::ffff:10.9.9.9]:443", true},
		{"[fd00::]/8:443", "[fd12::1%eth0]:443", true},
		{"[fd00::]/8:443", "[fe80::1]:443", false},
	} {
		if got := seine.MustParsePrivateNet(tt.net).Contains(netip.MustParseAddrPort(tt.addr)); got != tt.want {
			t.Errorf("%s contains %s: %v; want %v", tt.net, tt.addr, got, tt.want)
		}
	}
}
