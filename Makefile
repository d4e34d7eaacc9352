# Weir: one Makefile for everything. `make help` lists the targets.
.DEFAULT_GOAL := all
SHELL := /bin/bash
MAKEFLAGS += --no-builtin-rules

CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
SAN     ?=
# Not empty: deliberate breakages are compiled in (common/base/sabotage.h), to try the tests.
SABOTAGE ?=
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
comma   := ,

# Each compiler and each set of sanitizers has a tree of its own, so they never mix.
flavour := $(notdir $(CC))$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(SABOTAGE),-sabotage)
B       := build/$(flavour)

# --- what there is: the list of files is the architecture ------------------------------------
LIBS    := base model http kafka mongo store obs auth app
DAEMONS := ingest aggregator alerter dashboard
TOOLS   := load ctl
# Every program is weir-NAME but this one.
bin_ctl := weirctl
bin_of   = $(B)/bin/$(or $(bin_$(1)),weir-$(1))
PROGRAMS = $(foreach p,$(DAEMONS) $(TOOLS),$(call bin_of,$(p)))

src_of   = $(wildcard $(1)/*.c)
obj_of   = $(patsubst %.c,$(B)/obj/%.o,$(call src_of,$(1)))
lib_of   = $(B)/lib/libweir_$(1).a

# What each library is linked from: itself and what is below it, nothing else.
below_base  := base
below_model := model base
below_http  := http model base
below_kafka := kafka model base
below_mongo := mongo model base
below_store := store mongo model base
below_obs   := obs model base
below_auth  := auth http obs model base
below_app   := app auth http kafka obs model base

pkgs_base  := libxxhash libcrypto
pkgs_model := $(pkgs_base)
pkgs_http  := $(pkgs_base) libevent_core
pkgs_kafka := $(pkgs_base) rdkafka
pkgs_mongo := $(pkgs_base) libmongoc-1.0
pkgs_store := $(pkgs_mongo)
pkgs_obs   := $(pkgs_base)
pkgs_auth  := $(pkgs_http) jansson zlib
pkgs_app   := $(pkgs_auth) rdkafka
pkgs_ingest     := $(pkgs_app) zlib
pkgs_aggregator := $(pkgs_app) libmongoc-1.0
pkgs_alerter    := $(pkgs_app) libmongoc-1.0
pkgs_dashboard  := $(pkgs_app) libmongoc-1.0
pkgs_load       := $(pkgs_base) libevent_core
pkgs_ctl        := $(pkgs_app) libmongoc-1.0
libs_ingest     := $(below_app)
libs_aggregator := app auth http kafka store mongo obs model base
libs_alerter    := $(libs_aggregator)
libs_dashboard  := $(libs_aggregator)
libs_load       := model base
libs_ctl        := $(libs_aggregator)

# --- flags -----------------------------------------------------------------------------------
REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wconversion \
        -Wundef -Wpointer-arith -Wwrite-strings -Werror
OPT  := $(if $(SAN),-O1 -fno-omit-frame-pointer,-O2 -D_FORTIFY_SOURCE=2)
# Control-flow protection and stack probes are the processor's: gcc and clang know them on x86-64.
HARDEN := -fstack-protector-strong -fPIE $(if $(findstring x86_64,$(shell $(CC) -dumpmachine)),-fcf-protection=full -fstack-clash-protection)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) $(if $(findstring undefined,$(SAN)),-fno-sanitize-recover=undefined))
# Third-party headers are not ours to warn about.
SYSTEM_INC := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags-only-I libmongoc-1.0 2>/dev/null))
CFLAGS_ALL := -std=c11 -D_GNU_SOURCE -I. $(SYSTEM_INC) -g $(OPT) $(WARN) $(HARDEN) $(SANFLAGS) \
              $(if $(SABOTAGE),-DWEIR_SABOTAGE) $(CFLAGS)
LDFLAGS_ALL := -pie -Wl,-z,relro,-z,now,-z,noexecstack $(SANFLAGS) $(LDFLAGS)
# ThreadSanitizer does not know C11 threads, which librdkafka uses.
tsan_shim := $(if $(findstring thread,$(SAN)),$(B)/obj/tests/support/c11_threads.o)
pkg_libs = $(shell pkg-config --libs $(1)) -lm -lpthread

# `make V=1` shows the whole commands.
V ?=
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-3s %s\n' $(1) $(2))

.PHONY: all programs images deb help setup demo down test tests-built unit sim sabotage sabotage-built chaos e2e fuzz fuzzers-built differential bench lint lint-deploy fmt clean install deps-present
.SECONDARY:

all: deps-present $(PROGRAMS) build/bin ## builds everything; V=1 shows the commands

help: ## lists the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 14

# Names the missing packages instead of letting the compiler stumble over a header.
deps-present:
	@tools/setup --check packages

# build/bin shows the plain gcc build, or the first one there is; others are addressed by their path.
build/bin: | $(B)/bin
	@[ '$(flavour)' != gcc ] && [ -e build/bin ] || ln -sfn $(flavour)/bin build/bin

# The assembler puts this file into the program.
$(B)/obj/ingest/openapi.o: ingest/openapi.json

# --version tells the revision: it is compiled again when that moves.
$(B)/obj/common/app/version.o: $(wildcard .git/logs/HEAD)

$(B)/bin:
	@mkdir -p $@

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -DWEIR_VERSION='"$(VERSION)"' $(if $(findstring version.c,$<),-DWEIR_REVISION='"$(REVISION)"') -MMD -MP -c $< -o $@

define lib_rule
$(call lib_of,$(1)): $(call obj_of,common/$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef
$(foreach l,$(LIBS),$(eval $(call lib_rule,$(l))))

# $(1) name, $(2) folder: everything but main.c also goes into an archive, for the tests.
define program_rule
$(B)/lib/lib$(1).a: $(filter-out %/main.o,$(call obj_of,$(2)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
$(call bin_of,$(1)): $(B)/obj/$(2)/main.o $(B)/lib/lib$(1).a $(foreach l,$(libs_$(1)),$(call lib_of,$(l))) $(tsan_shim)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$(CC) -o $$@ $$^ $(LDFLAGS_ALL) $$(call pkg_libs,$(pkgs_$(1)))
endef
$(foreach d,$(DAEMONS),$(eval $(call program_rule,$(d),$(d))))
$(foreach t,$(TOOLS),$(eval $(call program_rule,$(t),tools/$(t))))

# --- tests -------------------------------------------------------------------------------------
# tests/unit/NAME is one binary, linked from the folder NAME and what is below it only.
UNITS := $(patsubst tests/unit/%/,%,$(sort $(dir $(wildcard tests/unit/*/*.c))))
unit_libs = $(if $(filter $(1),$(LIBS)),$(foreach l,$(below_$(1)),$(call lib_of,$(l))),\
            $(B)/lib/lib$(1).a $(foreach l,$(libs_$(1)),$(call lib_of,$(l))))
unit_support = $(B)/obj/tests/unit/unit.o $(B)/obj/tests/unit/guard.o
define unit_rule
$(B)/test/unit_$(1): $(call obj_of,tests/unit/$(1)) $(unit_support) $(call unit_libs,$(1)) $(tsan_shim)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$(CC) -o $$@ $$^ $(LDFLAGS_ALL) $$(call pkg_libs,$(pkgs_$(1)) check jansson)
endef
$(foreach u,$(UNITS),$(eval $(call unit_rule,$(u))))

$(B)/test/sim: $(call obj_of,tests/sim) $(B)/lib/libaggregator.a $(B)/lib/libalerter.a $(foreach l,$(libs_aggregator),$(call lib_of,$(l)))
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(call pkg_libs,$(pkgs_aggregator))

# --- fuzzing: tests/fuzz/fuzz_NAME.c is a property; libFuzzer looks for inputs that break it ------
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
# What each is linked from beside tests/fuzz/fuzz.c: what it tests, and oracles of the unit tests.
fuzz_parts_json    := tests/unit/base/json_transcript tests/unit/base/jansson_oracle
fuzz_parts_reading := tests/fuzz/record tests/unit/model/reading_oracle
fuzz_parts_line    := tests/fuzz/record ingest/line_protocol ingest/line_scan ingest/line_parts ingest/line_value
fuzz_parts_gunzip  := ingest/gunzip
fuzz_libs          := auth http obs model base
fuzz_from = $(patsubst %,$(B)/obj/%.o,$(1) tests/fuzz/fuzz $(fuzz_parts_$(2))) \
            $(foreach l,$(fuzz_libs),$(call lib_of,$(l)))
define fuzz_rule
$(B)/fuzz/fuzz_$(1): $(call fuzz_from,tests/fuzz/fuzz_$(1),$(1))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$(CC) -o $$@ $$^ -fsanitize=fuzzer $(LDFLAGS_ALL) $$(call pkg_libs,$(pkgs_auth))
$(B)/test/corpus_$(1): $(call fuzz_from,tests/fuzz/fuzz_$(1) tests/fuzz/replay,$(1))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$(CC) -o $$@ $$^ $(LDFLAGS_ALL) $$(call pkg_libs,$(pkgs_auth))
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz_rule,$(f))))

fuzzers-built: $(FUZZERS:%=$(B)/fuzz/fuzz_%)

# Preloaded into a daemon by the tests of faults; never sanitized, as they wrap what sanitizers wrap.
FAULTS := $(B)/faults/fail_calls.so $(B)/faults/fail_memory.so
$(B)/faults/fail_calls.so: tests/faults/fail_calls.c tests/faults/fail_control.c tests/faults/fail_calls.h
$(B)/faults/fail_memory.so: tests/faults/fail_memory.c tests/faults/fail_calls.h
$(FAULTS):
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -I. -g -O2 $(WARN) -fPIC -shared -o $@ $(filter %.c,$^) -ldl

tests-built: deps-present $(UNITS:%=$(B)/test/unit_%) $(FUZZERS:%=$(B)/test/corpus_%) \
             $(B)/test/sim $(B)/test/store_sink $(FAULTS)

$(B)/test/store_sink: $(call obj_of,tests/store) $(B)/obj/tests/unit/aggregator/stage.o $(B)/lib/libaggregator.a $(foreach l,$(libs_aggregator),$(call lib_of,$(l)))
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(call pkg_libs,$(pkgs_aggregator) check)

# Set-up comes first and may bring the compiler itself, so what follows it is a make of its own.
JOBS := -j$(shell nproc)

setup: ## installs what is missing on this machine
	@tools/setup

demo: setup ## builds, starts everything, sends ten seconds of readings, proves that none was lost
	@$(MAKE) --no-print-directory $(JOBS) all
	@tools/demo

down: ## stops what demo started
	@tools/stack down

test: setup ## every test, against a Kafka and a store of its own
	@$(MAKE) --no-print-directory $(JOBS) all tests-built
	@$(MAKE) --no-print-directory $(JOBS) $(sabotaged)
	@tools/test --build $(B)

unit: ## the unit tests alone
	@$(MAKE) --no-print-directory $(JOBS) tests-built
	@tools/test --build $(B) unit

sim: ## the simulated crashes alone; SIM_SEEDS=10000
	@$(MAKE) --no-print-directory $(JOBS) $(B)/test/sim
	@tools/test --build $(B) sim

# A tree of its own, always plain: it is there to be caught, not to be checked.
sabotaged := CC=gcc SAN= SABOTAGE=1 sabotage-built
sabotage-built: $(B)/test/sim $(B)/test/unit_aggregator $(foreach d,$(DAEMONS) ctl,$(call bin_of,$(d)))

sabotage: setup ## seventeen deliberate mistakes, each of which a test must catch
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(MAKE) --no-print-directory $(JOBS) $(sabotaged)
	@tests/sabotage/run --clean $(B) sim processes

chaos: setup ## kills, stops and cuts off real processes under load; CHAOS_FAULTS=60 CHAOS_SEED=random CHAOS_STOP_SECONDS=9
	@$(MAKE) --no-print-directory $(JOBS) all
	@WEIR_BIN=$(CURDIR)/$(B)/bin .deps/venv/bin/python tests/chaos/main.py

e2e: ## the end-to-end tests alone; E2E_MARK=plain: those that a sanitized build leaves out
	@$(MAKE) --no-print-directory $(JOBS) all $(FAULTS)
	@tools/test --build $(B) e2e

fuzz: setup ## looks for inputs that break a parser; FUZZ_SECONDS=60 for each
	@$(MAKE) --no-print-directory $(JOBS) CC=clang SAN=fuzzer-no-link,address,undefined B=build/fuzz fuzzers-built
	@tests/fuzz/run --build build/fuzz

differential: setup ## the JSON and reading decoders against jansson, a million documents each
	@$(MAKE) --no-print-directory $(JOBS) $(B)/test/unit_base $(B)/test/unit_model
	@DIFFERENTIAL_DOCUMENTS=$${DIFFERENTIAL_DOCUMENTS:-1000000} tools/test --build $(B) differential

bench: setup ## measures, against yardsticks in the same run; PEERS=1: other programs too
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCHES:%=$(B)/bench/%)
	@.deps/venv/bin/python tests/bench/bench.py --build $(B) $(if $(PEERS),--peers)

# tests/bench/NAME.c is a program: a yardstick, or a part of Weir alone.
BENCHES := $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/*.c))
bench_daemon_bench_aggregator := aggregator
bench_libs_bench_aggregator := $(libs_aggregator)
bench_pkgs_bench_aggregator := $(pkgs_aggregator)
bench_libs_bench_http    := $(below_http)
bench_libs_bench_reading := $(below_model)
bench_libs_yard_produce  := base
bench_pkgs_bench_http    := $(pkgs_http)
bench_pkgs_bench_reading := $(pkgs_model)
bench_pkgs_yard_produce  := rdkafka
bench_pkgs_yard_evhttp   := libevent
define bench_rule
$(B)/bench/$(1): $(B)/obj/tests/bench/$(1).o $(bench_daemon_$(1):%=$(B)/lib/lib%.a) $(foreach l,$(bench_libs_$(1)),$(call lib_of,$(l)))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$(CC) -o $$@ $$^ $(LDFLAGS_ALL) $$(if $(bench_pkgs_$(1)),$$(call pkg_libs,$(bench_pkgs_$(1))))
endef
$(foreach b,$(BENCHES),$(eval $(call bench_rule,$(b))))

lint: setup ## form, layers, refused calls, settings and docs that agree; both compilers
	@$(MAKE) --no-print-directory $(JOBS) CC=clang all tests-built
	@$(MAKE) --no-print-directory $(JOBS) all
	@tools/lint/all

lint-deploy: setup ## what can be checked of the deployment without a cluster: manifests, schemas, policy
	@tools/setup deploy
	@$(MAKE) --no-print-directory $(JOBS) all
	@tools/deploy-lint/all

images: ## the images of the Dockerfile, built and started without a container engine
	@tools/setup deploy
	@tools/images

deb: setup ## a Debian package of each program into build/deb/packages, installed and started in a chroot
	@tools/setup deploy
	@$(MAKE) --no-print-directory $(JOBS) all
	@tools/deb
	@tools/deb-check

fmt: ## formats the C code
	clang-format -i $(C_FILES)

C_FILES = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h')

# Without the check of packages, which wants those of the tests too: for images and packages.
programs: $(PROGRAMS)

install: programs ## into PREFIX (/usr/local), below DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin

clean: ## removes what was built; .deps and .run stay
	rm -rf build

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
