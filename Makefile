# All tasks run through make, with the tools that go.mod and tools/go.mod pin. They need
# Go, git, make and bash; the comments below say which targets need more.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

TOOL     := go tool -modfile=tools/go.mod
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
# Without the traces of grpc-go, which Tranship does not use, no template is in the program, and the linker
# leaves out the methods that no code calls: a fifth of the program.
TAGS     := grpcnotrace
FUZZTIME ?= 10s
FUZZLONG ?= $(FUZZTIME)
# The time limit for the tests of one package.
TIMEOUT  ?= 10m
# The same under the race detector, which makes tests about ten times slower.
RACE_TIMEOUT ?= 25m
# The packages of test and race: all except test/interop, which needs other programs.
list_packages = packages=$$(go list ./... | grep -v '/test/interop$$')

.PHONY: help
help: ## list the targets
	@echo "targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: all
all: build test lint generate-check page-check breaking tidy-check race interop browser fuzz vuln demo crash cross release-check ## run everything that CI checks

.PHONY: build
build: ## build the static binary bin/tranship
	CGO_ENABLED=0 go build -tags $(TAGS) -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/ ./cmd/tranship

# The same commit and the same Go give the same bytes on any machine. To build for some
# systems only: make release TARGETS="linux/amd64 linux/arm64"
TARGETS ?=
.PHONY: release
release: ## build the published binaries, their contents and checksums, in build/release
	@tools/release.sh build/release $(VERSION) $(TARGETS)

.PHONY: packages
packages: release ## make .deb and .rpm packages of the release, in build/release
	@tools/package.sh build/release $(VERSION)

.PHONY: package-check
package-check: ## install the packages in a copy of this system, as root on Debian, and start the server
	@tools/package-check.sh

.PHONY: container-check
container-check: ## make the container image, and check it, as root on Linux
	@tools/container-check.sh

.PHONY: helm-check
helm-check: ## check the chart for Kubernetes with helm, which is built
	@tools/helm-check.sh

.PHONY: release-check
release-check: ## fail unless two builds of a release are identical, with correct lists
	@tools/release-check.sh

.PHONY: test
test: ## run all tests except interop, with a summary of failures at the end
	@$(list_packages); go test -timeout $(TIMEOUT) $$packages | awk '{print; fflush()} \
	  /^ok/ {ok++} /^FAIL\t/ {failed = failed "\n  " $$2; bad++} \
	  END {printf "\n%d packages passed, %d failed%s\n", ok, bad, failed}'

# -vet=off: make test and make lint vet the code.
.PHONY: race
race: ## run all tests except interop and crash under the race detector
	@$(list_packages); \
	  packages=$$(grep -v '/test/crash$$' <<<"$$packages"); \
	  go test -race -vet=off -timeout $(RACE_TIMEOUT) $$packages

.PHONY: cover
cover: ## run the tests and report how much of each package they cover
	mkdir -p build
	go test -timeout $(TIMEOUT) -coverpkg=./... -coverprofile=build/cover.out ./...
	go tool cover -func=build/cover.out | tail -n 1

.PHONY: lint
lint: ## check the Go code and the .proto files for mistakes and style
	$(TOOL) golangci-lint run
	$(TOOL) buf lint

.PHONY: fmt
fmt: ## format the Go code and the .proto files
	$(TOOL) golangci-lint fmt
	$(TOOL) buf format --write

# Each compatibility protocol is generated separately, because they use the same names.
.PHONY: generate
generate: ## generate the Go code of the .proto files
	find proto test/coexist -name '*.pb.go' -delete
	$(TOOL) buf generate
	for dir in proto/filesrv/v1 proto/filesrv/v2 proto/filetransfer; do \
	  $(TOOL) buf generate --template buf.gen.compat.yaml "$$dir"; \
	done
	go generate ./test/coexist/tutorial

.PHONY: generate-check
generate-check: ## fail if generated code is stale
	@tools/generate-check.sh

# The bundle of the page is committed, so that building tranship needs no npm.
.PHONY: page
page: ## bundle the scripts of the page for browsers, with npm and nodejs
	tools/page.sh server/internal/page/assets

.PHONY: page-check
page-check: ## fail if the bundle of the page is stale, and test its scripts
	@tools/page-setup.sh
	tools/page.sh build/page/fresh
	diff -q build/page/fresh/page.js server/internal/page/assets/page.js
	diff -q build/page/fresh/licenses.txt server/internal/page/assets/licenses.txt
	node --test server/internal/page/source/

.PHONY: breaking
breaking: ## fail if a .proto change breaks clients; AGAINST=COMMIT names the older version
	@tools/breaking.sh $(AGAINST)

.PHONY: tidy-check
tidy-check: ## fail if go.mod or go.sum is not tidy
	go mod tidy -diff
	cd tools && go mod tidy -diff
	cd tools/bench-s3 && go mod tidy -diff
	cd tools/nfpm && go mod tidy -diff
	cd tools/helm && go mod tidy -diff
	cd tools/container && go mod tidy -diff
	cd test/browser && go mod tidy -diff
	cd test/rclone && go mod tidy -diff

.PHONY: vuln
vuln: ## check the code and what it calls for known vulnerabilities
	@tools/vuln.sh

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (10s), some for FUZZLONG
	@tools/fuzz.sh $(FUZZTIME) $(FUZZLONG)

# As root on Debian, the target installs Chromium, nginx, and npm for axe-core and uploaders. For a
# file that is larger than 1 GiB, on a disk with room for it: make browser
# TRANSHIP_BROWSER_BYTES=21474836480 TRANSHIP_BROWSER_DIR=/var/tmp TIMEOUT=60m
.PHONY: browser
browser: ## test the page in Chromium, installed if needed
	@tools/page-setup.sh browser
	cd test/browser && npm ci --ignore-scripts --no-audit --no-fund && go vet . && go test -count=1 -timeout $(TIMEOUT) .

# The other programs are Python's grpcio, protoc, nginx, haproxy, Caddy and Prometheus, from Debian, and
# grpc-js, from npm. As root on Debian, the target installs them.
.PHONY: interop
interop: ## test against other implementations of gRPC and tus, and proxies, installed if needed
	@tools/interop-setup.sh
	TRANSHIP_INTEROP=require go test -count=1 -timeout $(TIMEOUT) ./test/interop/...
	cd test/rclone && go vet . && go test -count=1 -timeout $(TIMEOUT) .

# For a larger file and more kills: make crash CRASH_SIZE=1073741824 CRASH_KILLS=200. The
# output has the measurements; see test/crash.
CRASH_SIZE  ?= 67108864
CRASH_KILLS ?= 20
.PHONY: crash
crash: ## kill server and client at random moments, and measure how much is sent again
	TRANSHIP_CRASH_SIZE=$(CRASH_SIZE) TRANSHIP_CRASH_KILLS=$(CRASH_KILLS) \
	  go test -v -count=1 -timeout 30m -run 'TestUpload|TestDownload' ./test/crash

# As root on Debian, the targets install the programs that they compare with, and measure
# durable cases on an ext4 of their own. BEFORE is the commit that gRPC must not be slower than,
# the last one without lanes. To run a part:
# make bench BENCHFLAGS='-cases "^large" -only "^(tranship|raw)$$" -size 268435456'
BENCHFLAGS ?=
BEFORE     ?= 45611b3af122
bench = tools/bench-before.sh $(BEFORE) && go run ./internal/bench $$( ((EUID)) || echo -disk $(1))
.PHONY: bench
bench: build ## compare the speed with alternatives, in a quarter of an hour; the report is in build/bench
	@tools/bench-setup.sh
	$(call bench,4) -binary bin/tranship $(BENCHFLAGS)

.PHONY: bench-all
bench-all: build ## compare the speed in all cases and with all alternatives, in some hours
	@tools/bench-setup.sh all
	$(call bench,32) -binary bin/tranship -all -within 0 -rounds 7 -slow-rounds 5 $(BENCHFLAGS)

# The release binary has no symbols.
.PHONY: bench-profile
bench-profile: ## profile both ends of copies with perf, as root; the profiles are in build/profile
	@tools/bench-setup.sh
	CGO_ENABLED=0 go build -tags $(TAGS) -trimpath -o build/profile/tranship ./cmd/tranship
	go run ./internal/bench -binary build/profile/tranship -out build/profile -cases '^profile-' -only '^tranship$$' $(BENCHFLAGS)

# make bench-s3 BENCHFLAGS='-cases small -rounds 3'
.PHONY: bench-s3
bench-s3: build ## compare copies to and from a bucket with those by AWS's SDK, in a quarter of an hour
	cd tools/bench-s3 && go run . $(BENCHFLAGS)

.PHONY: attack-bench
attack-bench: ## measure the share of its throughput that a client keeps during each attack
	go test -run '^$$' -bench UnderAttack -benchtime 1x -timeout 30m ./test/attack

.PHONY: cross
cross: ## check that the code compiles for other systems
	GOOS=linux GOARCH=arm64 go vet ./...
	GOOS=darwin GOARCH=arm64 go vet ./...
	GOOS=windows GOARCH=amd64 go vet ./...

.PHONY: demo
demo: build ## upload and download files with every protocol, and compare them
	go run ./internal/demo -binary bin/tranship

# The engine is versitygw, which is built when it is missing. haproxy is used if it is installed.
.PHONY: demo-s3
demo-s3: build ## upload through servers of one bucket that are killed, and compare the bytes
	tools/demo-s3.sh bin/tranship

# For more: make engines KILLS=200
KILLS ?= 10
.PHONY: engines
engines: ## test servers of a bucket, which are killed, and a real S3 engine, built if missing
	@tools/engine-setup.sh versitygw
	PATH=$(CURDIR)/build/tools:$$PATH TRANSHIP_S3_ENGINES=versitygw TRANSHIP_KILLS=$(KILLS) \
	  go test -v -count=1 -timeout 15m -run 'Versitygw(Shared|Failover|Kills|Pieces)|TestKills|TestPieces|TestNoDisk' ./store/s3 ./test/engines

.PHONY: engines-ceph
engines-ceph: ## test a Ceph cluster, whose daemons are killed; as root on Debian, in some 40 minutes
	@tools/engine-setup.sh ceph
	TRANSHIP_S3_ENGINES=ceph go test -p 1 -v -count=1 -timeout 60m -run 'TestCeph|TestProbeTable' ./store/s3 ./test/engines

.PHONY: clean
clean: ## remove all build output
	rm -rf bin build
