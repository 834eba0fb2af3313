# Throwaway certificates and tokens of a test cluster, in the working directory; sourced by the scripts beside it.

quietly() { openssl "$@" >/dev/null 2>&1; }

make_authority() { # ca.key, ca.crt, and sa.key, sa.pub for service accounts' tokens
    quietly req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.crt -days 30 \
        -subj /CN=grid-test-authority
    quietly genrsa -out sa.key 2048
    quietly rsa -in sa.key -pubout -out sa.pub
}

make_certificate() { # NAME SUBJECT [ALTERNATIVE NAMES]
    quietly req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2"
    printf 'keyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n' >"$1.ext"
    if [ -n "${3:-}" ]; then echo "subjectAltName=$3" >>"$1.ext"; fi
    quietly x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile "$1.ext" -out "$1.crt"
}

new_token() { # USER GROUPS: made known in tokens.csv, and printed
    value=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
    echo "$value,$1,$1,\"$2\"" >>tokens.csv
    echo "$value"
}

write_kubeconfig() { # SERVER TOKEN FILE
    cat >"$3" <<CONFIG
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "$1", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: test, user: {token: $2}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
current-context: test
CONFIG
    chmod 600 "$3"
}
