#!/usr/bin/env python3
"""Builds the skill in the current folder: `python3 sdk/build.py` leaves `build/component.wasm`.

It makes a virtual environment in `.venv`, installs `requirements.txt` there where that changed, writes the `[[tool]]` entries
of `skill.toml`, and has componentize-py make the component. With `--prepare` it only does the first two.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

SDK = Path(__file__).resolve().parent
PROJECT = Path.cwd()
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
PACKAGES = VENV / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
REQUIREMENTS = PROJECT / "requirements.txt"
OUT = PROJECT / "build" / "component.wasm"


def main(arguments: list[str]) -> None:
    """Builds, or prepares."""
    if sys.version_info < (3, 11):
        sys.exit(f"error: Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    if arguments not in ([], ["--prepare"]):
        sys.exit("usage: build.py [--prepare]")
    manifest = PROJECT / "skill.toml"
    for file in (manifest, REQUIREMENTS):
        if not file.exists():
            sys.exit(f"error: there is no {file.name} here: run this in a skill's folder")
    prepare()
    if not arguments:
        run([PYTHON, "-m", "skillhost_sdk.manifest", manifest.name])
        componentize(kind_of(manifest))


def prepare() -> None:
    """A virtual environment with what `requirements.txt` names, where the skill and the SDK are found as well."""
    stamp = VENV / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not PYTHON.exists() or not PACKAGES.exists():
        run([sys.executable, "-m", "venv", "--clear", VENV.name], hint="to install it: apt-get install python3-venv")
    if not stamp.exists() or stamp.read_text() != wanted:
        run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS.name])
        stamp.write_text(wanted)
    (PACKAGES / "skill.pth").write_text(f"{PROJECT / 'src'}\n{SDK}\n")


def kind_of(manifest: Path) -> str:
    """The skill's kind. It was checked when the entries were written."""
    import tomllib  # Not above: an older Python should get as far as being told that it is one.

    return str(tomllib.loads(manifest.read_text(encoding="utf-8"))["skill"]["kind"])


def componentize(kind: str) -> None:
    """Makes the component. What was there stays until the new one is whole."""
    OUT.parent.mkdir(exist_ok=True)
    made = OUT.with_suffix(".part")
    builder: list[str | Path] = [VENV / "bin" / "componentize-py", "--quiet", "--wit-path", wit(), "--world", f"{kind}-skill"]
    builder += ["componentize", "skillhost_sdk.component", "--output", made]
    for path in (PROJECT / "src", SDK, PACKAGES):
        builder += ["--python-path", path]
    run(builder, hint="componentize-py is one of the packages in requirements.txt")
    made.replace(OUT)
    print(f"build/{OUT.name}: {OUT.stat().st_size / 1024 / 1024:.1f} MB")


def wit() -> Path:
    """The contract: beside the SDK in a project, above it where the SDK is developed."""
    for folder in (PROJECT / "wit", SDK.parent.parent / "wit"):
        if folder.exists():
            return folder
    sys.exit("error: there is no wit/ here; `skillhost new` writes it")


def run(command: list[str | Path], hint: str | None = None) -> None:
    """Runs a program, and ends with its exit code where that isn't 0."""
    try:
        # The builder looks for packages in the environment that this names.
        code = subprocess.run(command, env={**os.environ, "VIRTUAL_ENV": str(VENV)}).returncode
    except OSError as error:
        sys.exit(f"error: {command[0]}: {error.strerror}" + (f"\nhint: {hint}" if hint else ""))
    if code != 0:
        if hint:
            print(f"hint: {hint}", file=sys.stderr)
        sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
