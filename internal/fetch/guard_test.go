package fetch

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
)

func TestGuardRefusesWhatIsNotPublic(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ addr, kind string }{
		{"0.0.0.0", "unspecified"},
		{"0.1.2.3", "this network"},
		{"127.0.0.1", "loopback"},
		{"127.255.255.254", "loopback"},
		{"10.0.0.1", "private"},
		{"172.16.0.1", "private"},
		{"172.31.255.255", "private"},
		{"192.168.1.1", "private"},
		{"169.254.169.254", "link-local"},
		{"100.64.0.1", "carrier-grade"},
		{"100.127.255.255", "carrier-grade"},
		{"192.0.0.192", "reserved"},
		{"192.0.2.1", "documentation"},
		{"192.88.99.1", "reserved"},
		{"198.18.0.1", "benchmarks"},
		{"168.63.129.16", "platform of Azure"},
		{"198.19.255.255", "benchmarks"},
		{"198.51.100.1", "documentation"},
		{"203.0.113.1", "documentation"},
		{"224.0.0.1", "multicast"},
		{"239.255.255.250", "multicast"},
		{"240.0.0.1", "reserved"},
		{"255.255.255.255", "reserved"},
		{"::", "unspecified"},
		{"::1", "loopback"},
		{"fe80::1", "link-local"},
		{"fe80::1%eth0", "link-local"},
		{"febf::1", "link-local"},
		{"fec0::1", "reserved"},
		{"fc00::1", "private"},
		{"fd00:ec2::254", "private"},
		{"ff02::1", "multicast"},
		{"ff0e::1", "multicast"},
		{"100::1", "reserved"},
		{"5f00::1", "reserved"},
		{"4000::1", "reserved"},
		{"2001::1", "Teredo"},
		{"2001:2::1", "benchmarks"},
		{"2001:10::1", "ORCHID"},
		{"2001:db8::1", "documentation"},
		{"3fff::1", "documentation"},
		{"::ffff:127.0.0.1", "loopback"},
		{"::ffff:169.254.169.254", "link-local"},
		{"::ffff:0:127.0.0.1", "reserved"},
		{"::127.0.0.1", "loopback"},
		{"::8.8.8.8", "reserved"},
		{"64:ff9b::8.8.8.8", "NAT64"},
		{"64:ff9b::169.254.169.254", "link-local"},
		{"64:ff9b:1::1", "NAT64"},
		{"2002:7f00:1::1", "loopback"},
		{"2002:a9fe:a9fe::1", "link-local"},
		{"2002:a00:1::1", "private"},
	} {
		t.Run(tt.addr, func(t *testing.T) {
			t.Parallel()
			addr := netip.MustParseAddr(tt.addr)
			err := Guard{}.Check(netip.AddrPortFrom(addr, 80))
			if !errors.Is(err, seine.ErrRefused) {
				t.Fatalf("Check(%s) = %v; want ErrRefused", addr, err)
			}
			for _, want := range []string{tt.kind, "fetch.allow_private", addr.WithZone("").Unmap().String()} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Check(%s) = %q; want %q in it", addr, err, want)
				}
			}
			if err := (Guard{}).Control("tcp", netip.AddrPortFrom(addr, 80).String(), nil); !errors.Is(err, seine.ErrRefused) {
				t.Errorf("Control(%s) = %v; want ErrRefused", addr, err)
			}
		})
	}
}

func TestGuardLetsPublicAddressesPass(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1",
		"169.253.255.255", "172.15.255.255", "172.32.0.1", "192.0.1.1", "192.167.255.255", "198.17.255.255", "198.20.0.1", "223.255.255.255",
		"2606:4700::1111", "2001:4860:4860::8888", "2a00:1450::1", "::ffff:8.8.8.8", "2002:808:808::1", "2001:200::1", "3ffe::1",
	} {
		if err := (Guard{}).Check(netip.AddrPortFrom(netip.MustParseAddr(s), 80)); err != nil {
			t.Errorf("Check(%s) = %v; want none", s, err)
		}
	}
}

func TestGuardAllowsWhatTheJobLists(t *testing.T) {
	t.Parallel()
	list := func(s ...string) (p []seine.PrivateNet) {
		for _, s := range s {
			p = append(p, seine.MustParsePrivateNet(s))
		}
		return p
	}
	for _, tt := range []struct {
		name, addr string
		allow      []seine.PrivateNet
		refused    bool
	}{
		{"loopback", "127.0.0.1", list("127.0.0.0/8"), false},
		{"loopback inside of IPv6", "::ffff:127.0.0.1", list("127.0.0.0/8"), false},
		{"a prefix written as IPv4 in IPv6", "10.1.2.3", list("::ffff:10.0.0.0/104"), false},
		{"another", "10.0.0.1", list("127.0.0.0/8", "192.168.0.0/16"), true},
		{"one of several", "192.168.0.1", list("127.0.0.0/8", "192.168.0.0/16"), false},
		{"a single address", "10.0.0.7", list("10.0.0.7/32"), false},
		{"the one beside it", "10.0.0.8", list("10.0.0.7/32"), true},
		{"link-local with a zone", "fe80::1%lo", list("fe80::/10"), false},
		{"NAT64 allowed, public inside", "64:ff9b::8.8.8.8", list("64:ff9b::/96"), false},
		{"NAT64 allowed, loopback inside", "64:ff9b::127.0.0.1", list("64:ff9b::/96"), true},
		{"NAT64 allowed and loopback too", "64:ff9b::127.0.0.1", list("64:ff9b::/96", "127.0.0.0/8"), false},
		{"IPv4 allowed is not NAT64 allowed", "64:ff9b::127.0.0.1", list("127.0.0.0/8"), true},
		{"the port", "127.0.0.1", list("127.0.0.1:443"), false},
		{"the port inside of IPv6", "::ffff:127.0.0.1", list("127.0.0.0/8:443"), false},
		{"another port", "127.0.0.1", list("127.0.0.1:8080"), true},
		{"another port of a prefix", "fd00::1", list("[fd00::]/8:8080", "[fd00::]/16:80"), true},
		{"one of several ports", "fd00::1", list("[fd00::]/8:8080", "[fd00::]/16:443"), false},
		{"NAT64 allowed, another port inside", "64:ff9b::127.0.0.1", list("64:ff9b::/96", "127.0.0.0/8:80"), true},
		{"IPv4 prefix of all is not IPv6", "fd00::1", list("0.0.0.0/0"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := Guard{Allow: tt.allow}.Check(netip.AddrPortFrom(netip.MustParseAddr(tt.addr), 443))
			if errors.Is(err, seine.ErrRefused) != tt.refused {
				t.Errorf("Check(%s) allowing %v = %v; want refused %v", tt.addr, tt.allow, err, tt.refused)
			}
		})
	}
}

func TestGuardRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "localhost:80", "127.0.0.1", "/var/run/docker.sock", "[::1"} {
		if err := (Guard{Allow: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}}).Control("tcp", s, nil); !errors.Is(err, seine.ErrRefused) {
			t.Errorf("Control(%q) = %v; want ErrRefused", s, err)
		}
	}
	if err := (Guard{}).Check(netip.AddrPort{}); !errors.Is(err, seine.ErrRefused) {
		t.Errorf("Check of no address = %v; want ErrRefused", err)
	}
}

func TestGuardInADialerStopsBeforeConnecting(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- struct{}{}
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		d := net.Dialer{ControlContext: Guard{}.ControlContext}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		c, err := d.DialContext(ctx, "tcp", host+":"+port)
		cancel()
		if !errors.Is(err, seine.ErrRefused) {
			t.Errorf("dial %s = %v, %v; want ErrRefused", host, c, err)
		}
	}
	l.Close()
	if _, ok := <-accepted; ok {
		t.Error("a refused address was connected to")
	}
}

func FuzzGuard(f *testing.F) {
	for _, s := range []string{"127.0.0.1:80", "[::1]:80", "[::ffff:10.0.0.1]:1", "[64:ff9b::7f00:1]:1", "[2002:7f00:1::]:1", "8.8.8.8:53"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if (Guard{}).Control("tcp", s, nil) != nil {
			return
		}
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			t.Fatalf("passed %q", s)
		}
		// In every spelling or wrapping, the final address must be public.
		a := ap.Addr().Unmap()
		if inner, ok := translated(a); ok {
			a = inner
		}
		if a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || !a.IsGlobalUnicast() {
			t.Fatalf("passed %q, which is %s", s, a)
		}
	})
}
