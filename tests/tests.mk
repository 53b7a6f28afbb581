# Tests: unit programs (cmocka) per module, command-line and integration tests (bats).
# tests/run runs them all and ends with a line that counts them.

TEST_LIBS_base       := $(BUILD)/libbase.a
TEST_LIBS_migrations := $(BUILD)/libmigrations.a $(BUILD)/libbase.a
TEST_LIBS_bundles    := $(BUILD)/libbundles.a $(BUILD)/libbase.a
TEST_LIBS_planner    := $(LIBS_planner)
TEST_LIBS_applier    := $(LIBS_applier)

# Bundles for tests: good ones, and any malformed one that is nevertheless signed.
FORGE := $(addprefix $(BUILD)/tests/support/,forge.o forge_rehearsal.o)
TEST_SUPPORT_bundles := $(FORGE)

UNIT_SOURCES  := $(wildcard $(foreach layer,$(LAYERS),tests/unit/$(layer)/*_test.c))
UNIT_PROGRAMS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))

define UNIT_RULES
$(BUILD)/tests/unit/$(1)/%_test: $(BUILD)/tests/unit/$(1)/%_test.o $$(TEST_SUPPORT_$(1)) $$(TEST_LIBS_$(1))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@) $$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $$(shell pkg-config --libs cmocka) $$(PKG_LIBS) $$(LIBRARIES_$(1))
endef
$(foreach layer,$(LAYERS),$(eval $(call UNIT_RULES,$(layer))))
-include $(wildcard $(BUILD)/tests/unit/*/*.d) $(wildcard $(BUILD)/tests/support/*.d)
# Objects of tests stay: none is an intermediate file, to be removed and built again each time.
.SECONDARY:

# The splitter's vectors are read by its unit test and by the comparison with psql.
SPLITTER_SUPPORT := $(BUILD)/tests/support/splitter_record.o $(BUILD)/tests/support/splitter_vectors.o
$(BUILD)/tests/unit/migrations/statement_splitter_test: $(SPLITTER_SUPPORT)

# The splitter against psql's own scanner, which only the server's development package holds: not
# among the unit tests, which need nothing of a server.
PG_CONFIG         ?= $(firstword $(wildcard /usr/lib/postgresql/15/bin/pg_config) pg_config)
DIFFERENTIAL_TEST := $(BUILD)/tests/differential/splitter_test
$(BUILD)/tests/differential/psql_scan.o: ALL_CFLAGS += -isystem $(shell $(PG_CONFIG) --includedir-server) \
  -isystem $(shell $(PG_CONFIG) --includedir) -isystem $(shell $(PG_CONFIG) --pkgincludedir)/internal
$(DIFFERENTIAL_TEST): $(addprefix $(BUILD)/tests/differential/,splitter_test.o psql_scan.o) \
  $(SPLITTER_SUPPORT) $(TEST_LIBS_migrations)
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ -L$(shell $(PG_CONFIG) --pkglibdir) \
	  -lpgfeutils -lpgcommon -lpgport $(shell pkg-config --libs cmocka) $(PKG_LIBS)
# The same scanner's speed, for tools/bench.sh.
PSQL_SPEED := $(BUILD)/tests/differential/psql_speed
$(PSQL_SPEED): $(addprefix $(BUILD)/tests/differential/,psql_speed.o psql_scan.o) $(BUILD)/libbase.a
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ -L$(shell $(PG_CONFIG) --pkglibdir) \
	  -lpgfeutils -lpgcommon -lpgport $(PKG_LIBS)
-include $(wildcard $(BUILD)/tests/differential/*.d)

.PHONY: differential
differential: $(DIFFERENTIAL_TEST)
	@$(DIFFERENTIAL_TEST)

# Preloaded into the programs: crashes and full disks at an exact call. Never sanitized itself.
FAULT_LIBRARY := $(BUILD)/tests/support/fault.so
$(FAULT_LIBRARY): tests/support/fault.c Makefile
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) -std=c17 -D_GNU_SOURCE -O1 -g -fPIC -shared $(WARNINGS) $(WERROR) -o $@ $<

# Between libpq and a server: counts messages, and does something at an exact one.
PG_PROXY := $(BUILD)/tests/support/pg_proxy
PG_PROXY_FILES := tests/support/pg_proxy.c $(wildcard tests/support/proxy_*.c)
$(PG_PROXY): $(PG_PROXY_FILES) tests/support/proxy_state.h Makefile
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) -std=c17 -D_GNU_SOURCE -O2 -g -I. $(WARNINGS) $(WERROR) -o $@ $(PG_PROXY_FILES)

# Tables of damage, and every byte of a bundle changed.
DAMAGE_PROGRAMS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/damage/*_test.c))
$(BUILD)/tests/damage/%_test: $(BUILD)/tests/damage/%_test.o $(FORGE) $(TEST_LIBS_bundles)
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $^ $(shell pkg-config --libs cmocka) $(PKG_LIBS)
-include $(wildcard $(BUILD)/tests/damage/*.d $(BUILD)/tests/support/*.d)

# Programs that bats files under tests/integration drive: the engine without command files.
INTEGRATION_PROGRAMS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/integration/*.c))
$(BUILD)/tests/integration/%: $(BUILD)/tests/integration/%.o $(LIBS_applier)
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_LIBS)
$(addprefix $(BUILD)/tests/integration/,stored_fingerprints forge_bundle): $(FORGE)
-include $(wildcard $(BUILD)/tests/integration/*.d)

# The programs and the unit tests, built; then everything run.
.PHONY: test-programs unit
test-programs: all $(UNIT_PROGRAMS) $(DAMAGE_PROGRAMS) $(INTEGRATION_PROGRAMS) $(DIFFERENTIAL_TEST) $(FAULT_LIBRARY) $(PG_PROXY)

unit: $(UNIT_PROGRAMS)
	@for program in $^; do echo "== $$program"; $$program || exit 1; done

# Everything. The checks come first: they are fast.
.PHONY: test run-tests check-asan
test:
	@tools/install-packages.sh build test
	@$(AGAIN) check-layers check-format check-shell
	@$(AGAIN) test-programs
	@$(AGAIN) check-sql
	@$(MAKE) --no-print-directory run-tests

run-tests:
	@SEALIFT_BIN=$(CURDIR)/$(BUILD)/bin SEALIFT_TEST_PROGRAMS=$(BUILD)/tests tests/run $(TESTS)

# The applier killed at message boundaries, servers killed: KILLS times, and figures (tests/integration/kill.bats).
KILLS ?= 600
.PHONY: kill-harness
kill-harness: test-programs
	@SEALIFT_BIN=$(CURDIR)/$(BUILD)/bin SEALIFT_TEST_PROGRAMS=$(CURDIR)/$(BUILD)/tests KILLS=$(KILLS) bats --tap tests/integration/kill.bats

# On every PostgreSQL major, with servers that npm brings (tests/matrix.sh); MAJORS="14 18" chooses.
.PHONY: test-matrix update-golden
test-matrix: test-programs
	@tests/matrix.sh $(MAJORS)

# The golden files of tests/vectors/fingerprint, written anew; to be reviewed with git diff.
update-golden:
	@UPDATE_GOLDEN=1 tests/matrix.sh

# Fixtures of other tools' layouts, applied by those tools too, which npm brings.
.PHONY: test-tools
test-tools: all
	@tests/layout_tools.sh

# The same tests under AddressSanitizer and UBSan, leaks included.
check-asan: export ASAN_OPTIONS := detect_leaks=1:abort_on_error=0:exitcode=99
check-asan: export UBSAN_OPTIONS := print_stacktrace=1
check-asan:
	@$(AGAIN) MODE=asan test-programs
	@$(MAKE) --no-print-directory MODE=asan run-tests

# Fuzz targets: tests/fuzz/NAME_fuzz.c, run as build/fuzz/fuzz/NAME_fuzz [options] CORPUS…
FUZZ_PROGRAMS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_LIBS     := $(foreach layer,migrations planner applier bundles base,$(BUILD)/lib$(layer).a)
$(BUILD)/fuzz/%_fuzz: $(BUILD)/tests/fuzz/%_fuzz.o $(FUZZ_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ -Wl,--start-group $^ -Wl,--end-group $(PKG_LIBS) $(LIBRARIES_planner)
$(BUILD)/fuzz/manifest_reader_fuzz: $(FORGE)
-include $(wildcard $(BUILD)/tests/fuzz/*.d)

.PHONY: fuzz fuzz-programs
fuzz:
	@$(AGAIN) MODE=fuzz fuzz-programs
fuzz-programs: $(FUZZ_PROGRAMS)
