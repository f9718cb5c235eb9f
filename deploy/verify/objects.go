package verify

import (
	"bytes"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// Objects is a rendered overlay, by kind.
type Objects struct {
	Namespaces  []*corev1.Namespace
	Accounts    []*corev1.ServiceAccount
	ConfigMaps  []*corev1.ConfigMap
	Services    []*corev1.Service
	Claims      []*corev1.PersistentVolumeClaim
	Deployments []*appsv1.Deployment
	Jobs        []*batchv1.Job
	HPAs        []*autoscalingv2.HorizontalPodAutoscaler
	PDBs        []*policyv1.PodDisruptionBudget
	Policies    []*networkingv1.NetworkPolicy
	Metrics     []*AutoscalingMetric
	Monitors    []*PodMonitoring
	Rules       []*Rules
	Scaled      []*ScaledObject
	Triggers    []*TriggerAuthentication
	Other       []string // kinds that no fleet of ours should have
}

// These are the parts of the custom resources that Seine uses. Any other key is a mistake. KEDA's
// are checked against its own schemas too; Google's can't be had offline.
type (
	custom struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
	}
	AutoscalingMetric struct {
		custom `json:",inline"`
		Spec   struct {
			Metrics []struct {
				PromQL struct{ Name, Query string } `json:"promql"`
			} `json:"metrics"`
		} `json:"spec"`
	}
	PodMonitoring struct {
		custom `json:",inline"`
		Spec   struct {
			Selector  metav1.LabelSelector `json:"selector"`
			Endpoints []struct {
				Port     string `json:"port"`
				Path     string `json:"path"`
				Interval string `json:"interval"`
			} `json:"endpoints"`
		} `json:"spec"`
	}
	Rules struct {
		custom `json:",inline"`
		Spec   RuleFile `json:"spec"`
	}
	// RuleFile is a file of Prometheus's rules.
	RuleFile struct {
		Groups []struct {
			Name     string `json:"name"`
			Interval string `json:"interval"`
			Rules    []struct {
				Record      string            `json:"record,omitempty"`
				Alert       string            `json:"alert,omitempty"`
				Expr        string            `json:"expr"`
				For         string            `json:"for,omitempty"`
				Labels      map[string]string `json:"labels,omitempty"`
				Annotations map[string]string `json:"annotations,omitempty"`
			} `json:"rules"`
		} `json:"groups"`
	}
	TriggerAuthentication struct {
		custom `json:",inline"`
		Spec   struct {
			SecretTargetRef []struct{ Parameter, Name, Key string } `json:"secretTargetRef"`
		} `json:"spec"`
	}
	ScaledObject struct {
		custom `json:",inline"`
		Spec   struct {
			ScaleTargetRef  struct{ Name string } `json:"scaleTargetRef"`
			MinReplicaCount *int32                `json:"minReplicaCount"`
			MaxReplicaCount *int32                `json:"maxReplicaCount"`
			PollingInterval int32                 `json:"pollingInterval"`
			CooldownPeriod  int32                 `json:"cooldownPeriod"`
			Fallback        *struct{ FailureThreshold, Replicas int32 }
			Advanced        struct {
				HorizontalPodAutoscalerConfig struct {
					Behavior autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior"`
				} `json:"horizontalPodAutoscalerConfig"`
			} `json:"advanced"`
			Triggers []struct {
				Type              string                `json:"type"`
				MetricType        string                `json:"metricType"`
				Metadata          map[string]string     `json:"metadata"`
				AuthenticationRef struct{ Name string } `json:"authenticationRef"`
			} `json:"triggers"`
		} `json:"spec"`
	}
)

// Decode reads a rendered overlay. An unknown field, a field twice and a kind
// that we don't use are mistakes.
func Decode(rendered []byte) (*Objects, error) {
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	o := &Objects{}
	for _, doc := range bytes.Split(rendered, []byte("\n---\n")) {
		if len(bytes.TrimSpace(doc)) == 0 {
			continue
		}
		object, kind, err := decoder.Decode(doc, nil, nil)
		if runtime.IsNotRegisteredError(err) {
			if err := o.custom(doc); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%v: %w", kind, err)
		}
		switch x := object.(type) {
		case *corev1.Namespace:
			o.Namespaces = append(o.Namespaces, x)
		case *corev1.ServiceAccount:
			o.Accounts = append(o.Accounts, x)
		case *corev1.ConfigMap:
			o.ConfigMaps = append(o.ConfigMaps, x)
		case *corev1.Service:
			o.Services = append(o.Services, x)
		case *corev1.PersistentVolumeClaim:
			o.Claims = append(o.Claims, x)
		case *appsv1.Deployment:
			o.Deployments = append(o.Deployments, x)
		case *batchv1.Job:
			o.Jobs = append(o.Jobs, x)
		case *autoscalingv2.HorizontalPodAutoscaler:
			o.HPAs = append(o.HPAs, x)
		case *policyv1.PodDisruptionBudget:
			o.PDBs = append(o.PDBs, x)
		case *networkingv1.NetworkPolicy:
			o.Policies = append(o.Policies, x)
		default:
			o.Other = append(o.Other, kind.Kind)
		}
	}
	return o, nil
}

func (o *Objects) custom(doc []byte) error {
	var meta custom
	if err := yaml.Unmarshal(doc, &meta); err != nil {
		return err
	}
	var err error
	switch meta.APIVersion + " " + meta.Kind {
	case "autoscaling.gke.io/v1beta1 AutoscalingMetric":
		o.Metrics, err = strict(o.Metrics, doc)
	case "monitoring.googleapis.com/v1 PodMonitoring":
		o.Monitors, err = strict(o.Monitors, doc)
	case "monitoring.googleapis.com/v1 Rules":
		o.Rules, err = strict(o.Rules, doc)
	case "keda.sh/v1alpha1 ScaledObject":
		o.Scaled, err = strict(o.Scaled, doc)
	case "keda.sh/v1alpha1 TriggerAuthentication":
		o.Triggers, err = strict(o.Triggers, doc)
	default:
		err = fmt.Errorf("a kind that no fleet of ours has")
	}
	if err != nil {
		return fmt.Errorf("%s %s %s: %w", meta.APIVersion, meta.Kind, meta.Name, err)
	}
	return nil
}

func strict[T any](all []*T, doc []byte) ([]*T, error) {
	x := new(T)
	if err := yaml.UnmarshalStrict(doc, x); err != nil {
		return nil, err
	}
	return append(all, x), nil
}

// workload is what runs pods.
type workload struct {
	name   string // Deployment worker
	meta   metav1.ObjectMeta
	labels map[string]string
	spec   corev1.PodSpec
}

func (o *Objects) workloads() []workload {
	var all []workload
	for _, d := range o.Deployments {
		all = append(all, workload{"Deployment " + d.Name, d.ObjectMeta, d.Spec.Template.Labels, d.Spec.Template.Spec})
	}
	for _, j := range o.Jobs {
		all = append(all, workload{"Job " + j.Name, j.ObjectMeta, j.Spec.Template.Labels, j.Spec.Template.Spec})
	}
	return all
}

// containers are the workload's, sidecars and init containers too.
func (w workload) containers() []corev1.Container {
	return append(append([]corev1.Container{}, w.spec.InitContainers...), w.spec.Containers...)
}

func (o *Objects) deployment(name string) *appsv1.Deployment {
	for _, d := range o.Deployments {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// setting is a value of settings.env.
func (o *Objects) setting(key string) string {
	for _, m := range o.ConfigMaps {
		if strings.HasPrefix(m.Name, "settings-") {
			return m.Data[key]
		}
	}
	return ""
}
