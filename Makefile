# Each goal that builds installs what is missing first, through apt and as root;
# otherwise it says in one line what to install.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Rust as rustup leaves it, for shells that haven't read its environment file yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help run test dist bench test-kernels test-fleet setup clean

help: ## Say what the goals are
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

run: setup ## Build, and diagnose this host (ARGS="--format yaml" adds arguments)
	@cargo build --release
	@scripts/run $(ARGS)

test: setup ## Check format, lints and documentation, run all tests but those on real kernels
	@scripts/test

dist: setup ## Build the one file that runs on any Linux: target/dist/bpf-doctor
	@scripts/dist

bench: setup ## Compare `check` and `features` with bpftool, `explain` with grep, `fleet` with parsers and scripts
	@scripts/setup benches/packages.txt
	@cargo bench --quiet --bench peer
	@cargo bench --quiet --bench explain
	@cargo bench --quiet --bench fleet-bench

test-kernels: dist ## Boot real kernels under QEMU and compare what the doctor says there
	@scripts/setup tests/kernels/packages.txt
	@cargo test --test kernels

test-fleet: dist ## Try docs/fleet with real Prometheus, Ansible over ssh, containers and a browser (as root)
	@scripts/setup tests/fleet/packages.txt
	@tests/fleet/prometheus
	@tests/fleet/ansible
	@tests/fleet/kubernetes
	@tests/fleet/page

setup: ## Install the system packages the build needs
	@scripts/setup scripts/packages.txt

clean: ## Remove what was built
	@cargo clean
