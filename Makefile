# Everything a developer does is a target here: make help. Nothing but Go, a C compiler, make and git has to be installed.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# The servers and tools are built once into folders named after what they are built from, so that a new version never
# meets an old binary.
fingerprint = $(shell cat $(1) | cksum | cut -d' ' -f1)
K8S_VERSION := $(shell sed -n 's,^require k8s.io/kubernetes \(v[0-9.]*\)$$,\1,p' hack/controlplane/go.mod)
CONTROL_PLANE := $(CURDIR)/bin/kubernetes-$(K8S_VERSION)
JUJU_DIR := $(CURDIR)/bin/juju-$(call fingerprint,hack/jujuserver/go.mod hack/jujuserver/*.go)
TOOLS := $(CURDIR)/bin/tools-$(call fingerprint,hack/tools/go.mod)

# An existing KUBEBUILDER_ASSETS is used instead of the control plane built here.
KUBEBUILDER_ASSETS ?= $(CONTROL_PLANE)
export KUBEBUILDER_ASSETS
export KUBE_CONTROLLER_MANAGER ?= $(CONTROL_PLANE)/kube-controller-manager
export JUJUSERVER ?= $(JUJU_DIR)/jujuserver
export MANAGER ?= $(CURDIR)/bin/manager
export MANAGER_RACE ?= $(CURDIR)/bin/manager-race
SERVERS = $(KUBEBUILDER_ASSETS)/kube-apiserver $(KUBE_CONTROLLER_MANAGER) $(JUJUSERVER)

CONTROLLER_GEN := $(TOOLS)/controller-gen
GOLANGCI_LINT := $(TOOLS)/golangci-lint
KUSTOMIZE := $(TOOLS)/kustomize

IMG ?= juju-secrets-operator:latest

##@ General

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*##"; printf "make \033[36mTARGET\033[0m\n"} \
		/^[a-zA-Z0-9_-]+:.*##/ {printf "  \033[36m%-12s\033[0m%s\n", $$1, $$2} \
		/^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(SERVERS) ## Start Kubernetes, Juju and the operator, apply the samples, and stay up. EXIT=1: check everything and stop.
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
generate: $(CONTROLLER_GEN) ## Write deep copies, CRDs, roles and the reference of reasons from the code.
	hack/generate.sh $(CONTROLLER_GEN) .

.PHONY: fmt
fmt: ## Format the code.
	gofmt -w $$(git ls-files -co --exclude-standard '*.go')

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Lint the code of every module.
	$(GOLANGCI_LINT) run
	cd hack/jujuserver && $(GOLANGCI_LINT) run --config ../../.golangci-hack.yml

.PHONY: tidy
tidy: ## Tidy go.mod. With -e, since tests of Juju's own reach for packages that Kubernetes dropped.
	go mod tidy -e

##@ Test

.PHONY: test
test: lint verify test-unit test-e2e ## Run everything that CI runs.

.PHONY: test-unit
test-unit: ## Run the tests that need no server.
	go test -race ./api/... ./cmd/... ./controllers/... ./internal/...

.PHONY: test-e2e
test-e2e: $(SERVERS) ## Run the end-to-end tests on a real Kubernetes API server and a real Juju API server.
	go build -race -o $(MANAGER_RACE) ./cmd/manager
	MANAGER=$(MANAGER_RACE) go test -race -count=1 -p=1 -parallel=12 -timeout=20m ./test/... $(if $(RUN),-run '$(RUN)' -v)

.PHONY: histories
histories: $(SERVERS) ## Run random histories on the real servers and count what was lost, doubled, touched or needless. N=200 SEED=1
	@go build -o bin/ ./cmd/manager ./test/histories
	@bin/histories $(if $(N),-n $(N)) $(if $(SEED),-seed $(SEED))

.PHONY: bench
bench: $(SERVERS) ## Measure the operator against a bare program and write docs/benchmarks.*. N=300: one size, print only.
	@go build -o bin/ ./cmd/manager ./test/bench
	@bin/bench $(if $(N),-n $(N))

.PHONY: verify
verify: $(CONTROLLER_GEN) ## Check that the generated files are what the code says.
	hack/verify.sh $(CONTROLLER_GEN)

##@ Deploy

.PHONY: install
install: $(KUSTOMIZE) ## Install the CRDs into the cluster of the current kubeconfig.
	$(KUSTOMIZE) build config/crd | kubectl apply --server-side -f -

.PHONY: uninstall
uninstall: $(KUSTOMIZE) ## Remove the CRDs. Delete the objects of these kinds before, while an operator runs to clean up in Juju.
	$(KUSTOMIZE) build config/crd | kubectl delete --ignore-not-found -f -

.PHONY: deploy
deploy: $(KUSTOMIZE) ## Deploy the operator, with image IMG, to the cluster of the current kubeconfig.
	$(KUSTOMIZE) build config/default | sed 's,image: juju-secrets-operator:latest,image: $(IMG),' | kubectl apply --server-side -f -

.PHONY: undeploy
undeploy: $(KUSTOMIZE) ## Delete every object of our kinds, as the operator has to clean up in Juju, then the operator and the CRDs.
	kubectl delete --all --all-namespaces --ignore-not-found jujusecretaccesses,jujusecrets
	kubectl delete --all --ignore-not-found clusterjujucontrollers
	@echo waiting until the operator has let go of the credentials
	@until ! kubectl get secrets --all-namespaces -o jsonpath='{.items[*].metadata.finalizers}' | grep -q jujusecrets.io/finalizer; do sleep 1; done
	$(KUSTOMIZE) build config/default | kubectl delete --ignore-not-found -f -

.PHONY: image
image: ## Build the image IMG with docker, or with CONTAINER_TOOL=podman.
	$(or $(CONTAINER_TOOL),docker) build -t $(IMG) .

##@ Servers and tools

.PHONY: servers
servers: $(SERVERS) ## Build the Kubernetes control plane and the Juju server for development, once.

.PHONY: tools
tools: $(CONTROLLER_GEN) $(GOLANGCI_LINT) $(KUSTOMIZE) ## Build the tools, once.

$(CONTROL_PLANE)/kube-apiserver:
	@CGO_ENABLED=0 hack/build.sh hack/controlplane $(@D) etcd=go.etcd.io/etcd/server/v3 kube-apiserver=k8s.io/kubernetes/cmd/kube-apiserver

$(CONTROL_PLANE)/kube-controller-manager:
	@CGO_ENABLED=0 hack/build.sh hack/controlplane $(@D) kube-controller-manager=k8s.io/kubernetes/cmd/kube-controller-manager

$(JUJU_DIR)/jujuserver:
	@CGO_ENABLED=1 hack/build.sh hack/jujuserver $(@D) jujuserver=.

$(CONTROLLER_GEN):
	@hack/build.sh hack/tools $(@D) controller-gen=sigs.k8s.io/controller-tools/cmd/controller-gen

$(GOLANGCI_LINT):
	@hack/build.sh hack/tools $(@D) golangci-lint=github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(KUSTOMIZE):
	@hack/build.sh hack/tools $(@D) kustomize=sigs.k8s.io/kustomize/kustomize/v5
