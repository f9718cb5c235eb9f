package verify

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// metricNames lists the metrics of a worker's /metrics.
var metricNames = []string{
	"seine_tasks", "seine_queue_ready", "seine_queue_oldest_due_seconds", "seine_workers", "seine_browser_processes",
	"seine_browser_memory_bytes", "seine_pace_use_ratio", "seine_claims_total", "seine_tasks_finished_total",
	"seine_leases_lost_total", "seine_fetches_total", "seine_fetch_bytes_total", "seine_frontier_errors_total",
	"seine_store_errors_total", "seine_fetch_seconds", "seine_build_info", "seine_task_reasons", "seine_concurrency_ratio",
	"seine_task_seconds", "seine_drift_alarms", "seine_quarantined_records",
}

var metricWord = regexp.MustCompile(`\bseine_[a-z_]+\b`)

// unknownMetrics are the metrics of an expression that no worker has.
func unknownMetrics(expr string) []string {
	var unknown []string
	for _, name := range metricWord.FindAllString(expr, -1) {
		if !slices.Contains(metricNames, strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// scaling checks that exactly one object decides the number of workers.
func (c *complaints) scaling(o *Objects) {
	deciders := len(o.HPAs) + len(o.Scaled)
	if d := o.deployment("worker"); d != nil && d.Spec.Replicas != nil {
		deciders++
	}
	c.add(deciders == 1, "%d decide how many workers there are", deciders)
	slow := func(where string, b *autoscalingv2.HorizontalPodAutoscalerBehavior) {
		ok := b != nil && b.ScaleDown != nil && b.ScaleDown.StabilizationWindowSeconds != nil && *b.ScaleDown.StabilizationWindowSeconds >= 300 &&
			len(b.ScaleDown.Policies) == 1 && b.ScaleDown.Policies[0].Value == 1
		c.add(ok, "%s: takes workers away in a hurry", where)
	}
	for _, h := range o.HPAs {
		c.add(h.Spec.ScaleTargetRef.Kind == "Deployment" && h.Spec.ScaleTargetRef.Name == "worker", "HorizontalPodAutoscaler %s: its target", h.Name)
		c.add(h.Spec.MinReplicas != nil && *h.Spec.MinReplicas >= 1, "HorizontalPodAutoscaler %s: no worker reports the queue's depth", h.Name)
		ok := len(h.Spec.Metrics) == 1 && h.Spec.Metrics[0].Type == autoscalingv2.ExternalMetricSourceType && h.Spec.Metrics[0].External.Target.AverageValue != nil
		c.add(ok, "HorizontalPodAutoscaler %s: not by the queue's depth", h.Name)
		c.add(!ok || h.Spec.Metrics[0].External.Metric.Name != "seine_queue_ready" || h.Annotations["seine.metric"] == "adapter", "HorizontalPodAutoscaler %s: no source of the queue's depth", h.Name)
		slow("HorizontalPodAutoscaler "+h.Name, h.Spec.Behavior)
		for _, m := range o.Metrics {
			if ok {
				want := "autoscaling.gke.io|" + m.Name + "|" + m.Spec.Metrics[0].PromQL.Name
				c.add(h.Spec.Metrics[0].External.Metric.Name == want, "HorizontalPodAutoscaler %s: its metric is not %s", h.Name, want)
			}
		}
	}
	for _, s := range o.Scaled {
		c.add(s.Spec.ScaleTargetRef.Name == "worker", "ScaledObject %s: its target", s.Name)
		c.add(s.Spec.MinReplicaCount != nil && *s.Spec.MinReplicaCount == 0 && s.Spec.MaxReplicaCount != nil, "ScaledObject %s: does not go to zero", s.Name)
		c.add(s.Spec.Fallback != nil && s.Spec.Fallback.Replicas > 0, "ScaledObject %s: no fallback when the database does not answer", s.Name)
		slow("ScaledObject "+s.Name, &s.Spec.Advanced.HorizontalPodAutoscalerConfig.Behavior)
		for _, t := range s.Spec.Triggers {
			c.add(t.Type == "postgresql" && t.Metadata["query"] == "SELECT seine_reader.work()", "ScaledObject %s: reads more than the counters", s.Name)
			c.add(slices.ContainsFunc(o.Triggers, func(a *TriggerAuthentication) bool { return a.Name == t.AuthenticationRef.Name }), "ScaledObject %s: no TriggerAuthentication %q", s.Name, t.AuthenticationRef.Name)
		}
	}
}

// poolSize is the number of connections that a pooler opens.
var poolSize = regexp.MustCompile(`default_pool_size = ([0-9]+)`)

// pooled checks that poolers leave the connections that Terraform reserves. The
// smallest tier has 25, and an update must not add a pooler.
func (c *complaints) pooled(o *Objects) {
	d := o.deployment("pooler")
	if d == nil {
		return
	}
	size, replicas := 0, int32(1)
	if m := poolSize.FindStringSubmatch(strings.Join(d.Spec.Template.Spec.Containers[0].Args, "\n")); m != nil {
		size, _ = strconv.Atoi(m[1])
	}
	if d.Spec.Replicas != nil {
		replicas = *d.Spec.Replicas
	}
	const tier, reserved = 25, 11
	c.add(size > 0 && int(replicas)*size+reserved <= tier, "Deployment pooler: %d poolers of %d connections leave fewer than %d of %d", replicas, size, reserved, tier)
	update := d.Spec.Strategy.RollingUpdate
	c.add(update != nil && update.MaxSurge != nil && update.MaxSurge.IntValue() == 0, "Deployment pooler: an update opens more connections than there are")
}

func (c *complaints) disruption(o *Objects) {
	found := false
	for _, p := range o.PDBs {
		c.add(p.Spec.MinAvailable == nil && p.Spec.MaxUnavailable != nil, "PodDisruptionBudget %s: not by maxUnavailable", p.Name)
		c.add(p.Spec.UnhealthyPodEvictionPolicy != nil && *p.Spec.UnhealthyPodEvictionPolicy == "AlwaysAllow", "PodDisruptionBudget %s: a pod that is not ready holds an upgrade up", p.Name)
		if d := o.deployment("worker"); d != nil && selects(p.Spec.Selector.MatchLabels, d.Spec.Template.Labels) {
			found = true
			c.add(p.Spec.MaxUnavailable != nil && p.Spec.MaxUnavailable.String() == "25%", "PodDisruptionBudget %s: a quarter at a time", p.Name)
		}
	}
	c.add(found, "no PodDisruptionBudget of workers")
}

// private lists the networks that no page may reach, even without the egress guard.
var private = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4"}

func (c *complaints) network(o *Objects, choice Choice) {
	deny := false
	for _, p := range o.Policies {
		c.add(len(p.Spec.PolicyTypes) == 2, "NetworkPolicy %s: not for both directions", p.Name)
		if len(p.Spec.PodSelector.MatchLabels) == 0 && len(p.Spec.PodSelector.MatchExpressions) == 0 {
			c.add(len(p.Spec.Ingress) == 0 && len(p.Spec.Egress) == 0, "NetworkPolicy %s: opens something for every pod", p.Name)
			deny = len(p.Spec.PolicyTypes) == 2
		}
		for _, r := range p.Spec.Egress {
			c.add(len(r.To) > 0 && len(r.Ports) > 0, "NetworkPolicy %s: a rule that opens everything", p.Name)
			for _, to := range r.To {
				c.block(p, r, to)
			}
		}
		for _, r := range p.Spec.Ingress {
			c.add(len(r.From) > 0 && len(r.Ports) > 0, "NetworkPolicy %s: a rule that lets every client in", p.Name)
		}
	}
	c.add(deny, "no NetworkPolicy that denies by default")
	for _, w := range o.workloads() {
		var of []*networkingv1.NetworkPolicy
		for _, p := range o.Policies {
			if l := p.Spec.PodSelector.MatchLabels; len(l) > 0 && selects(l, w.labels) {
				of = append(of, p)
			}
		}
		c.add(len(of) > 0, "%s: no NetworkPolicy opens its database", w.name)
		if len(of) > 0 && w.name != "Deployment postgres" {
			c.add(opens(of, "UDP", 53), "%s: DNS is closed", w.name)
			c.names(w, of)
			c.add(opens(of, "TCP", 3307) || opens(of, "TCP", 5432), "%s: the database is closed", w.name)
			c.add(opens(of, "TCP", 443), "%s: Google's APIs are closed", w.name)
			c.add(opensBlock(of, "0.0.0.0/0", "TCP", 80) == (w.name == "Deployment worker"), "%s: port 80 of the internet", w.name)
		}
		if w.name != "Deployment postgres" {
			c.tokens(w, of, choice)
		}
		for _, x := range w.containers() {
			for _, e := range x.Env {
				c.add(e.Name != "OTEL_EXPORTER_OTLP_ENDPOINT" || collects(of, o.setting("OTLP_ENDPOINT")), "%s: its traces are not let out", w.name)
			}
		}
	}
}

// names checks DNS. The cluster's DNS pods answer, or the node's cache. One data plane identifies
// the cache by the label of its pods, the other by its address.
func (c *complaints) names(w workload, of []*networkingv1.NetworkPolicy) {
	for _, protocol := range []corev1.Protocol{"UDP", "TCP"} {
		for _, app := range []string{"kube-dns", "node-local-dns"} {
			c.add(opensTo(of, protocol, 53, func(to networkingv1.NetworkPolicyPeer) bool {
				return to.NamespaceSelector != nil && to.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] == "kube-system" &&
					to.PodSelector != nil && to.PodSelector.MatchLabels["k8s-app"] == app
			}), "%s: DNS of %s is closed, %s port 53", w.name, app, protocol)
		}
		c.add(opensBlock(of, dnsCache, protocol, 53), "%s: the node's DNS cache, %s %s port 53, is closed", w.name, dnsCache, protocol)
	}
}

// tokens checks that every pod can log in by Workload Identity on both data
// planes. A local cluster has no metadata server, so the rules must be absent.
func (c *complaints) tokens(w workload, of []*networkingv1.NetworkPolicy, choice Choice) {
	for _, t := range []struct {
		cidr, plane string
		port        int
	}{{tokensV2, "V2", 80}, {tokensV1, "V1", 988}} {
		c.add(opensBlock(of, t.cidr, "TCP", t.port) != choice.Local, "%s: tokens of Workload Identity on Dataplane %s, %s port %d: open on GKE, and there alone", w.name, t.plane, t.cidr, t.port)
	}
}

// collects reports whether a policy opens the collector's port in its namespace.
func collects(of []*networkingv1.NetworkPolicy, endpoint string) bool {
	parts := strings.Split(endpoint, ".")
	for _, p := range of {
		for _, r := range p.Spec.Egress {
			for _, to := range r.To {
				if to.NamespaceSelector != nil && len(parts) > 1 && to.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] == parts[1] &&
					strings.HasSuffix(endpoint, ":"+r.Ports[0].Port.String()) {
					return true
				}
			}
		}
	}
	return false
}

// Link-local addresses that pods use. A policy names the address, because an
// ipBlock never matches the node that answers.
const (
	tokensV2 = "169.254.169.254/32" // Dataplane V2 applies policies before it rewrites the address
	tokensV1 = "169.254.169.252/32" // Dataplane V1 applies them after it
	dnsCache = "169.254.20.10/32"   // NodeLocal DNSCache
)

// portsOf returns the ports that may be open for a range outside the internet.
func portsOf(cidr string) []int {
	switch cidr {
	case tokensV2:
		return []int{80}
	case tokensV1:
		return []int{988}
	case dnsCache:
		return []int{53}
	}
	return []int{3307, 5432}
}

// block checks an opened range, which must be the whole internet without its private ranges, or one
// private range for the ports of one service.
func (c *complaints) block(p *networkingv1.NetworkPolicy, r networkingv1.NetworkPolicyEgressRule, to networkingv1.NetworkPolicyPeer) {
	if to.IPBlock == nil {
		c.add(to.PodSelector != nil, "NetworkPolicy %s: opens whole namespaces", p.Name)
		if to.PodSelector != nil && len(to.PodSelector.MatchLabels) == 0 && len(to.PodSelector.MatchExpressions) == 0 {
			for _, port := range r.Ports { // a collector, whose pods anybody may have named
				c.add(port.Port != nil && port.Port.IntValue() == 4318, "NetworkPolicy %s: port %v of a whole namespace", p.Name, port.Port)
			}
		}
		return
	}
	cidr, err := netip.ParsePrefix(to.IPBlock.CIDR)
	c.add(err == nil && cidr == cidr.Masked(), "NetworkPolicy %s: %s is no network", p.Name, to.IPBlock.CIDR)
	if err == nil && cidr.Bits() > 8 {
		for _, port := range r.Ports {
			c.add(port.Port != nil && slices.Contains(portsOf(to.IPBlock.CIDR), port.Port.IntValue()), "NetworkPolicy %s: port %v of %s", p.Name, port.Port, cidr)
		}
		return
	}
	for _, closed := range private {
		c.add(slices.Contains(to.IPBlock.Except, closed), "NetworkPolicy %s: %s is open", p.Name, closed)
	}
	for _, port := range r.Ports {
		c.add(port.Port != nil && (port.Port.IntValue() == 80 || port.Port.IntValue() == 443), "NetworkPolicy %s: port %v of the internet", p.Name, port.Port)
	}
}

// opens reports whether a port is open to any address.
func opens(of []*networkingv1.NetworkPolicy, protocol corev1.Protocol, port int) bool {
	return opensTo(of, protocol, port, func(networkingv1.NetworkPolicyPeer) bool { return true })
}

// opensBlock reports whether a port of exactly this range is open.
func opensBlock(of []*networkingv1.NetworkPolicy, cidr string, protocol corev1.Protocol, port int) bool {
	return opensTo(of, protocol, port, func(to networkingv1.NetworkPolicyPeer) bool { return to.IPBlock != nil && to.IPBlock.CIDR == cidr })
}

func opensTo(of []*networkingv1.NetworkPolicy, protocol corev1.Protocol, port int, peer func(networkingv1.NetworkPolicyPeer) bool) bool {
	for _, p := range of {
		for _, r := range p.Spec.Egress {
			for _, x := range r.Ports {
				if x.Port != nil && x.Port.IntValue() == port && x.Protocol != nil && *x.Protocol == protocol && slices.ContainsFunc(r.To, peer) {
					return true
				}
			}
		}
	}
	return false
}

var ofNamespace = regexp.MustCompile(`namespace="([^"]*)"`)

func (c *complaints) metrics(o *Objects) {
	for _, r := range o.Rules {
		for _, g := range r.Spec.Groups {
			for _, rule := range g.Rules {
				c.add(len(unknownMetrics(rule.Expr)) == 0, "Rules %s: no worker has %v", r.Name, unknownMetrics(rule.Expr))
				if m := ofNamespace.FindStringSubmatch(rule.Expr); m != nil {
					c.add(len(o.Namespaces) == 1 && m[1] == o.Namespaces[0].Name, "Rules %s, %s: of another namespace", r.Name, rule.Alert)
				}
			}
		}
	}
	d := o.deployment("worker")
	for _, m := range o.Monitors {
		ok := d != nil && selects(m.Spec.Selector.MatchLabels, d.Spec.Template.Labels) && len(m.Spec.Endpoints) == 1 && m.Spec.Endpoints[0].Port == "http" && m.Spec.Endpoints[0].Path == "/metrics"
		c.add(ok, "PodMonitoring %s: does not collect /metrics of workers", m.Name)
		for _, p := range o.Policies {
			if p.Name == "worker" {
				c.add(slices.ContainsFunc(p.Spec.Ingress, func(r networkingv1.NetworkPolicyIngressRule) bool {
					return r.Ports[0].Port.IntValue() == 8080
				}), "NetworkPolicy worker: the collector is shut out")
			}
		}
	}
	for _, m := range o.Metrics {
		c.add(len(o.HPAs) == 1, "AutoscalingMetric %s: no HorizontalPodAutoscaler reads it", m.Name)
		c.add(len(o.Monitors) == 1, "AutoscalingMetric %s: no PodMonitoring collects it", m.Name)
		query := m.Spec.Metrics[0].PromQL.Query
		c.add(len(unknownMetrics(query)) == 0, "AutoscalingMetric %s: no worker has %v", m.Name, unknownMetrics(query))
		c.add(strings.Contains(query, "max by (exported_job)"), "AutoscalingMetric %s: counts the queue once a worker", m.Name)
		c.add(len(o.Namespaces) == 1 && strings.Contains(query, `namespace="`+o.Namespaces[0].Name+`"`), "AutoscalingMetric %s: of another namespace", m.Name)
	}
}
