# The two commands of the README are `make demo` and `make test`; `make help` lists the rest.
# `go mod tidy` needs -e in this module: the archived sigs.k8s.io/kubefed has tests that import a package that is gone.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := $(CURDIR)/bin
MODULES := . lab test monitoring
export CGO_ENABLED ?= 0
# gRPC, which OpenTelemetry's exporter takes with it, brings html/template, and that keeps the linker from dropping unused
# methods: 57 MB instead of 38.
TAGS := grpcnotrace

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: build
build: ## build fedsyncd, the kubectl plugin and the lab into bin/
	@go build -trimpath -tags $(TAGS) -o $(BIN)/ ./cmd/fedsyncd ./cmd/kubectl-fed
	@ln -sf kubectl-fed $(BIN)/kubefedctl && ln -sf kubectl-fed $(BIN)/kubectl_complete-fed
	@cd lab && go build -trimpath -o $(BIN)/ ./cmd/...

.PHONY: components
components: build ## build etcd, kube-apiserver and kube-controller-manager, once per version
	@$(BIN)/lab build

.PHONY: demo
demo: components ## a host and two members kept in step, to look at; DEMO_EXIT=1 ends by itself
	@$(BIN)/demo --fedsyncd $(BIN)/fedsyncd --kubectl-fed $(BIN)/kubectl-fed --repository $(CURDIR)

.PHONY: monitoring
monitoring: components ## the demo with a Prometheus that scrapes it and has our alerts; DEMO_EXIT=1 ends by itself
	@prometheus=$$(scripts/prometheus.sh) && $(BIN)/demo --fedsyncd $(BIN)/fedsyncd --kubectl-fed $(BIN)/kubectl-fed --repository $(CURDIR) \
		--prometheus $$prometheus $(addprefix --rules ,$(wildcard $(CURDIR)/charts/fedsync/rules/*.yaml))

.PHONY: test
test: unit integration ## every test: unit and, on real clusters, integration

.PHONY: unit
unit: ## unit tests, with the race detector
	@scripts/require.sh gcc libc6-dev
	@scripts/gotest.sh . ./...
	@scripts/gotest.sh test ./bench/... ./scale/... ./measure/...
	@scripts/gotest.sh monitoring ./...

.PHONY: integration
integration: components ## tests on real clusters: of the lab itself, and of fedsyncd on a lab
	@scripts/require.sh gcc libc6-dev
	@prometheus=$$(scripts/prometheus.sh) && PROMETHEUS_BIN=$$prometheus scripts/gotest.sh lab -timeout 10m ./...
	@CGO_ENABLED=1 go build -race -o $(BIN)/fedsyncd-race ./cmd/fedsyncd
	@prometheus=$$(scripts/prometheus.sh) && PROMETHEUS_BIN=$$prometheus FEDSYNCD=$(BIN)/fedsyncd FEDSYNCD_RACE=$(BIN)/fedsyncd-race scripts/gotest.sh test -timeout 20m ./integration/...
	@FEDSYNCD=$(BIN)/fedsyncd SIMFLEET=$(BIN)/simfleet scripts/gotest.sh test -timeout 10m -run TestMetricsOfAFleet ./scale/...
	@$(MAKE) --no-print-directory cli
	@$(MAKE) --no-print-directory story

.PHONY: cli
cli: components ## the scripts of the kubectl plugin on real clusters; SCRIPTS=REGEXP plays some, FEDSYNC_CLI_UPDATE=1 writes golden output
	@FEDSYNCD=$(BIN)/fedsyncd KUBECTL_FED=$(BIN)/kubectl-fed scripts/gotest.sh test -timeout 20m -parallel 1 $(if $(SCRIPTS),-run 'TestScripts/$(SCRIPTS)') ./cli/...

.PHONY: story
story: components ## a real Prometheus watches fedsyncd through a story: every panel, every alert; PICTURES=DIRECTORY draws some of it
	@scripts/require.sh gcc libc6-dev
	@CGO_ENABLED=1 go build -race -o $(BIN)/fedsyncd-race ./cmd/fedsyncd
	@prometheus=$$(scripts/prometheus.sh) && PROMETHEUS_BIN=$$prometheus FEDSYNCD=$(BIN)/fedsyncd FEDSYNCD_RACE=$(BIN)/fedsyncd-race \
		MONITORING_PICTURES=$(abspath $(PICTURES)) scripts/gotest.sh test -timeout 15m ./monitoring/...

.PHONY: conformance
conformance: components $(BIN)/helm $(BIN)/kubefed-e2e.test $(if $(filter kubefed,$(CONFORMANCE_MANAGER)),$(BIN)/hyperfed) ## KubeFed's own e2e suite against fedsyncd; CONFORMANCE_RUNS=5 repeats it
	@scripts/require.sh gcc libc6-dev
	@rm -rf $(BIN)/conformance
	@FEDSYNCD=$(BIN)/fedsyncd HELM=$(BIN)/helm KUBEFED_E2E=$(BIN)/kubefed-e2e.test HYPERFED=$(BIN)/hyperfed CONFORMANCE_OUT=$(BIN)/conformance \
		scripts/gotest.sh test -timeout 60m ./conformance/...; status=$$?; \
		cat $(BIN)/conformance/table.txt && exit $$status

.PHONY: takeover
takeover: components $(BIN)/hyperfed ## KubeFed's controller manager and fedsyncd hand a fleet over to each other, there and back
	@scripts/require.sh gcc libc6-dev
	@chart=$$(cd test/kubefed && go list -m -f '{{.Dir}}' sigs.k8s.io/kubefed)/charts/kubefed && \
		FEDSYNCD=$(BIN)/fedsyncd HYPERFED=$(BIN)/hyperfed KUBEFED_CHART=$$chart scripts/gotest.sh test -timeout 20m ./takeover/...

# The tools that the chart is rendered, checked and installed with, each built from the module that pins it.
CHART_TOOLS := helm helm3 helm-docs kubeconform kustomize kubectl
$(BIN)/helm: PACKAGE := helm.sh/helm/v4/cmd/helm
$(BIN)/helm3: PACKAGE := helm.sh/helm/v3/cmd/helm
$(BIN)/helm-docs: PACKAGE := github.com/norwoodj/helm-docs/cmd/helm-docs
$(BIN)/kubeconform: PACKAGE := github.com/yannh/kubeconform/cmd/kubeconform
$(BIN)/kustomize: PACKAGE := sigs.k8s.io/kustomize/kustomize/v5
$(BIN)/kubectl: PACKAGE := ./kubectl
$(addprefix $(BIN)/,$(CHART_TOOLS)): tools/charts/go.mod
	@cd tools/charts && go build -trimpath -o $@ $(PACKAGE)

$(BIN)/helm-unittest: tools/unittest/go.mod
	@cd tools/unittest && go build -trimpath -o $@ github.com/helm-unittest/helm-unittest/cmd/helm-unittest

.PHONY: chart
chart: $(BIN)/helm $(BIN)/helm-unittest ## lint the chart and run its unit tests
	@$(BIN)/helm lint --strict --quiet charts/fedsync
	@log=$$($(BIN)/helm-unittest charts/fedsync) || { echo "$$log"; exit 1; }; echo "$$log" | grep -E '^Tests:'; \
		echo "$$log" | awk '/^Tests:/ {print "passed", $$2}' >> $${TEST_COUNTS:-$(BIN)/test-counts}

.PHONY: install-test
install-test: components $(addprefix $(BIN)/,$(CHART_TOOLS)) ## install the chart on real clusters, with Helm 4 and 3 and kustomize, and use it with its own rights
	@scripts/require.sh gcc libc6-dev
	@FEDSYNCD=$(BIN)/fedsyncd KUBECTL_FED=$(BIN)/kubectl-fed HELM=$(BIN)/helm HELM3=$(BIN)/helm3 KUBECONFORM=$(BIN)/kubeconform KUSTOMIZE=$(BIN)/kustomize \
		KUBECTL=$(BIN)/kubectl scripts/gotest.sh test -timeout 15m ./install/...

IMAGE_PLATFORMS ?= linux/amd64,linux/arm64
.PHONY: image
image: ## build the image with docker: IMAGE=ghcr.io/fedsync/fedsyncd, PUSH=1 pushes it
	@docker buildx build --platform $(IMAGE_PLATFORMS) --build-arg VERSION=$$(scripts/version.sh) -f image/Dockerfile \
		--sbom=true --provenance=true -t $(or $(IMAGE),fedsyncd):$$(scripts/version.sh) $(if $(PUSH),--push) .

.PHONY: image-test
image-test: ## build the image's file system without docker, start fedsyncd from it as the image's user, and build it again to compare
	@image/check.sh

$(BIN)/cyclonedx-gomod $(BIN)/actionlint: tools/release/go.mod
	@cd tools/release && go build -trimpath -o $(BIN)/ tool

PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64
.PHONY: release
release: $(BIN)/helm $(BIN)/cyclonedx-gomod ## binaries, chart, krew manifest, bills of materials and checksums into bin/release; PLATFORMS="OS/ARCHITECTURE ..."
	@scripts/release.sh $(BIN)/release $(BIN)/helm $(BIN)/cyclonedx-gomod $(PLATFORMS)

.PHONY: pipelines
pipelines: $(BIN)/actionlint ## check the GitHub workflows
	@$(BIN)/actionlint

BENCH_FLAGS ?=
.PHONY: bench
bench: components $(if $(filter kubefed,$(PEER)),$(BIN)/hyperfed) ## measure against the limit; PEER=kubefed, BENCH_JSON=file, BENCH_FLAGS="-objects 300 -rounds 1"
	@cd test && go build -trimpath -o $(BIN)/ ./bench
	@$(BIN)/bench -fedsyncd $(BIN)/fedsyncd -hyperfed $(BIN)/hyperfed -repository $(CURDIR) -peer "$(PEER)" -json "$(BENCH_JSON)" $(BENCH_FLAGS)

SCALES ?= fleet:100:1000 fleet:1000:1000 faults:100:100 join:10:10000
.PHONY: bench-scale
bench-scale: components ## measure with simulated members; SCALES="scenario:members:objects ..." out of fleet, faults, join, metrics, plan
	@cd test && go build -trimpath -o $(BIN)/ ./scale
	@for s in $(SCALES); do IFS=: read -r scenario members objects <<< "$$s"; \
		$(BIN)/scale -fedsyncd $(BIN)/fedsyncd -simfleet $(BIN)/simfleet -repository $(CURDIR) \
			-scenario $$scenario -members $$members -objects $$objects || exit 1; done

COUNT ?= 6
BENCHTIME ?= 0.2s
.PHONY: bench-go
bench-go: ## Go benchmarks of the pure stages and the copy store, COUNT runs of BENCHTIME each, into bin/bench-go.txt
	@mkdir -p $(BIN)
	@set -o pipefail; go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -count $(COUNT) \
		./placement/... ./federation/plan ./federation/report ./federation/host ./federation/member ./federation/fault | tee $(BIN)/bench-go.txt

.PHONY: bench-diff
bench-diff: $(BIN)/benchstat ## compare bin/bench-go.txt with an earlier one: OLD=FILE
	@$(BIN)/benchstat $(OLD) $(BIN)/bench-go.txt

FUZZTIME ?= 30s
.PHONY: fuzz
fuzz: ## fuzz each fuzz test for FUZZTIME, 30s by default
	@for m in $(MODULES); do scripts/fuzz.sh $$m $(FUZZTIME) || exit 1; done

.PHONY: check
check: format lint archtest generated ## everything that CI checks besides tests

.PHONY: format
format: ## fail if a file is not formatted
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not gofmt-ed: $$unformatted"; exit 1; }

.PHONY: vet
vet: ## go vet in every module
	@for m in $(MODULES); do (cd $$m && go vet ./...) || exit 1; done

.PHONY: lint
lint: vet $(BIN)/golangci-lint ## golangci-lint in every module
	@for m in $(MODULES); do (cd $$m && $(BIN)/golangci-lint run --config $(CURDIR)/.golangci.yml ./...) || exit 1; done

.PHONY: archtest
archtest: ## the rules about who may import whom
	@go test ./internal/archtest/...

.PHONY: generate
generate: $(BIN)/controller-gen $(BIN)/helm $(BIN)/helm-docs ## CRDs, FederatedTypeConfigs, dashboards and README in charts/, deploy/kustomize, docs/reference/metrics.md
	@go generate ./...
	@cd monitoring && go generate ./...
	@$(BIN)/helm-docs --chart-search-root charts --sort-values-order file --log-level warning
	@scripts/kustomize.sh $(BIN)/helm

.PHONY: generated
generated: generate ## fail if a generated file was changed by hand or is out of date
	@git diff --exit-code --stat -- charts deploy docs/reference || { echo "run make generate and commit"; exit 1; }

.PHONY: rules
rules: ## check and test the recording rules and alerts; PROMTOOL=FILE takes another promtool
	@promtool="$(PROMTOOL)"; [ -n "$$promtool" ] || promtool=$$(scripts/prometheus.sh)/promtool || exit 1; \
		$$promtool check rules charts/fedsync/rules/*.yaml && $$promtool test rules charts/fedsync/rules/tests/*.yaml

.PHONY: kubefed
kubefed: $(BIN)/kubefed-e2e.test $(BIN)/hyperfed ## build KubeFed's e2e suite and its controller manager into bin/

# From the module cache, unmodified. The first build of all takes four minutes on two cores.
$(BIN)/kubefed-e2e.test: test/kubefed/go.mod test/kubefed/go.sum
	@cd test/kubefed && go test -c -trimpath -o $@ sigs.k8s.io/kubefed/test/e2e

$(BIN)/hyperfed: test/kubefed/go.mod test/kubefed/go.sum
	@cd test/kubefed && go build -trimpath -o $@ sigs.k8s.io/kubefed/cmd/hyperfed

$(BIN)/golangci-lint $(BIN)/controller-gen $(BIN)/benchstat: tools/go.mod
	@cd tools && go build -o $(BIN)/ tool

.PHONY: tidy
tidy: ## go mod tidy in every module
	@for m in $(MODULES) lab/components test/kubefed tools tools/charts tools/unittest tools/release; do (cd $$m && go mod tidy -e) || exit 1; done

.PHONY: clean
clean: ## remove what was built here
	@rm -rf $(BIN)
