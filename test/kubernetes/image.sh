#!/bin/bash
# A container image without any builder or registry, as `ctr images import` and `podman load` read it.
# usage: image.sh NAME DIRECTORY FILE COMMAND...     the files of DIRECTORY as the one layer, to FILE
set -euo pipefail
name=$1 from=$2 to=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
quoted() { printf '"%s",' "$@" | sed 's/,$//'; }
tar -C "$from" --owner=0 --group=0 --numeric-owner --sort=name --mtime=@0 -cf "$work/layer.tar" .
layer=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
cat >"$work/config.json" <<JSON
{"architecture":"amd64","os":"linux","created":"1970-01-01T00:00:00Z",
 "config":{"Cmd":[$(quoted "$@")],"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]}}
JSON
echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"$name\"],\"Layers\":[\"layer.tar\"]}]" >"$work/manifest.json"
tar -C "$work" -cf "$to" manifest.json config.json layer.tar
