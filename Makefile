# SPDX-License-Identifier: Apache-2.0
# whodid: BPF object -> skeleton -> objects -> $(B)/whodid. `make V=1` shows the commands.

B        ?= build
BPF_DIR  ?= build/bpf
PREFIX   ?= /usr/local
CXX      := $(if $(filter default,$(origin CXX)),g++,$(CXX))
CLANG    ?= clang-14
CLANGXX  ?= clang++-14
BPFTOOL  ?= /usr/sbin/bpftool
STRIP_BPF ?= llvm-strip-14
CXXFLAGS ?= -O2 -g
VERSION  := $(or $(VERSION),$(shell git describe --tags --always --dirty 2>/dev/null || echo unknown))

# What it is built for; another machine's needs its packages unpacked in SYSROOT (see arm64 below).
ARCH     ?= $(shell uname -m)
SYSROOT  ?=
BPF_ARCH  := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(ARCH)))
SANITIZE  ?=
arch_include := -isystem $(SYSROOT)/usr/include/$(ARCH)-linux-gnu
override CPPFLAGS += -Iinclude -Iuserspace -I$(BPF_DIR) $(arch_include) $(SYSROOT:%=--sysroot=%)
override CXXFLAGS += -std=c++20 -Wall -Wextra -Wshadow -Wnon-virtual-dtor -fno-strict-aliasing \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
override LDFLAGS  += $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(SYSROOT:%=--sysroot=%)
# The shared library of libbcc_bpf comes in a package that needs all of LLVM.
LIBBCC_BPF ?= -l:libbcc_bpf.a
LDLIBS   := $(LIBBCC_BPF) -lbpf -lelf -lz -lzstd -lcrypto -lre2 -lyaml-cpp -lfmt -lspdlog -pthread
override CPPFLAGS += -DSPDLOG_COMPILED_LIB -DSPDLOG_FMT_EXTERNAL

# In the recipes that README names: all CPUs, unless make was told how many.
jobs = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

Q := $(if $(V),,@)
comma := ,
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

skeletons := $(BPF_DIR)/whodid.skel.h $(BPF_DIR)/whodid_nocas.skel.h
main_src := userspace/main.cpp
lib_src  := $(filter-out $(main_src),$(wildcard userspace/*/*.cpp))
# With JOINED, the sources of a directory are compiled as one, in a third of the time: their anonymous namespaces are
# one too. The version is left by itself, so that a new one costs no more than that.
JOINED   ?=
version_src := userspace/app/version.cpp
joined   := $(patsubst userspace/%/,%,$(sort $(dir $(lib_src))))
lib_obj  := $(if $(JOINED),$(joined:%=$(B)/joined/%.o) $(version_src:%.cpp=$(B)/obj/%.o),$(lib_src:%.cpp=$(B)/obj/%.o))
# UNIT: only these of the unit tests, "spool" for tests/unit/spool_test.cpp.
UNIT     ?=
unit_src := $(if $(UNIT),tests/unit/allocations.cpp $(UNIT:%=tests/unit/%_test.cpp),$(wildcard tests/unit/*.cpp tests/unit/*/*.cpp))
unit_obj := $(patsubst %.cpp,$(B)/obj/%.o,$(unit_src))
receivers_obj := $(patsubst %.cpp,$(B)/obj/%.o,$(wildcard tests/receivers/*.cpp))
golden_obj := $(patsubst %.cpp,$(B)/obj/%.o,$(wildcard tests/golden/*.cpp))
live_obj := $(patsubst %.cpp,$(B)/obj/%.o,$(wildcard tests/live/*.cpp))
fuzzers  := $(patsubst tests/fuzz/%_fuzz.cpp,$(B)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.cpp))
bench_obj := $(patsubst %.cpp,$(B)/obj/%.o,$(wildcard tests/bench/*.cpp))
# What of the benchmark is tested: how it says what it has measured, and the recording that it makes.
bench_tested := $(patsubst %,$(B)/obj/tests/bench/%.o,report report_sections report_hooks report_json multiply)
deeds    := $(patsubst tests/live/deeds/%.c,$(B)/deeds/%,$(filter-out %/compat.c,$(wildcard tests/live/deeds/*.c)))
deeds    += $(if $(filter x86_64,$(shell uname -m)),$(B)/deeds/compat32 $(B)/deeds/compat64)

.PHONY: FORCE all run docs test test-vm soak unit golden receivers live lint bench fuzz clean install cli package \
	test-packages deps deps-test deps-vm deps-receivers deps-package arm64 kernels
all: $(B)/whodid

# ---- BPF -------------------------------------------------------------------------------------------
# Kernel types come from bpf/kernel.h, so no BTF of the build host is needed. The second object is the same
# source without atomic instructions that return a value, which kernels before 5.12 refuse to load.
bpf_flags = -g -O2 -Wall -Wextra -Wno-unused-parameter -Wno-missing-declarations -target bpf -Iinclude -Ibpf \
	$(arch_include)
$(BPF_DIR)/whodid.bpf.o: bpf/whodid.bpf.c | deps
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(bpf_flags) -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -MMD -MP -c $< -o $@ && $(STRIP_BPF) -g $@
$(BPF_DIR)/whodid_nocas.bpf.o: bpf/whodid.bpf.c | deps
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(bpf_flags) -mcpu=v2 -DWHODID_NO_CAS -D__TARGET_ARCH_$(BPF_ARCH) -MMD -MP -c $< -o $@ && $(STRIP_BPF) -g $@
$(BPF_DIR)/%.bpf.o: tests/bench/%.bpf.c | deps
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(bpf_flags) -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -MMD -MP -c $< -o $@ && $(STRIP_BPF) -g $@
$(BPF_DIR)/%.skel.h: $(BPF_DIR)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# ---- the program -----------------------------------------------------------------------------------
$(B)/obj/%.o: %.cpp | deps
	$(call say,CXX,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c $< -o $@
joined_lines = printf '\#include "%s"\n' $(patsubst userspace/%,%,$(filter userspace/$*/%,$(filter-out $(version_src),$(lib_src))))
$(B)/joined/%.cpp: FORCE
	$(Q)mkdir -p $(@D); $(joined_lines) | cmp -s - $@ || $(joined_lines) > $@
$(B)/joined/%.o: $(B)/joined/%.cpp | deps
	$(call say,CXX,userspace/$*/*.cpp)
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(JOINED_CXXFLAGS) -MMD -MP -c $< -o $@
# The one file that knows the version is made again when the version changes, and no other.
$(B)/version: FORCE
	$(Q)mkdir -p $(@D); echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' > $@
$(B)/obj/userspace/app/version.o: $(B)/version
$(B)/obj/userspace/app/version.o: override CPPFLAGS += -DWHODID_VERSION='"$(VERSION)"'
$(filter $(B)/obj/userspace/source/% $(B)/joined/source.o,$(lib_obj)): | $(skeletons)
$(B)/libwhodid.a: $(lib_obj)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/whodid: $(B)/obj/userspace/main.o $(B)/libwhodid.a
	$(call say,LINK,$@)
	$(Q)$(CXX) $(LDFLAGS) $^ $(LDLIBS) -o $@

# ---- tests -----------------------------------------------------------------------------------------
# What is tested is compiled as it is shipped; the tests themselves with less, which is most of a build's time.
# So does clang, with two thirds of gcc's time.
$(unit_obj) $(receivers_obj) $(golden_obj): CXX := $(if $(SANITIZE)$(SYSROOT),$(CXX),$(CLANGXX))
$(unit_obj) $(receivers_obj): override CPPFLAGS += -Itests
$(unit_obj) $(receivers_obj) $(golden_obj): override CXXFLAGS += -O0 -g1
$(live_obj): override CPPFLAGS += -Itests
$(live_obj): override CXXFLAGS += -O1 -g1
$(B)/tests/unit: $(unit_obj) $(bench_tested) $(B)/libwhodid.a
$(B)/tests/golden: $(golden_obj) $(B)/libwhodid.a
$(B)/tests/receivers: $(receivers_obj) $(B)/libwhodid.a
$(B)/tests/live: $(live_obj) $(B)/obj/tests/bench/multiply.o $(B)/libwhodid.a
$(B)/tests/unit $(B)/tests/golden $(B)/tests/receivers $(B)/tests/live:
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(LDFLAGS) $^ -lgtest -lgtest_main -lcrypt $(LDLIBS) -o $@
$(bench_obj): | deps-test $(skeletons) $(BPF_DIR)/attach.skel.h $(BPF_DIR)/bare.skel.h
$(B)/tests/bench: $(bench_obj) $(B)/libwhodid.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(LDFLAGS) $^ $(LDLIBS) -o $@
$(B)/tests/nothing: tests/bench/nothing.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)gcc -O2 -Wall -static $< -o $@
$(B)/deeds/%: tests/live/deeds/%.c tests/live/deeds/deed.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)gcc -O1 -g -Wall -pthread $< -o $@

# Without a library: a 32-bit one is not among the packages that are asked for.
$(B)/deeds/compat%: tests/live/deeds/compat.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)gcc -O1 -g -Wall -m$* -ffreestanding -fno-stack-protector -fno-pic -nostdlib -static -no-pie $< -o $@

# A fuzz target is one source, and the library as the address sanitizer's tests have it.
$(B)/fuzz/%: tests/fuzz/%_fuzz.cpp $(B)/asan/libwhodid.a
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANGXX) $(CPPFLAGS) -Itests -std=c++20 -O1 -g1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		$< $(B)/asan/libwhodid.a $(LDLIBS) -o $@

unit: $(B)/tests/unit $(B)/whodid
	$<
golden: $(B)/tests/golden
	$<
# Events to programs that nobody here wrote.
receivers: $(B)/tests/receivers | deps-test deps-receivers
	$<
live: $(B)/tests/live $(B)/whodid $(deeds)
	$<
# The faults of tests/live/fault_test.cpp and daemon_test.cpp for as long, and as often, as they are meant to be. Some
# three hours; SOAK_SECONDS is the part of it that looks at memory.
SOAK_SECONDS ?= 3600
soak: $(B)/tests/live $(B)/whodid $(deeds)
	$(Q)WHODID=$(B)/whodid SOAK_SECONDS=$(SOAK_SECONDS) WHODID_KILLS=200 WHODID_RELOADS=1000 WHODID_DAMAGE=200 \
		WHODID_ROTATIONS=200 WHODID_STORM_SECONDS=60 WHODID_REPLAYED=1000000 $< --gtest_filter='Daemon.*:Fault*.*'
# The live tests below other kernels, all of them: those that tests/run names, or VM_KERNELS.
test-vm: $(B)/tests/live $(B)/whodid $(deeds) | deps-vm
	$(Q)B=$(B) VM_WHOLE=1 tests/run vm
# docs/kernels.md, from such a run and one below this machine's own kernel.
kernels: $(B)/tests/live $(B)/whodid $(deeds) | deps-vm
	$(Q)B=$(B) VM_WHOLE=1 tests/run vm live; status=$$?; tools/gen-kernels $(B)/results && exit $$status
fuzz: $(fuzzers)

# The program for arm64, against that architecture's packages. Not optimized, unless ARM64_CXXFLAGS says so: here it
# is made to see that it can be, and to be run by an emulator (tests/run arm64).
ARM64_CXX      ?= aarch64-linux-gnu-g++
ARM64_CXXFLAGS ?= -O0
ARM64_LDFLAGS  ?=
ARM64_TARGETS  ?= $(B)/arm64/whodid $(B)/arm64/tests/golden
arm64_sysroot  := $(abspath $(B))/arm64/sysroot
arm64: $(arm64_sysroot)/whole
	$(Q)$(MAKE) B=$(B)/arm64 JOINED=1 BPF_DIR=$(B)/arm64/bpf ARCH=aarch64 SYSROOT=$(arm64_sysroot) CXX='$(ARM64_CXX)' \
		CXXFLAGS='$(ARM64_CXXFLAGS)' LDFLAGS='$(ARM64_LDFLAGS)' $(ARM64_TARGETS)
$(arm64_sysroot)/whole: tools/arm64-sysroot | deps-vm
	$(Q)tools/arm64-sysroot $(@D)

# What the sensor costs on this machine: `make bench ARGS=--help`.
bench: $(B)/tests/bench $(B)/tests/nothing $(B)/whodid
	$< $(ARGS)

# Sanitizer builds live in directories of their own; the BPF object is shared. The one for addresses is clang's: fuzz
# targets link its library, and it takes half of gcc's time. Tests of the program from outside, and of the benchmark, find nothing there.
from_outside := cli bench_report
asan = B=$(B)/asan JOINED=1 CXX=$(CLANGXX) SANITIZE=address$(comma)undefined CXXFLAGS='-O1 -g1' JOINED_CXXFLAGS=-fsanitize=fuzzer-no-link \
	UNIT='$(filter-out $(from_outside),$(patsubst tests/unit/%_test.cpp,%,$(wildcard tests/unit/*_test.cpp)))'
# Of the unit tests, the one for threads has those of what starts any: in one thread there is no race to find.
threaded := auth confine containers enricher event_files hand_over host_names live metrics_exporter otlp_peers otlp_receiver \
	outbox pipeline policy_line programs restore sessions sink_set socket_lines spool spool_damage status_server trace_server users worker
tsan = B=$(B)/tsan JOINED=1 SANITIZE=thread CXXFLAGS='-O1 -g1' UNIT='$(threaded)'
$(B)/asan/libwhodid.a: FORCE
	$(Q)$(MAKE) $(asan) $@
.PHONY: asan tsan
asan tsan: | deps-test
	$(Q)$(MAKE) $($@) $(B)/$@/tests/unit $(B)/$@/tests/golden

# The whole suite. The program is compiled as packages have it.
test: | deps-vm
	$(Q)$(MAKE) $(jobs) JOINED=1 deps-receivers $(B)/whodid $(B)/tests/unit $(B)/tests/golden $(B)/tests/receivers $(B)/tests/live $(deeds)
	-$(Q)$(MAKE) $(jobs) arm64
	$(Q)$(MAKE) $(jobs) asan
	$(Q)$(MAKE) $(jobs) tsan
	$(Q)$(MAKE) $(jobs) $(fuzzers)
	$(Q)B=$(B) tests/run $(SUITES)
lint: $(skeletons) | deps-test
	$(Q)B=$(B) CPPFLAGS='$(CPPFLAGS)' tools/lint $(FILES)

# With SKIP_DEPS it takes what is there: a package build may not install, nor ask.
deps:
	$(Q)$(if $(SKIP_DEPS),,tools/install-deps build)
deps-test:
	$(Q)tools/install-deps test
deps-vm:
	$(Q)tools/install-deps vm
deps-receivers:
	$(Q)B=$(B) tools/install-deps receivers
deps-package:
	$(Q)tools/install-deps package

run:
	$(Q)$(MAKE) --no-print-directory $(jobs) JOINED=1 $(B)/whodid
	$(Q)tools/run-live $(B)/whodid $(ARGS)

docs: $(B)/whodid
	$(Q)tools/gen-docs $(B)/whodid

# ---- installation ----------------------------------------------------------------------------------
# Pages and completions are made of the program's own help. Another machine's program is run by its emulator, RUN.
RUN ?=
$(B)/man/whodid.8 $(B)/completions/whodid.bash &: $(B)/whodid tools/gen-cli
	$(call say,CLI,$(B)/man $(B)/completions)
	$(Q)rm -rf $(B)/man $(B)/completions
	$(Q)RUN='$(RUN)' tools/gen-cli $(B)/whodid $(B)/man $(B)/completions
cli: $(B)/man/whodid.8

SBINDIR     ?= $(PREFIX)/sbin
SYSCONFDIR  ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
MANDIR      ?= $(PREFIX)/share/man
DOCDIR      ?= $(PREFIX)/share/doc/whodid
BASHDIR     ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR      ?= $(PREFIX)/share/zsh/site-functions
FISHDIR     ?= $(PREFIX)/share/fish/vendor_completions.d
put = install -D -m 0644
# What is run by systemd has its place written in the unit. A configuration that is there already is left alone.
install: $(B)/whodid cli
	install -D -m 0755 $(B)/whodid $(DESTDIR)$(SBINDIR)/whodid
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(MANDIR)/man7 $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(DOCDIR)
	sed 's|/usr/sbin/whodid|$(SBINDIR)/whodid|; s|/etc/whodid|$(SYSCONFDIR)/whodid|' \
		packaging/systemd/whodid.service > $(DESTDIR)$(UNITDIR)/whodid.service
	chmod 0644 $(DESTDIR)$(UNITDIR)/whodid.service
	$(put) packaging/systemd/whodid.sysusers $(DESTDIR)$(SYSUSERSDIR)/whodid.conf
	$(put) packaging/systemd/whodid.tmpfiles $(DESTDIR)$(TMPFILESDIR)/whodid.conf
	test -e $(DESTDIR)$(SYSCONFDIR)/whodid/whodid.yaml || \
		install -D -m 0640 packaging/whodid.yaml $(DESTDIR)$(SYSCONFDIR)/whodid/whodid.yaml
	install -m 0644 $(B)/man/*.7 $(DESTDIR)$(MANDIR)/man7
	install -m 0644 $(B)/man/*.8 $(DESTDIR)$(MANDIR)/man8
	$(put) $(B)/completions/whodid.bash $(DESTDIR)$(BASHDIR)/whodid
	$(put) $(B)/completions/_whodid $(DESTDIR)$(ZSHDIR)/_whodid
	$(put) $(B)/completions/whodid.fish $(DESTDIR)$(FISHDIR)/whodid.fish
	install -m 0644 README.md docs/*.md $(DESTDIR)$(DOCDIR)

# Debian's and Fedora's package, in $(B)/packages, and what is tried with them (tests/packages, as root).
package: | deps-package
	$(Q)B=$(B) tools/package $(PACKAGES)
test-packages: package
	$(Q)B=$(B) tests/packages

clean:
	rm -rf $(B)

-include $(shell find $(B) $(BPF_DIR) -path $(B)/package -prune -o -type f -name '*.d' -print 2>/dev/null)
