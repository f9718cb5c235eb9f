package seine

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// PrivateNet is a part of a network that is not public but that a job may request.
type PrivateNet struct {
	// Prefix holds the addresses. An IPv4 address inside of IPv6 counts as the
	// IPv4 address.
	Prefix netip.Prefix

	// Port is the one port that may be asked. 0 means every port.
	Port uint16
}

// ParsePrivateNet reads an address or a prefix, with or without a port:
// 127.0.0.1, 10.0.0.0/8, 127.0.0.1:8080, 10.0.0.0/8:443. With a port, IPv6 stands
// in brackets: [::1]:8080, [fd00::]/8:443.
func ParsePrivateNet(s string) (PrivateNet, error) {
	n, err := parsePrivateNet(s)
	if err != nil {
		return PrivateNet{}, fmt.Errorf("%q %w", s, err)
	}
	return n, nil
}

func parsePrivateNet(s string) (PrivateNet, error) {
	text, port, err := cutPort(s)
	if err != nil {
		return PrivateNet{}, err
	}
	address, bits, hasBits := strings.Cut(text, "/")
	a, err := netip.ParseAddr(address)
	if err != nil || a.Zone() != "" {
		return PrivateNet{}, errNoAddress
	}
	prefix := netip.PrefixFrom(a, a.BitLen())
	if hasBits {
		if prefix, err = netip.ParsePrefix(address + "/" + bits); err != nil {
			return PrivateNet{}, fmt.Errorf("has no prefix length from 0 to %d", a.BitLen())
		}
	}
	if a.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
	}
	return PrivateNet{Prefix: prefix.Masked(), Port: port}, nil
}

// The reasons why a text is not a PrivateNet.
var (
	errNoAddress = errors.New("is neither an address nor a prefix such as 127.0.0.0/8")
	errBracket   = errors.New("has a bracket without the other one")
	errPort      = errors.New("has a port that is not from 1 to 65535")
)

// MustParsePrivateNet is [ParsePrivateNet] for a text that is known to be right.
// It panics if the text is wrong.
func MustParsePrivateNet(s string) PrivateNet {
	n, err := ParsePrivateNet(s)
	if err != nil {
		panic(err)
	}
	return n
}

// cutPort cuts a port off. Without brackets the colons of an IPv6 address are its
// own.
func cutPort(s string) (rest string, port uint16, err error) {
	inside, after, bracketed := strings.Cut(strings.TrimPrefix(s, "["), "]")
	switch {
	case strings.HasPrefix(s, "[") != bracketed:
		return "", 0, errBracket
	case bracketed && after != "" && after[0] != ':' && after[0] != '/':
		return "", 0, errNoAddress
	case bracketed && !strings.Contains(after, ":"):
		return inside + after, 0, nil
	case !bracketed && strings.Count(s, ":") != 1:
		return s, 0, nil
	}
	i := strings.LastIndexByte(s, ':')
	if address, _, _ := strings.Cut(s[:i], "/"); !bracketed && !isAddress(address) {
		return "", 0, errNoAddress
	}
	n, err := strconv.ParseUint(s[i+1:], 10, 16)
	if err != nil || n == 0 {
		return "", 0, errPort
	}
	rest = strings.NewReplacer("[", "", "]", "").Replace(s[:i])
	return rest, uint16(n), nil
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// String returns the form that [ParsePrivateNet] reads.
func (n PrivateNet) String() string {
	switch {
	case n.Port == 0:
		return n.Prefix.String()
	case n.Prefix.Addr().Is4():
		return n.Prefix.String() + ":" + strconv.Itoa(int(n.Port))
	}
	return fmt.Sprintf("[%s]/%d:%d", n.Prefix.Addr(), n.Prefix.Bits(), n.Port)
}

// Contains reports whether an address and port may be asked.
func (n PrivateNet) Contains(a netip.AddrPort) bool {
	return n.Prefix.Contains(a.Addr().WithZone("").Unmap()) && (n.Port == 0 || n.Port == a.Port())
}
