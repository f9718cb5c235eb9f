package verify

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Choice holds the choices of an overlay that affect policies.
type Choice struct {
	Local      bool // a cluster on one machine: images by tag, a password for a demo
	OnePerNode bool
	Spot       bool
	KeySecret  bool
	GVisor     bool
}

// complaints collects the violations, each with its object.
type complaints []string

func (c *complaints) add(ok bool, format string, args ...any) {
	if !ok {
		*c = append(*c, fmt.Sprintf(format, args...))
	}
}

// Check returns the policy violations of a rendered overlay, or nil.
func Check(o *Objects, choice Choice) []string {
	var c complaints
	for _, kind := range o.Other {
		c.add(false, "a %s: no fleet of Seine has one", kind)
	}
	c.namespace(o)
	for _, w := range o.workloads() {
		c.pod(w, choice)
		for _, container := range w.containers() {
			c.container(w, container, choice)
		}
		c.memory(w)
	}
	c.identity(o, choice)
	c.worker(o, choice)
	c.migration(o)
	c.configuration(o)
	c.scaling(o)
	c.pooled(o)
	c.disruption(o)
	c.network(o, choice)
	c.metrics(o)
	return c
}

func (c *complaints) namespace(o *Objects) {
	c.add(len(o.Namespaces) == 1, "%d namespaces", len(o.Namespaces))
	for _, n := range o.Namespaces {
		for _, mode := range []string{"enforce", "warn", "audit"} {
			c.add(n.Labels["pod-security.kubernetes.io/"+mode] == "restricted", "Namespace %s: Pod Security %s is not restricted", n.Name, mode)
		}
		for _, w := range o.workloads() {
			c.add(w.meta.Namespace == n.Name, "%s: in namespace %q, not %q", w.name, w.meta.Namespace, n.Name)
		}
	}
}

func (c *complaints) pod(w workload, choice Choice) {
	s := w.spec.SecurityContext
	if s == nil {
		s = &corev1.PodSecurityContext{}
	}
	c.add(s.RunAsNonRoot != nil && *s.RunAsNonRoot, "%s: runAsNonRoot", w.name)
	c.add(s.RunAsUser != nil && *s.RunAsUser != 0, "%s: runAsUser", w.name)
	c.add(s.SeccompProfile != nil && s.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault, "%s: seccompProfile is not RuntimeDefault", w.name)
	c.add(w.spec.AutomountServiceAccountToken != nil && !*w.spec.AutomountServiceAccountToken, "%s: a token of the cluster is mounted", w.name)
	c.add(w.spec.EnableServiceLinks != nil && !*w.spec.EnableServiceLinks, "%s: enableServiceLinks", w.name)
	c.add(!w.spec.HostNetwork && !w.spec.HostPID && !w.spec.HostIPC, "%s: shares a namespace of the node", w.name)
	for _, v := range w.spec.Volumes {
		c.add(v.HostPath == nil, "%s: volume %s is a folder of the node", w.name, v.Name)
		c.add(v.EmptyDir == nil || v.EmptyDir.SizeLimit != nil, "%s: volume %s has no sizeLimit", w.name, v.Name)
		c.add(v.Secret == nil || choice.KeySecret, "%s: a Secret is mounted", w.name)
	}
}

var byDigest = regexp.MustCompile(`@sha256:([0-9a-f]{64})$`)

func (c *complaints) container(w workload, x corev1.Container, choice Choice) {
	where := w.name + ", container " + x.Name
	c.add(choice.Local || byDigest.MatchString(x.Image), "%s: image %s is not named by digest", where, x.Image)
	s := x.SecurityContext
	if s == nil {
		s = &corev1.SecurityContext{}
	}
	c.add(s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation, "%s: allowPrivilegeEscalation", where)
	c.add(s.ReadOnlyRootFilesystem != nil && *s.ReadOnlyRootFilesystem, "%s: its root is writable", where)
	c.add(s.Privileged == nil || !*s.Privileged, "%s: privileged", where)
	c.add(s.Capabilities != nil && slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(s.Capabilities.Add) == 0, "%s: capabilities", where)
	c.add(s.RunAsUser == nil && s.RunAsNonRoot == nil && s.SeccompProfile == nil, "%s: overrides the pod's securityContext", where)
	for _, r := range []corev1.ResourceName{corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		request, limit := x.Resources.Requests[r], x.Resources.Limits[r]
		c.add(!request.IsZero() && !limit.IsZero() && request.Cmp(limit) <= 0, "%s: request and limit of %s", where, r)
	}
	c.add(!x.Resources.Requests.Cpu().IsZero(), "%s: request of cpu", where)
	c.add(x.Resources.Limits.Cpu().IsZero(), "%s: a limit of cpu slows pages down", where)
	for _, e := range x.Env {
		secret := regexp.MustCompile(`(?i)password|secret|token|api_?key`).MatchString(e.Name) || strings.Contains(e.Value, ":local@")
		c.add(choice.Local || !secret || e.Value == "", "%s: %s is written in the manifest", where, e.Name)
		c.add(e.Name != "GOOGLE_APPLICATION_CREDENTIALS" || choice.KeySecret, "%s: a key file in place of Workload Identity", where)
	}
}

// memory checks that volumes in memory, which count against the limit, leave enough room.
func (c *complaints) memory(w workload) {
	held, limit := resource.Quantity{}, resource.Quantity{}
	for _, v := range w.spec.Volumes {
		if v.EmptyDir != nil && v.EmptyDir.Medium == corev1.StorageMediumMemory && v.EmptyDir.SizeLimit != nil {
			held.Add(*v.EmptyDir.SizeLimit)
		}
	}
	for _, x := range w.spec.Containers {
		limit.Add(*x.Resources.Limits.Memory())
	}
	c.add(2*held.Value() <= limit.Value(), "%s: volumes in memory may hold %s of %s", w.name, held.String(), limit.String())
}

func (c *complaints) identity(o *Objects, choice Choice) {
	c.add(len(o.Accounts) == 1, "%d service accounts", len(o.Accounts))
	for _, a := range o.Accounts {
		c.add(a.AutomountServiceAccountToken != nil && !*a.AutomountServiceAccountToken, "ServiceAccount %s: its token is mounted", a.Name)
		email := a.Annotations["iam.gke.io/gcp-service-account"]
		c.add(choice.Local || choice.KeySecret || strings.HasSuffix(email, ".iam.gserviceaccount.com"), "ServiceAccount %s: not bound to a Google account", a.Name)
		for _, w := range o.workloads() {
			c.add(w.spec.ServiceAccountName == a.Name || choice.Local && w.name == "Deployment postgres", "%s: runs as %q", w.name, w.spec.ServiceAccountName)
		}
	}
}

// argument is the value after a flag.
func argument(args []string, flag string) string {
	if i := slices.Index(args, flag); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

func (c *complaints) worker(o *Objects, choice Choice) {
	d := o.deployment("worker")
	if d == nil {
		c.add(false, "no Deployment worker")
		return
	}
	spec := d.Spec.Template.Spec
	x := spec.Containers[0]
	c.add(x.Name == "worker" && len(spec.Containers) == 1, "Deployment worker: its containers")
	for what, want := range map[string]string{"request of cpu": "300m", "request of memory": "512Mi", "limit of memory": "1Gi"} {
		got := map[string]*resource.Quantity{"request of cpu": x.Resources.Requests.Cpu(), "request of memory": x.Resources.Requests.Memory(), "limit of memory": x.Resources.Limits.Memory()}[what]
		c.add(got.Cmp(resource.MustParse(want)) == 0, "Deployment worker: %s is %s, not %s", what, got, want)
	}
	for path, probe := range map[string]*corev1.Probe{"/startupz": x.StartupProbe, "/readyz": x.ReadinessProbe, "/livez": x.LivenessProbe} {
		ok := probe != nil && probe.HTTPGet != nil && probe.HTTPGet.Path == path && probe.HTTPGet.Port.StrVal == "http"
		c.add(ok, "Deployment worker: no probe of %s", path)
	}
	address := argument(x.Args, "--http")
	c.add(len(x.Ports) == 1 && x.Ports[0].Name == "http" && address == fmt.Sprintf(":%d", x.Ports[0].ContainerPort), "Deployment worker: --http %s is not the port http", address)

	// The rest of the grace time serves to release leases and to close the browser.
	grace, err := time.ParseDuration(argument(x.Args, "--grace"))
	c.add(err == nil, "Deployment worker: --grace")
	kill := time.Second * 30
	if s := spec.TerminationGracePeriodSeconds; s != nil {
		kill = time.Duration(*s) * time.Second
	}
	c.add(grace+5*time.Second <= kill, "Deployment worker: --grace %s, and killed after %s", grace, kill)
	c.add(!choice.Spot || kill <= 15*time.Second, "Deployment worker: on spot machines only 15 s count, not %s", kill)

	volumes := map[string]corev1.Volume{}
	for _, v := range spec.Volumes {
		volumes[v.Name] = v
	}
	mounts := map[string]string{}
	for _, m := range x.VolumeMounts {
		mounts[m.MountPath] = m.Name
	}
	for _, path := range []string{"/tmp", "/dev/shm"} {
		v := volumes[mounts[path]]
		c.add(v.EmptyDir != nil && v.EmptyDir.Medium == corev1.StorageMediumMemory, "Deployment worker: %s is not in memory", path)
	}
	job := volumes[mounts["/etc/seine"]]
	c.add(job.ConfigMap != nil && strings.HasPrefix(job.ConfigMap.Name, "job-"), "Deployment worker: no job file")
	c.add(slices.Contains(x.Args, "/etc/seine/job.yaml"), "Deployment worker: works no job file")
	c.add(slices.Contains(x.Env, corev1.EnvVar{Name: "SEINE_LOG", Value: "json"}), "Deployment worker: its log is no JSON")
	off := slices.ContainsFunc(x.Env, func(e corev1.EnvVar) bool { return e.Name == "SEINE_BROWSER_SANDBOX" && e.Value == "off" })
	c.add(off || choice.GVisor, "Deployment worker: the browser can't start its sandbox under RuntimeDefault")
	c.add(!off || !choice.GVisor, "Deployment worker: the browser's sandbox is off, and gVisor allows it")
	gvisor := spec.RuntimeClassName != nil && *spec.RuntimeClassName == "gvisor"
	c.add(gvisor == choice.GVisor, "Deployment worker: its runtime class is not the one of the overlay's choice")

	update := d.Spec.Strategy.RollingUpdate
	affinity := spec.Affinity != nil && spec.Affinity.PodAntiAffinity != nil && len(spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) == 1
	c.add(affinity == choice.OnePerNode, "Deployment worker: one worker a node")
	c.add(choice.OnePerNode || len(spec.TopologySpreadConstraints) == 1, "Deployment worker: not spread over nodes")
	c.add(update != nil && (!choice.OnePerNode || update.MaxSurge.IntValue() == 0), "Deployment worker: an update wants a node more than there are")
	if affinity {
		a := spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0]
		c.add(a.TopologyKey == "kubernetes.io/hostname" && a.LabelSelector != nil && selects(a.LabelSelector.MatchLabels, d.Spec.Template.Labels), "Deployment worker: keeps away from other pods than its own")
	}
	c.add(selects(d.Spec.Selector.MatchLabels, d.Spec.Template.Labels), "Deployment worker: does not select its own pods")
}

func (c *complaints) migration(o *Objects) {
	if len(o.Jobs) != 1 || o.Jobs[0].Name != "migrate" {
		c.add(false, "no Job migrate")
		return
	}
	j := o.Jobs[0]
	c.add(slices.Equal(j.Spec.Template.Spec.Containers[0].Args, []string{"migrate"}), "Job migrate: does not migrate")
	c.add(j.Labels["seine.step"] == "first", "Job migrate: not before workers")
	c.add(j.Spec.ActiveDeadlineSeconds != nil && j.Spec.BackoffLimit != nil, "Job migrate: may run for ever")
	if d := o.deployment("worker"); d != nil {
		c.add(d.Labels["seine.step"] == "", "Deployment worker: before the migration")
		c.add(d.Spec.Template.Spec.Containers[0].Image == j.Spec.Template.Spec.Containers[0].Image, "Job migrate: not the workers' image")
	}
}

func (c *complaints) configuration(o *Objects) {
	hashed := regexp.MustCompile(`^(settings|job)-[0-9a-z]{10}$`)
	for _, m := range o.ConfigMaps {
		c.add(hashed.MatchString(m.Name), "ConfigMap %s: without a hash in its name a change starts no rollout", m.Name)
		c.add(m.Labels["seine.step"] == "first", "ConfigMap %s: not before the migration", m.Name)
	}
	c.add(len(o.ConfigMaps) == 2, "%d ConfigMaps", len(o.ConfigMaps))
}

// selects reports whether a selector matches the labels. An empty one matches all.
func selects(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return true
}
