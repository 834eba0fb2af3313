#!/bin/sh
# The files of the sample application's image: a static busybox and one page. usage: sample-root.sh DIRECTORY
set -eu
busybox=$(command -v busybox) || { echo "sample-root.sh: install busybox-static" >&2; exit 1; }
mkdir -p "$1/bin" "$1/www" "$1/tmp" "$1/etc"
chmod 1777 "$1/tmp"
cp "$busybox" "$1/bin/busybox"
for tool in sh ls cat echo env id sleep ps kill wget nslookup ip httpd head tail grep wc dd mkdir rm touch true false test nc; do
    ln -sf busybox "$1/bin/$tool"
done
echo 'root:x:0:0::/:/bin/sh' >"$1/etc/passwd"
echo 'root:x:0:' >"$1/etc/group"
echo '<!doctype html><title>GRID sample</title><h1>It runs.</h1>' >"$1/www/index.html"
# Process 1 ends at once when it is asked to: a bare httpd as process 1 would ignore SIGTERM.
cat >"$1/bin/serve" <<'SERVE'
#!/bin/sh
trap 'kill $server; exit 0' TERM INT
httpd -f -p "${PORT:-8080}" -h /www &
server=$!
wait $server
SERVE
chmod 755 "$1/bin/serve"
