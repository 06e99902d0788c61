# What builds a skill in C or C++: the skill's own Makefile names SDK and includes this. Leaves build/component.wasm, a
# module that carries the contract's types; `skillhost build` makes the component of it.
#
#   make                                        with PyPI's ziglang: installed already, or else into .tools/
#   make WASM_CC="clang --target=wasm32-wasi"   with Debian's clang, lld, wasi-libc and libclang-rt-dev-wasm32: C alone

ZIGLANG = ziglang==0.17.1
KIND := $(shell sed -n 's/^kind *= *"\([a-z]*\)".*/\1/p' skill.toml)

ifndef WASM_CC
  ifeq ($(shell python3 -c 'import ziglang' 2> /dev/null && echo there),there)
    PYTHON = python3
  else
    PYTHON = .tools/bin/python
    TOOLS = .tools/done
  endif
  WASM_CC = $(PYTHON) -m ziglang cc -target wasm32-wasi
  WASM_CXX = $(PYTHON) -m ziglang c++ -target wasm32-wasi
endif
WASM_CXX ?= $(WASM_CC)

WARNINGS = -Wall -Wextra
CFLAGS = -Os -ffunction-sections -fdata-sections
LDFLAGS = -mexec-model=reactor -Wl,--gc-sections -Wl,--strip-debug -Wl,-z,stack-size=1048576
# The stack stands before the data, so that a call that goes too deep is ended, and changes nothing. Zig does so by itself.
LDFLAGS += $(if $(findstring zig,$(WASM_CC)),,-Wl,--stack-first)
# What of yyjson the SDK leaves out: readers of what is no JSON, of files in parts, and pointers.
YYJSON = -DYYJSON_DISABLE_NON_STANDARD=1 -DYYJSON_DISABLE_INCR_READER=1 -DYYJSON_DISABLE_UTILS=1

GENERATED = $(SDK)/generated/$(KIND)
INCLUDES = -I$(GENERATED) -I$(SDK)/include -I$(SDK)/third_party/yyjson $(YYJSON)
SOURCES = $(wildcard src/*.c src/*.cpp)
# Apart for each kind, since each has a header of its own.
INTO = build/$(KIND)
OBJECTS = $(SOURCES:%=$(INTO)/%.o) $(patsubst $(SDK)/%,$(INTO)/sdk/%.o, \
  $(wildcard $(SDK)/src/*.c) $(wildcard $(GENERATED)/*.c) $(SDK)/third_party/yyjson/yyjson.c)
LINK = $(if $(filter %.cpp,$(SOURCES)),$(WASM_CXX),$(WASM_CC))

# `make V=1` shows the commands.
ifndef V
.SILENT:
endif

build/component.wasm: $(OBJECTS)
	echo link $@
	$(LINK) $(LDFLAGS) -o $@ $(OBJECTS)

$(INTO)/src/%.c.o: src/%.c $(TOOLS)
	mkdir -p $(@D)
	echo compile $<
	$(WASM_CC) -std=c11 $(WARNINGS) $(CFLAGS) $(INCLUDES) -MMD -c -o $@ $<

$(INTO)/src/%.cpp.o: src/%.cpp $(TOOLS)
	mkdir -p $(@D)
	echo compile $<
	$(WASM_CXX) -std=c++23 -fno-exceptions $(WARNINGS) $(CFLAGS) $(INCLUDES) -MMD -c -o $@ $<

$(INTO)/sdk/%.c.o: $(SDK)/%.c $(TOOLS)
	mkdir -p $(@D)
	echo compile $<
	$(WASM_CC) -std=c11 $(CFLAGS) $(INCLUDES) -MMD -c -o $@ $<

.tools/done:
	echo install $(ZIGLANG)
	python3 -c 'import ensurepip, venv' || { echo 'error: python3 with venv is missing; to install it: apt-get install python3 python3-venv' >&2; exit 1; }
	python3 -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check $(ZIGLANG)
	touch $@

.PHONY: clean
clean:
	rm -rf build

-include $(OBJECTS:.o=.d)
