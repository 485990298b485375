#!/bin/sh
# Builds development programs of one Go module under hack/ and shows the
# progress. The first build of a Kubernetes control plane or of a Juju server
# takes minutes, and would look like a hang without output. The flags are the same
# as in the builds of the operator, so that Go's cache shares the packages of both.
#
#   hack/build.sh MODULE-DIR OUTPUT-DIR NAME=PACKAGE...
set -eu

dir=$1 out=$2
shift 2
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$dir"
log=$(mktemp)
build=
trap 'rm -f "$log"' EXIT
# A shell's background job ignores Ctrl-C.
trap '[ -z "$build" ] || kill "$build" 2>/dev/null; exit 130' INT TERM
for item; do
	name=${item%%=*} package=${item#*=}
	echo "building $name (the first build takes minutes, later builds use Go's cache)"
	total=$(go list -deps "$package" | wc -l)
	go build -ldflags='-s -w' -v -o "$out/.$name" "$package" 2>"$log" &
	build=$!
	shown=0 seconds=0
	while kill -0 "$build" 2>/dev/null; do
		sleep 1
		seconds=$((seconds + 1))
		compiled=$(wc -l <"$log")
		if [ $((seconds % 15)) -eq 0 ] && [ "$compiled" -ne "$shown" ]; then
			echo "  $name: $compiled of at most $total packages after $seconds s"
			shown=$compiled
		fi
	done
	wait "$build" || { cat "$log" >&2; exit 1; }
	# Rename, so that an interrupted build leaves no incomplete program.
	mv "$out/.$name" "$out/$name"
done
