#!/usr/bin/env bash
# Runs each part of make test, and prints how long it took as a table. The first
# run on a new machine includes the downloads and the builds.
set -euo pipefail

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export ALL=1 TIMEFORMAT='%R %U %S'
failed=() table=$'| Part | Seconds | CPU seconds |\n|---|---|---|\n'
for part in servers tools lint verify test-unit test-e2e test-gitops; do
	echo "== make $part" >&2
	spent=$({ time make --no-print-directory "$part" 2>&1 | tee "$log" >&3; } 3>&2 2>&1) || failed+=("$part")
	table+=$(echo "$spent" | awk -v part="$part" '{ printf "| `make %s` | %.0f | %.0f |", part, $1, $2 + $3 }')$'\n'
	table+=$(awk '$1 == "ok" && $2 ~ /operator\/test\// { sub(/.*\//, "test/", $2); printf "| — `%s` | %.0f | |\n", $2, $3 }' "$log"; echo .)
	table=${table%.}
done
echo "$table"
if [ ${#failed[@]} -gt 0 ]; then
	echo "failed: ${failed[*]}" >&2
	exit 1
fi
