#!/usr/bin/env bash
# verify.sh [go test flags]: all that can be proved of deploy/ without a cloud.
# It fetches what it needs into a cache folder, by version and checksum, the
# first time: an npm package and two Go modules, some 200 MB. Terraform, kubectl
# and Node are yours to install: without one, what needs it is left out and said
# so; in CI (CI or SEINE_CI is set) it is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "check-deploy: $*" >&2; }
ci=${CI:-}${SEINE_CI:-}
cache=${SEINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/seine}/deploy
tools=$cache/tools
mkdir -p "$tools"

missing=0
for program in terraform kubectl node npm; do
  command -v "$program" >/dev/null && continue
  case $program in
    terraform) where=https://developer.hashicorp.com/terraform/install ;;
    kubectl) where=https://kubernetes.io/docs/tasks/tools ;;
    *) where="https://nodejs.org, version 20 or later" ;;
  esac
  say "$program is not installed: $where"
  missing=1
done
if [ "$missing" = 1 ]; then
  [ -z "$ci" ] || { say "all of them are needed in CI"; exit 1; }
  say "what needs them is left out"
fi

# The provider's schema, out of the generated code of the package that wraps it.
provider=@cdktf/provider-google version=16.12.1   # google 6.50.0
integrity=KqNA/5RiFT07r0PSZ6/07cJ2zESUgbj1JchVj21iBFBZVUbD+578xA/k8eq/r0cbyEgLmg9eYWeVslaYah4DCQ==
# What the root uses, so that the schema is a tenth of a megabyte.
names=$(sed -nE 's/^(data|resource) "google_([a-z_]+)".*/\1 \2/p' deploy/terraform/*.tf | sort -u | sed 's/^resource //; s/^data /data-google-/' | tr '_\n' '-,')
stamp=$(cat deploy/verify/tfshim/schema.mjs - <<<"$version $names" | sha256sum | cut -d' ' -f1)
if command -v node >/dev/null && command -v npm >/dev/null && [ "$(cat "$tools/google.stamp" 2>/dev/null)" != "$stamp" ]; then
  if [ ! -d "$cache/provider-$version" ]; then
    say "fetching $provider $version"
    work=$(mktemp -d "$cache/fetch.XXXXXX")
    (cd "$work" && npm pack --silent "$provider@$version" >/dev/null)
    got=$(node -p 'require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64")' "$work"/*.tgz)
    [ "$got" = "$integrity" ] || { rm -rf "$work"; say "$provider $version is not what it was: sha512-$got"; exit 1; }
    mkdir "$work/out"
    tar xzf "$work"/*.tgz -C "$work/out" package/lib --wildcards --exclude='*.d.ts' --exclude='*.ts'
    mv "$work/out/package/lib" "$cache/provider-$version"
    rm -rf "$work"
  fi
  node deploy/verify/tfshim/schema.mjs "$cache/provider-$version" "${names%,}" >"$tools/google.json.new"
  mv "$tools/google.json.new" "$tools/google.json"
  echo "$stamp" >"$tools/google.stamp"
fi

# What stands in for the provider, and the command.
say "building (the first time takes some minutes)"
mkdir -p "$tools/provider"
CGO_ENABLED=0 go -C deploy/verify build -o "$tools/provider/terraform-provider-google" ./tfshim
CGO_ENABLED=0 go build -o "$tools/seine" ./cmd/seine
cat >"$tools/terraform.rc" <<R
provider_installation {
  dev_overrides { "hashicorp/google" = "$tools/provider" }
  direct { exclude = ["*/*"] }
}
R

# The schemas of the API server and of KEDA, out of their Go modules.
kubernetes=v1.36.3 keda=v2.21.0
stamp=$(cat deploy/verify/schemagen/main.go - <<<"$kubernetes $keda" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$tools/schemas.stamp" 2>/dev/null)" != "$stamp" ]; then
  say "making the schemas of Kubernetes $kubernetes and KEDA $keda"
  dir() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p'; }
  rm -rf "$tools/schemas"
  # Beside the module, where no go.mod of ours has a say in the versions.
  k=$(cd "$cache" && GOFLAGS=-mod=mod dir "k8s.io/kubernetes@$kubernetes")
  c=$(cd "$cache" && GOFLAGS=-mod=mod dir "github.com/kedacore/keda/v2@$keda")
  go -C deploy/verify run ./schemagen "$tools/schemas" "$k/api/openapi-spec/swagger.json" "$c"/config/crd/bases/*.yaml >&2
  echo "$stamp" >"$tools/schemas.stamp"
fi

# promtool, out of Debian's package, which is not installed: it would start a server.
if [ ! -x "$tools/promtool" ]; then
  if command -v promtool >/dev/null; then ln -sf "$(command -v promtool)" "$tools/promtool"
  elif command -v apt-get >/dev/null; then
    say "fetching promtool"
    work=$(mktemp -d "${TMPDIR:-/tmp}/promtool.XXXXXX")
    (cd "$work" && { apt-get download -qq prometheus 2>/dev/null || { apt-get update -qq >/dev/null && apt-get download -qq prometheus; }; } && dpkg-deb -x prometheus_*.deb .)
    mv "$work/usr/bin/promtool" "$tools/promtool"
    rm -rf "$work"
  else say "promtool is not installed: https://prometheus.io/download"; exit 1; fi
fi

# amtool, from Debian's package of Alertmanager, in the same way.
if [ ! -x "$tools/amtool" ]; then
  if command -v amtool >/dev/null; then ln -sf "$(command -v amtool)" "$tools/amtool"
  elif command -v apt-get >/dev/null; then
    say "fetching amtool"
    work=$(mktemp -d "${TMPDIR:-/tmp}/amtool.XXXXXX")
    (cd "$work" && { apt-get download -qq prometheus-alertmanager 2>/dev/null || { apt-get update -qq >/dev/null && apt-get download -qq prometheus-alertmanager; }; } && dpkg-deb -x prometheus-alertmanager_*.deb .)
    mv "$work/usr/bin/amtool" "$tools/amtool"
    rm -rf "$work"
  else say "amtool is not installed: https://prometheus.io/download"; exit 1; fi
fi

# The pooler's own configuration is run.
[ -e /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null || scripts/install pgbouncer || [ -z "$ci" ]

export SEINE_DEPLOY_TOOLS=$tools
status=0
scripts/with-postgres go -C deploy/verify test -count=1 -timeout 20m "$@" ./... || status=1
go -C deploy/verify/dockerfile test -count=1 -timeout 20m "$@" ./... || status=1
[ "$status" = 0 ] && say "all that can be proved here holds" || say "see above"
say "not proved here; each with the command that proves it on a real project:"
sed -nE 's/^([^#|]+) \| (.*)/check-deploy:   \1\ncheck-deploy:       \2/p' deploy/verify/unproved.txt >&2
exit "$status"
