#!/bin/sh
# Builds the image IMG by the Dockerfile with docker, podman or buildah: CONTAINER_TOOL, or the first that is installed.
#
#   IMG=... VERSION=... REVISION=... [CONTAINER_TOOL=...] [PLATFORMS=linux/amd64,linux/arm64] hack/container.sh
set -eu

tool=${CONTAINER_TOOL:-}
for candidate in docker podman buildah; do
	if [ -z "$tool" ] && command -v "$candidate" >/dev/null; then tool=$candidate; fi
done
if [ -z "$tool" ]; then
	echo "There is none of docker, podman and buildah here: install one, or run make image-oci, which needs none of them." >&2
	exit 1
fi

set -- --build-arg "VERSION=$VERSION" --build-arg "REVISION=$REVISION" ${PLATFORMS:+--platform "$PLATFORMS"}
case ${tool##*/}:${PLATFORMS:-} in
docker:*,*) set -- buildx build "$@" --tag "$IMG" ;; # It keeps images of several platforms in containerd's store alone, or says so.
*:*,*) set -- build "$@" --manifest "$IMG" ;;
*) set -- build "$@" --tag "$IMG" ;;
esac
if ! "$tool" "$@" .; then
	echo "$tool could not build the image. If it cannot work here, make image-oci does without it." >&2
	exit 1
fi
