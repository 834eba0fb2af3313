#!/bin/bash
# A real Kubernetes (1.20.2) from Debian's own source package and Debian's Go, in a cache outside the tree; about
# 4 minutes on 2 cores, once. Nothing is installed: packages are unpacked in the cache. Prints the cache's directory.
# usage: build.sh     (GRID_KUBERNETES or $XDG_CACHE_HOME/grid/kubernetes names the cache)
set -euo pipefail
cache=${GRID_KUBERNETES:-${XDG_CACHE_HOME:-$HOME/.cache}/grid/kubernetes}
recipe=2 # counts up when what is built changes
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ "$(cat "$cache/recipe" 2>/dev/null)" = "$recipe" ]; then
    echo "$cache"
    exit
fi
exec 3>&1 1>&2 # what follows is for people, the last line for programs
echo "building Kubernetes once, into $cache (about 4 minutes)"
started=$(date +%s)
work=$cache/work
rm -rf "$cache/recipe" "$cache/bin" "$work"
mkdir -p "$cache/bin" "$work/packages" "$work/source" "$work/lists/partial" "$work/cache/archives/partial" \
    "$work/sources.list.d" "$work/unpacked" "$work/go/src/k8s.io"
trap 'status=$?; [ $status = 0 ] || { tail -n 20 "$work/log"; echo "kubernetes: the build failed; see $work/log"; } >&2' EXIT

# ---- packages: binaries as the machine gets them, the source from the same archive, all without root ---------------
# Debian's archive among the machine's sources, in either notation, with its sources. The lists are our own: the
# machine's may be old, or not there at all.
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    if [ -f "$file" ]; then
        sed -nE 's#^[[:space:]]*deb[[:space:]]+((\[[^]]*\][[:space:]]+)?[^[:space:]]+/debian(-security)?/?[[:space:]].*)#deb \1\ndeb-src \1#p' "$file"
    fi
done >"$work/sources.list"
for file in /etc/apt/sources.list.d/*.sources; do
    if [ -f "$file" ]; then
        awk 'BEGIN { RS = ""; ORS = "\n\n" }
            /(^|\n)URIs:[^\n]*\/debian(-security)?\/?([ \t\n]|$)/ { sub(/Types:[^\n]*/, "Types: deb deb-src"); print }' \
            "$file" >"$work/sources.list.d/$(basename "$file")"
    fi
done
if [ ! -s "$work/sources.list" ] && [ -z "$(find "$work/sources.list.d" -type f -size +0)" ]; then
    echo "kubernetes: no Debian archive (.../debian) stands in /etc/apt/sources.list or /etc/apt/sources.list.d"
    exit 1
fi
archive() {
    apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Dir::Etc::sourcelist="$work/sources.list" \
        -o Dir::Etc::sourceparts="$work/sources.list.d" -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" \
        -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= "$@" >>"$work/log" 2>&1
}
# An archive may be away for a moment. A list that is not needed may be away for ever: what is missing tells the download.
fetch() {
    archive update || true
    (cd "$work/packages" && archive download golang-1.19-go golang-1.19-src golang-github-modern-go-reflect2-dev \
        etcd-server containerd containernetworking-plugins) &&
        (cd "$work/source" && archive source kubernetes)
}
for pause in 5 20 60 end; do
    fetch && break
    if [ $pause = end ]; then
        grep -E '^(E|W|Err)' "$work/log" | tail -n 5
        exit 1
    fi
    echo "kubernetes: Debian's packages could not be had; again in $pause s"
    sleep $pause
done
for package in "$work"/packages/*.deb; do dpkg-deb -x "$package" "$work/unpacked"; done
source=$(echo "$work"/source/kubernetes-1.20.*/)
source=${source%/}
ln -s "$source" "$work/go/src/k8s.io/kubernetes"
# The vendored reflect2 1.0.1 corrupts memory under Go >= 1.18 (the API server dies on a JSON PATCH): take 1.0.2.
rm -rf "$source/vendor/github.com/modern-go/reflect2"
mkdir "$source/vendor/github.com/modern-go/reflect2"
cp "$work"/unpacked/usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} \
    "$source/vendor/github.com/modern-go/reflect2/"

# ---- build --------------------------------------------------------------------------------------------------------
# Debian's Go finds half of itself in /usr/share by relative links.
export GOROOT=$work/unpacked/usr/lib/go-1.19 GOPATH=$work/go GOCACHE=$work/gocache GOFLAGS= GOENV=off GO111MODULE=off CGO_ENABLED=0
export PATH=$GOROOT/bin:$PATH
cd "$work/go/src/k8s.io/kubernetes"
gobuild() { nice -n 10 go build -p "${JOBS:-$(nproc)}" "$@" >>"$work/log" 2>&1; }
if [ ! -f pkg/generated/openapi/zz_generated.openapi.go ]; then
    gobuild -o "$work/openapi-gen" k8s.io/kubernetes/vendor/k8s.io/kube-openapi/cmd/openapi-gen
    inputs=$(grep -lR '+k8s:openapi-gen=' --include='*.go' pkg vendor/k8s.io |
        grep -v -e vendor/k8s.io/code-generator -e vendor/k8s.io/sample-apiserver -e _test.go -e /testdata/ \
            -e vendor/k8s.io/kube-openapi -e vendor/k8s.io/gengo |
        xargs -n1 dirname | sort -u | sed 's#^#k8s.io/kubernetes/#' | paste -sd,)
    "$work/openapi-gen" --logtostderr -i "$inputs" -p k8s.io/kubernetes/pkg/generated/openapi \
        -O zz_generated.openapi -h hack/boilerplate/boilerplate.generatego.txt -r /dev/null \
        --output-base "$work/openapi" >>"$work/log" 2>&1
    cp "$work/openapi/k8s.io/kubernetes/pkg/generated/openapi/zz_generated.openapi.go" pkg/generated/openapi/
fi
flags="-s -w"
for package in component-base/version client-go/pkg/version; do
    for pair in gitVersion=v1.20.2 gitMajor=1 gitMinor=20; do
        flags="$flags -X k8s.io/kubernetes/vendor/k8s.io/$package.$pair"
    done
done
for component in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy; do
    gobuild -tags providerless,dockerless -ldflags "$flags" -o "$cache/bin/$component" \
        "k8s.io/kubernetes/cmd/$component"
    echo "built $component"
done
gcc -Os -static -DVERSION=v1 -o "$cache/bin/pause" build/pause/linux/pause.c
cp "$work"/unpacked/usr/bin/{etcd,containerd,containerd-shim-runc-v2,ctr} "$cache/bin/"
cp -r "$work/unpacked/usr/lib/cni" "$cache/bin/cni"
cd "$cache"
chmod -R u+w "$work"
rm -rf "$work"
echo "$recipe" >"$cache/recipe"
echo "built in $(($(date +%s) - started)) s"
echo "$cache" >&3
