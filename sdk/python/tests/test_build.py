"""What is told where nothing can be built. That something can is for the tests of the whole program."""

import subprocess
import sys
import tempfile
import unittest
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


if __name__ == "__main__":
    unittest.main()
