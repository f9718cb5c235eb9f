package verify

// manifestMutations are mistakes that somebody could make in the manifests, and
// what finds each. variant "" is the first.
var manifestMutations = []struct{ name, file, from, to, want, variant string }{
	// Pods.
	{name: "root", file: "base/worker.yaml", from: "runAsNonRoot: true", to: "runAsNonRoot: false", want: "Deployment worker: runAsNonRoot"},
	{name: "uid 0", file: "base/worker.yaml", from: "runAsUser: 10001", to: "runAsUser: 0", want: "Deployment worker: runAsUser"},
	{name: "a writable root", file: "base/worker.yaml", from: "readOnlyRootFilesystem: true", to: "readOnlyRootFilesystem: false", want: "its root is writable"},
	{name: "escalation", file: "base/worker.yaml", from: "allowPrivilegeEscalation: false", to: "allowPrivilegeEscalation: true", want: "allowPrivilegeEscalation"},
	{name: "capabilities", file: "base/worker.yaml", from: "capabilities: {drop: [ALL]}", to: "capabilities: {drop: [ALL], add: [SYS_ADMIN]}", want: "capabilities"},
	{name: "no seccomp profile", file: "base/worker.yaml", from: "{type: RuntimeDefault}", to: "{type: Unconfined}", want: "seccompProfile is not RuntimeDefault"},
	{name: "the cluster's token", file: "base/worker.yaml", from: "automountServiceAccountToken: false", to: "automountServiceAccountToken: true", want: "a token of the cluster is mounted"},
	{name: "the node's network", file: "base/worker.yaml", from: "enableServiceLinks: false", to: "enableServiceLinks: false\n      hostNetwork: true", want: "shares a namespace of the node"},
	{name: "a folder of the node", file: "base/worker.yaml", from: "emptyDir: {medium: Memory, sizeLimit: 256Mi}\n        - name: shm", to: "hostPath: {path: /tmp}\n        - name: shm", want: "volume tmp is a folder of the node"},
	{name: "an unbounded volume", file: "base/worker.yaml", from: "emptyDir: {medium: Memory, sizeLimit: 256Mi}\n        - name: shm", to: "emptyDir: {medium: Memory}\n        - name: shm", want: "volume tmp has no sizeLimit"},
	{name: "volumes that fill the memory", file: "base/worker.yaml", from: "emptyDir: {medium: Memory, sizeLimit: 256Mi}\n        - name: shm", to: "emptyDir: {medium: Memory, sizeLimit: 512Mi}\n        - name: shm", want: "volumes in memory may hold"},
	{name: "/tmp on the node's disk", file: "base/worker.yaml", from: "emptyDir: {medium: Memory, sizeLimit: 256Mi}\n        - name: shm", to: "emptyDir: {sizeLimit: 256Mi}\n        - name: shm", want: "/tmp is not in memory"},
	{name: "no memory limit", file: "base/worker.yaml", from: "limits: {memory: 1Gi, ephemeral-storage: 1Gi}", to: "limits: {ephemeral-storage: 1Gi}", want: "request and limit of memory"},
	{name: "a CPU limit", file: "base/worker.yaml", from: "limits: {memory: 1Gi,", to: "limits: {cpu: 600m, memory: 1Gi,", want: "a limit of cpu slows pages down"},
	{name: "another request", file: "base/worker.yaml", from: "cpu: 300m", to: "cpu: 500m", want: "request of cpu is 500m, not 300m"},
	{name: "an image by tag", file: "overlays/gke/settings.env", from: "@" + digest, to: ":latest", want: "is not named by digest"},
	{name: "a password in the manifest", file: "base/worker.yaml", from: `- {name: SEINE_BROWSER_SANDBOX, value: "off"}`, to: "- {name: SEINE_BROWSER_SANDBOX, value: \"off\"}\n            - {name: DB_PASSWORD, value: secret}", want: "DB_PASSWORD is written in the manifest"},
	{name: "a log for people", file: "base/worker.yaml", from: "- {name: SEINE_LOG, value: json}", to: "- {name: SEINE_LOG, value: text}", want: "its log is no JSON"},
	{name: "a key file", file: "base/worker.yaml", from: `- {name: SEINE_BROWSER_SANDBOX, value: "off"}`, to: "- {name: SEINE_BROWSER_SANDBOX, value: \"off\"}\n            - {name: GOOGLE_APPLICATION_CREDENTIALS, value: /key.json}", want: "a key file in place of Workload Identity"},
	{name: "the browser's sandbox", file: "base/worker.yaml", from: `value: "off"`, to: `value: "on"`, want: "the browser can't start its sandbox"},
	{name: "a misspelt field", file: "base/worker.yaml", from: "revisionHistoryLimit", to: "revisionHistroyLimit", want: `unknown field "spec.revisionHistroyLimit"`},
	{name: "a migration as root", file: "base/migrate.yaml", from: "runAsNonRoot: true", to: "runAsNonRoot: false", want: "Job migrate: runAsNonRoot"},

	// The worker's life.
	{name: "no readiness", file: "base/worker.yaml", from: "path: /readyz", to: "path: /healthz", want: "no probe of /readyz"},
	{name: "no liveness", file: "base/worker.yaml", from: "path: /livez", to: "path: /", want: "no probe of /livez"},
	{name: "no startup probe", file: "base/worker.yaml", from: "path: /startupz", to: "path: /livez2", want: "no probe of /startupz"},
	{name: "another port", file: "base/worker.yaml", from: `--http, ":8080"`, to: `--http, ":9090"`, want: "--http :9090 is not the port http"},
	{name: "killed in its grace time", file: "base/worker.yaml", from: "--grace, 45s", to: "--grace, 60s", want: "--grace 1m0s, and killed after 1m0s"},
	{name: "a minute on a spot machine", file: "components/spot/kustomization.yaml", from: "value: 15}", to: "value: 60}", want: "on spot machines only 15 s count", variant: "gke on spot machines"},
	{name: "no job file", file: "base/worker.yaml", from: "configMap: {name: job}", to: "emptyDir: {sizeLimit: 1Mi}", want: "no job file"},
	{name: "a job file without a hash", file: "overlays/gke/kustomization.yaml", from: "files: [job.yaml]\n    options: {", to: "files: [job.yaml]\n    options: {disableNameSuffixHash: true, ", want: "ConfigMap job: without a hash"},
	{name: "workers that share a node", file: "components/one-per-node/kustomization.yaml", from: "requiredDuringSchedulingIgnoredDuringExecution:\n              - topologyKey", to: "requiredDuringSchedulingIgnoredDuringExecution: []\n            x:\n              - topologyKey", want: "unknown field"},
	{name: "an update that wants a ninth node", file: "components/one-per-node/kustomization.yaml", from: "maxSurge: 0", to: "maxSurge: 1", want: "an update wants a node more than there are"},
	{name: "away from everybody's pods", file: "components/one-per-node/kustomization.yaml", from: "app.kubernetes.io/name: worker", to: "app.kubernetes.io/name: other", want: "keeps away from other pods than its own"},
	{name: "not spread", file: "base/worker.yaml", from: "topologySpreadConstraints:              # component one-per-node: an address each\n        - maxSkew: 1\n          topologyKey: kubernetes.io/hostname\n          whenUnsatisfiable: ScheduleAnyway\n          labelSelector:\n            matchLabels: {app.kubernetes.io/name: worker}", to: "topologySpreadConstraints: []", want: "not spread over nodes", variant: "gke behind NAT"},

	// The migration.
	{name: "a job that does something else", file: "base/migrate.yaml", from: "args: [migrate]", to: "args: [doctor]", want: "Job migrate: does not migrate"},
	{name: "a migration beside workers", file: "base/migrate.yaml", from: "  labels: {seine.step: first}\n", to: "", want: "Job migrate: not before workers"},
	{name: "workers before the migration", file: "base/worker.yaml", from: "  name: worker\nspec:", to: "  name: worker\n  labels: {seine.step: first}\nspec:", want: "Deployment worker: before the migration"},

	// How many.
	{name: "a number beside the autoscaler", file: "base/worker.yaml", from: "  revisionHistoryLimit: 5", to: "  replicas: 8\n  revisionHistoryLimit: 5", want: "2 decide how many workers there are"},
	{name: "two autoscalers", file: "components/keda/kustomization.yaml", from: "      $patch: delete\n", to: "", want: "2 decide how many workers there are", variant: "gke with KEDA"},
	{name: "from zero, where nobody counts", file: "base/hpa.yaml", from: "minReplicas: 1 ", to: "minReplicas: 0 ", want: "no worker tells the queue's depth"},
	{name: "by CPU", file: "base/hpa.yaml", from: "    - type: External\n      external:\n        metric: {name: seine_queue_ready}     # component gke-metric: the name on GKE\n        target: {type: AverageValue, averageValue: \"100\"}", to: "    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}", want: "not by the queue's depth", variant: "gke with an adapter"},
	{name: "down in a hurry", file: "base/hpa.yaml", from: "stabilizationWindowSeconds: 600", to: "stabilizationWindowSeconds: 0", want: "takes workers away in a hurry"},
	{name: "a metric of another name", file: "components/gke-metric/kustomization.yaml", from: "seine-queue|ready", to: "seine-queue|depth", want: "its metric is not autoscaling.gke.io|seine-queue|ready"},
	{name: "the queue counted once a worker", file: "components/gke-metric/autoscalingmetric.yaml", from: "sum(max by (exported_job) (seine_queue_ready{namespace=\"seine\"}))", to: "sum(seine_queue_ready{namespace=\"seine\"})", want: "counts the queue once a worker"},
	{name: "a metric that no worker has", file: "components/gke-metric/autoscalingmetric.yaml", from: "seine_queue_ready{", to: "seine_queue_depth{", want: "no worker has [seine_queue_depth]"},
	{name: "another fleet's queue", file: "components/gke-metric/kustomization.yaml", from: "data.NAMESPACE", to: "data.SERVICE_ACCOUNT", want: "AutoscalingMetric seine-queue: of another namespace", variant: "gke in another namespace"},
	{name: "a queue of the namespace that most have", file: "components/gke-metric/kustomization.yaml", from: "  - source: {kind: ConfigMap, name: settings, fieldPath: data.NAMESPACE}\n    targets:\n      - select: {kind: AutoscalingMetric, name: seine-queue}\n        fieldPaths: [spec.metrics.0.promql.query]\n        options: {delimiter: '\"', index: 1}\n", to: "  []\n", want: "AutoscalingMetric seine-queue: of another namespace", variant: "gke in another namespace"},
	{name: "an alert about another fleet", file: "components/monitoring/kustomization.yaml", from: "data.NAMESPACE", to: "data.SERVICE_ACCOUNT", want: "Rules seine, SeineWorkerUnreachable: of another namespace", variant: "gke in another namespace"},
	{name: "nobody tells the depth", file: "components/adapter/kustomization.yaml", from: "seine.metric: adapter", to: "seine.metric: none", want: "nobody tells it the queue's depth", variant: "gke with an adapter"},
	{name: "KEDA counts the queue's rows", file: "components/keda/scaledobject.yaml", from: "SELECT seine_reader.work()", to: "SELECT count(*) FROM seine.queue", want: "reads more than the counters", variant: "gke with KEDA"},
	{name: "KEDA without a fallback", file: "components/keda/scaledobject.yaml", from: "  fallback: {failureThreshold: 5, replicas: 2}   # the database does not answer\n", to: "", want: "no fallback", variant: "gke with KEDA"},
	{name: "KEDA from one", file: "components/keda/scaledobject.yaml", from: "minReplicaCount: 0", to: "minReplicaCount: 1", want: "does not go to zero", variant: "gke with KEDA"},
	{name: "a field that KEDA has not", file: "components/keda/scaledobject.yaml", from: "maxReplicaCount", to: "maxReplicasCount", want: `unknown field "maxReplicasCount"`, variant: "gke with KEDA"},

	// Disruption.
	{name: "no worker may go", file: "base/pdb.yaml", from: "maxUnavailable: 25%", to: "maxUnavailable: 0", want: "a quarter at a time"},
	{name: "a worker that never got ready holds an upgrade up", file: "base/pdb.yaml", from: "AlwaysAllow", to: "IfHealthyBudget", want: "holds an upgrade up"},
	{name: "of other pods", file: "base/pdb.yaml", from: "app.kubernetes.io/name: worker", to: "app.kubernetes.io/name: workers", want: "no PodDisruptionBudget of workers"},

	// The network.
	{name: "the metadata server", file: "base/networkpolicy.yaml", from: "127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/4, 240.0.0.0/4]\n      ports: [{protocol: TCP, port: 80}", to: "127.0.0.0/8, 172.16.0.0/12, 192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/4, 240.0.0.0/4]\n      ports: [{protocol: TCP, port: 80}", want: "NetworkPolicy worker: 169.254.0.0/16 is open"},
	{name: "every port of the internet", file: "base/networkpolicy.yaml", from: "ports: [{protocol: TCP, port: 80}, {protocol: TCP, port: 443}]", to: "ports: [{protocol: TCP, port: 22}, {protocol: TCP, port: 80}, {protocol: TCP, port: 443}]", want: "port 22 of the internet"},
	{name: "nothing denied", file: "base/networkpolicy.yaml", from: "podSelector: {}", to: "podSelector: {matchLabels: {app.kubernetes.io/name: none}}", want: "no NetworkPolicy that denies by default"},
	{name: "everything of the nodes", file: "base/networkpolicy.yaml", from: "    # Tokens of Workload Identity", to: "    - to: [{ipBlock: {cidr: 10.0.0.0/20}}]\n      ports: [{protocol: TCP, port: 10250}]\n    # Tokens of Workload Identity", want: "port 10250 of 10.0.0.0/20"},
	{name: "tokens at the node, which no ipBlock matches", file: "base/networkpolicy.yaml", from: "the same for Dataplane V1\n        - ipBlock: {cidr: 169.254.169.252/32}", to: "the same for Dataplane V1\n        - ipBlock: {cidr: 10.0.0.0/20}", want: "port 988 of 10.0.0.0/20"},
	{name: "no tokens on Dataplane V1", file: "base/networkpolicy.yaml", from: "the same for Dataplane V1\n        - ipBlock: {cidr: 169.254.169.252/32}\n      ports: [{protocol: TCP, port: 988}]", to: "\n        - ipBlock: {cidr: 169.254.169.254/32}\n      ports: [{protocol: TCP, port: 80}]", want: "Deployment worker: tokens of Workload Identity on Dataplane V1, 169.254.169.252/32 port 988"},
	{name: "no tokens on Dataplane V2", file: "base/networkpolicy.yaml", from: "matches a node: 169.254.169.254, port 80.\n    - to:\n        - ipBlock: {cidr: 169.254.169.254/32}\n      ports: [{protocol: TCP, port: 80}]", to: "", want: "Deployment worker: tokens of Workload Identity on Dataplane V2, 169.254.169.254/32 port 80"},
	{name: "no tokens for the migration", file: "base/networkpolicy.yaml", from: "port: 3307}]\n    - to:\n        - ipBlock: {cidr: 169.254.169.254/32}\n      ports: [{protocol: TCP, port: 80}]", to: "port: 3307}]", want: "Job migrate: tokens of Workload Identity on Dataplane V2"},
	{name: "no tokens for the pooler", file: "components/pooler/pooler.yaml", from: "    - to:\n        - ipBlock: {cidr: 169.254.169.254/32}\n      ports: [{protocol: TCP, port: 80}]\n", to: "", want: "Deployment pooler: tokens of Workload Identity on Dataplane V2", variant: "gke with a pooler"},
	{name: "no tokens for the pooler on Dataplane V1", file: "components/pooler/pooler.yaml", from: "    - to:\n        - ipBlock: {cidr: 169.254.169.252/32}\n      ports: [{protocol: TCP, port: 988}]\n", to: "", want: "Deployment pooler: tokens of Workload Identity on Dataplane V1", variant: "gke with a pooler"},
	{name: "more than tokens of the metadata server", file: "components/pooler/pooler.yaml", from: "cidr: 169.254.169.254/32}\n      ports: [{protocol: TCP, port: 80}]", to: "cidr: 169.254.169.254/32}\n      ports: [{protocol: TCP, port: 80}, {protocol: TCP, port: 443}]", want: "NetworkPolicy pooler: port 443 of 169.254.169.254/32", variant: "gke with a pooler"},
	{name: "a metadata server on one machine", file: "overlays/local/kustomization.yaml", from: "      - {op: remove, path: /spec/egress/2}        # no metadata server here\n", to: "", want: "Deployment worker: tokens of Workload Identity on Dataplane V1", variant: "local"},
	{name: "the cache's pods are shut out", file: "components/pooler/pooler.yaml", from: "k8s-app: node-local-dns", to: "k8s-app: nodelocaldns", want: "Deployment pooler: DNS of node-local-dns is closed, UDP port 53", variant: "gke with a pooler"},
	{name: "the cluster's DNS is shut out", file: "components/pooler/pooler.yaml", from: "k8s-app: kube-dns", to: "k8s-app: coredns", want: "Deployment pooler: DNS of kube-dns is closed", variant: "gke with a pooler"},
	{name: "the cache's address is shut out", file: "base/networkpolicy.yaml", from: "        - ipBlock: {cidr: 169.254.20.10/32}\n      ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]\n    - to:\n        - ipBlock:\n            cidr: 0.0.0.0/0", to: "      ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]\n    - to:\n        - ipBlock:\n            cidr: 0.0.0.0/0", want: "Deployment worker: the node's DNS cache, 169.254.20.10/32 UDP port 53, is closed"},
	{name: "more than names of the cache", file: "components/pooler/pooler.yaml", from: "port: 53}, {protocol: TCP, port: 53}]", to: "port: 53}, {protocol: TCP, port: 53}, {protocol: TCP, port: 9253}]", want: "NetworkPolicy pooler: port 9253 of 169.254.20.10/32", variant: "gke with a pooler"},
	{name: "everybody lets in", file: "base/networkpolicy.yaml", from: "    - from:                                   # the collector of metrics\n        - namespaceSelector:\n            matchLabels: {kubernetes.io/metadata.name: gmp-system}\n      ports:", to: "    - ports:", want: "a rule that lets everybody in"},
	{name: "a rule of a metric that no worker has", file: "components/monitoring/rules.yaml", from: "sum(increase(seine_leases_lost_total[30m]))", to: "sum(increase(seine_lost_leases_total[30m]))", want: "no worker has [seine_lost_leases_total]"},
	{name: "no metrics", file: "components/monitoring/podmonitoring.yaml", from: "path: /metrics", to: "path: /", want: "does not collect /metrics"},

	{name: "traces that nobody lets out", file: "components/otlp/kustomization.yaml", from: "resources: [networkpolicy.yaml]\n", to: "", want: "Deployment worker: its traces are not let out", variant: "gke with traces"},
	{name: "a collector of another namespace", file: "components/otlp/kustomization.yaml", from: "index: 1}", to: "index: 0}", want: "Deployment worker: its traces are not let out", variant: "gke with traces"},
	{name: "more than the collector", file: "components/otlp/networkpolicy.yaml", from: "port: 4318", to: "port: 443", want: "NetworkPolicy worker-traces: port 443 of a whole namespace", variant: "gke with traces"},

	// The namespace and the identity.
	{name: "privileged pods", file: "base/namespace.yaml", from: "pod-security.kubernetes.io/enforce: restricted", to: "pod-security.kubernetes.io/enforce: privileged", want: "Pod Security enforce is not restricted"},
	{name: "no Google account", file: "overlays/gke/settings.env", from: "seine-worker@example-project.iam.gserviceaccount.com", to: "none", want: "not bound to a Google account"},
	{name: "the default account", file: "base/worker.yaml", from: "serviceAccountName: worker", to: "serviceAccountName: default", want: `runs as "default"`},
	{name: "a Secret in git", file: "base/serviceaccount.yaml", from: "automountServiceAccountToken: false   # no worker talks to the cluster", to: "automountServiceAccountToken: false\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: key}", want: "a Secret: no fleet of ours has one"},
	{name: "keys, and one of them mounted twice", file: "components/key-secret/kustomization.yaml", from: "{secretName: google-key, defaultMode: 0440}", to: "{secretNane: google-key, defaultMode: 0440}", want: "unknown field", variant: "gke with keys"},
	{name: "a pooler without a policy", file: "components/pooler/pooler.yaml", from: "kind: NetworkPolicy\nmetadata:\n  name: pooler\n  labels: {seine.step: first}\nspec:\n  podSelector:\n    matchLabels: {app.kubernetes.io/name: pooler}", to: "kind: NetworkPolicy\nmetadata:\n  name: pooler\n  labels: {seine.step: first}\nspec:\n  podSelector:\n    matchLabels: {app.kubernetes.io/name: other}", want: "Deployment pooler: no NetworkPolicy", variant: "gke with a pooler"},
}
