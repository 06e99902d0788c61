#!/usr/bin/env python3
"""Builds the skill in the current folder: `python3 sdk/build.py` leaves `build/component.wasm`.

It makes a virtual environment in `.venv`, installs `requirements.txt` there where that changed, writes the `[[tool]]` entries
of `skill.toml`, and has componentize-py make the component. With `--prepare` it only does the first two.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SDK = Path(__file__).resolve().parent
PROJECT = Path.cwd()
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
PACKAGES = VENV / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
REQUIREMENTS = PROJECT / "requirements.txt"
OUT = PROJECT / "build" / "component.wasm"
# Programs of the environment are started through its Python: their own first lines name the place where they were installed,
# and can't name every one.
COMPONENTIZE = "import sys, componentize_py; sys.exit(componentize_py.script())"
PIN = re.compile(r"[\w.-]+(\[[\w.,-]*\])?==[\w.+!-]+")


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
    # One that was moved or copied along with its project holds paths of the place where it was made.
    place, here = VENV / "project", os.fsencode(PROJECT)
    stamp = VENV / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not PYTHON.exists() or not PACKAGES.exists() or not place.exists() or place.read_bytes() != here:
        clear(place, stamp)
        # First of all: one that isn't finished is ours, and is no project's.
        VENV.mkdir()
        place.touch()
        run([sys.executable, "-m", "venv", VENV.name], hint="to install it: apt-get install python3-venv")
        place.write_bytes(here)
    if not stamp.exists() or stamp.read_text() != wanted:
        install()
        stamp.write_text(wanted)
    (PACKAGES / "skill.pth").write_text(f"{PROJECT / 'src'}\n{SDK}\n")


def clear(*marks: Path) -> None:
    """Removes an environment that an earlier build made, as one of its files shows. Any other is its maker's."""
    if not os.path.lexists(VENV):
        return
    if VENV.is_symlink() or not any(mark.is_file() for mark in marks):
        sys.exit(f"error: remove {VENV.name}, it was not made by this build")
    try:
        shutil.rmtree(VENV)
    except OSError as error:
        sys.exit(f"error: {error.filename}: {error.strerror}")


def install() -> None:
    """Installs `requirements.txt`: what was downloaded once, for whichever project, needs no network again."""
    named = ["--requirement", REQUIREMENTS.name]
    wheels = wheels_folder()
    if wheels is None:
        pip("install", *named)
        return
    kept = ["install", "--no-index", "--find-links", str(wheels), *named]
    if subprocess.run([PYTHON, "-m", "pip", *kept], capture_output=True).returncode == 0:
        return
    # Each comes into its place whole, since other builds may be looking.
    with tempfile.TemporaryDirectory(prefix=".part-", dir=wheels) as part:
        hint = f"this takes a network once: what was downloaded stays in {wheels}"
        pip("wheel", "--find-links", str(wheels), "--wheel-dir", part, *named, hint=hint)
        for wheel in Path(part).iterdir():
            wheel.replace(wheels / wheel.name)
    pip(*kept)


def wheels_folder() -> Path | None:
    """Where this user's wheels are kept. None where there is no such place, or where `requirements.txt` has more than exact
    versions: what was kept would hide newer ones, and a package that comes from elsewhere would pass for one of the index."""
    lines = (line.partition("#")[0].strip() for line in REQUIREMENTS.read_text("utf-8", "replace").splitlines())
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):
        cache = os.path.expanduser("~/.cache")
    if not os.path.isabs(cache) or not all(PIN.fullmatch(line) for line in lines if line):
        return None
    folder = Path(cache, "skillhost", "wheels")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def pip(*arguments: str, hint: str | None = None) -> None:
    """Runs the environment's own pip."""
    run([PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], hint)


def kind_of(manifest: Path) -> str:
    """The skill's kind. It was checked when the entries were written."""
    import tomllib  # Not above: an older Python should get as far as being told that it is one.

    return str(tomllib.loads(manifest.read_text(encoding="utf-8"))["skill"]["kind"])


def componentize(kind: str) -> None:
    """Makes the component. What was there stays until the new one is whole."""
    OUT.parent.mkdir(exist_ok=True)
    made = OUT.with_suffix(".part")
    builder: list[str | Path] = [PYTHON, "-P", "-c", COMPONENTIZE, "--quiet", "--wit-path", wit(), "--world", f"{kind}-skill"]
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
