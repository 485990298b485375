#!/bin/sh
# Cross-compiles the manager into IMAGE_BIN, writes the image of all platforms
# to DIST as a tar of one OCI layout, and prints its digest. The build is
# reproducible.
#
#   VERSION=... REVISION=... SOURCE_DATE_EPOCH=... IMAGE_BIN=... DIST=... \
#     [PLATFORMS=linux/amd64,linux/arm64] hack/oci.sh
set -eu

mkdir -p "$IMAGE_BIN" "$DIST"
(cd hack/image && go build -o "$IMAGE_BIN/image" .)
set --
for platform in $(echo "${PLATFORMS:-linux/amd64,linux/arm64}" | tr , ' '); do
	echo "compiling for $platform (the first build takes minutes, later builds use Go's cache)"
	binary=$IMAGE_BIN/$platform/manager
	# -buildvcs=false omits the data of git. The version and the commit are
	# given, so that a copy without git builds the same binary.
	CGO_ENABLED=0 GOOS=${platform%%/*} GOARCH=${platform#*/} go build -trimpath -buildvcs=false \
		-ldflags="-s -w -X main.version=$VERSION -X main.revision=$REVISION" -o "$binary" ./cmd/manager
	set -- "$@" "$platform=$binary"
done
tar=$DIST/juju-secrets-operator-$VERSION.oci.tar
digest=$("$IMAGE_BIN/image" build -version "$VERSION" -revision "$REVISION" -license LICENSE -o "$tar" "$@")
echo "$tar: $digest"
