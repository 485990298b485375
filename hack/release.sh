#!/bin/sh
# Writes the files of a release to DIST: the manifests, the chart, the image, an
# SBOM for each platform, and checksums. The same commit yields the same files.
# The make target release sets the environment.
set -eu

echo "$VERSION" | grep -Eq '^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$' || {
	echo "VERSION is '$VERSION', want for example v0.1.0 or v0.1.0-rc.1" >&2
	exit 1
}
# A pre-release needs no registry.
if [ "${VERSION#*-}" = "$VERSION" ] && [ "${IMAGE#*/}" = "$IMAGE" ]; then
	echo "IMAGE is '$IMAGE', in no registry: set IMAGE to the image's repository, such as" \
		"registry.example.com/juju-secrets-operator" >&2
	exit 1
fi
case $VERSION:$REVISION in
*-*:*) ;; # A pre-release may have uncommitted changes.
*-dirty)
	echo "The working tree has uncommitted changes: commit them, so that $VERSION is built from a commit." >&2
	exit 1
	;;
esac

mkdir -p "$DIST"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

PLATFORMS= hack/oci.sh

"$KUSTOMIZE" build config/default |
	sed "s,image: juju-secrets-operator:latest,image: $IMAGE:$VERSION," >"$DIST/install.yaml"
set -- install.yaml "juju-secrets-operator-$VERSION.oci.tar"

if [ -d "$CHART" ]; then
	cp -R "$CHART" "$scratch/juju-secrets-operator"
	sed "s,^  repository: juju-secrets-operator$,  repository: $IMAGE," "$CHART/values.yaml" \
		>"$scratch/juju-secrets-operator/values.yaml"
	"$HELM" package "$scratch/juju-secrets-operator" --version "${VERSION#v}" --app-version "$VERSION" \
		--destination "$DIST" >"$scratch/helm.log" || {
		cat "$scratch/helm.log" >&2
		exit 1
	}
	"$IMAGE_BIN/image" repack "$DIST/juju-secrets-operator-${VERSION#v}.tgz"
	set -- "$@" "juju-secrets-operator-${VERSION#v}.tgz"
fi

# Go's cache contains the source of each module after a build, but not the
# proxy's metadata, which the SBOM needs too. Download it here (a few bytes
# each); go.sum verifies it. The SBOM itself is created offline: in a folder
# without go.sum it would query a checksum database and a module of this name,
# or omit the licences.
for platform in linux/amd64 linux/arm64; do
	bill=juju-secrets-operator-$VERSION-$(echo "$platform" | tr / -).cdx.json
	modules=$(go version -m "$IMAGE_BIN/$platform/manager" | awk '
		$1 == "dep" { n++ }
		$1 == "dep" || $1 == "=>" { module[n] = $2 "@" $3 } # A replacement is on the next line.
		END { for (i = 1; i <= n; i++) print module[i] }')
	# shellcheck disable=SC2086 # One argument for each module.
	go mod download $modules
	# Fail if cyclonedx-gomod cannot read a source or finds another hash. It
	# only warns about this. Ignore the warnings about modules that are never in
	# the cache.
	if ! GOPROXY=off GOSUMDB=off "$CYCLONEDX" bin -json -licenses -assert-licenses -std -noserial -notimestamp \
		-version "$VERSION" -output "$DIST/$bill" "$IMAGE_BIN/$platform/manager" 2>"$scratch/bill.log" ||
		grep 'module not in cache' "$scratch/bill.log" | grep -qv -e 'std@' -e 'github.com/juju-secrets/operator@'; then
		cat "$scratch/bill.log" >&2
		exit 1
	fi
	set -- "$@" "$bill"
done

cd "$DIST"
if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi >checksums.txt
cat checksums.txt
