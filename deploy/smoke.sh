#!/usr/bin/env bash
# smoke.sh: after terraform apply and kubernetes/apply gke, what only a real project
# can prove: identities and their roles took hold, the peering carries, the image is
# pulled, the policies are enforced, the metric reaches the autoscaler. Each line
# says what was asked and what came. exit 1: something does not hold.
set -uo pipefail
cd "$(dirname "$0")"
for program in terraform gcloud kubectl; do
  command -v "$program" >/dev/null || { echo "smoke: $program is needed" >&2; exit 2; }
done
# smoke.sh [OVERLAY]: a folder of kubernetes/overlays. Default: gke.
out() { terraform -chdir=terraform output -raw "$1"; }
overlay=kubernetes/overlays/${1:-gke} settings=kubernetes/overlays/${1:-gke}/settings.env
[ -f "$settings" ] || { echo "smoke: $settings is missing: terraform output -raw overlay" >&2; exit 2; }
value() { sed -n "s/^$1=//p" "$settings"; }
# chosen COMPONENT: the overlay has it.
chosen() { grep -Eq "^ *- .*components/$1( |$)|^components:.*components/$1[],]" "$overlay/kustomization.yaml"; }
# gcloud's own project may be another, with a database of the same name.
CLOUDSDK_CORE_PROJECT=$(out project) || { echo "smoke: terraform -chdir=terraform output project: was it applied?" >&2; exit 2; }
export CLOUDSDK_CORE_PROJECT
namespace=$(value NAMESPACE) bad=0
# holds WHAT REMEDY COMMAND…: the command succeeds.
holds() {
  local what=$1 remedy=$2 said; shift 2
  if said=$("$@" 2>&1); then printf 'ok    %s\n' "$what"; else
    printf 'FAIL  %s\n      %s\n      %s\n' "$what" "$(tail -2 <<<"$said" | tr '\n' ' ')" "$remedy"; bad=1
  fi
}
k() { kubectl -n "$namespace" "$@"; }
# try WITHIN COMMAND…: until it succeeds: roles and metrics take minutes to arrive.
try() {
  local end=$((SECONDS + ${SMOKE_WAIT:-$1})); shift
  until "$@"; do [ "$SECONDS" -lt "$end" ] || return 1; sleep 10; done
}
pod() { k get pods -l app.kubernetes.io/name=worker -o jsonpath='{.items[0].metadata.name}'; }
# instance FIELD: what the API says of the database.
instance() { gcloud sql instances describe "$(out instance)" --format="value($1)"; }
same() { [ "$1" = "$2" ] || { echo "got \"$1\", want \"$2\""; return 1; }; }
backed_up() { [ -n "$(gcloud sql backups list --instance "$(out instance)" --filter=status=SUCCESSFUL --format='value(id)' --limit=1)" ]; }
measured() { [ -n "$(k get hpa worker -o jsonpath='{.status.currentMetrics[0].external.current.averageValue}')" ]; }
within() { k exec "$(pod)" -c worker -- "$@"; }
# reach HOST PORT, from within a worker: the image has nothing that fetches, so
# bash opens the connection.
reach() { within timeout 5 bash -c "exec 3<>/dev/tcp/$1/$2"; }
refused() { if reach "$1" "$2"; then echo "$1:$2 answers"; return 1; fi; }
account() {
  within bash -c 'exec 3<>/dev/tcp/169.254.169.254/80
    printf "GET /computeMetadata/v1/instance/service-accounts/default/email HTTP/1.0\r\nMetadata-Flavor: Google\r\n\r\n" >&3
    tail -1 <&3'
}
# migrated: the Job is removed a day after its end (ttlSecondsAfterFinished). Then a
# worker answers: it reads the schema, and it does not start without one.
migrated() {
  if [ -n "$(k get job migrate --ignore-not-found -o name)" ]; then k wait --for=condition=complete job/migrate --timeout=60s
  else within /usr/local/bin/seine status /etc/seine/job.yaml; fi
}
# hidden: a page that took over the browser is a process of the worker's user, as
# this shell is. gVisor has the browser's sandbox for that.
hidden() {
  within bash -c 'for p in /proc/1/environ $(grep -lsx seine /proc/[0-9]*/comm | sed s,/comm,/environ,); do
    if cat "$p" >/dev/null 2>&1; then echo "$p is readable"; exit 1; fi; done'
}
received() { kubectl -n gmp-public get secret alertmanager -o 'jsonpath={.data.alertmanager\.yaml}' | base64 -d | grep -q 'receiver:'; }
twice() { k get pods -l app.kubernetes.io/name=worker -o jsonpath='{.items[*].spec.nodeName}' | tr ' ' '\n' | sort | uniq -d; }

echo "smoke: project $CLOUDSDK_CORE_PROJECT, namespace $namespace"
holds "the database runs" "gcloud sql operations list --instance $(out instance)" same "$(instance state)" RUNNABLE
holds "it has no public address" "terraform apply" same "$(instance settings.ipConfiguration.ipv4Enabled)" False
holds "it has a backup" "the first comes within a day; now: gcloud sql backups create --instance $(out instance)" backed_up
holds "the bucket is private" "terraform apply" \
  same "$(gcloud storage buckets describe "$(out bucket)" --format='value(public_access_prevention)')" enforced
if chosen keda && ! pod >/dev/null 2>&1; then
  echo "smoke: KEDA has scaled to zero; for the rest keep one: kubectl -n $namespace annotate scaledobject worker autoscaling.keda.sh/paused-replicas=1" >&2
  exit 1
fi
holds "the migration ran, so the peering carries and the login has its rights" "kubernetes/apply runs it again; kubectl -n $namespace logs job/migrate; sql/grant.sql" \
  migrated
holds "nodes pulled the image, workers are ready" "kubectl -n $namespace describe pods: ErrImagePull is the node's role on the repository" \
  k rollout status deployment/worker --timeout=300s
holds "frontier, store, clock and browser, from within a worker" "output of doctor; roles take some minutes to arrive" \
  try 420 within /usr/local/bin/seine doctor /etc/seine/job.yaml
if chosen one-per-node; then holds "each worker has a node of its own" "component one-per-node" same "$(twice)" ""; fi
holds "sites can be reached" "NetworkPolicy worker; egress = nat: the router" reach 1.1.1.1 443
holds "the node is closed" "Dataplane V2 is off: policies are not enforced" \
  refused "$(k get pod "$(pod)" -o jsonpath='{.status.hostIP}')" 10250
holds "the cluster's API is closed" "Dataplane V2 is off" refused kubernetes.default.svc 443
holds "other ports of the internet are closed" "Dataplane V2 is off" refused 1.1.1.1 853
holds "the worker's account answers for tokens, not the node's" "the binding in identity.tf; workload_metadata_config" \
  same "$(account 2>/dev/null)" "$(value GOOGLE_SERVICE_ACCOUNT)"
if ! chosen gvisor; then
  holds "the worker's environment is hidden from the browser" "an image of this Dockerfile: tini and seine have mode 0711" hidden
  # A node's kernel may lack Landlock. The worker runs without it, so this is a note.
  confinement=$(within /usr/local/bin/seine doctor /etc/seine/job.yaml 2>/dev/null | grep -Eo '(not )?confined: .*')
  case $confinement in
    *"not confined"*) printf 'note  the browser: %s\n      deploy/README.md, The browser: the component gvisor needs no Landlock\n' "$confinement" ;;
    confined*) printf 'ok    the browser: %s\n' "$confinement" ;;
  esac
fi
if chosen monitoring && [ "${ALERTS:-}" != none ]; then
  holds "alerts have a receiver" "deploy/README.md, Alerts: the Secret alertmanager in gmp-public" \
    received
fi
if chosen gke-metric && ! chosen keda; then
  holds "the queue's depth reaches the autoscaler" "kubectl -n $namespace describe hpa worker; PodMonitoring, AutoscalingMetric" \
    try 420 measured
fi
[ "$bad" = 0 ] && echo "smoke: all of it holds" || echo "smoke: see FAIL above"
exit "$bad"
