#!/bin/sh
# rustc, with LLVM's coverage counters in what is fuzzed. Cargo starts it in rustc's place (RUSTC_WRAPPER), since flags for
# single crates are not stable: compilers and runtimes of several hundred thousand branches would make each run ten times
# as long and guide nothing.
rustc=$1
shift
name=
previous=
for_target=no
for argument; do
  case $previous in --crate-name) name=$argument ;; --target) for_target=yes ;; esac
  previous=$argument
done
case $for_target$name in
  no* | yes | *cranelift* | *wasmtime* | *regalloc2 | *pulley* | *libfuzzer_sys | *compiler_builtins | *egg | \
  *build_script_*) exec "$rustc" "$@" ;;
esac
exec "$rustc" "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
