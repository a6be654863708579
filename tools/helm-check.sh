#!/usr/bin/env bash
# Checks the chart with helm, which it builds from a module of its own: lint, and the manifests of
# a volume and of a bucket, whose settings tranship itself must accept. HELM names a helm that
# exists already, and TRANSHIP a tranship.
set -euo pipefail
cd "$(dirname "$0")/.."
chart=deploy/helm/tranship
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "helm-check: $*" >&2
  exit 1
}
helm=${HELM:-} tranship=${TRANSHIP:-}
if [[ -z $helm ]]; then
  helm=$work/helm
  (cd tools/helm && go build -o "$helm" helm.sh/helm/v3/cmd/helm)
fi
if [[ -z $tranship ]]; then
  tranship=$work/tranship
  CGO_ENABLED=0 go build -o "$tranship" ./cmd/tranship
fi

render() { "$helm" template files "$chart" --kube-version 1.30.0 "$@"; }
# settings prints the file of the ConfigMap, with a file of tokens that exists, and another
# certificate: those of the chart exist only in the pod.
settings() {
  sed -n '/^  tranship.yaml: |/,/^---/p' "$1" | sed -n 's/^    //p' |
    sed "s|^tokens: .*|tokens: $work/tokens|; s|^tls-cert: .*|tls: self-signed|; s|^tls-key: .*|tls-dir: $work/keys|; /^policy/d"
}

"$helm" lint --strict --quiet --set insecure=true "$chart" || fail "lint"
render --set tls.secretName=certificate,access.secretName=access,access.tokens=true,access.policy=true >"$work/disk"
render --set store=s3,settings.store=s3://bucket/prefix,tls.secretName=certificate,replicas=3,access.secretName=access,access.tokens=true \
  --set metrics.serviceMonitor=true,metrics.tokenSecret=prometheus,environment.secretName=keys >"$work/s3"
for want in "kind: StatefulSet" "replicas: 1" "mountPath: /etc/tranship/tls" "kind: NetworkPolicy" "readOnlyRootFilesystem: true" "tokens: /etc/tranship/access/tokens"; do
  grep --quiet --fixed-strings "$want" "$work/disk" || fail "the manifests of a volume do not have $want"
done
for want in "kind: Deployment" "replicas: 3" "kind: ServiceMonitor" "admin-insecure: true" "store: s3://bucket/prefix"; do
  grep --quiet --fixed-strings "$want" "$work/s3" || fail "the manifests of a bucket do not have $want"
done
if grep --quiet "root: \|PersistentVolume\|volumeClaim" "$work/s3"; then fail "the manifests of a bucket have a volume"; fi
"$tranship" token new --file "$work/tokens" --name ann >/dev/null
settings "$work/s3" >"$work/s3.yaml"
settings "$work/disk" >"$work/disk.yaml"
render --set insecure=true,settings.anonymous=read >"$work/plaintext"
settings "$work/plaintext" >"$work/plaintext.yaml"
chmod go-w "$work"/*.yaml
for file in "$work"/*.yaml; do
  "$tranship" config check --config "$file" || fail "tranship refuses the settings of $(basename "$file")"
done
for wrong in "store=disk" "store=s3,insecure=true" "store=tape,insecure=true"; do
  if render --set "$wrong" >/dev/null 2>&1; then fail "values that cannot work are accepted: $wrong"; fi
done
echo "helm-check: the chart is right for a volume and for a bucket"
