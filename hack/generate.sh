#!/bin/sh
# Writes everything that is derived from the code below ROOT: hack/generate.sh CONTROLLER-GEN ROOT
set -eu

controller_gen=$1
cd "$2"
"$controller_gen" object:headerFile=hack/boilerplate.go.txt paths=./api/...
"$controller_gen" crd paths=./api/... output:crd:dir=config/crd/bases
"$controller_gen" rbac:roleName=manager-role paths=./controllers/... paths=./cmd/... output:rbac:dir=config/rbac
go run ./hack/reasons >docs/reference/reasons.md
go run ./hack/ownership
