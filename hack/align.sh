#!/bin/sh
# Sets the modules that a development program shares with the operator to the
# operator's versions. Go's cache then compiles the shared packages once.
#
#   hack/align.sh MODULE-DIR PACKAGE
set -eu

# modules prints the modules of a package and their versions.
modules() {
	go -C "$1" list -deps -f '{{with .Module}}{{if .Version}}{{.Path}} {{.Version}}{{end}}{{end}}' "$2" | sort -u
}

versions=$(mktemp)
trap 'rm -f "$versions"' EXIT
modules . ./cmd/manager >"$versions"
other=$(modules "$1" "$2" | awk 'NR == FNR { want[$1] = $2; next }
	($1 in want) && $2 != want[$1] { print $1 "@" want[$1] }' "$versions" -)
# shellcheck disable=SC2086 # One argument a module.
[ -z "$other" ] || go -C "$1" get $other
