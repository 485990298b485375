#!/bin/sh
# Writes what a release consists of into DIST: the manifests, the chart, the image, a bill of materials for each platform, and the
# checksums of these. The same commit makes the same files. What else is needed is in the environment; see the target release.
set -eu

echo "$VERSION" | grep -Eq '^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$' || {
	echo "VERSION is '$VERSION': want one such as v0.1.0 or v0.1.0-rc.1" >&2
	exit 1
}
if [ "${VERSION#*-}" = "$VERSION" ] && [ "${IMAGE#*/}" = "$IMAGE" ]; then # A preview may stay on this machine.
	echo "IMAGE is '$IMAGE', in no registry: set IMAGE to where the image is pulled from, such as registry.example.com/juju-secrets-operator" >&2
	exit 1
fi
case $VERSION:$REVISION in
*-*:*) ;; # A preview may be of anything.
*-dirty)
	echo "The tree has changes that are not committed: $VERSION would be what no commit is." >&2
	exit 1
	;;
esac

mkdir -p "$DIST"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

PLATFORMS= hack/oci.sh

"$KUSTOMIZE" build config/default | sed "s,image: juju-secrets-operator:latest,image: $IMAGE:$VERSION," >"$DIST/install.yaml"
set -- install.yaml "juju-secrets-operator-$VERSION.oci.tar"

if [ -d "$CHART" ]; then
	cp -R "$CHART" "$scratch/juju-secrets-operator"
	sed "s,^  repository: juju-secrets-operator$,  repository: $IMAGE," "$CHART/values.yaml" >"$scratch/juju-secrets-operator/values.yaml"
	"$HELM" package "$scratch/juju-secrets-operator" --version "${VERSION#v}" --app-version "$VERSION" --destination "$DIST" >"$scratch/helm.log" || {
		cat "$scratch/helm.log" >&2
		exit 1
	}
	"$IMAGE_BIN/image" repack "$DIST/juju-secrets-operator-${VERSION#v}.tgz"
	set -- "$@" "juju-secrets-operator-${VERSION#v}.tgz"
fi

# A build leaves the source of each module in Go's cache, but not what the proxy says of it, which the bill is made from too: a few
# bytes are asked for here, and checked by go.sum. The bill itself asks nobody: it is made where there is no go.sum, and would want a
# checksum database and a module of this name, or say nothing of licences.
for platform in linux/amd64 linux/arm64; do
	bill=juju-secrets-operator-$VERSION-$(echo "$platform" | tr / -).cdx.json
	modules=$(go version -m "$IMAGE_BIN/$platform/manager" | awk '
		$1 == "dep" { n++ }
		$1 == "dep" || $1 == "=>" { module[n] = $2 "@" $3 } # What replaces a module is said in the line after it.
		END { for (i = 1; i <= n; i++) print module[i] }')
	# shellcheck disable=SC2086 # One argument for each module.
	go mod download $modules
	# A source that it cannot have, or whose hash is another, is worth a warning to it, but for those that are never in the cache.
	if ! GOPROXY=off GOSUMDB=off "$CYCLONEDX" bin -json -licenses -assert-licenses -std -noserial -notimestamp -version "$VERSION" \
		-output "$DIST/$bill" "$IMAGE_BIN/$platform/manager" 2>"$scratch/bill.log" ||
		grep 'module not in cache' "$scratch/bill.log" | grep -qv -e 'std@' -e 'github.com/juju-secrets/operator@'; then
		cat "$scratch/bill.log" >&2
		exit 1
	fi
	set -- "$@" "$bill"
done

cd "$DIST"
if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi >checksums.txt
cat checksums.txt
