# Seine. `make help` lists the targets.
VIA ?= auto
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS = -s -w -X github.com/seinehq/seine/internal/cli.Version=$(VERSION)
FUZZTIME ?= 20s
SEEDS ?= 1-4
DURATION ?= 60s
WORKERS ?= 0
FRONTIER ?= both
TASKS ?= 1000000
export CGO_ENABLED ?= 0
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

.DEFAULT_GOAL := help
.PHONY: help build demo test stress check lint api bench bench-browser bench-frontier bench-image bench-pace bench-dataset bench-count bench-explore bench-explore-db bench-console screenshots chaos chaos-broken check-deploy fuzz generate image docs release clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/seine
	@echo "seine: building (the first time takes a minute or two)" >&2
	@go build -v -trimpath -ldflags '$(LDFLAGS)' -o bin/seine ./cmd/seine 2>&1 | \
	  awk '/^(go:|[^ ]+: |#|\t|.*\.go:)/ {print; next} {printf "."; fflush()} END {if (NR) print ""}' >&2

demo: build ## scrape the bundled card registry and show the result (VIA=auto, http or chrome)
	@scripts/browser $(VIA) && bin/seine demo --via $(VIA)

test: ## the whole test suite; installs and starts what it needs
	@scripts/test

stress: ## test packages with goroutines COUNT=20 times under LOAD=8 busy processes (hours)
	@scripts/stress

check: lint ## format, lint, vet and race tests
	@go vet ./...
	@go -C bench vet ./...
	@CGO_ENABLED=1 scripts/test -race

lint: ## format and lint (builds golangci-lint the first time: minutes)
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "seine: run gofmt -w on these" >&2; exit 1; }
	@go tool -modfile=tools/lint.mod golangci-lint run

api: ## how the public Go packages differ from the last tag, or from BASE
	@scripts/api $(BASE)

bench: build ## the figures of docs/benchmarks.md
	@scripts/with-postgres go -C bench run ./run

bench-browser: ## compare rendering with a browser per page
	@scripts/browser chrome chromium-headless-shell && scripts/browser chrome chromium && go -C bench run ./browser

bench-frontier: build ## compare the frontier with its peers, to ten million tasks (a quarter of an hour)
	@scripts/with-postgres go -C bench run ./frontier

bench-image: ## compare JPEG to cropped PNG with Pillow and libvips
	@scripts/bench-image

bench-pace: build ## a host's pace over a fleet, by the site's own clock
	@scripts/with-postgres go -C bench run ./pace

bench-crawl: build ## compare crawlers of a whole site by its links
	@scripts/bench-crawl

bench-explore: ## compare wanted items per request with the original and an oracle
	@go -C bench run ./explore

bench-explore-db: ## what exploring costs a PostgreSQL, and who waits for whom
	@scripts/with-postgres go -C bench run ./exploredb

bench-dataset: build ## exports of a million records beside DuckDB, and renditions beside Pillow and libvips; recordings; a list of images
	@[ -e /usr/bin/vipsthumbnail ] || scripts/install libvips-tools
	@[ -e /usr/lib/python3/dist-packages/PIL ] || scripts/install python3-pil
	@SEINE_TEST_DUCKDB="$$(scripts/duckdb)" go -C bench run ./dataset

bench-count: build ## counting a bucket of a million objects
	@go -C bench run ./count

bench-console: ## the pages of the console on a frontier with a million tasks (TASKS=1000000)
	@scripts/with-postgres go -C bench run ./console -tasks $(TASKS)

screenshots: ## the pictures of the console in docs/, in both themes
	@scripts/browser chrome && SEINE_TEST_AXE="$$(scripts/axe)" SEINE_SCREENSHOTS="$(CURDIR)/docs/console" go test ./internal/cli -count=1 -run 'TestEveryPageInABrowser$$'

chaos: build ## break a fleet, judge what came of it (SEEDS=1-4 DURATION=60s WORKERS=3 FRONTIER=postgres, sqlite or both)
	@[ "$(FRONTIER)" = sqlite ] || scripts/with-postgres true
	@go run ./tools/chaos -seeds '$(SEEDS)' -duration $(DURATION) -workers $(WORKERS) -frontier $(FRONTIER)

chaos-broken: ## the same for builds that are broken on purpose: each must be caught
	@scripts/with-postgres true
	@scripts/chaos-broken

check-deploy: ## what can be proved of deploy/ without a cloud (fetches 200 MB the first time)
	@deploy/verify.sh

image: ## build both images on this machine, and run them as a cluster would (root)
	@deploy/docker/image

docs: ## the documentation as a static site, in dist/docs
	@go run ./tools/docs -o dist/docs

release: ## archives for Linux and macOS, checksums, bills of materials and a Homebrew formula, in dist/
	@scripts/release

fuzz: ## fuzz every parser of foreign bytes (FUZZTIME=20s each)
	@scripts/fuzz $(FUZZTIME)

generate: ## regenerate generated files
	@go generate ./...
	@scripts/changelog

clean: ## remove what was built and the demo's data
	@rm -rf bin dist data/demo
