#!/usr/bin/env bash
# Creates or updates Weir in the cluster of the current context, waits until it works, and says what does not and why.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
    cat <<'END'
usage: k8s/deploy.sh [--timeout SECONDS] [OVERLAY]

  OVERLAY    kind (the default), dev, prod, or a folder with a kustomization of yours
  --timeout  longest wait until everything is ready; 300 if not given

Exit status: 0 everything is ready, 1 something is not (it says what and why), 2 wrong usage,
3 something is missing before anything was changed. KUBECTL names another kubectl.
END
}

namespace=iot
timeout=300
kubectl=${KUBECTL:-kubectl}
overlay=kind

stop() { # exit status, text
    printf 'deploy: %s\n' "$2" >&2
    exit "$1"
}
say() { printf 'deploy: %s\n' "$*"; }
k() { "$kubectl" -n "$namespace" "$@"; }

arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --timeout)
                [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || stop 2 "--timeout needs a number of seconds"
                timeout=$2
                shift
                ;;
            -*) usage >&2 && exit 2 ;;
            *) overlay=$1 ;;
        esac
        shift
    done
    folder=overlays/$overlay
    [ -d "$folder" ] || folder=$overlay
    [ -f "$folder/kustomization.yaml" ] ||
        stop 2 "no overlay '$overlay'; there are: $(cd overlays && printf '%s ' *)and any folder with a kustomization.yaml"
}

# Names in FILE of Secrets that pods, the Ingress and the store want, less those made there or by an operator.
wanted_secrets() {
    local wanted made
    wanted=$(awk '/^ *-? *secretName: /{print $NF} /passwordSecretRef:/{getline; print $NF}' "$1" | sort -u)
    made=$(awk '/^kind: /{kind=$2} /^  name: /{if (kind == "Secret") print $2} /connectionStringSecretName: /{print $NF}' "$1")
    grep -vxF -e "${made:-/}" <<<"$wanted" || true
}

check_before() { # rendered file
    local context secret missing=()
    context=$("$kubectl" config current-context 2>/dev/null) || stop 3 "kubectl has no current context: no cluster to deploy to"
    [ "$overlay" != kind ] || [[ $context == kind-* ]] ||
        stop 3 "overlay kind is for a cluster of kind, and the current context is $context"
    ! grep -q 'image: registry\.example/' "$1" ||
        stop 3 "the images are still those of registry.example: set newName in $folder/kustomization.yaml"
    "$kubectl" get --raw /readyz >/dev/null || stop 3 "the cluster of context $context does not answer"
    for secret in $(wanted_secrets "$1"); do
        k get secret "$secret" >/dev/null 2>&1 || missing+=("$secret")
    done
    [ ${#missing[@]} -eq 0 ] || stop 3 "Secrets missing in namespace $namespace: ${missing[*]} (k8s/README.md says how to make them)"
    say "overlay $overlay into context $context"
}

apply() { # rendered file
    # A Job cannot be changed, only made again; it leaves topics that exist as they are.
    ! "$kubectl" get namespace "$namespace" >/dev/null 2>&1 || k delete job telemetry-topics --ignore-not-found >/dev/null
    "$kubectl" apply -f "$1" || stop 1 "not everything could be applied; 'no matches for kind' means that its operator is not installed"
}

# Waits for one object; what is left of the time is shared by all.
wait_for() { # command...
    local left=$((timeout - SECONDS))
    [ "$left" -gt 0 ] || left=1
    k "$@" --timeout="${left}s" >/dev/null 2>&1
}

wait_all() { # rendered file; prints what is not ready
    local object
    for object in $(k get -f "$1" -o name 2>/dev/null | grep -E '^(deployment|statefulset)\.apps/'); do
        wait_for rollout status "$object" || echo "$object"
    done
    ! grep -q "^  name: telemetry-topics" "$1" ||
        wait_for wait --for=condition=complete job/telemetry-topics || echo job.batch/telemetry-topics
}

# Why a pod is not ready: what the scheduler, the kubelet and the daemon's own log say.
# shellcheck disable=SC2016  # the $ are those of Go's templates
explain() {
    local pod
    for pod in $(k get pods -o go-template='{{range .items}}{{$n := .metadata.name}}{{$p := .status.phase}}{{range .status.conditions}}{{if and (eq .type "Ready") (ne .status "True") (ne $p "Succeeded")}}{{$n}} {{end}}{{end}}{{end}}'); do
        printf '\n%s\n' "$pod"
        k get pod "$pod" -o go-template='{{range .status.conditions}}{{if and (eq .type "PodScheduled") (ne .status "True")}}  not scheduled: {{.message}}{{"\n"}}{{end}}{{end}}{{range .status.containerStatuses}}{{with .state.waiting}}  waiting: {{.reason}} {{.message}}{{"\n"}}{{end}}{{with .lastState.terminated}}  ended before: {{.reason}}, exit status {{.exitCode}}{{"\n"}}{{end}}{{end}}'
        k get events --field-selector "involvedObject.name=$pod,type=Warning" \
            -o go-template='{{range .items}}  event: {{.reason}} {{.message}}{{"\n"}}{{end}}' | tail -n 3
        k logs "$pod" --all-containers --tail=50 2>/dev/null | grep -E '"level":"(warn|error)"|error|Exception' |
            tail -n 3 | sed 's/^/  log: /' || true
    done
}

addresses() {
    echo
    if [ "$(k get service ingestion-api -o go-template='{{.spec.type}}')" = NodePort ]; then
        k get service ingestion-api dashboard-api \
            -o go-template='{{range .items}}{{.metadata.name}}: http://localhost:{{(index .spec.ports 0).nodePort}}{{"\n"}}{{end}}'
    fi
    k get ingress -o go-template='{{range .items}}{{range .spec.rules}}{{.host}}: through the ingress{{"\n"}}{{end}}{{end}}'
    echo "anywhere: kubectl -n $namespace port-forward service/ingestion-api 8001:80, service/dashboard-api 8002:80"
}

main() {
    local rendered late
    arguments "$@"
    command -v "$kubectl" >/dev/null || stop 3 "$kubectl is not installed"
    rendered=$(mktemp)
    # shellcheck disable=SC2064  # the name of now
    trap "rm -f '$rendered'" EXIT
    "$kubectl" kustomize "$folder" >"$rendered" || stop 2 "$folder cannot be rendered"
    check_before "$rendered"
    apply "$rendered"
    say "waiting up to $timeout s"
    late=$(wait_all "$rendered")
    if [ -n "$late" ]; then
        say "not ready after $SECONDS s:" >&2
        { printf '  %s\n' "$late" && explain; } >&2
        exit 1
    fi
    say "everything is ready after $SECONDS s"
    addresses
}

# Read in by a test, it only defines.
[ "${BASH_SOURCE[0]}" != "$0" ] || main "$@"
