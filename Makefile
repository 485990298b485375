# Targets for development: run make help. Only Go, a C compiler, make and git
# must be installed.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Servers and tools are built once into folders named after a hash of their
# sources, so that a new version never uses an old binary.
fingerprint = $(shell cat $(1) | cksum | cut -d' ' -f1)
K8S_VERSION := $(shell sed -n 's,^require k8s.io/kubernetes \(v[0-9.]*\).*,\1,p' hack/controlplane/go.mod)
CONTROL_PLANE := $(CURDIR)/bin/kubernetes-$(K8S_VERSION)
JUJU_DIR := $(CURDIR)/bin/juju-$(call fingerprint,hack/jujuserver/go.mod hack/jujuserver/*.go)
JUJU_CLI := $(CURDIR)/bin/juju-cli-$(call fingerprint,hack/juju/go.mod)
TOOLS := $(CURDIR)/bin/tools-$(call fingerprint,hack/tools/go.mod)
HELM_DIR := $(CURDIR)/bin/helm-$(call fingerprint,hack/helm/go.mod)
PROMTOOL_DIR := $(CURDIR)/bin/promtool-$(call fingerprint,hack/promtool/go.mod)
SELECTORS_DIR := $(CURDIR)/bin/selectors-$(call fingerprint,hack/promtool/go.mod hack/promtool/selectors/*.go)
ARGOCD_DIR := $(CURDIR)/bin/argocd-$(call fingerprint,hack/argocd/go.mod hack/argocd/*.go)

# An existing KUBEBUILDER_ASSETS is used instead of the control plane built
# here.
KUBEBUILDER_ASSETS ?= $(CONTROL_PLANE)
export KUBEBUILDER_ASSETS
export KUBE_CONTROLLER_MANAGER ?= $(CONTROL_PLANE)/kube-controller-manager
export JUJUSERVER ?= $(JUJU_DIR)/jujuserver
export JUJU := $(JUJU_CLI)/juju
export MANAGER ?= $(CURDIR)/bin/manager
export MANAGER_RACE ?= $(CURDIR)/bin/manager-race
DEMO_SERVERS = $(KUBEBUILDER_ASSETS)/kube-apiserver $(JUJUSERVER)
SERVERS = $(DEMO_SERVERS) $(KUBE_CONTROLLER_MANAGER)

CONTROLLER_GEN := $(TOOLS)/controller-gen
GOLANGCI_LINT := $(TOOLS)/golangci-lint
export CRD_REF_DOCS := $(TOOLS)/crd-ref-docs
CYCLONEDX := $(TOOLS)/cyclonedx-gomod
export KUSTOMIZE := $(TOOLS)/kustomize
export KUBECTL := $(CONTROL_PLANE)/kubectl
export HELM := $(HELM_DIR)/helm
export PROMTOOL := $(PROMTOOL_DIR)/promtool
export SELECTORS := $(SELECTORS_DIR)/selectors
export ARGOCD := $(ARGOCD_DIR)/argocd

IMG ?= juju-secrets-operator:latest
CHART := $(CURDIR)/charts/juju-secrets-operator

# VERSION and REVISION are the version and commit of a build. Files get the time
# of the commit, so that builds are reproducible. IMAGE is the repository of a
# release's image.
VERSION ?= $(or $(shell git describe --tags --dirty --match 'v[0-9]*' 2>/dev/null),v0.0.0-g$(shell git rev-parse --short HEAD 2>/dev/null))
REVISION ?= $(or $(shell git rev-parse HEAD 2>/dev/null),unknown)$(if $(shell git status --porcelain 2>/dev/null),-dirty)
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),0)
IMAGE ?= juju-secrets-operator
DIST ?= $(CURDIR)/dist
IMAGE_BIN ?= $(CURDIR)/bin/image
OCI_TAR = $(abspath $(DIST))/juju-secrets-operator-$(VERSION).oci.tar
BUILD_ENV = VERSION='$(VERSION)' REVISION='$(REVISION)' SOURCE_DATE_EPOCH='$(SOURCE_DATE_EPOCH)' \
	PLATFORMS='$(PLATFORMS)' DIST='$(abspath $(DIST))' IMAGE_BIN='$(abspath $(IMAGE_BIN))'
RELEASE_TOOLS := $(KUSTOMIZE) $(CYCLONEDX) $(HELM)
TEST_TOOLS = $(RELEASE_TOOLS) $(KUBECTL) $(JUJU) $(PROMTOOL) $(SELECTORS)
ALL_TOOLS = $(CONTROLLER_GEN) $(GOLANGCI_LINT) $(CRD_REF_DOCS) $(RELEASE_TOOLS) $(PROMTOOL) $(SELECTORS) $(ARGOCD)

# The overlay to deploy: config/default, which serves all namespaces, or
# config/namespaced.
OVERLAY ?= default

##@ General

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*##"; printf "make \033[36mTARGET\033[0m\n"} \
		/^[a-zA-Z0-9_-]+:.*##/ {printf "  \033[36m%-12s\033[0m%s\n", $$1, $$2} \
		/^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)}' $(MAKEFILE_LIST)

# EXIT=1 needs no clients, and deletes no namespace.
.PHONY: demo
demo: $(if $(filter 1,$(EXIT)),$(DEMO_SERVERS),$(SERVERS) $(KUBECTL) $(JUJU)) ## Run the operator with the samples on real servers. EXIT=1: verify and exit.
	@$(GO_BUILD_DEMO)
	@bin/demo $(if $(filter 1,$(EXIT)),--exit)

GO_BUILD_DEMO = go build -o bin/ ./cmd/manager ./hack/demo

##@ Develop

.PHONY: build
build: ## Build the manager into bin/.
	go build -o bin/ ./cmd/manager

.PHONY: run
run: build ## Run the manager on the cluster of the current kubeconfig, with its key in NAMESPACE (by default: default).
	bin/manager --operator-namespace=$(or $(NAMESPACE),default)

.PHONY: generate
generate: $(CONTROLLER_GEN) $(CRD_REF_DOCS) ## Generate deep copies, CRDs, roles, reference pages and chart copies.
	hack/generate.sh $(CONTROLLER_GEN) .

.PHONY: fmt
fmt: ## Format the code.
	gofmt -w $$(git ls-files -co --exclude-standard '*.go')

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Lint the code of every module.
	$(GOLANGCI_LINT) run
	$(GOLANGCI_LINT) run --config .golangci-api.yml ./api/...
	cd hack/jujuserver && $(GOLANGCI_LINT) run --config ../../.golangci-hack.yml
	cd hack/image && $(GOLANGCI_LINT) run --config ../../.golangci-hack.yml
	cd hack/argocd && $(GOLANGCI_LINT) run --config ../../.golangci-hack.yml
	cd test/gitops && $(GOLANGCI_LINT) run --config ../../.golangci.yml

.PHONY: tidy
tidy: ## Tidy go.mod, with -e because Juju's tests import packages that Kubernetes removed, and align hack/juju*.
	go mod tidy -e
	hack/align.sh hack/jujuserver .
	GOFLAGS=-tags=minimal hack/align.sh hack/juju github.com/juju/juju/cmd/juju

##@ Test

.PHONY: test
test: lint verify test-unit test-e2e test-gitops ## Run what CI runs, except suites that passed with the same files. ALL=1: run all.

.PHONY: test-unit
test-unit: ## Run the tests that need no servers.
	go test -race ./api/... ./cmd/... ./controllers/... ./internal/...
	cd hack/image && go test -race ./...

.PHONY: test-e2e
test-e2e: $(SERVERS) $(TEST_TOOLS) ## Run the end-to-end tests on a real Kubernetes and a real Juju API server.
	go build -race -o $(MANAGER_RACE) ./cmd/manager
	MANAGER=$(MANAGER_RACE) hack/suites.sh test -parallel=12 -timeout=30m $(if $(RUN),-run '$(RUN)' -v)

.PHONY: test-gitops
test-gitops: $(SERVERS) $(KUBECTL) $(KUSTOMIZE) $(ARGOCD) ## Test the objects with the code of Flux and Argo CD.
	go build -race -o $(MANAGER_RACE) ./cmd/manager
	MANAGER=$(MANAGER_RACE) hack/suites.sh test/gitops -timeout=15m $(if $(RUN),-run '$(RUN)' -v)

.PHONY: times
times: ## Time each part of make test, and print a table.
	@hack/times.sh

.PHONY: histories
histories: $(SERVERS) ## Count lost, duplicated, foreign and needless changes in random histories. N=200 SEED=1
	@go build -o bin/ ./cmd/manager ./test/histories
	@bin/histories $(if $(N),-n $(N)) $(if $(SEED),-seed $(SEED))

.PHONY: bench
bench: $(SERVERS) ## Measure the operator and write docs/benchmarks.*. N=300: measure one size, print only.
	@go build -o bin/ ./cmd/manager ./test/bench
	@bin/bench $(if $(N),-n $(N))

.PHONY: bench-foreign
bench-foreign: $(SERVERS) ## Measure a model with 20,000 secrets of others. Prints only. N=5000: another number.
	@go build -o bin/ ./cmd/manager ./test/bench
	@bin/bench -foreign $(or $(N),20000)

.PHONY: bench-scale
bench-scale: $(SERVERS) ## Measure thousands of objects and write docs/scale.*. N=1000, or LOAD=1000 for two tenants: print only.
	@go build -o bin/ ./cmd/manager ./test/bench
	@bin/bench -scale $(if $(N),-n $(N)) $(if $(LOAD),-load $(LOAD)) $(if $(RESULTS),-results $(RESULTS))

.PHONY: verify
verify: $(CONTROLLER_GEN) $(CRD_REF_DOCS) ## Check that the generated files are up to date.
	hack/verify.sh $(CONTROLLER_GEN)

##@ Deploy

.PHONY: install
install: $(KUSTOMIZE) ## Install the CRDs into the cluster of the current kubeconfig.
	$(KUSTOMIZE) build config/crd | kubectl apply --server-side -f -

.PHONY: uninstall
uninstall: $(KUSTOMIZE) ## Delete the CRDs. Delete their objects first, while an operator runs to clean up in Juju.
	$(KUSTOMIZE) build config/crd | kubectl delete --ignore-not-found -f -

.PHONY: deploy
deploy: $(KUSTOMIZE) ## Deploy image IMG with OVERLAY=default or namespaced to the cluster of the current kubeconfig.
	$(KUSTOMIZE) build config/$(OVERLAY) | sed 's,image: juju-secrets-operator:latest,image: $(IMG),' | \
		kubectl apply --server-side -f -

# Lists the Secrets with the operator's finalizer, as namespace/name. The
# operator removes the finalizer when no object uses the Secret.
HELD_SECRETS = kubectl get secrets --all-namespaces \
	-o jsonpath='{range .items[*]}{.metadata.namespace}/{.metadata.name} {.metadata.finalizers}{"\n"}{end}' | \
	sed -n 's, .*jujusecrets.io/finalizer.*,,p'

.PHONY: undeploy
undeploy: $(KUSTOMIZE) ## Delete the objects of all installations, then the operator and the CRDs.
	kubectl delete --all --all-namespaces --ignore-not-found jujusecretaccesses,jujusecrets
	kubectl delete --all --all-namespaces --ignore-not-found jujucontrollers
	kubectl delete --all --ignore-not-found clusterjujucontrollers
	@echo waiting until the operator has removed its finalizer from the credentials
	@seconds=0; while held=$$($(HELD_SECRETS)); [ -n "$$held" ]; do \
		if [ $$seconds -ge 120 ]; then \
			echo "These Secrets still have the operator's finalizer. Check that the operator runs, and see its log:" >&2; \
			echo "$$held" >&2; exit 1; \
		fi; \
		seconds=$$((seconds + 1)); sleep 1; \
	done
	$(KUSTOMIZE) build config/$(OVERLAY) | kubectl delete --ignore-not-found -f -

##@ Image and release

.PHONY: chart
chart: $(HELM) ## Check the Helm chart and package it into dist/.
	$(HELM) lint --strict charts/juju-secrets-operator
	$(HELM) package charts/juju-secrets-operator --destination dist

.PHONY: image
image: ## Build image IMG with docker, podman or buildah for this platform or PLATFORMS=linux/amd64,linux/arm64.
	@$(BUILD_ENV) IMG='$(IMG)' CONTAINER_TOOL='$(CONTAINER_TOOL)' hack/container.sh

.PHONY: image-oci
image-oci: ## Build the image for amd64 and arm64 without these tools, as a tar of an OCI layout in dist/.
	@$(BUILD_ENV) hack/oci.sh

.PHONY: image-docker
image-docker: ## Write the image of image-oci for PLATFORMS (by default this platform) in the format of docker load.
	@cd hack/image && go run . docker -platform $(or $(PLATFORMS),linux/$(shell go env GOARCH)) \
		-o $(OCI_TAR:.oci.tar=.docker.tar) $(OCI_TAR) $(IMG)
	@echo $(OCI_TAR:.oci.tar=.docker.tar)

.PHONY: image-push
image-push: ## Push the image of image-oci or release to IMG, for all platforms.
	@cd hack/image && go run . push $(OCI_TAR) $(IMG)

.PHONY: release
release: $(RELEASE_TOOLS) ## Write the release VERSION=v0.1.0, with its image at IMAGE, to dist/.
	@$(BUILD_ENV) IMAGE='$(IMAGE)' CHART='$(CHART)' KUSTOMIZE='$(KUSTOMIZE)' \
		CYCLONEDX='$(CYCLONEDX)' HELM='$(HELM)' hack/release.sh

##@ Servers and tools

.PHONY: servers
servers: $(SERVERS) $(KUBECTL) $(JUJU) ## Build the control plane, kubectl, and Juju's server and CLI, if missing.

.PHONY: tools
tools: $(ALL_TOOLS) ## Build the tools, if missing.

# The prebuilt programs have the same minor version.
$(CONTROL_PLANE)/kube-apiserver:
	@hack/envtest.sh $(K8S_VERSION) $(@D) || hack/build.sh hack/controlplane $(@D) \
		etcd=go.etcd.io/etcd/server/v3 kube-apiserver=k8s.io/kubernetes/cmd/kube-apiserver

$(CONTROL_PLANE)/kube-controller-manager:
	@hack/build.sh hack/controlplane $(@D) \
		kube-controller-manager=k8s.io/kubernetes/cmd/kube-controller-manager

$(CONTROL_PLANE)/kubectl:
	@hack/build.sh hack/controlplane $(@D) kubectl=k8s.io/kubernetes/cmd/kubectl

$(JUJU_DIR)/jujuserver:
	@hack/build.sh hack/jujuserver $(@D) jujuserver=.

$(ARGOCD):
	@CGO_ENABLED=0 hack/build.sh hack/argocd $(@D) argocd=.

# The minimal build has no cloud providers, which development does not need.
$(JUJU_CLI)/juju:
	@GOFLAGS=-tags=minimal hack/build.sh hack/juju $(@D) juju=github.com/juju/juju/cmd/juju

$(CONTROLLER_GEN):
	@hack/build.sh hack/tools $(@D) controller-gen=sigs.k8s.io/controller-tools/cmd/controller-gen

# golangci-lint with kube-api-linter built in.
$(GOLANGCI_LINT):
	@hack/build.sh hack/tools $(@D) golangci-lint=sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter

$(KUSTOMIZE):
	@hack/build.sh hack/tools $(@D) kustomize=sigs.k8s.io/kustomize/kustomize/v5

$(CRD_REF_DOCS):
	@hack/build.sh hack/tools $(@D) crd-ref-docs=github.com/elastic/crd-ref-docs

$(CYCLONEDX):
	@hack/build.sh hack/tools $(@D) cyclonedx-gomod=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

$(HELM):
	@CGO_ENABLED=0 hack/build.sh hack/helm $(@D) helm=helm.sh/helm/v4/cmd/helm

# Omits service discovery, which promtool does not need.
$(PROMTOOL):
	@CGO_ENABLED=0 GOFLAGS=-tags=remove_all_sd hack/build.sh hack/promtool $(@D) \
		promtool=github.com/prometheus/prometheus/cmd/promtool

$(SELECTORS):
	@CGO_ENABLED=0 hack/build.sh hack/promtool $(@D) selectors=./selectors
