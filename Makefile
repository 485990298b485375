# Everything a developer does is a target here: make help. Nothing but Go, a C compiler, make and git has to be installed.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# The servers and tools are built once into folders named after what they are built from, so that a new version never
# meets an old binary.
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

# An existing KUBEBUILDER_ASSETS is used instead of the control plane built here.
KUBEBUILDER_ASSETS ?= $(CONTROL_PLANE)
export KUBEBUILDER_ASSETS
export KUBE_CONTROLLER_MANAGER ?= $(CONTROL_PLANE)/kube-controller-manager
export JUJUSERVER ?= $(JUJU_DIR)/jujuserver
export JUJU := $(JUJU_CLI)/juju
export MANAGER ?= $(CURDIR)/bin/manager
export MANAGER_RACE ?= $(CURDIR)/bin/manager-race
SERVERS = $(KUBEBUILDER_ASSETS)/kube-apiserver $(KUBE_CONTROLLER_MANAGER) $(JUJUSERVER)

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

# What is built for others is called VERSION and made of REVISION. Its files get the time of the commit, so that it comes out the same for
# everybody. IMAGE is where a release's image is to be found.
VERSION ?= $(or $(shell git describe --tags --dirty --match 'v[0-9]*' 2>/dev/null),v0.0.0-g$(shell git rev-parse --short HEAD 2>/dev/null))
REVISION ?= $(or $(shell git rev-parse HEAD 2>/dev/null),unknown)$(if $(shell git status --porcelain 2>/dev/null),-dirty)
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),0)
IMAGE ?= juju-secrets-operator
DIST ?= $(CURDIR)/dist
IMAGE_BIN ?= $(CURDIR)/bin/image
OCI_TAR = $(abspath $(DIST))/juju-secrets-operator-$(VERSION).oci.tar
BUILD_ENV = VERSION='$(VERSION)' REVISION='$(REVISION)' SOURCE_DATE_EPOCH='$(SOURCE_DATE_EPOCH)' PLATFORMS='$(PLATFORMS)' \
	DIST='$(abspath $(DIST))' IMAGE_BIN='$(abspath $(IMAGE_BIN))'
RELEASE_TOOLS := $(KUSTOMIZE) $(CYCLONEDX) $(HELM)
TEST_TOOLS = $(RELEASE_TOOLS) $(KUBECTL) $(JUJU) $(PROMTOOL) $(SELECTORS)

# What to deploy: config/default, which serves all namespaces, or config/namespaced.
OVERLAY ?= default

##@ General

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*##"; printf "make \033[36mTARGET\033[0m\n"} \
		/^[a-zA-Z0-9_-]+:.*##/ {printf "  \033[36m%-12s\033[0m%s\n", $$1, $$2} \
		/^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(SERVERS) $(KUBECTL) $(JUJU) ## Start Kubernetes, Juju and the operator, apply the samples, and stay up. EXIT=1: check everything and stop.
	@$(GO_BUILD_DEMO)
	@bin/demo $(if $(filter 1,$(EXIT)),--exit)

GO_BUILD_DEMO = go build -o bin/ ./cmd/manager ./hack/demo

##@ Develop

.PHONY: build
build: ## Build the manager into bin/.
	go build -o bin/ ./cmd/manager

.PHONY: run
run: build ## Run the manager against the cluster of the current kubeconfig, with its key in NAMESPACE or else default.
	bin/manager --namespace=$(or $(NAMESPACE),default)

.PHONY: generate
generate: $(CONTROLLER_GEN) $(CRD_REF_DOCS) ## Write deep copies, CRDs, roles, the reference pages and the chart's copies from their sources.
	hack/generate.sh $(CONTROLLER_GEN) .

.PHONY: fmt
fmt: ## Format the code.
	gofmt -w $$(git ls-files -co --exclude-standard '*.go')

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Lint the code of every module.
	$(GOLANGCI_LINT) run
	cd hack/jujuserver && $(GOLANGCI_LINT) run --config ../../.golangci-hack.yml
	cd hack/image && $(GOLANGCI_LINT) run --config ../../.golangci-hack.yml
	cd hack/argocd && $(GOLANGCI_LINT) run --config ../../.golangci-hack.yml
	cd test/gitops && $(GOLANGCI_LINT) run --config ../../.golangci.yml

.PHONY: tidy
tidy: ## Tidy go.mod. With -e, since tests of Juju's own reach for packages that Kubernetes dropped.
	go mod tidy -e

##@ Test

.PHONY: test
test: lint verify test-unit test-e2e test-gitops ## Run everything that CI runs.

.PHONY: test-unit
test-unit: ## Run the tests that need no server.
	go test -race ./api/... ./cmd/... ./controllers/... ./internal/...
	cd hack/image && go test -race ./...

.PHONY: test-e2e
test-e2e: $(SERVERS) $(TEST_TOOLS) ## Run the end-to-end tests on a real Kubernetes API server and a real Juju API server.
	go build -race -o $(MANAGER_RACE) ./cmd/manager
	MANAGER=$(MANAGER_RACE) go test -race -count=1 -p=1 -parallel=12 -timeout=20m ./test/... $(if $(RUN),-run '$(RUN)' -v)

.PHONY: test-gitops
test-gitops: $(SERVERS) $(KUBECTL) $(KUSTOMIZE) $(ARGOCD) ## Let Flux's and Argo CD's own code judge, apply and prune the objects of a running operator.
	go build -race -o $(MANAGER_RACE) ./cmd/manager
	cd test/gitops && MANAGER=$(MANAGER_RACE) go test -race -count=1 -timeout=15m ./... $(if $(RUN),-run '$(RUN)' -v)

.PHONY: histories
histories: $(SERVERS) ## Run random histories on the real servers and count what was lost, doubled, touched or needless. N=200 SEED=1
	@go build -o bin/ ./cmd/manager ./test/histories
	@bin/histories $(if $(N),-n $(N)) $(if $(SEED),-seed $(SEED))

.PHONY: bench
bench: $(SERVERS) ## Measure the operator against a bare program and write docs/benchmarks.*. N=300: one size, print only.
	@go build -o bin/ ./cmd/manager ./test/bench
	@bin/bench $(if $(N),-n $(N))

.PHONY: verify
verify: $(CONTROLLER_GEN) $(CRD_REF_DOCS) ## Check that the generated files are what the code says.
	hack/verify.sh $(CONTROLLER_GEN)

##@ Deploy

.PHONY: install
install: $(KUSTOMIZE) ## Install the CRDs into the cluster of the current kubeconfig.
	$(KUSTOMIZE) build config/crd | kubectl apply --server-side -f -

.PHONY: uninstall
uninstall: $(KUSTOMIZE) ## Remove the CRDs. Delete the objects of these kinds before, while an operator runs to clean up in Juju.
	$(KUSTOMIZE) build config/crd | kubectl delete --ignore-not-found -f -

.PHONY: deploy
deploy: $(KUSTOMIZE) ## Deploy the operator, with image IMG and OVERLAY=default or namespaced, to the cluster of the current kubeconfig.
	$(KUSTOMIZE) build config/$(OVERLAY) | sed 's,image: juju-secrets-operator:latest,image: $(IMG),' | kubectl apply --server-side -f -

# The Secrets that an operator holds, as namespace/name. It takes off its finalizer when nothing needs one any more.
HELD_SECRETS = kubectl get secrets --all-namespaces \
	-o jsonpath='{range .items[*]}{.metadata.namespace}/{.metadata.name} {.metadata.finalizers}{"\n"}{end}' | \
	sed -n 's, .*jujusecrets.io/finalizer.*,,p'

.PHONY: undeploy
undeploy: $(KUSTOMIZE) ## Delete every object of our kinds, of any other operator too, then the operator and the CRDs.
	kubectl delete --all --all-namespaces --ignore-not-found jujusecretaccesses,jujusecrets
	kubectl delete --all --all-namespaces --ignore-not-found jujucontrollers
	kubectl delete --all --ignore-not-found clusterjujucontrollers
	@echo waiting until the operator has let go of the credentials
	@seconds=0; while held=$$($(HELD_SECRETS)); [ -n "$$held" ]; do \
		if [ $$seconds -ge 120 ]; then echo "The operator has not let go of these Secrets. Does it run? See its log." >&2; echo "$$held" >&2; exit 1; fi; \
		seconds=$$((seconds + 1)); sleep 1; \
	done
	$(KUSTOMIZE) build config/$(OVERLAY) | kubectl delete --ignore-not-found -f -

##@ Image and release

.PHONY: chart
chart: $(HELM) ## Check the Helm chart and package it into dist/.
	$(HELM) lint --strict charts/juju-secrets-operator
	$(HELM) package charts/juju-secrets-operator --destination dist

.PHONY: image
image: ## Build the image IMG with docker, podman or buildah, for this platform or PLATFORMS=linux/amd64,linux/arm64.
	@$(BUILD_ENV) IMG='$(IMG)' CONTAINER_TOOL='$(CONTAINER_TOOL)' hack/container.sh

.PHONY: image-oci
image-oci: ## Build the image for amd64 and arm64 into dist/ without any of them, as one OCI layout in a tar.
	@$(BUILD_ENV) hack/oci.sh

.PHONY: image-docker
image-docker: ## Write what image-oci built for PLATFORMS, by default that of this machine, as docker load takes it.
	@cd hack/image && go run . docker -platform $(or $(PLATFORMS),linux/$(shell go env GOARCH)) -o $(OCI_TAR:.oci.tar=.docker.tar) $(OCI_TAR) $(IMG)
	@echo $(OCI_TAR:.oci.tar=.docker.tar)

.PHONY: image-push
image-push: ## Push what image-oci or release built to IMG, for all platforms.
	@cd hack/image && go run . push $(OCI_TAR) $(IMG)

.PHONY: release
release: $(RELEASE_TOOLS) ## Write the release VERSION=v0.1.0 into dist/, with the image at IMAGE.
	@$(BUILD_ENV) IMAGE='$(IMAGE)' CHART='$(CHART)' KUSTOMIZE='$(KUSTOMIZE)' CYCLONEDX='$(CYCLONEDX)' HELM='$(HELM)' hack/release.sh

##@ Servers and tools

.PHONY: servers
servers: $(SERVERS) $(KUBECTL) $(JUJU) ## Build the Kubernetes control plane, kubectl, and Juju's server and command line for development, once.

.PHONY: tools
tools: $(CONTROLLER_GEN) $(GOLANGCI_LINT) $(KUSTOMIZE) $(CRD_REF_DOCS) $(CYCLONEDX) $(HELM) $(PROMTOOL) $(SELECTORS) $(ARGOCD) ## Build the tools, once.

$(CONTROL_PLANE)/kube-apiserver:
	@CGO_ENABLED=0 hack/build.sh hack/controlplane $(@D) etcd=go.etcd.io/etcd/server/v3 kube-apiserver=k8s.io/kubernetes/cmd/kube-apiserver

$(CONTROL_PLANE)/kube-controller-manager:
	@CGO_ENABLED=0 hack/build.sh hack/controlplane $(@D) kube-controller-manager=k8s.io/kubernetes/cmd/kube-controller-manager

$(CONTROL_PLANE)/kubectl:
	@CGO_ENABLED=0 hack/build.sh hack/controlplane $(@D) kubectl=k8s.io/kubernetes/cmd/kubectl

$(JUJU_DIR)/jujuserver:
	@CGO_ENABLED=1 hack/build.sh hack/jujuserver $(@D) jujuserver=.

$(ARGOCD):
	@CGO_ENABLED=0 hack/build.sh hack/argocd $(@D) argocd=.

# Without the clouds that Juju could deploy to, which nobody here has.
$(JUJU_CLI)/juju:
	@CGO_ENABLED=1 GOFLAGS=-tags=minimal hack/build.sh hack/juju $(@D) juju=github.com/juju/juju/cmd/juju

$(CONTROLLER_GEN):
	@hack/build.sh hack/tools $(@D) controller-gen=sigs.k8s.io/controller-tools/cmd/controller-gen

$(GOLANGCI_LINT):
	@hack/build.sh hack/tools $(@D) golangci-lint=github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(KUSTOMIZE):
	@hack/build.sh hack/tools $(@D) kustomize=sigs.k8s.io/kustomize/kustomize/v5

$(CRD_REF_DOCS):
	@hack/build.sh hack/tools $(@D) crd-ref-docs=github.com/elastic/crd-ref-docs

$(CYCLONEDX):
	@hack/build.sh hack/tools $(@D) cyclonedx-gomod=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

$(HELM):
	@CGO_ENABLED=0 hack/build.sh hack/helm $(@D) helm=helm.sh/helm/v4/cmd/helm

# Without service discovery, which only a running Prometheus needs.
$(PROMTOOL):
	@CGO_ENABLED=0 GOFLAGS=-tags=remove_all_sd hack/build.sh hack/promtool $(@D) promtool=github.com/prometheus/prometheus/cmd/promtool

$(SELECTORS):
	@CGO_ENABLED=0 hack/build.sh hack/promtool $(@D) selectors=./selectors
