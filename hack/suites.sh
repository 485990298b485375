#!/usr/bin/env bash
# Runs the test suites of a folder, one at a time, and prints how long each took.
# A suite that passed before with the same files is not run again, except with
# ALL=1, in CI, or with -run.
#
#   hack/suites.sh DIR [GO-TEST-ARGUMENT...]
#
# The files of a suite are the files of the repository, without docs/ and without
# the folders of test/ that it does not import. Only test/docs reads docs/. When a
# suite passes, the hash of its files becomes the name of a file in bin/passed.
set -euo pipefail

dir=$1
shift
passed=$PWD/bin/passed
mkdir -p "$passed"
here=github.com/juju-secrets/operator/test
# How the suites run, and the hash and the path of each file.
environment="$(go version) $KUBEBUILDER_ASSETS $JUJUSERVER $*"
paths=$(git ls-files -co --exclude-standard | while read -r path; do [ ! -f "$path" ] || echo "$path"; done)
files=$(paste -d' ' <(echo "$paths" | git hash-object --stdin-paths) <(echo "$paths"))
# Lines such as "PACKAGE.test IMPORT IMPORT ...".
imports=$(cd "$dir" && go list -test -f '{{.ImportPath}} {{join .Deps " "}}' ./... | grep '^[^ ]*\.test ')

# stamp prints the path of the file that shows that a suite has passed.
stamp() {
	local name=${1#"$here"/} hash
	hash=$({
		echo "$environment"
		if [ "$name" = docs ]; then echo "$files"; else
			echo "$files" | awk -v imports="$(echo "$imports" | grep "^$1\.test ")" -v here="$here/" -v own="$name" '
				BEGIN { n = split(imports, list, " ")
					for (i = 2; i <= n; i++) if (index(list[i], here) == 1) keep[substr(list[i], length(here) + 1)] = 1
					keep[own] = 1 }
				$2 ~ /^docs\// || $2 ~ /^[A-Z]+\.md$/ { next }
				$2 ~ /^test\// { split($2, part, "/"); if (!(part[2] in keep)) next }
				{ print }'
		fi
	} | git hash-object --stdin)
	echo "$passed/$name-$hash"
}

declare -A stamps
suites=()
for suite in $(echo "$imports" | sed 's/\.test .*//'); do
	stamps[$suite]=$(stamp "$suite")
	if [ -z "${ALL:-}${CI:-}" ] && [ -e "${stamps[$suite]}" ] && [[ " $* " != *" -run "* ]]; then
		echo "${suite#"$here"/} passed before with the same files: not run (ALL=1 runs it)"
	else
		suites+=("$suite")
	fi
done
[ ${#suites[@]} -gt 0 ] || exit 0

status=0 log=$(mktemp)
trap 'rm -f "$log"' EXIT
(cd "$dir" && go test -race -count=1 -p=1 "$@" "${suites[@]}") | tee "$log" || status=$?
[[ " $* " != *" -run "* ]] || exit $status
for suite in $(awk '$1 == "ok" { print $2 }' "$log"); do
	rm -f "$passed/${suite#"$here"/}-"*
	: >"${stamps[$suite]}"
done
exit $status
