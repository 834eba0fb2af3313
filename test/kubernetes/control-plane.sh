#!/bin/bash
# A real Kubernetes API in seconds: etcd, kube-apiserver and kube-controller-manager on loopback, without root,
# namespaces or cgroups. Deployments become ReplicaSets and Pods, quotas refuse, namespaces are deleted; no Pod runs:
# whoever needs one running patches pods/status. Says "ready" and stays until its standard input ends; then everything
# that it started is gone, and so is DIR. Until then it obeys lines: "kill NAME" (as kill -9 does) and "start NAME" (again)
# of etcd, apiserver or manager; each is answered, by "killed NAME" or, when it serves, "started NAME".
# usage: control-plane.sh DIR     DIR must not exist; DIR/kubeconfig is the administrator's
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$("$here/build.sh")/bin
mkdir -m 700 "${1:?usage: control-plane.sh DIR}"
dir=$(cd "$1" && pwd)
cd "$dir"
. "$here/credentials.sh"
declare -A commands=() pids=() # by name
finish() {
    status=$?
    trap - EXIT
    if [ $status != 0 ]; then tail -n 5 "$dir"/*.log >&2; fi
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done; done
    cd /
    rm -rf "$dir"
    exit $status
}
trap finish EXIT
trap 'exit 1' INT TERM HUP
start() { # NAME COMMAND...
    commands[$1]=$(printf '%q ' "${@:2}")
    again "$1"
}
again() { # NAME
    last=$1
    (eval "exec ${commands[$1]}") >>"$1.log" 2>&1 </dev/null &
    pids[$1]=$!
    disown # the shell need not tell how it ended
}
end() { # NAME: without a chance to prepare for it
    kill -KILL "${pids[$1]}"
    while kill -0 "${pids[$1]}" 2>/dev/null; do sleep 0.01; done
    unset "pids[$1]"
}
answers() { # URL [curl options]: asked until it does, as long as the process that was started last lives
    for _ in $(seq 1200); do
        curl -fsS -m 2 --cacert ca.crt "$@" >/dev/null 2>&1 && return
        kill -0 "${pids[$last]}" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

make_authority
make_certificate api /CN=kube-apiserver "DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.96.0.1"
admin=$(new_token admin system:masters)
manager=$(new_token system:kube-controller-manager "")
# Sockets in the working directory, in etcd's notation; what is advertised is for other members, and there are none.
start etcd "$bin/etcd" --data-dir etcd --listen-client-urls unix://etcd.sock:0 --listen-peer-urls unix://peer.sock:0 \
    --advertise-client-urls http://localhost:1 --initial-advertise-peer-urls http://localhost:1 \
    --initial-cluster default=http://localhost:1
# The API server cannot listen on a port of the system's choice: take one that is free, another when it is gone.
up=false
for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue; fi
    start apiserver "$bin/kube-apiserver" --etcd-servers=unix://etcd.sock:0 --bind-address=127.0.0.1 --secure-port="$port" \
        --advertise-address=127.0.0.1 --endpoint-reconciler-type=none --tls-cert-file=api.crt \
        --tls-private-key-file=api.key --client-ca-file=ca.crt --token-auth-file=tokens.csv --authorization-mode=RBAC \
        --service-cluster-ip-range=10.96.0.0/16 --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --service-account-key-file=sa.pub --service-account-signing-key-file=sa.key
    if answers "https://127.0.0.1:$port/readyz"; then
        up=true
        break
    fi
done
$up
write_kubeconfig "https://127.0.0.1:$port" "$admin" kubeconfig
write_kubeconfig "https://127.0.0.1:$port" "$manager" manager.kubeconfig
start manager "$bin/kube-controller-manager" --kubeconfig=manager.kubeconfig --port=0 --secure-port=0 \
    --leader-elect=false --use-service-account-credentials --root-ca-file=ca.crt \
    --service-account-private-key-file=sa.key --cluster-signing-cert-file=ca.crt --cluster-signing-key-file=ca.key \
    --concurrent-namespace-syncs=10 \
    --controllers='*,-nodeipam,-nodelifecycle,-route,-service,-cloud-node-lifecycle,-attachdetach'
answers -H "Authorization: Bearer $admin" "https://127.0.0.1:$port/api/v1/namespaces/default/serviceaccounts/default"
echo ready
while read -r verb name; do
    case $verb in
    kill)
        end "$name"
        echo "killed $name"
        ;;
    start)
        if [ "$name" = etcd ]; then rm -f ./*.sock*; fi # which it takes for a server's
        again "$name"
        # The API server answers for its etcd.
        if [ "$name" != manager ] && [ -n "${pids[apiserver]:-}" ]; then answers "https://127.0.0.1:$port/readyz"; fi
        echo "started $name"
        ;;
    esac
done
