# SPDX-License-Identifier: Apache-2.0
# The only front door. `make help` lists the doors.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := dev
MAKEFLAGS += --no-builtin-rules

VERSION := 0.1.0
FLAVOUR ?= dev
B := build/$(FLAVOUR)

LIBS := libcrypto libssl sqlite3 jansson zlib
# Headers only: these libraries are opened at run time by the one file that needs them.
LAZY := libcurl libpq libqrencode libbrotlienc

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wmissing-prototypes -Wstrict-prototypes \
            -Wwrite-strings -Wconversion -Wimplicit-fallthrough -Wno-missing-field-initializers
COMMON := -std=gnu2x -D_GNU_SOURCE -DCARDEA_VERSION='"$(VERSION)"' -Isrc -I$(B)/generated \
          -include src/base/banned.h -g -fno-common -fvisibility=hidden -fno-strict-aliasing \
          -fno-delete-null-pointer-checks -MMD -MP $(WARNINGS)

FLAGS_dev := -O1 -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_thread := -O1 -Werror -fsanitize=thread -fno-omit-frame-pointer
# clang's own: also what a conversion loses without saying so.
FLAGS_clang := -O1 -Werror -fsanitize=address,undefined,implicit-conversion,nullability -fno-sanitize-recover=all \
               -fno-omit-frame-pointer
FLAGS_plain := -O1 -Werror
FLAGS_cover := -O0 -Werror --coverage
FLAGS_fuzz := -O1 -Werror -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -DFUZZING
FLAGS_release := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
                 -fstack-clash-protection -fcf-protection=full -fPIE
# The last: loops over the bytes of a header become vector code, a twelfth of a session check's own time.
GCC_release := -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr -Wtrampolines -Wbidi-chars=any \
               -ffunction-sections -fdata-sections -fvect-cost-model=dynamic
LINK_dev := -fsanitize=address,undefined
LINK_thread := -fsanitize=thread
LINK_clang := -fsanitize=address,undefined,implicit-conversion
LINK_cover := --coverage
LINK_fuzz := -fsanitize=address,undefined,fuzzer
LINK_release := -pie -s -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed -Wl,--gc-sections

CC := gcc
ifneq ($(filter fuzz clang,$(FLAVOUR)),)
CC := clang
endif
ifeq ($(CC),clang)
COMMON += -Wno-string-conversion
endif
ifeq ($(FLAVOUR)-$(CC),release-gcc)
FLAGS_release += $(GCC_release)
endif

# pkg-config is asked only when something is compiled, so that `make help` works on a bare machine.
CFLAGS = $(COMMON) $(FLAGS_$(FLAVOUR)) $(shell pkg-config --cflags $(LIBS) $(LAZY) 2>/dev/null)
LDLIBS = $(LINK_$(FLAVOUR)) $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lzxcvbn -lpthread -lm -ldl

SOURCES := $(sort $(wildcard src/*.c src/*/*.c src/*/*/*.c))
LIBRARY := $(filter-out src/main.c,$(SOURCES))
TESTS := $(sort $(filter-out test/fuzz/% test/bench/% test/e2e/%,$(wildcard test/*.c test/*/*.c test/*/*/*.c)))
CATALOGUES := $(sort $(wildcard ui/locales/*.json))
ASSETS := $(filter-out ui/locales/%,$(sort $(wildcard ui/* ui/*/* ui/*/*/*) $(wildcard migrations/*.sql data/*.list)))

OBJECTS = $(LIBRARY:%.c=$(B)/%.o) $(B)/generated/assets.o $(B)/generated/catalogues.o
BENCHES := $(patsubst test/bench/%.c,%,$(wildcard test/bench/*.c))
FUZZERS := $(patsubst test/fuzz/%.c,%,$(wildcard test/fuzz/fuzz_*.c))

##@ Daily
dev: $(B)/cardea ## build with sanitizers (build/dev/cardea)

run: ## install what is missing, build, start on http://localhost:8080
	@tools/install build
	@$(MAKE) --no-print-directory -j$$(nproc) FLAVOUR=release build/release/cardea
	@exec build/release/cardea serve --dev

test: ## install what the tests need and run them all
	@tools/install build test
	@$(MAKE) --no-print-directory -j$$(nproc) FLAVOUR=dev build/dev/cardea build/dev/test-cardea
	@$(MAKE) --no-print-directory -j$$(nproc) FLAVOUR=release build/release/cardea
	@tools/run-tests

release: ## the shipped binary: build/release/cardea
	@tools/install build
	@$(MAKE) --no-print-directory -j$$(nproc) FLAVOUR=release build/release/cardea

check: ## format, layers, tables, banned calls, sizes, generated docs, static analysis
	@tools/install build check
	@tools/check

##@ Longer runs
bench: ## every figure of the design as a ratio, in one run
	@tools/install build test bench
	@$(MAKE) --no-print-directory release
	@$(MAKE) --no-print-directory FLAVOUR=release $(BENCHES:%=build/release/bench-%)
	@test/bench/run

fuzz: ## fuzz every parser, FUZZ_SECONDS each (default 600)
	@tools/install build test
	@tools/run-fuzz $${FUZZ_SECONDS:-600}

soak: ## the tests of a night, SOAK_MINUTES long (default 480): sanitizers, torture, kills, fuzzing
	@tools/install build test soak
	@tools/run-soak

cover: ## line coverage of the unit and feature tests (build/cover/index.txt)
	@tools/install build test
	@tools/run-cover

##@ Upkeep
docs: $(B)/cardea ## write docs/reference/ from the tables
	@tools/write-reference $(B)/cardea

format: ## reformat the sources
	@clang-format -i $$(git ls-files 'src/*.[ch]' 'test/*.[ch]' 'tools/*.[ch]')

compile_commands.json: ; @bear -- $(MAKE) -B build/dev/cardea
clean: ## remove build/
	@rm -rf build
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {print "\n" substr($$0, 5)} \
	      /^[a-z_-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

# --- how things are made -------------------------------------------------------------------------
$(B)/cardea: $(B)/src/main.o $(OBJECTS)
	@$(CC) -o $@ $^ $(LDLIBS)

$(B)/test-cardea: $(TESTS:%.c=$(B)/%.o) $(OBJECTS)
	@$(CC) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs libargon2 2>/dev/null)

$(B)/fuzz_webauthn: $(B)/test/soft_authenticator.o
$(B)/fuzz_%: $(B)/test/fuzz/fuzz_%.o $(OBJECTS)
	@$(CC) -o $@ $^ $(LDLIBS)

# This one walks through a whole house: that of the feature tests.
HOUSE := test/test.c test/store.c test/redis.c test/soft_authenticator.c test/feature/world.c \
	test/feature/conform.c test/feature/passkeys.c $(wildcard test/feature/stateful*.c)
$(B)/fuzz_stateful: $(HOUSE:%.c=$(B)/%.o)

$(B)/bench-passkey: $(B)/test/soft_authenticator.o
$(B)/bench-%: $(B)/test/bench/%.o $(OBJECTS)
	@$(CC) -o $@ $^ $(LDLIBS)

$(B)/test/%.o: CFLAGS += -Itest

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  cc $<"
	@$(CC) $(CFLAGS) -c -o $@ $<

build/embed: tools/embed.c
	@mkdir -p build
	@gcc -O1 -std=gnu2x -Wall -Wextra -o $@ $< -lz -lbrotlienc

$(B)/generated/assets.c: build/embed $(ASSETS)
	@mkdir -p $(@D)
	@build/embed ui migrations $(wildcard data/*.list) >$@.new && mv $@.new $@

build/catalogues: tools/catalogues.c
	@mkdir -p build
	@gcc -O1 -std=gnu2x -Wall -Wextra -o $@ $< -ljansson

$(B)/generated/catalogues.c: build/catalogues $(CATALOGUES)
	@mkdir -p $(@D)
	@build/catalogues $(CATALOGUES) >$@.new && mv $@.new $@

$(B)/generated/%.o: $(B)/generated/%.c
	@$(CC) $(CFLAGS) -c -o $@ $<

fuzzers: $(FUZZERS:%=$(B)/%)
# For the checks: the very flags a source is compiled with.
flags: ; @echo $(CFLAGS)
-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: dev run test release check bench fuzz soak cover docs format clean help fuzzers flags
.SECONDARY:
