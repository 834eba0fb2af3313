#!/bin/bash
# A complete real Kubernetes node: control plane, scheduler, containerd, kubelet and kube-proxy; Pods run. Needs root.
# Everything lives in namespaces of its own (processes, mounts, network), so that any number run side by side and
# nothing outlives the first process in there. Says "ready" and stays until its standard input ends.
#   host 10.120.N.1 <-> 10.120.N.2: API on :6443, NodePorts; Pods 10.121.N.0/24; Services 10.122.N.0/24: all reachable
#   from the host. There is no default route: nothing leaves. NetworkPolicy is accepted, not enforced (bridge CNI); there
#   is no cluster DNS, no metrics and no volume provisioner.
# usage: node.sh DIR     DIR must not exist and have a short name; DIR/kubeconfig is the administrator's
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# ---- outside: the network and what belongs to the machine ---------------------------------------------------------
lacks() {
    echo "node.sh: no node can be had on this machine: $*" >&2
    exit 1
}
check_machine() {
    [ "$(id -u)" = 0 ] || lacks "it takes root"
    for program in curl ip iptables openssl runc unshare; do
        command -v $program >/dev/null || lacks "there is no $program (./dev setup)"
    done
    unshare --mount --pid --fork --net --ipc --uts --mount-proc true || lacks "it gives no namespaces (unshare)"
    ip link add "gk$$" type veth peer name "gl$$" || lacks "it makes no network interfaces (CAP_NET_ADMIN, veth)"
    ip link del "gk$$"
    unshare --net iptables -w -t nat -L -n >/dev/null || lacks "iptables does not work"
    for controller in cpu memory pids; do
        [ -f "/sys/fs/cgroup/$controller/cgroup.procs" ] ||
            grep -qsw "$controller" /sys/fs/cgroup/cgroup.controllers || lacks "it has no control groups for $controller"
    done
}
outside() {
    check_machine
    cache=$("$here/build.sh")
    mkdir -m 700 "$1"
    dir=$(cd "$1" && pwd)
    run=grid-k8s-$$
    for n in $(seq $(($$ % 200)) 254) none; do # a free N
        if [ $n = none ]; then echo "node.sh: no free network" >&2; exit 1; fi
        if mkdir "/run/lock/grid-k8s-net-$n" 2>/dev/null; then break; fi
        # left by one that was killed?
        if ! ip link show "gk8s$n" >/dev/null 2>&1 && [ -n "$(find "/run/lock/grid-k8s-net-$n" -maxdepth 0 -mmin +2)" ]; then break; fi
    done
    groups=()
    for controller in /sys/fs/cgroup /sys/fs/cgroup/*; do
        if [ -f "$controller/cgroup.procs" ] && mkdir "$controller/$run" 2>/dev/null; then groups+=("$controller/$run"); fi
    done
    [ ${#groups[@]} -gt 0 ] || lacks "no control group can be made in /sys/fs/cgroup"
    # A cpuset group takes no process before it has processors and memory.
    for file in cpuset.cpus cpuset.mems; do
        if [ -d "/sys/fs/cgroup/cpuset/$run" ]; then cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/$run/$file"; fi
    done
    # Standard input is the inner process's: should this one be killed, that one still sees its end.
    unshare --mount --propagation private --pid --fork --kill-child --net --ipc --uts --mount-proc \
        "$here/node.sh" inside "$dir" "$cache" "$n" "$run" <&0 &
    outer=$!
    disown
    trap 'kill -KILL $outer 2>/dev/null || true' INT TERM HUP
    finish() {
        trap - EXIT
        while kill -0 $outer 2>/dev/null; do sleep 0.05; done
        ip link del "gk8s$n" 2>/dev/null || true
        # The kernel lets go of killed containers' groups a moment later.
        for _ in $(seq 100); do
            left=false
            for group in "${groups[@]}"; do
                if [ -d "$group" ]; then find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || left=true; fi
            done
            $left || break
            sleep 0.1
        done
        rmdir "/run/lock/grid-k8s-net-$n"
        rm -rf "$dir"
    }
    trap finish EXIT
    until inner=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null) && [ -n "$inner" ]; do
        kill -0 $outer
        sleep 0.02
    done
    until [ "$(readlink "/proc/${inner% }/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
    ip link add "gk8s$n" type veth peer name node netns "${inner% }"
    ip addr add "10.120.$n.1/24" dev "gk8s$n"
    ip link set "gk8s$n" up
    ip route replace "10.121.$n.0/24" via "10.120.$n.2"
    ip route replace "10.122.$n.0/24" via "10.120.$n.2"
    while kill -0 $outer 2>/dev/null; do sleep 0.2; done
}

# ---- inside: process 1 of its namespace; when it ends, so does everything in there ---------------------------------
inside() {
    dir=$1 cache=$2 n=$3 run=$4
    bin=$cache/bin address=10.120.$n.2
    cd "$dir"
    . "$here/credentials.sh"
    trap 'status=$?; [ $status = 0 ] || { echo "node.sh: failed at line $LINENO" >&2; tail -n 5 "$dir"/logs/*.log >&2; }' EXIT
    poll() { # COMMAND...: until it succeeds
        for _ in $(seq 1200); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
        echo "node.sh: in vain: $*" >&2
        return 1
    }
    start() {
        name=$1
        shift
        "$@" </dev/null >"logs/$name.log" 2>&1 &
        disown # the shell need not tell how it ended
    }
    mkdir -p logs conf sys cni kubelet root
    # What containerd, kubelet and the network plugins keep in fixed places is private to this node.
    for place in /run/netns /run/containerd /var/lib/cni /var/log; do
        mkdir -p "$place"
        mount -t tmpfs tmpfs "$place"
    done
    mkdir -m 700 /run/containerd/grid
    mount --make-rshared /
    # The sysctls that kubelet insists on are files of ours: the machine's own stay untouched.
    sysctl_file() {
        echo "$2" >"sys/$(basename "$1")"
        mount --bind "sys/$(basename "$1")" "/proc/sys/$1"
    }
    sysctl_file vm/overcommit_memory 1
    sysctl_file vm/panic_on_oom 0
    sysctl_file kernel/panic 10
    sysctl_file kernel/panic_on_oops 1
    poll ip link show node
    ip addr add "$address/24" dev node
    ip link set node up
    ip link set lo up
    echo 1 >/proc/sys/net/ipv4/ip_forward

    make_authority
    make_certificate apiserver /CN=kube-apiserver "DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:$address,IP:10.122.$n.1"
    make_certificate kubelet /CN=system:node:node/O=system:nodes "DNS:node,IP:$address"
    make_certificate client /CN=kube-apiserver-kubelet-client/O=system:masters
    config() { write_kubeconfig "https://$address:6443" "$(new_token "$1" "$2")" "$3"; }
    config admin system:masters admin.kubeconfig
    config system:kube-controller-manager "" manager.kubeconfig
    config system:kube-scheduler "" scheduler.kubeconfig
    config system:node:node system:nodes kubelet.kubeconfig
    config system:kube-proxy "" proxy.kubeconfig

    start etcd "$bin/etcd" --data-dir etcd --listen-client-urls unix://etcd.sock:0 --listen-peer-urls unix://peer.sock:0 \
        --advertise-client-urls http://localhost:1 --initial-advertise-peer-urls http://localhost:1 \
        --initial-cluster default=http://localhost:1
    start apiserver "$bin/kube-apiserver" --etcd-servers=unix://etcd.sock:0 --bind-address=0.0.0.0 --secure-port=6443 \
        --advertise-address="$address" --tls-cert-file=apiserver.crt --tls-private-key-file=apiserver.key \
        --client-ca-file=ca.crt --token-auth-file=tokens.csv --authorization-mode=Node,RBAC \
        --enable-admission-plugins=NodeRestriction --service-cluster-ip-range="10.122.$n.0/24" --allow-privileged=true \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local --service-account-key-file=sa.pub \
        --service-account-signing-key-file=sa.key --kubelet-client-certificate=client.crt \
        --kubelet-client-key=client.key --kubelet-certificate-authority=ca.crt --kubelet-preferred-address-types=InternalIP
    poll curl -fsS -m 2 --cacert ca.crt "https://$address:6443/readyz"
    start manager "$bin/kube-controller-manager" --kubeconfig=manager.kubeconfig --port=0 --secure-port=0 \
        --leader-elect=false --use-service-account-credentials --root-ca-file=ca.crt \
        --service-account-private-key-file=sa.key --cluster-signing-cert-file=ca.crt --cluster-signing-key-file=ca.key
    start scheduler "$bin/kube-scheduler" --kubeconfig=scheduler.kubeconfig --port=0 --secure-port=0 --leader-elect=false

    cat >conf/net.conflist <<CONF
{"cniVersion":"0.4.0","name":"grid-k8s","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,
  "ipam":{"type":"host-local","ranges":[[{"subnet":"10.121.$n.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}
CONF
    mv conf/net.conflist cni/10-bridge.conflist
    cat >conf/containerd.toml <<CONF
version = 2
root = "$dir/containerd"
state = "/run/containerd/grid"
[grpc]
  address = "/run/containerd/grid.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$bin/cni"
    conf_dir = "$dir/cni"
CONF
    PATH=$bin:$PATH start containerd "$bin/containerd" --config conf/containerd.toml
    ctr=("$bin/ctr" -a /run/containerd/grid.sock)
    poll "${ctr[@]}" version
    install -D "$bin/pause" root/pause/pause
    "$here/image.sh" localhost/pause:1 root/pause pause.tar /pause
    "$here/../../tools/sample_image_files" root/sample
    "$here/image.sh" localhost/grid-sample:1 root/sample sample.tar /bin/serve
    # shellcheck disable=SC2086
    for image in pause.tar sample.tar ${GRID_NODE_IMAGES:-}; do "${ctr[@]}" -n k8s.io images import "$image" >>logs/import.log 2>&1; done

    cat >conf/kubelet.yaml <<CONF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $dir/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $dir/kubelet.crt
tlsPrivateKeyFile: $dir/kubelet.key
cgroupDriver: cgroupfs
cgroupRoot: /$run
failSwapOn: false
oomScoreAdj: 0
address: $address
readOnlyPort: 0
healthzBindAddress: 127.0.0.1
resolvConf: ""
evictionHard: {memory.available: "100Mi", nodefs.available: "1%"}
imageGCHighThresholdPercent: 100
podPidsLimit: 512
syncFrequency: 10s
protectKernelDefaults: true
featureGates: {SizeMemoryBackedVolumes: true} # as every server has it since 1.22
CONF
    start kubelet "$bin/kubelet" --config=conf/kubelet.yaml --kubeconfig=kubelet.kubeconfig --container-runtime=remote \
        --container-runtime-endpoint=unix:///run/containerd/grid.sock --hostname-override=node --node-ip="$address" \
        --root-dir="$dir/kubelet" --cert-dir="$dir/kubelet/pki" --pod-infra-container-image=localhost/pause:1
    start proxy "$bin/kube-proxy" --kubeconfig=proxy.kubeconfig --hostname-override=node \
        --cluster-cidr="10.121.$n.0/24" --proxy-mode=iptables --conntrack-max-per-core=0 \
        --conntrack-tcp-timeout-established=0s --conntrack-tcp-timeout-close-wait=0s \
        --healthz-bind-address=127.0.0.1 --metrics-bind-address=127.0.0.1
    token=$(sed -n 's/^\([^,]*\),admin,.*/\1/p' tokens.csv)
    answer() { curl -fsS -m 2 --cacert ca.crt -H "Authorization: Bearer $token" "https://$address:6443$1"; }
    node_ready() { answer /api/v1/nodes/node | grep -q '"reason": *"KubeletReady"'; }
    poll node_ready
    poll answer /api/v1/namespaces/default/serviceaccounts/default
    mv admin.kubeconfig kubeconfig
    echo ready
    while read -r _; do :; done
    kill -KILL -1 # all but this
    trap - EXIT
}

case ${1:?usage: node.sh DIR} in
inside) shift; inside "$@" ;;
*) outside "$1" ;;
esac
