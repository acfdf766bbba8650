# Run as root on Linux: tests, demo and bench load programs into the kernel.

TOOL := go tool -modfile=tools/go.mod
LINT := go tool -modfile=tools/lint/go.mod golangci-lint

# The objects in bpf/ are committed, so the compiler that makes them is pinned.
CLANG         := clang-19
CLANG_VERSION := 19

PLATFORMS := linux/amd64 linux/arm64 darwin/arm64 windows/amd64

.DELETE_ON_ERROR:
.PHONY: help setup build demo test vm soak-vm vet generate lint bench offsets offsets-check clean

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what the other targets need on Debian, mount the kernel's file systems
	.ci/setup

build: ## build the collector of builder-config.yaml as build/otelcol-ebpfgo
	$(TOOL) builder --config builder-config.yaml

demo: build ## trace a few small services and show their traces
	go run ./examples/demo

# The machines take the processor time that the tests leave, which wait more than they compute.
test: setup vet ## run every test, on this kernel and on others
	@go build -o build/machines ./internal/vm
	@nice -n 19 build/machines -slowness 20 -timeout 40m >build/machines.log 2>&1 & machines=$$!; \
	trap 'kill $$machines' INT TERM; \
	go test -count=1 -p 2 -timeout 70m ./...; tests=$$?; \
	wait $$machines; others=$$?; \
	cat build/machines.log; \
	exit $$((tests | others))

vm: setup ## run tests on Debian's kernels, amd64 and arm64, in emulated machines
	go run ./internal/vm $(VM)

# How long soak-vm takes, as time.ParseDuration reads it.
SOAK ?= 10m

soak-vm: setup ## put Debian's newest kernels under load for SOAK
	go run ./internal/vm -soak $(SOAK)

vet: $(PLATFORMS:%=vet/%) ## build and vet for every supported platform

vet/%:
	GOOS=$(*D) GOARCH=$(*F) go build ./...
	GOOS=$(*D) GOARCH=$(*F) go vet ./...

generate: clang ## make everything again that is generated: BPF objects, bindings, catalog, metadata
	go generate ./bpf/... ./internal/...
	./tools/mdatagen.sh
	gofmt -l -w bpf internal *.go

.PHONY: clang
clang:
	@$(CLANG) --version 2>/dev/null | grep -q 'clang version $(CLANG_VERSION)\.' || \
		{ echo "make generate needs $(CLANG), version $(CLANG_VERSION).x; on Debian: make setup" >&2; exit 1; }

lint: ## run the linters
	$(LINT) run
	$(LINT) fmt --diff

bench: ## measure what tracing costs, in about 25 minutes on a machine that does nothing else
	go run ./internal/bench

# MODULES narrows both targets, as in MODULES="std@go1.27.0.. golang.org/x/net".
offsets: ## measure the struct layouts that the database lacks
	nice go run ./offsetsdb/cmd/offsets-tracker -picture docs/offsets.svg $(MODULES)

offsets-check: ## measure all that the database has again, and compare
	nice go run ./offsetsdb/cmd/offsets-tracker -check $(MODULES)

clean: ## remove what was built
	rm -rf build
