#!/bin/sh
# Fails if a generated file is not up to date. It works on a copy, so that the
# working tree does not change.
#
#   hack/verify.sh CONTROLLER-GEN
set -eu

copy=$(mktemp -d)
trap 'rm -rf "$copy" "$copy.list" "$copy.tar"' EXIT INT TERM
# The tracked and untracked files of the working tree, without ignored files.
git ls-files -co --exclude-standard | while read -r file; do
	if [ -e "$file" ]; then echo "./$file"; fi
done >"$copy.list"
tar -cf "$copy.tar" -T "$copy.list"
tar -xf "$copy.tar" -C "$copy"
hack/generate.sh "$1" "$copy"
for generated in api/v1alpha1 charts config/argocd config/crd/bases config/rbac docs/reference docs/explanation; do
	if ! diff -ru "$generated" "$copy/$generated"; then
		echo "$generated is not up to date: run make generate and commit the changes" >&2
		exit 1
	fi
done
