#!/bin/sh
# Downloads a prebuilt kube-apiserver and etcd, which saves most of the first
# build. Fails if there is none for this platform, or no connection.
#
#   hack/envtest.sh VERSION OUTPUT-DIR
#
# ENVTEST_INDEX is the address of another index of downloads, such as a mirror.
set -eu

minor=$(echo "${1#v}" | cut -d. -f1-2)
mkdir -p "$2"
store=$(mktemp -d)
trap 'chmod -R u+w "$store"; rm -rf "$store"' EXIT INT TERM
found=$(go -C hack/envtest tool setup-envtest use "$minor.x" --print path --bin-dir "$store" \
	${ENVTEST_INDEX:+--index "$ENVTEST_INDEX"}) || {
	echo "no prebuilt kube-apiserver: it is built from source" >&2
	exit 1
}
cp "$found/etcd" "$2/.etcd"
cp "$found/kube-apiserver" "$2/.kube-apiserver"
# Rename, so that an interrupted copy leaves no incomplete program.
mv "$2/.etcd" "$2/etcd"
mv "$2/.kube-apiserver" "$2/kube-apiserver"
