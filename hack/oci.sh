#!/bin/sh
# Cross-compiles the manager into IMAGE_BIN, puts the image of all platforms into DIST as one OCI layout in a tar, and says its digest.
# The same source makes the same tar.
#
#   VERSION=... REVISION=... SOURCE_DATE_EPOCH=... IMAGE_BIN=... DIST=... [PLATFORMS=linux/amd64,linux/arm64] hack/oci.sh
set -eu

mkdir -p "$IMAGE_BIN" "$DIST"
(cd hack/image && go build -o "$IMAGE_BIN/image" .)
set --
for platform in $(echo "${PLATFORMS:-linux/amd64,linux/arm64}" | tr , ' '); do
	echo "compiling for $platform (the first time takes minutes; after that Go's cache has it)"
	binary=$IMAGE_BIN/$platform/manager
	# Without what Go finds in git: the version and the commit are told, and a copy without git is to make the same.
	CGO_ENABLED=0 GOOS=${platform%%/*} GOARCH=${platform#*/} go build -trimpath -buildvcs=false \
		-ldflags="-s -w -X main.version=$VERSION -X main.revision=$REVISION" -o "$binary" ./cmd/manager
	set -- "$@" "$platform=$binary"
done
tar=$DIST/juju-secrets-operator-$VERSION.oci.tar
digest=$("$IMAGE_BIN/image" build -version "$VERSION" -revision "$REVISION" -license LICENSE -o "$tar" "$@")
echo "$tar: $digest"
