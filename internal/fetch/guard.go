package fetch

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"syscall"

	"github.com/seinehq/seine"
)

// Guard blocks connections to addresses that are not public: addresses of this machine, of its
// network, and of a cloud's metadata service. It checks the resolved address of each connection, so
// neither a name, a redirect nor a changed DNS answer bypasses it. The zero value refuses every
// such address.
//
// Through a proxy the guard would see only the proxy's address, so a proxy gets addresses that the
// guard has checked: see package egress.
type Guard struct {
	// Allow lists exceptions. Exceptions name the final address and port. An IPv4 address equals
	// its form inside IPv6. Default none.
	Allow []seine.PrivateNet
}

// ControlContext is made for [net.Dialer.ControlContext].
func (g Guard) ControlContext(_ context.Context, network, address string, c syscall.RawConn) error {
	return g.Control(network, address, c)
}

// Control is made for [net.Dialer.Control]. It fails with [seine.ErrRefused].
func (g Guard) Control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q is no address and port", seine.ErrRefused, address)
	}
	return g.Check(ap)
}

// Check returns an error that wraps [seine.ErrRefused] if the address is not global unicast, or
// leads to another such address.
func (g Guard) Check(to netip.AddrPort) error {
	addr := to.Addr().WithZone("").Unmap()
	kind := kindOf(addr)
	if inner, ok := translated(addr); ok {
		if k := kindOf(inner); k != "" && !g.allows(inner, to.Port()) {
			return g.refused(addr, to.Port(), k+" inside of IPv6")
		}
	}
	if kind == "" || g.allows(addr, to.Port()) {
		return nil
	}
	return g.refused(addr, to.Port(), kind)
}

func (g Guard) refused(addr netip.Addr, port uint16, kind string) error {
	if slices.ContainsFunc(g.Allow, func(n seine.PrivateNet) bool { return n.Prefix.Contains(addr) }) {
		return fmt.Errorf("%w: %s is %s, which fetch.allow_private lists with another port than %d", seine.ErrRefused, addr, kind, port)
	}
	return fmt.Errorf("%w: %s is %s, which is asked only when fetch.allow_private lists it", seine.ErrRefused, addr, kind)
}

func (g Guard) allows(addr netip.Addr, port uint16) bool {
	return slices.ContainsFunc(g.Allow, func(n seine.PrivateNet) bool {
		if p := n.Prefix; p.Addr().Is4In6() && p.Bits() >= 96 {
			n.Prefix = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		return n.Contains(netip.AddrPortFrom(addr, port))
	})
}

// kindOf names the kind of an address that is not global unicast, and is empty for global unicast.
func kindOf(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "no address"
	case a.IsUnspecified():
		return "unspecified"
	case a.IsLoopback():
		return "loopback"
	case a.IsLinkLocalUnicast():
		return "link-local"
	case a.IsPrivate():
		return "private"
	case a.IsMulticast(), a.IsInterfaceLocalMulticast(), a.IsLinkLocalMulticast():
		return "multicast"
	}
	for _, r := range reserved {
		if r.prefix.Contains(a) {
			return r.kind
		}
	}
	if !a.IsGlobalUnicast() || a.Is6() && !global6.Contains(a) {
		return "reserved"
	}
	return ""
}

// global6 is the part of IPv6 that is given out for global unicast (RFC 4291
// section 2.4, IANA's registry).
var global6 = netip.MustParsePrefix("2000::/3")

// reserved lists the blocks of IANA's special-purpose registries (RFC 6890) that are not globally
// reachable and have no predicate in net/netip.
var reserved = []struct {
	prefix netip.Prefix
	kind   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared (carrier-grade NAT)"},
	{netip.MustParsePrefix("168.63.129.16/32"), "the platform of Azure"}, // answers machines of Azure alone, with their settings
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved"},
	{netip.MustParsePrefix("192.0.2.0/24"), "for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "reserved"},
	{netip.MustParsePrefix("198.18.0.0/15"), "for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "for documentation"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{nat64, "NAT64"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "NAT64"},
	{netip.MustParsePrefix("2001::/23"), "reserved (Teredo, ORCHID, benchmarks)"},
	{netip.MustParsePrefix("2001:db8::/32"), "for documentation"},
	{netip.MustParsePrefix("3fff::/20"), "for documentation"},
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052 section 2.1
	sixToFour = netip.MustParsePrefix("2002::/16")    // RFC 3056 section 2
	compat    = netip.MustParsePrefix("::/96")        // RFC 4291 section 2.5.5.1
)

// translated returns the IPv4 address that a gateway reaches for an IPv6 one. The guard checks both
// addresses. A job that allows NAT64, in a network that has nothing else, does not thereby allow
// 127.0.0.1.
func translated(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return netip.Addr{}, false
	}
	b := a.As16()
	switch {
	case nat64.Contains(a), compat.Contains(a) && !a.IsLoopback() && !a.IsUnspecified():
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
