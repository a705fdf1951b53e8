# SPDX-License-Identifier: Apache-2.0
# One non-recursive make; everything it makes lies under build/. V=1 shows the commands. `make help` lists the targets.

MACHINE := $(shell uname -m)
ARCH    ?= $(if $(filter aarch64 arm64,$(MACHINE)),arm64,$(MACHINE))
ifeq ($(wildcard vmlinux/$(ARCH)/.),)
$(error no vmlinux/$(ARCH): this architecture has no pinned kernel types (there are: $(notdir $(wildcard vmlinux/*_64 vmlinux/arm64))))
endif
BPF_ARCH := $(if $(filter x86_64,$(ARCH)),x86,arm64)

# KIND: "" the product; asan, fuzz, clang: other builds, in folders of their own.
KIND ?=
B    := build/$(ARCH)$(if $(KIND),-$(KIND))
# What comes from the BPF sources is the same for every kind.
G    := build/$(ARCH)/gen

CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
ifeq ($(origin CLANG),undefined)
CLANG   := $(shell command -v clang >/dev/null 2>&1 && echo clang || echo clang-14)
endif
ifeq ($(origin BPFTOOL),undefined)
BPFTOOL := $(shell command -v bpftool 2>/dev/null || echo /usr/sbin/bpftool)
endif
FORMAT  ?= clang-format-14
PKG     ?= pkg-config
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
say      = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2)')

VERSION  := 0.1.0
REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
PREFIX   ?= /usr
DESTDIR  ?=

# Paths of the build folder never reach a binary, so that two builds in different folders are the same.
CFLAGS  ?= -O2 -g
BASE_FLAGS := -std=gnu11 -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Wno-format-nonliteral \
	-fno-strict-aliasing -ffp-contract=off -fstack-protector-strong -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 \
	-ffile-prefix-map=$(CURDIR)=. -MMD -MP
LINK_FLAGS := -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--build-id=sha1
ifeq ($(KIND),asan)
CFLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -U_FORTIFY_SOURCE
# gcc itself says that its sanitizers bring false alarms of these warnings; the other builds have them
BASE_FLAGS := $(filter-out -D_FORTIFY_SOURCE=2,$(BASE_FLAGS)) -Wno-maybe-uninitialized -Wno-format-truncation
LINK_FLAGS += -fsanitize=address,undefined
endif
ifeq ($(KIND),fault)
BASE_FLAGS += -DAEO_FAULT
endif
ifeq ($(KIND),clang)
CC := $(CLANG)
endif

# Only when a header or a tool is not where Debian puts it are the package lists asked; elsewhere the compiler says what is missing.
BUILD_NEEDS := $(addprefix /usr/include/,bpf/libbpf.h libelf.h zlib.h microhttpd.h gnutls/gnutls.h uv.h yaml.h ncurses.h cjson/cJSON.h)
GOALS := $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out clean help deps run test test-long check format,$(GOALS)),)
ifneq ($(filter-out $(wildcard $(BUILD_NEEDS)),$(BUILD_NEEDS))$(if $(shell command -v $(CLANG) && command -v $(BPFTOOL)),,tools),)
MISSING := $(shell packaging/deps --print build)
ifneq ($(MISSING),)
$(info $(MISSING))
$(error packages that the build needs are missing; the line above installs them, and so does `sudo make deps`)
endif
endif
endif

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.DEFAULT_GOAL := all

# ---- what there is ------------------------------------------------------------------------------------------------------
PROBES    := $(sort $(patsubst bpf/probes/%.bpf.c,%,$(wildcard bpf/probes/*.bpf.c)))
LIB_SRC   := $(sort $(wildcard userspace/lib/*.c))
AEOD_ROOMS := sense attrib files flow tell super sensor cli
EXPORT_ROOMS := export
room_src   = $(sort $(wildcard userspace/$(1)/*.c))
AEOD_SRC  := userspace/main.c $(foreach r,$(AEOD_ROOMS),$(call room_src,$(r)))
EXPORT_SRC := $(call room_src,export)
obj        = $(patsubst %.c,$(B)/obj/%.o,$(1))

AEOD   := $(B)/bin/aeod
EXPORT := $(B)/bin/aeo-export
PROGRAMS := $(AEOD) $(EXPORT)

AEOD_LIBS   := -lbpf -lelf -lz -luv -lyaml -lcjson -ldl -lm -lpthread
EXPORT_LIBS := -lmicrohttpd -lgnutls -lz -luv -lyaml -lcjson -lm -lpthread

.PHONY: all bpf check test test-long bench run deps install clean help format tools man
all: $(PROGRAMS)

# target: all           the programs, in build/<arch>/bin/ (what `make` alone does)
# target: help          this list
help:
	@sed -n 's/^# *target: *//p' Makefile

# ---- BPF: each probe compiled, all linked into one object, one skeleton ---------------------------------------------------
# target: bpf           the BPF object alone (ARCH=arm64 compiles for arm64)
BPF_FLAGS := -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -D__bpf__ -O2 -g -mcpu=v2 -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter \
	-Wno-address-of-packed-member -Ibpf/include -Ivmlinux/$(ARCH) -ffile-prefix-map=$(CURDIR)=. -fdebug-compilation-dir=. -MMD -MP
# a row without its file, or a file without its row, stops the build
lpar := (
ROWS := $(sort $(shell grep -o '^PROBE$(lpar)[a-z_0-9]*' bpf/include/probes.def | cut -c7-))
ifneq ($(ROWS),$(PROBES))
$(error bpf/include/probes.def and bpf/probes/ differ: $(filter-out $(PROBES),$(ROWS)) $(filter-out $(ROWS),$(PROBES)))
endif

$(G)/bpf/%.bpf.o: bpf/probes/%.bpf.c
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) -c $< -o $@

$(G)/aeo.bpf.o: $(PROBES:%=$(G)/bpf/%.bpf.o)
	$(call say,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(G)/aeo.skel.h: $(G)/aeo.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name aeo >$@

bpf: $(G)/aeo.bpf.o

# ---- objects: a room sees the library, the wire and itself, nothing else --------------------------------------------------
LIB_INC := -iquote userspace/lib -iquote bpf/include
compile = $(Q)$(CC) $(CFLAGS) $(BASE_FLAGS) $(LIB_INC) $(1) -c $< -o $@

$(B)/obj/userspace/main.o: userspace/main.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(call compile,-iquote userspace -DAEO_VERSION='"$(VERSION)"' -DAEO_REVISION='"$(REVISION)"')

# Written only when it changes, so that a new commit builds again what carries it, and nothing else.
.PHONY: revision
$(G)/revision: revision
	@mkdir -p $(@D); echo '$(VERSION) $(REVISION)' | cmp -s - $@ || echo '$(VERSION) $(REVISION)' >$@
$(call obj,$(shell grep -rl --include='*.c' 'AEO_REVISION\|AEO_VERSION' userspace)): $(G)/revision

$(B)/obj/userspace/sense/%.o: userspace/sense/%.c $(G)/aeo.skel.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(call compile,-iquote userspace/sense -I$(G))

# the sensor is the one folder that joins the rooms of aeod
$(B)/obj/userspace/sensor/%.o: userspace/sensor/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(call compile,$(patsubst %,-iquote userspace/%,sensor sense attrib files flow tell) -DAEO_VERSION='"$(VERSION)"' -DAEO_REVISION='"$(REVISION)"')

$(B)/obj/userspace/%.o: userspace/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(call compile,-iquote $(dir $<) -DAEO_VERSION='"$(VERSION)"' -DAEO_REVISION='"$(REVISION)"')

$(B)/libaeo.a: $(call obj,$(LIB_SRC))
	$(call say,AR,$@)
	@mkdir -p $(@D); rm -f $@
	$(Q)ar rcsD $@ $^

$(AEOD): $(call obj,$(AEOD_SRC)) $(B)/libaeo.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LINK_FLAGS) -o $@ $^ $(AEOD_LIBS)

$(EXPORT): $(call obj,$(EXPORT_SRC)) $(B)/libaeo.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LINK_FLAGS) -o $@ $^ $(EXPORT_LIBS)

# ---- tests ----------------------------------------------------------------------------------------------------------------
# A unit test sees every room's door (tests/unit/test_X.c is linked with the rooms, without their mains).
UNIT_SRC  := $(sort $(wildcard tests/unit/test_*.c))
UNIT      := $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
ROOM_OBJ  := $(call obj,$(filter-out userspace/export/main.c userspace/main.c,$(AEOD_SRC) $(EXPORT_SRC)))

$(B)/libroom.a: $(ROOM_OBJ)
	@mkdir -p $(@D); rm -f $@
	$(Q)ar rcsD $@ $^

$(B)/unit/%: tests/unit/%.c $(B)/libroom.a $(B)/libaeo.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BASE_FLAGS) -Wno-missing-prototypes $(LIB_INC) -iquote userspace -iquote tests/unit $(LINK_FLAGS) -o $@ $< \
		$(B)/libroom.a $(B)/libaeo.a -lcmocka $(AEOD_LIBS) $(EXPORT_LIBS)

# target: units         builds and runs the unit tests of one build KIND
.PHONY: units
units: $(UNIT)
	$(Q)tests/run-units $(UNIT)

# What the BPF tests run: programs that make a known number of acts. Static: they run in every guest.
TRIGGERS := $(addprefix $(B)/trigger/,$(notdir $(basename $(sort $(wildcard tests/bpf/triggers/*.c tests/bpf/*.c)))))
trigger = $(Q)$(CC) $(CFLAGS) $(BASE_FLAGS) -iquote tests/bpf -static -o $@ $< -lpthread

$(B)/trigger/%: tests/bpf/triggers/%.c
	$(call say,TRIGGER,$@)
	@mkdir -p $(@D)
	$(trigger)

$(B)/trigger/%: tests/bpf/%.c
	$(call say,TRIGGER,$@)
	@mkdir -p $(@D)
	$(trigger)

.PHONY: triggers
# target: triggers      builds what the BPF tests run
triggers: $(TRIGGERS)

# One aeod a probe whose handlers do nothing: the test of that probe must fail with it.
define variant
@mkdir -p $(@D)/gen
$(Q)$(BPFTOOL) gen object $(@D)/gen/aeo.bpf.o $(filter-out $(G)/bpf/$*.bpf.o,$(PROBES:%=$(G)/bpf/%.bpf.o)) $<
$(Q)$(BPFTOOL) gen skeleton $(@D)/gen/aeo.bpf.o name aeo >$(@D)/gen/aeo.skel.h
$(Q)$(CC) $(CFLAGS) $(BASE_FLAGS) $(LIB_INC) -iquote userspace/sense -I$(@D)/gen $(LINK_FLAGS) -o $@ $(call room_src,sense) \
		$(filter-out $(call obj,$(call room_src,sense)),$(call obj,$(AEOD_SRC))) $(B)/libaeo.a $(AEOD_LIBS)
@rm -rf $(@D)/gen; cp $(EXPORT) $(@D)/aeo-export
endef
E := $(B)-empty
$(E)/gen/%.bpf.o: bpf/probes/%.bpf.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) -DAEO_EMPTY -c $< -o $@

$(E)/%/aeod: $(E)/gen/%.bpf.o $(PROBES:%=$(G)/bpf/%.bpf.o) $(AEOD) $(EXPORT)
	$(call say,EMPTY,$*)
	$(variant)

# One whose reclaim probe no verifier accepts: the others must live.
R := $(B)-refuse
$(R)/gen/%.bpf.o: bpf/probes/%.bpf.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) -DAEO_REFUSE -c $< -o $@

$(R)/%/aeod: $(R)/gen/%.bpf.o $(PROBES:%=$(G)/bpf/%.bpf.o) $(AEOD) $(EXPORT)
	$(call say,REFUSE,$*)
	$(variant)

.PHONY: empties
empties: $(PROBES:%=$(E)/%/aeod) $(R)/reclaim/aeod

# Figures of the library alone; tests/bench has them for the table.
$(B)/bench/render: tests/bench/render.c $(B)/libaeo.a
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BASE_FLAGS) $(LIB_INC) $(LINK_FLAGS) -o $@ $< $(B)/libaeo.a -lm

# Fuzz targets: clang's libFuzzer, build/<arch>-fuzz/. FUZZ_SECONDS each.
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FB       := build/$(ARCH)-fuzz
FUZZ     := $(FUZZ_SRC:tests/fuzz/%.c=$(FB)/%)
FUZZ_SECONDS ?= 10
FUZZ_FLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -MMD -MP \
	-DAEO_VERSION='"$(VERSION)"' -DAEO_REVISION='"fuzz"' $(LIB_INC)
FUZZ_ROOM_SRC := $(LIB_SRC) $(foreach r,attrib files flow tell,$(call room_src,$(r))) $(filter-out userspace/export/main.c,$(call room_src,export))

$(FB)/obj/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -iquote $(dir $<) -c $< -o $@

$(FB)/libroom.a: $(FUZZ_ROOM_SRC:%.c=$(FB)/obj/%.o)
	@rm -f $@
	$(Q)ar rcsD $@ $^

$(FB)/fuzz_%: tests/fuzz/fuzz_%.c $(FB)/libroom.a
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer -iquote userspace $(addprefix -iquote userspace/,attrib files flow export) -o $@ $< \
		$(FB)/libroom.a $(EXPORT_LIBS)
.PHONY: fuzz
# target: fuzz          builds and runs every fuzz target for FUZZ_SECONDS (10)
fuzz: $(FUZZ)
	$(Q)tests/run-fuzz $(FUZZ_SECONDS) $(FUZZ)

# ---- checks: no privilege, no network -------------------------------------------------------------------------------------
# target: check         format, layers, banned names, unit tests with gcc and clang, BPF for arm64; under two minutes
check:
	@packaging/deps --print build check
	@tests/check/all

# target: format        lays the C sources out as clang-format 14 does
format:
	@WRITE=1 FORMAT=$(FORMAT) tests/check/format

# target: dashboards    makes the Grafana dashboard and the alert rules of the metric tables, in charts/
.PHONY: dashboards
dashboards:
	@charts/autoecoops/generate

# ---- pages and set-up -----------------------------------------------------------------------------------------------------
# What comes from the rows: the default configuration, and manual pages.
PAGES := $(B)/pages/aeod.yaml.5 $(B)/pages/aeod.8
CONF  := $(B)/pages/aeod.yaml
SHELLS := bash zsh fish

$(B)/pages/conf_page: packaging/pages/conf_page.c $(B)/libaeo.a
	$(call say,TOOL,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BASE_FLAGS) $(LIB_INC) -DAEO_VERSION='"$(VERSION)"' $(LINK_FLAGS) -o $@ $^ -lyaml -lm

$(B)/pages/aeod.yaml.5: $(B)/pages/conf_page
	$(call say,PAGE,$@)
	$(Q)$< man >$@

$(B)/pages/aeod.8: $(AEOD)
	$(call say,PAGE,$@)
	@mkdir -p $(@D)
	$(Q)$< --man >$@

$(B)/pages/aeod.%: $(AEOD)
	$(call say,PAGE,$@)
	@mkdir -p $(@D)
	$(Q)$< --completion $* >$@

$(CONF): $(B)/pages/conf_page
	$(call say,PAGE,$@)
	$(Q)$< yaml >$@

# target: man           manual pages, completions and the default configuration, in build/<arch>/pages/
man: $(PAGES) $(CONF) $(SHELLS:%=$(B)/pages/aeod.%)

# target: deps          as root: installs the Debian packages that build, check and test need and this machine lacks
deps:
	@packaging/deps build run check test

# target: install       programs, units, manual pages, completions under DESTDIR; a configuration that is there stays
SBIN := $(DESTDIR)$(PREFIX)/sbin
LIBD := $(DESTDIR)$(PREFIX)/lib
MAND := $(DESTDIR)$(PREFIX)/share/man
ETC  := $(DESTDIR)/etc/autoecoops
SHARE := $(DESTDIR)$(PREFIX)/share
install: $(PROGRAMS) $(PAGES) $(CONF) $(SHELLS:%=$(B)/pages/aeod.%)
	install -d -m 755 $(SBIN) $(LIBD)/systemd/system $(LIBD)/sysusers.d $(LIBD)/tmpfiles.d $(ETC)
	install -m 755 $(PROGRAMS) $(SBIN)/
	sed 's#=/usr/sbin/#=$(PREFIX)/sbin/#' packaging/systemd/autoecoops.service >$(LIBD)/systemd/system/autoecoops.service
	chmod 644 $(LIBD)/systemd/system/autoecoops.service
	install -m 644 packaging/systemd/sysusers.d/autoecoops.conf $(LIBD)/sysusers.d/
	install -m 644 packaging/systemd/tmpfiles.d/autoecoops.conf $(LIBD)/tmpfiles.d/
	[ -e $(ETC)/aeod.yaml ] || install -m 644 $(CONF) $(ETC)/aeod.yaml
	install -D -m 644 $(B)/pages/aeod.bash $(SHARE)/bash-completion/completions/aeod
	install -D -m 644 $(B)/pages/aeod.zsh $(SHARE)/zsh/vendor-completions/_aeod
	install -D -m 644 $(B)/pages/aeod.fish $(SHARE)/fish/vendor_completions.d/aeod.fish
	for page in $(PAGES); do install -D -m 644 $$page $(MAND)/man$${page##*.}/$${page##*/}; done

# ---- the two commands -----------------------------------------------------------------------------------------------------
# target: run           sudo make run: installs what is missing, builds, and shows this machine's own kernel until Ctrl-C
.PHONY: setup-run
run:
	@[ "$$(id -u)" -eq 0 ] || { echo 'make run needs root (it loads BPF programs): sudo make run' >&2; exit 1; }
	@packaging/deps build run
	@packaging/as-user $(MAKE) --no-print-directory all
	@exec $(AEOD) run $(RUN_ARGS)

# target: test          sudo make test: everything that can run on this machine, with its set-up
test:
	@tests/run

# target: test-long     the same at full length
test-long:
	@tests/run --long

# target: clean         removes build/
ROUNDS ?= 9
$(B)/bench/load: tests/bench/load.c
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -Wall -Wextra -D_GNU_SOURCE -o $@ $<

# target: bench         as root: what watching costs, against bare runs and peers, ROUNDS (9) interleaved rounds
bench: all $(B)/bench/load
	@tests/bench/run $(ROUNDS)

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
