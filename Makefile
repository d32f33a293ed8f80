# Every target installs what it needs (with apt, where root runs it; else it says what is missing), shows what it
# does, and can be run again: what is done is not done twice.

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz faults mutants bench check engine parts tools build

# A test that hangs is a failure, not a wait. The first run compiles everything.
TEST_SECONDS ?= 2100

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build engine ## build, start everything embedded with live traffic, show who is over what
	target/debug/highwater demo

test: parts ## every test, on the real ClickHouse engine and a real Kafka broker
	@start=$$(date +%s); \
	if timeout $(TEST_SECONDS) cargo test --workspace --no-fail-fast; then \
		echo "make test: passed in $$(($$(date +%s) - start)) s"; \
	else \
		code=$$?; [ $$code = 124 ] && echo "make test: stopped after $(TEST_SECONDS) s"; \
		echo "make test: failed after $$(($$(date +%s) - start)) s"; exit $$code; \
	fi

STEPS ?= 1000000
fuzz: tools ## random catalogs and streams against the oracle: a million steps, or STEPS
	HIGHWATER_STEPS=$(STEPS) cargo test --test engine_equals_oracle random -- --nocapture

faults: parts ## lost, late, doubled and cut answers, killed processes
	cargo test --test service -- faults:: killed:: stopping::

MUTANTS ?= rate.rs rate/*.rs charge/*.rs number/*.rs recurring/*.rs terms/*.rs time/*.rs
mutants: tools ## plant mistakes where amounts are made, and list those that no test notices: hours, or MUTANTS='rate.rs'
	@command -v cargo-mutants >/dev/null || cargo install cargo-mutants --locked
	cargo mutants --package highwater-rating --jobs 1 --timeout 120 --output target \
		$(foreach file,$(MUTANTS),--file 'dataflows/rating/src/$(file)')

bench: tools ## measure, beside the references, in one run
	@tests/parts/install-tools bench
	@tests/parts/install-duckdb >/dev/null
	cargo bench --bench w1
	@tests/parts/install-clickhouse
	@tests/parts/install-kafka
	cargo bench --bench kafka
	cargo bench -p highwater-forecast --bench refit
	cargo bench -p highwater-dataflows --bench rerate

check: tools ## formatting and clippy
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

engine: ## the ClickHouse engine as a library, 178 MB to fetch, 566 MB on disk
	@tests/parts/install-tools engine
	@tests/parts/install-clickhouse

parts: tools engine ## what the tests run against: the ClickHouse engine, Apache Kafka, Stripe's mock
	@tests/parts/install-tools kafka
	@tests/parts/install-kafka
	-@tests/parts/install-stripe-mock

tools: ## compiler, pkg-config, OpenSSL's headers
	@tests/parts/install-tools build

build: tools ## the highwater program
	cargo build --bin highwater
