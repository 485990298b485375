#!/bin/sh
# Builds the image IMG from the Dockerfile with CONTAINER_TOOL, or with the
# first of docker, podman and buildah that is installed.
#
#   IMG=... VERSION=... REVISION=... [CONTAINER_TOOL=...] [PLATFORMS=linux/amd64,linux/arm64] hack/container.sh
set -eu

tool=${CONTAINER_TOOL:-}
for candidate in docker podman buildah; do
	if [ -z "$tool" ] && command -v "$candidate" >/dev/null; then tool=$candidate; fi
done
if [ -z "$tool" ]; then
	echo "none of docker, podman and buildah is installed: install one of them," \
		"or run make image-oci, which does not need them." >&2
	exit 1
fi

set -- --build-arg "VERSION=$VERSION" --build-arg "REVISION=$REVISION" ${PLATFORMS:+--platform "$PLATFORMS"}
case ${tool##*/}:${PLATFORMS:-} in
# docker stores images of several platforms only in containerd's image store,
# and fails with a message otherwise.
docker:*,*) set -- buildx build "$@" --tag "$IMG" ;;
*:*,*) set -- build "$@" --manifest "$IMG" ;;
*) set -- build "$@" --tag "$IMG" ;;
esac
if ! "$tool" "$@" .; then
	echo "$tool could not build the image. make image-oci builds it without $tool." >&2
	exit 1
fi
