# Suyuan: one Makefile, not recursive.  Objects live in $(BUILD)/<variant>/.
#
#   make            programs in build/release/
#   make check      tests (T=module C=case; T=black K=expression for the whole programs)
#   make demo       a ledger with four trades, from nothing; KEEP=1 leaves it running
#   make fuzz       the fuzzers, one a core, FUZZ_SECONDS=60 each (T=json: one); KEEP=1 keeps what
#                   they found new
#   make coverage   lines that tests and corpora reach; parsers must reach 90 %
#   make soak       every fault at every call, SOAK_SECONDS of load with kills (an hour), an import of
#                   100,000 rows with kills, then each fuzzer for SOAK_FUZZ seconds (ten minutes)
#   make bench      figures, as a table and as build/bench.json (K="bulk checks": some of them);
#                   PEER=postgres: beside PostgreSQL, which it installs, starts and stops;
#                   GROW=1: at 1, 10 and 50 million lots, as far as the disk has room (60 GB) and
#                   GROW_MAX=10 (million) allows
#   make lint       formatting, static analysis, shell and Python checks (TIDY_NODES=225000: deeper)
#   make man        the commands of the manual page, from the program's own help
#   make deps       Debian packages that the project needs
#   make install    DESTDIR=, PREFIX=
#
# Variants: release debug asan tsan coverage fuzz, chosen by V=; `make V=asan check`.

V        ?= release
BUILD    ?= build
B        := $(BUILD)/$(V)
PREFIX   ?= /usr/local
DESTDIR  ?=
VERSION  := 0.1.0
PYTHON   ?= /usr/bin/python3

CC       ?= cc
PKGS_LIB := libsodium libcrypto
PKGS_DAEMON := lmdb libevent libevent_pthreads inih libcurl
PKGS_CLI := libcurl expat
PKGS_TEST := check

WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Werror
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fPIE
COMMON   := -std=c11 -D_GNU_SOURCE -DSUYUAN_VERSION='"$(VERSION)"' -g -pthread $(WARN) \
            -ffile-prefix-map=$(CURDIR)=.
LINK     := -pie -pthread -Wl,-z,relro,-z,now

ifeq ($(V),release)
OPT      := -O2 -D_FORTIFY_SOURCE=2 $(HARDEN)
else ifeq ($(V),debug)
OPT      := -O0 $(HARDEN)
else ifeq ($(V),asan)
OPT      := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -fPIE
LINK     += -fsanitize=address,undefined
else ifeq ($(V),tsan)
OPT      := -O1 -fno-omit-frame-pointer -fsanitize=thread -fPIE
LINK     += -fsanitize=thread
else ifeq ($(V),coverage)
OPT      := -O0 --coverage -fPIE
LINK     += --coverage
else ifeq ($(V),fuzz)
CC       := clang
OPT      := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
            -fno-sanitize-recover=all -fPIE
LINK     += -fsanitize=address,undefined
else
$(error V=$(V) is none of release debug asan tsan coverage fuzz)
endif

# The sources, by room.
LIB_C    := $(sort $(wildcard lib/*.c))
DAEMON_C := $(sort $(wildcard daemon/*.c daemon/*/*.c))
CLI_C    := $(sort $(wildcard cli/*.c))
UNIT_C   := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_C   := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_C  := $(sort $(wildcard tests/bench/*.c))

obj       = $(patsubst %.c,$(B)/obj/%.o,$(1))
LIB_O    := $(call obj,$(LIB_C))
DAEMON_O := $(call obj,$(DAEMON_C))
CLI_O    := $(call obj,$(CLI_C))
# What unit tests link of the two programs: everything but their mains.
ROOMS_O  := $(filter-out $(B)/obj/daemon/main.o,$(DAEMON_O))
CLIROOM_O := $(filter-out $(B)/obj/cli/main.o,$(CLI_O))

LIB_A    := $(B)/libsuyuan.a
SUYUAND  := $(B)/suyuand
SUYUAN   := $(B)/suyuan
UNIT     := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_C))
FUZZ     := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ_C))
BENCH    := $(patsubst tests/bench/%.c,$(B)/bench/%,$(BENCH_C))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all programs check soak demo fuzz coverage bench lint \
        format man install deps deps-postgres clean units fuzzers benches

all: programs
programs: $(SUYUAND) $(SUYUAN) $(LIB_A)
units: $(UNIT)
fuzzers: $(FUZZ)
benches: $(BENCH)

include tests/deps.mk

# Flags are tracked: a change of compiler or flags rebuilds.
pc        = $(shell pkg-config $(1) $(2) 2>/dev/null)
CFLAGS_ALL = $(COMMON) $(OPT) $(CFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(B)
	@echo '$(CC) $(CFLAGS_ALL) $(LINK) $(LDFLAGS)' | cmp -s - $@ || \
	 echo '$(CC) $(CFLAGS_ALL) $(LINK) $(LDFLAGS)' >$@
FORCE:

compile = @mkdir -p $(@D) && $(CC) $(CFLAGS_ALL) -MMD -MP $(1) -c $< -o $@ && echo '  CC   $<'
$(B)/obj/lib/%.o: lib/%.c $(B)/flags
	$(call compile,-Iinclude $(call pc,--cflags,$(PKGS_LIB)))
$(B)/obj/daemon/%.o: daemon/%.c $(B)/flags
	$(call compile,-Iinclude -Idaemon -I$(B)/gen $(call pc,--cflags,$(PKGS_LIB) $(PKGS_DAEMON)))
$(B)/obj/cli/%.o: cli/%.c $(B)/flags
	$(call compile,-Iinclude $(call pc,--cflags,$(PKGS_LIB) $(PKGS_CLI)))
$(B)/obj/tests/%.o: tests/%.c $(B)/flags
	$(call compile,-Iinclude -Idaemon -Icli -Itests $(call pc,--cflags,$(PKGS_LIB) \
	 $(PKGS_DAEMON) $(PKGS_CLI) $(PKGS_TEST)))

# The default rules are the files that a regulator reads.
RULES    := $(sort $(wildcard conf/profiles/*.ini conf/recalls/*.ini))
$(B)/gen/default_rules.inc: conf/profiles/embed.py $(RULES)
	@mkdir -p $(@D) && $(PYTHON) $^ >$@
$(B)/obj/daemon/admit/default_rules.o: $(B)/gen/default_rules.inc

$(LIB_A): $(LIB_O)
	@rm -f $@ && ar rcsD $@ $^ && echo '  AR   $@'
$(B)/librooms.a: $(ROOMS_O)
	@rm -f $@ && ar rcsD $@ $^
$(B)/libcli.a: $(CLIROOM_O)
	@rm -f $@ && ar rcsD $@ $^

link = @mkdir -p $(@D) && $(CC) $(CFLAGS_ALL) $(LINK) $(1) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) \
	$(call pc,--libs,$(2)) -lm && echo '  LINK $@'
$(SUYUAND): $(DAEMON_O) $(LIB_A)
	$(call link,,$(PKGS_DAEMON) $(PKGS_LIB))
$(SUYUAN): $(CLI_O) $(LIB_A)
	$(call link,,$(PKGS_CLI) $(PKGS_LIB))
$(B)/unit/%: $(B)/obj/tests/unit/%.o $(B)/obj/tests/unit/run.o $(B)/obj/tests/unit/faults.o $(B)/librooms.a $(B)/libcli.a $(LIB_A)
	$(call link,-Wl$(comma)--wrap=malloc$(comma)--wrap=calloc$(comma)--wrap=realloc,\
	 $(PKGS_TEST) $(PKGS_DAEMON) $(PKGS_CLI) $(PKGS_LIB))
comma := ,
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(if $(filter fuzz,$(V)),,$(B)/obj/tests/fuzz/replay.o) \
             $(B)/librooms.a $(B)/libcli.a $(LIB_A)
	$(call link,$(if $(filter fuzz,$(V)),-fsanitize=fuzzer),$(PKGS_DAEMON) $(PKGS_CLI) $(PKGS_LIB))
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/librooms.a $(LIB_A)
	$(call link,,$(PKGS_DAEMON) $(PKGS_LIB))

# --- tests: one module T=merkle, one case C=append; T=black K=expression --------------------------
T        ?=
C        ?=
K        ?=

# What installs packages does so before anything is compiled.
ifneq ($(filter check soak demo fuzz coverage bench lint,$(MAKECMDGOALS)),)
$(B)/flags: | deps
endif

# Preloaded into the daemon, so it keeps to itself: no sanitizer, nothing of ours linked.
SHIM     := $(B)/fault/shim.so
$(SHIM): tests/fault/shim.c $(B)/flags
	@mkdir -p $(@D) && $(CC) -std=c11 -D_GNU_SOURCE -g -O2 -pthread $(WARN) -fPIC -shared $< -o $@ \
	 && echo '  CC   $<'

check: programs units fuzzers $(SHIM) $(B)/bench/load
	@$(PYTHON) tests/check.py --variant $(V) --build $(BUILD) $(if $(T),--only '$(T)') \
	 $(if $(C),--case '$(C)') $(if $(K),--black '$(K)')

SOAK_SECONDS ?= 3600
SOAK_FUZZ ?= 600
soak: programs $(SHIM)
	@SUYUAN_BUILD='$(abspath $(B))' SUYUAN_VARIANT=$(V) $(PYTHON) tests/fault/soak.py $(SOAK_SECONDS)
	@SUYUAN_BUILD='$(abspath $(B))' SUYUAN_VARIANT=$(V) SUYUAN_ROWS=100000 \
	 $(PYTHON) -m pytest -q -p no:cacheprovider tests/black/test_mixed.py
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=$(SOAK_FUZZ)

demo: programs
	@BUILD='$(BUILD)' B='$(B)' $(PYTHON) tests/demo.py

# Each in its own variant, whatever V says.
FUZZ_SECONDS ?= 60
KEEP     ?=
fuzz:
	@$(MAKE) --no-print-directory V=fuzz fuzzers
	@$(PYTHON) tests/fuzz/run.py --build $(BUILD) --seconds $(FUZZ_SECONDS) \
	 $(if $(T),--only '$(T)') $(if $(KEEP),--keep)

coverage:
	@$(MAKE) --no-print-directory V=coverage units fuzzers
	@$(PYTHON) tests/coverage.py --build $(BUILD)

PEER     ?=
GROW     ?=
GROW_MAX ?=
bench: programs benches $(if $(PEER),deps-$(PEER))
	@BUILD='$(BUILD)' B='$(B)' PEER='$(PEER)' GROW='$(GROW)' GROW_MAX='$(GROW_MAX)' $(PYTHON) tests/bench/bench.py $(K)

# --- lint: formatting, static analysis, shell, manual pages, Python -----------------------------
ALL_C    := $(LIB_C) $(DAEMON_C) $(CLI_C)
TIDY     := $(addprefix $(BUILD)/tidy/,$(addsuffix .ok,$(ALL_C)))
# How many steps the analyser may take through a function.  Of its own 225,000 most go to the same few
# functions, round their loops once more, and reach hardly a block that these don't.
TIDY_NODES ?= 40000

$(BUILD)/tidy/%.c.ok: %.c .clang-tidy $(B)/gen/default_rules.inc
	@mkdir -p $(@D) && clang-tidy --quiet $< -- -std=c11 -D_GNU_SOURCE -Iinclude -Idaemon -I$(B)/gen \
	 -DSUYUAN_VERSION='"$(VERSION)"' $(call pc,--cflags,$(PKGS_LIB) $(PKGS_DAEMON) $(PKGS_CLI)) \
	 -Xclang -analyzer-config -Xclang max-nodes=$(TIDY_NODES) 2>$@.log || { cat $@.log; exit 1; }
	@echo '  TIDY $<' && touch $@

lint: $(TIDY)
	clang-format --dry-run -Werror $$(git ls-files -co --exclude-standard '*.c' '*.h')
	shellcheck .ci/run conf/completions/suyuan.bash
	mandoc -Tlint -Wwarning conf/man/*.[18]
	$(PYTHON) -m pyflakes $$(git ls-files -co --exclude-standard '*.py')
	$(PYTHON) tests/rooms.py

man: programs
	$(PYTHON) conf/man/commands.py $(SUYUAN) conf/man/suyuan.1

format:
	clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

# --- install -------------------------------------------------------------------------------------
inst      = install -D -m $(1) $(2) $(DESTDIR)$(3)

install: programs
	$(call inst,755,$(SUYUAND),$(PREFIX)/sbin/suyuand)
	$(call inst,755,$(SUYUAN),$(PREFIX)/bin/suyuan)
	$(call inst,644,$(LIB_A),$(PREFIX)/lib/libsuyuan.a)
	install -d $(DESTDIR)$(PREFIX)/include/suyuan $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 644 include/suyuan/*.h $(DESTDIR)$(PREFIX)/include/suyuan/
	sed 's|@PREFIX@|$(PREFIX)|;s|@VERSION@|$(VERSION)|' conf/suyuan.pc.in \
	 >$(DESTDIR)$(PREFIX)/lib/pkgconfig/suyuan.pc
	$(call inst,644,conf/man/suyuan.1,$(PREFIX)/share/man/man1/suyuan.1)
	$(call inst,644,conf/man/suyuand.8,$(PREFIX)/share/man/man8/suyuand.8)
	$(call inst,644,conf/suyuand.ini,$(PREFIX)/share/suyuan/suyuand.ini)
	$(call inst,644,conf/exemption.ini,$(PREFIX)/share/suyuan/exemption.ini)
	install -d $(DESTDIR)$(PREFIX)/share/suyuan/profiles
	install -m 644 conf/profiles/*.ini $(DESTDIR)$(PREFIX)/share/suyuan/profiles/
	install -d $(DESTDIR)$(PREFIX)/share/suyuan/recalls
	install -m 644 conf/recalls/*.ini $(DESTDIR)$(PREFIX)/share/suyuan/recalls/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local/|$(PREFIX)/|' conf/suyuand.service \
	 >$(DESTDIR)$(PREFIX)/lib/systemd/system/suyuand.service
	$(call inst,644,conf/suyuan.sysusers,$(PREFIX)/lib/sysusers.d/suyuan.conf)
	$(call inst,644,conf/completions/suyuan.bash,$(PREFIX)/share/bash-completion/completions/suyuan)

clean:
	rm -rf $(BUILD)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
