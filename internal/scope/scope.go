// Package scope decides which URLs of a site belong to a job. It is pure.
//
// A URL is in scope if its host is, if one of the Match patterns fits (or there is none), if no Not
// pattern fits and if its depth is within the limit. [Pattern] is the language of the patterns,
// [Expand] expands ranges of seeds. [Trap] recognizes URLs that a site generates without end, and
// [PathPattern] names the family of a URL, for which a job has a budget.
//
// All URLs are canonical (package weburl). A URL that is not canonical is out of scope.
package scope

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/seinehq/seine/internal/weburl"
)

// Options states what belongs to a job. The zero value takes the hosts of the seeds.
type Options struct {
	// Hosts lists the hosts. "shop.example" means its default ports, "127.0.0.1:8080" that port,
	// "*.shop.example" every subdomain. If Hosts is empty and Domain is false, the hosts of the
	// seeds apply.
	Hosts []string

	// Domain adds the registered domains of the seeds' hosts (public suffix list) with all
	// subdomains and ports. An IP address, localhost and a public suffix stand for themselves with
	// their port.
	Domain bool

	// Match lists patterns of which one has to fit. Empty means every URL of the hosts.
	Match []Pattern

	// Not lists patterns of which none may fit.
	Not []Pattern

	// Depth is the most links from a seed. 0 means no limit.
	Depth int
}

// Scope is what belongs to a job. [New] builds it. It is safe for concurrent use.
type Scope struct {
	o       Options
	hosts   map[string]bool // host and port
	domains map[string]bool // registered domains, which include themselves
	parents map[string]bool // domains whose subdomains alone belong to the job
}

// New returns the scope of a job. It fails if a host is malformed, if Depth is negative, or if
// neither the seeds nor Hosts name a host.
func New(seeds []string, o Options) (*Scope, error) {
	if o.Depth < 0 {
		return nil, fmt.Errorf("depth is %d: give 0 for no limit or a positive number", o.Depth)
	}
	s := &Scope{o: o, hosts: map[string]bool{}, domains: map[string]bool{}, parents: map[string]bool{}}
	for _, h := range o.Hosts {
		if err := s.add(h); err != nil {
			return nil, err
		}
	}
	if o.Domain || len(o.Hosts) == 0 {
		for _, seed := range seeds {
			if err := s.addSeed(seed); err != nil {
				return nil, err
			}
		}
	}
	if len(s.hosts)+len(s.domains)+len(s.parents) == 0 {
		return nil, errors.New("scope has no host: name one in hosts or give a seed URL")
	}
	return s, nil
}

// add reads one entry of Options.Hosts.
func (s *Scope) add(entry string) error {
	name, wild := strings.CutPrefix(entry, "*.")
	canonical, err := weburl.Canonical("http://" + name + "/")
	if err != nil || strings.ContainsAny(name, `/\?#@`) || strings.TrimSpace(name) != name {
		return fmt.Errorf("host %q is no host name: write it like shop.example or 127.0.0.1:8080", entry)
	}
	host := strings.TrimSuffix(strings.TrimPrefix(canonical, "http://"), "/")
	_, bare := splitPort(name)
	switch {
	case wild && !bare:
		return fmt.Errorf("host %q has a port: leave it out, all ports of the subdomains belong to it", entry)
	case wild:
		s.parents[host] = true
	case !bare:
		s.hosts[weburl.Host(canonical)] = true
	default:
		s.hosts[host+":80"], s.hosts[host+":443"] = true, true
	}
	return nil
}

func (s *Scope) addSeed(seed string) error {
	host := weburl.Host(seed)
	if host == "" {
		return fmt.Errorf("seed %q is no canonical URL", seed)
	}
	name, _ := splitPort(host)
	if s.o.Domain {
		if d := registered(name); d != "" {
			s.domains[d] = true
			return nil
		}
		s.hosts[host] = true
		return nil
	}
	if port := strings.TrimPrefix(host, name+":"); port == "80" || port == "443" {
		s.hosts[name+":80"], s.hosts[name+":443"] = true, true
	}
	s.hosts[host] = true
	return nil
}

// registered returns the registered domain of a host name, or "" for an address, localhost or a
// public suffix.
func registered(name string) string {
	if strings.HasPrefix(name, "[") {
		return ""
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return ""
	}
	d, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return d
}

// splitPort returns a host without its port, and whether it had none.
func splitPort(host string) (name string, bare bool) {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i], false
	}
	return host, true
}

// Reason returns why a canonical URL at a depth is left out: "out of scope", "excluded by PATTERN"
// or "deeper than N". It is empty for a URL in scope.
func (s *Scope) Reason(url string, depth int) string {
	if !s.hasHost(weburl.Host(url)) {
		return "out of scope"
	}
	for _, p := range s.o.Not {
		if p.Match(url) {
			return "excluded by " + p.String()
		}
	}
	if !s.matches(url) {
		return "out of scope"
	}
	if s.o.Depth > 0 && depth > s.o.Depth {
		return "deeper than " + strconv.Itoa(s.o.Depth)
	}
	return ""
}

func (s *Scope) matches(url string) bool {
	for _, p := range s.o.Match {
		if p.Match(url) {
			return true
		}
	}
	return len(s.o.Match) == 0
}

// hasHost reports whether a host with its port belongs to the job.
func (s *Scope) hasHost(host string) bool {
	if host == "" {
		return false
	}
	if s.hosts[host] {
		return true
	}
	name, _ := splitPort(host)
	if s.domains[name] {
		return true
	}
	for {
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return false
		}
		if s.domains[parent] || s.parents[parent] {
			return true
		}
		name = parent
	}
}
