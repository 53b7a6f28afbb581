# Tests: unit programs (cmocka) per module, command-line and integration tests (bats).
# tests/run runs them all and ends with a line that counts them.

TEST_LIBS_base       := $(BUILD)/libbase.a
TEST_LIBS_migrations := $(BUILD)/libmigrations.a $(BUILD)/libbase.a
TEST_LIBS_bundles    := $(BUILD)/libbundles.a $(BUILD)/libbase.a
TEST_LIBS_planner    := $(LIBS_planner)
TEST_LIBS_applier    := $(LIBS_applier)

UNIT_SOURCES  := $(wildcard $(foreach layer,$(LAYERS),tests/unit/$(layer)/*_test.c))
UNIT_PROGRAMS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))

define UNIT_RULES
$(BUILD)/tests/unit/$(1)/%_test: $(BUILD)/tests/unit/$(1)/%_test.o $$(TEST_LIBS_$(1))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@) $$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(shell pkg-config --libs cmocka) $$(PKG_LIBS)
endef
$(foreach layer,$(LAYERS),$(eval $(call UNIT_RULES,$(layer))))
-include $(wildcard $(BUILD)/tests/unit/*/*.d)

# The programs and the unit tests, built; then everything run.
.PHONY: test-programs unit
test-programs: all $(UNIT_PROGRAMS)

unit: $(UNIT_PROGRAMS)
	@for program in $^; do echo "== $$program"; $$program || exit 1; done
