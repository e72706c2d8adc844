#!/usr/bin/env bash
# Make the certificate of the host `server`, valid from 2020 to 2120, whatever the clock says today.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/index"
cat >"$work/config" <<END
[ca]
default_ca = here
[here]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = default
policy = any
x509_extensions = extensions
[any]
commonName = supplied
[extensions]
subjectAltName = DNS:server
basicConstraints = critical, CA:TRUE
END
openssl req -new -newkey ed25519 -noenc -keyout server.key -out "$work/request" -subj "/CN=server"
openssl ca -batch -selfsign -config "$work/config" -keyfile server.key -in "$work/request" \
    -startdate 20200101000000Z -enddate 21200101000000Z -notext -out server.crt
