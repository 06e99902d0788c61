# What builds a skill in C or C++: the skill's own Makefile names SDK and includes this. Leaves build/component.wasm, a
# module that carries the contract's types; `skillhost build` makes the component of it.
#
#   make                                        with PyPI's ziglang: installed already, or else into the user's cache
#   make WASM_CC="clang --target=wasm32-wasi"   with Debian's clang, lld, wasi-libc and libclang-rt-dev-wasm32: C alone
#   make CFLAGS=-O2                             with other flags than -Os; with -g among them, lines of sources are kept

# A change of these makes all again. Taken here, since what is included below is about one object each.
RULES := $(MAKEFILE_LIST)

# `skillhost build` says it, make alone looks for it.
KIND := $(or $(SKILLHOST_KIND),$(firstword $(shell sed -n "s/^[[:space:]]*kind *= *[\"']\([a-z]*\)[\"'].*/\1/p" skill.toml)))
ifeq ($(filter spec review implement verify tool,$(KIND)),)
  $(error skill.toml names no kind: it takes `kind = "tool"`, or spec, review, implement, verify)
endif

# One for all skills of a user, so that the next one is begun without a network.
ZIG_VERSION = 0.17.1
TOOLS = $(if $(filter /%,$(firstword $(XDG_CACHE_HOME))),$(XDG_CACHE_HOME),$(HOME)/.cache)/skillhost/tools
ZIG = $(TOOLS)/ziglang-$(ZIG_VERSION)
MISSING =
ifndef WASM_CC
  ifeq ($(shell python3 -c 'import ziglang' 2> /dev/null && echo there),there)
    ZIG_RUNS = python3 -m ziglang
  else
    ZIG_RUNS = '$(ZIG)/ziglang/zig'
    MISSING := $(if $(shell [ -x $(ZIG_RUNS) ] && echo there),,install)
  endif
  WASM_CC = $(ZIG_RUNS) cc -target wasm32-wasi
  WASM_CXX = $(ZIG_RUNS) c++ -target wasm32-wasi
endif
WASM_CXX ?= $(WASM_CC)

WARNINGS = -Wall -Wextra
CFLAGS ?= -Os
# `skillhost build --keep-debug` asks for lines of sources.
DEBUG = $(if $(filter keep,$(SKILLHOST_DEBUG)),-g)
LINKING = -mexec-model=reactor -Wl,--gc-sections -Wl,-z,stack-size=1048576 $(LDFLAGS)
LINKING += $(if $(filter -g%,$(DEBUG) $(CFLAGS)),,-Wl,--strip-debug)
# The stack stands before the data, so that a call that goes too deep is ended, and changes nothing. Zig does so by itself.
LINKING += $(if $(findstring zig,$(WASM_CC)),,-Wl,--stack-first)
# What of yyjson the SDK leaves out: readers of files in parts, and pointers.
YYJSON = -DYYJSON_DISABLE_INCR_READER=1 -DYYJSON_DISABLE_UTILS=1

GENERATED = $(SDK)/generated/$(KIND)
INCLUDES = -I$(GENERATED) -I$(SDK)/include -I$(SDK)/third_party/yyjson $(YYJSON)
SOURCES := $(sort $(shell find src -name '.*' -prune -o -name '*.c' -print -o -name '*.cpp' -print))
OBJECTS = $(SOURCES:%=build/%.o) $(patsubst $(SDK)/%,build/sdk/%.o, \
  $(wildcard $(SDK)/src/*.c) $(wildcard $(GENERATED)/*.c) $(SDK)/third_party/yyjson/yyjson.c)

FLAGS = -ffunction-sections -fdata-sections $(CFLAGS) $(DEBUG) $(INCLUDES) -MMD -MP
COMPILE_C = $(WASM_CC) -std=c11 $(FLAGS)
COMPILE_CXX = $(WASM_CXX) -std=c++23 -fno-exceptions $(CXXFLAGS) $(FLAGS)
LINK = $(if $(filter %.cpp,$(SOURCES)),$(WASM_CXX),$(WASM_CC)) $(LINKING) -o build/component.wasm $(OBJECTS)

# `make V=1` shows the commands.
ifndef V
.SILENT:
endif

build/component.wasm: $(OBJECTS) build/linked-by
	echo link $@
	$(LINK)

build/src/%.c.o: src/%.c build/compiled-by $(RULES) | $(MISSING)
	mkdir -p $(@D)
	echo compile $<
	$(COMPILE_C) $(WARNINGS) -c -o $@ $<

build/src/%.cpp.o: src/%.cpp build/compiled-by $(RULES) | $(MISSING)
	mkdir -p $(@D)
	echo compile $<
	$(COMPILE_CXX) $(WARNINGS) -c -o $@ $<

build/sdk/%.c.o: $(SDK)/%.c build/compiled-by $(RULES) | $(MISSING)
	mkdir -p $(@D)
	echo compile $<
	$(COMPILE_C) -c -o $@ $<

# What was made by another command, or of other objects, is made again.
build/compiled-by: export COMMAND = $(COMPILE_C) $(COMPILE_CXX) $(WARNINGS)
build/linked-by: export COMMAND = $(LINK)
build/compiled-by build/linked-by: always
	mkdir -p build
	[ "$$(cat $@ 2> /dev/null)" = "$$COMMAND" ] || printf '%s\n' "$$COMMAND" > $@

# Made aside, and renamed into its place: others may do the same just now.
install:
	echo install ziglang $(ZIG_VERSION) into $(TOOLS)
	python3 -c 'import ensurepip, venv' || { echo 'error: python3 with venv is missing; to install it: apt-get install python3 python3-venv' >&2; exit 1; }
	mkdir -p '$(TOOLS)'
	aside=$$(mktemp -d '$(TOOLS)/new.XXXXXX') && trap 'rm -rf "$$aside"' EXIT && trap 'exit 1' HUP INT TERM && \
	  python3 -m venv "$$aside/venv" && \
	  "$$aside/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --target "$$aside/tool" ziglang==$(ZIG_VERSION) && \
	  { why=$$(python3 -c 'import os, sys; os.rename(*sys.argv[1:])' "$$aside/tool" '$(ZIG)' 2>&1) || \
	    [ -x '$(ZIG)/ziglang/zig' ] || { echo "$$why" >&2; exit 1; }; }

.PHONY: always install clean
.DELETE_ON_ERROR:
clean:
	rm -rf build

-include $(OBJECTS:.o=.d)
