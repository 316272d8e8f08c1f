#!/usr/bin/env bash
# Makes the certificates of the tests anew, in the folder that this is in.
set -euo pipefail
cd "$(dirname "$0")"
days=36500
for ca in ca other-ca; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days $days -subj "/CN=Test $ca" -keyout $ca.key -out $ca.crt
done
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr
sign() {
  openssl x509 -req -in server.csr -CA "$1".crt -CAkey "$1".key -days $days -out "$2".crt -extfile <(echo "subjectAltName = $3")
}
sign ca server DNS:localhost,IP:127.0.0.1,IP:127.0.0.2
sign ca elsewhere DNS:elsewhere.example
rm -f ./*.csr ./*ca.key
