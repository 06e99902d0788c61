"""What is told where nothing can be built, and what is set up. That something is built is for the tests of the whole program."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import skillhost_sdk

SDK = Path(skillhost_sdk.__file__).parent.parent
MANIFEST = '[skill]\nname = "a"\nversion = "0.1.0"\nkind = "verify"\n'
SKILL = "from skillhost_sdk import Brief, Check, Host, export_verify\n\n"
VERIFY = "@export_verify\ndef verify(host: Host, brief: Brief) -> list[Check]:\n    return []\n"


class Refused(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "src").mkdir()

    def told(self, *command: str | Path) -> str:
        path = {"PYTHONPATH": f"{self.folder / 'src'}:{SDK}"}
        # Without the packages of this environment, where another skill may be.
        ran = subprocess.run([sys.executable, "-S", *command], cwd=self.folder, env=path, capture_output=True, text=True)
        self.assertNotEqual(ran.returncode, 0, ran)
        return ran.stderr

    def test_a_folder_that_is_no_skills(self) -> None:
        self.assertIn("there is no skill.toml here", self.told(SDK / "build.py"))
        (self.folder / "skill.toml").write_text(MANIFEST)
        self.assertIn("there is no requirements.txt here", self.told(SDK / "build.py"))
        self.assertIn("usage", self.told(SDK / "build.py", "--what"))
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["skill.toml", "src"])

    def test_a_module_that_is_no_skill(self) -> None:
        entries = ["-m", "skillhost_sdk.manifest", "skill.toml"]
        (self.folder / "skill.toml").write_text(MANIFEST)
        self.assertIn("error: there is no src/skill.py", self.told(*entries))
        module = self.folder / "src/skill.py"
        module.write_text(SKILL)
        self.assertIn("error: src/skill.py exports nothing: put @export_verify", self.told(*entries))
        module.write_text(SKILL + VERIFY + VERIFY)
        self.assertIn("second export", self.told(*entries))
        module.write_text(SKILL + "import none_such\n")
        self.assertIn("No module named 'none_such'", self.told(*entries))
        self.assertEqual((self.folder / "skill.toml").read_text(), MANIFEST)

    def test_what_is_no_python_is_told_by_its_line_alone(self) -> None:
        (self.folder / "skill.toml").write_text(MANIFEST)
        for module, text, place, line in [
            ("skill", SKILL + "x = (1,\n", "src/skill.py:3: '(' was never closed", "x = (1,"),
            ("other", "def f():\nreturn 1\n", "src/other.py:2: expected an indented block", "return 1"),
        ]:
            (self.folder / "src/skill.py").write_text("import other\n")
            (self.folder / f"src/{module}.py").write_text(text)
            first, shown, caret = self.told("-m", "skillhost_sdk.manifest", "skill.toml").splitlines()
            self.assertTrue(first.startswith(f"error: {place}"), first)
            self.assertEqual((shown.strip(), caret.strip()[0]), (line, "^"))
            (self.folder / f"src/{module}.py").unlink()
        for module in ("other", "skill"):
            (self.folder / "src/skill.py").write_text("import other\n")
            file = self.folder / f"src/{module}.py"
            for source, why in [
                (b"x = '\0'\n", "source code string cannot contain null bytes"),
                (b"# coding: none-such\n", "unknown encoding: none-such"),
            ]:
                file.write_bytes(source)
                self.assertEqual(self.told("-m", "skillhost_sdk.manifest", "skill.toml"), f"error: src/{module}.py: {why}\n")
            file.unlink()


class Environment(unittest.TestCase):
    """What `requirements.txt` names comes from an index that is a folder, and can be taken away."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.project = self.folder / "one"
        (self.project / "src").mkdir(parents=True)
        (self.project / "src/skill.py").touch()
        (self.project / "skill.toml").write_text(MANIFEST)
        (self.project / "requirements.txt").write_text("# The only one.\ntiny==1.0\n")
        self.index = self.folder / "index"
        (self.index / "tiny").mkdir(parents=True)
        file = "tiny-1.0-py3-none-any.whl"
        (self.index / "tiny/index.html").write_text(f'<a href="{file}">{file}</a>')
        about = {
            "METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
            "WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "RECORD": "",
        }
        with zipfile.ZipFile(self.index / "tiny" / file, "w") as wheel:
            wheel.writestr("tiny.py", "")
            for name, text in about.items():
                wheel.writestr(f"tiny-1.0.dist-info/{name}", text)

    def prepared(self, project: Path) -> subprocess.CompletedProcess[str]:
        ours = {"PIP_INDEX_URL": self.index.as_uri(), "XDG_CACHE_HOME": str(self.folder / "cache"), "PIP_FIND_LINKS": ""}
        command: list[str | Path] = [sys.executable, SDK / "build.py", "--prepare"]
        return subprocess.run(command, cwd=project, env={**os.environ, **ours}, capture_output=True, text=True)

    def found(self, project: Path) -> list[str]:
        """Where the environment's Python finds itself, the skill, and what was installed."""
        program = "import sys, skill, tiny; print(sys.prefix, skill.__file__, tiny.__file__, sep='\\n')"
        python = project / ".venv/bin/python"
        return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.splitlines()

    def test_what_was_downloaded_once_serves_wherever_a_project_goes(self) -> None:
        other = self.folder / "two"
        shutil.copytree(self.project, other)
        with ThreadPoolExecutor() as both:
            for first in both.map(self.prepared, [self.project, other]):
                self.assertEqual(first.returncode, 0, first)
        self.assertEqual([path.name for path in (self.folder / "cache/skillhost/wheels").iterdir()], ["tiny-1.0-py3-none-any.whl"])
        shutil.rmtree(self.index)
        odd = self.folder / "it's \"a\" $HOME"
        shutil.copytree(self.project, odd, symlinks=True)
        (odd / ".venv/left").touch()
        copied = self.prepared(odd)
        self.assertEqual(copied.returncode, 0, copied)
        self.assertFalse((odd / ".venv/left").exists(), "the environment of another place is made anew")
        for path in self.found(odd):
            self.assertTrue(path.startswith(str(odd.resolve())), path)
        (odd / ".venv/left").touch()
        self.assertEqual(self.prepared(odd).returncode, 0)
        self.assertTrue((odd / ".venv/left").exists(), "and stays where it was made")

    def test_an_environment_of_somebody_else_is_left_alone(self) -> None:
        venv, theirs = self.project / ".venv", self.folder / "theirs"
        refused = "error: remove .venv, it was not made by this build\n"

        def is_refused(kept: Path) -> None:
            before = kept.read_bytes()
            ran = self.prepared(self.project)
            self.assertEqual((ran.returncode, ran.stderr), (1, refused), ran)
            self.assertEqual(kept.read_bytes(), before)

        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        is_refused(venv / "pyvenv.cfg")
        venv.rename(theirs)
        for mark in ("", "project", "requirements.sha256"):
            if mark:
                (theirs / mark).write_text("elsewhere")
            venv.symlink_to(theirs)
            is_refused(theirs / "pyvenv.cfg")
            venv.unlink()
        venv.write_text("a file")
        is_refused(venv)
        venv.unlink()
        venv.symlink_to(self.folder / "none")
        self.assertEqual(self.prepared(self.project).stderr, refused)
        self.assertFalse((self.folder / "none").exists())

    def test_an_environment_that_a_build_left_is_made_anew(self) -> None:
        # One that was never finished, and one of before there was a file that names the project.
        for mark in ("project", "requirements.sha256"):
            shutil.rmtree(self.project / ".venv", ignore_errors=True)
            (self.project / ".venv").mkdir()
            (self.project / ".venv" / mark).touch()
            (self.project / ".venv/left").touch()
            ran = self.prepared(self.project)
            self.assertEqual(ran.returncode, 0, ran)
            self.assertFalse((self.project / ".venv/left").exists())
            self.assertEqual(self.found(self.project)[0], str((self.project / ".venv").resolve()))

    def test_what_is_no_exact_version_is_asked_of_the_index(self) -> None:
        (self.project / "requirements.txt").write_text("tiny>=1.0\n")
        self.assertEqual(self.prepared(self.project).returncode, 0)
        self.assertFalse((self.folder / "cache/skillhost").exists())


if __name__ == "__main__":
    unittest.main()
