#!/bin/sh
# Generates every file that is derived from the code below ROOT. CRD_REF_DOCS is
# the path of crd-ref-docs.
#
#   hack/generate.sh CONTROLLER-GEN ROOT
set -eu

controller_gen=$1
cd "$2"
"$controller_gen" object:headerFile=hack/boilerplate.go.txt paths=./api/...
"$controller_gen" crd paths=./api/... output:crd:dir=config/crd/bases
"$controller_gen" rbac:roleName=manager-role paths=./controllers/... paths=./cmd/... output:rbac:dir=config/rbac
go run ./hack/reasons >docs/reference/reasons.md
go run ./hack/metrics >docs/reference/metrics.md
go run ./hack/ownership
go run ./hack/watchedrole
go run ./hack/customizations
"${CRD_REF_DOCS:?}" --log-level=ERROR --source-path=api/v1alpha1 --config=hack/apidocs/config.yaml \
	--templates-dir=hack/apidocs/templates --renderer=markdown --output-path=docs/reference/api.md
help=$(go run ./cmd/manager --help 2>&1)
printf '%s\n' "$help" | go run ./hack/flags >docs/reference/flags.md
go run ./hack/chart
