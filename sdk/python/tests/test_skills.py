"""The decorators, and the entries of `skill.toml` that are made of them."""

import re
import tomllib
import unittest
from dataclasses import dataclass
from typing import Annotated, Any

from skillhost_sdk import Brief, Failed, Host, Invalid, Report, Subject
from skillhost_sdk.manifest import MARKER, Mismatch, updated
from skillhost_sdk.mock import MockHost
from skillhost_sdk.skills import Exported, _tool

MANIFEST = '[skill]\nname = "greeter"\nversion = "0.1.0"\nkind = "tool"\n\n[capabilities]\nread = ["**"]\n'


@dataclass
class Greeting:
    text: str


def greet_them(host: Host, names: list[str], how: Annotated[str, 'as in "hello"'] = "hello") -> Greeting:
    """Greets
    everybody.

    Politely.
    """
    return Greeting(", ".join(f"{how} {name}" for name in names))


def skill(*functions: Any) -> Exported:
    exported = Exported()
    for function in functions:
        exported.add(_tool(function, None, None, False))
    return exported


class Tools(unittest.TestCase):
    def test_a_function_is_called_with_json(self) -> None:
        exported = skill(greet_them)
        with MockHost() as host:
            self.assertEqual(exported.call(host, "greet-them", '{"names": ["ü"]}'), '{"text": "hello ü"}')
            for arguments in ("{}", "[]", '{"names": "a"}', '{"names": [], "who": 1}', "{", "[" * 10_000):
                with self.subTest(arguments=arguments[:20]), self.assertRaises(Invalid):
                    exported.call(host, "greet-them", arguments)
            with self.assertRaises(Failed):
                exported.call(host, "other", "{}")

    def test_what_can_be_no_tool_is_said_when_it_is_loaded(self) -> None:
        def without_host(name: str) -> str:
            return name

        def without_type(host: Host, name) -> str:  # type: ignore[no-untyped-def]
            return str(name)

        def without_return(host: Host):  # type: ignore[no-untyped-def]
            return None

        def several(host: Host, *names: str) -> None:
            return None

        for function in (without_host, without_type, without_return, several):
            with self.subTest(function=function), self.assertRaises(TypeError):
                skill(function)

    def test_a_skill_has_one_kind(self) -> None:
        def review(host: Host, brief: Brief, subject: Subject) -> Report:
            return Report()

        exported = skill(greet_them)
        with self.assertRaisesRegex(TypeError, "second export"):
            exported.set("review", review)
        with self.assertRaisesRegex(TypeError, "two tools"):
            exported.add(_tool(greet_them, None, None, False))
        reviewer = Exported()
        reviewer.set("review", review)
        with self.assertRaisesRegex(TypeError, "second export"):
            reviewer.set("review", review)


class Manifest(unittest.TestCase):
    def test_entries_are_written_once(self) -> None:
        once = updated(MANIFEST, skill(greet_them))
        self.assertTrue(once.startswith(MANIFEST + "\n" + MARKER))
        self.assertEqual(updated(once, skill(greet_them)), once)
        self.assertEqual(updated(once.replace("Greets", "Insults"), skill(greet_them)), once)
        (tool,) = tomllib.loads(once)["tool"]
        self.assertEqual((tool["name"], tool["description"], tool["read_only"]), ("greet-them", "Greets everybody.", False))
        self.assertEqual(
            tool["parameters"]["properties"],
            {
                "names": {"type": "array", "items": {"type": "string"}},
                "how": {"type": "string", "description": 'as in "hello"'},
            },
        )
        self.assertEqual((tool["parameters"]["required"], tool["returns"]["required"]), (["names"], ["text"]))

    def test_what_the_author_wrote_below_the_mark_is_not_lost(self) -> None:
        once = updated(MANIFEST, skill(greet_them))
        number = once.count("\n") + 1
        added = ["[limits]", "# Mine.", "  # Mine.", "timeout = 3", "[tool.more]", "[[tool]] # Mine."]
        for line in added:
            with self.subTest(line):
                told = f"skill.toml:{number}: what stands below the line that the build wrote goes above it"
                with self.assertRaisesRegex(Mismatch, re.escape(told)):
                    updated(once + line + "\n", skill(greet_them))
        for more in [" # Mine.", '\ntimeout = """\nlong"""']:
            with self.assertRaisesRegex(Mismatch, f"^skill.toml:{number + more.count('long') - 1}: "):
                updated(once.rstrip("\n") + more + "\n", skill(greet_them))
        above = MANIFEST + f"\n[limits]\n# Mine: '{MARKER}'\ntimeout = 3\n\n"
        whole = above + once.removeprefix(MANIFEST + "\n")
        self.assertEqual(updated(whole, skill(greet_them)), whole)
        with self.assertRaisesRegex(Mismatch, "^skill.toml:9: "):
            updated(once.replace(MARKER, MARKER + " Mine."), skill(greet_them))

    def test_what_the_author_wrote_is_kept(self) -> None:
        own = MANIFEST + '\n[[tool]]\nname = "greet-them"\n'
        self.assertEqual(updated(own, skill(greet_them)), own)
        with self.assertRaisesRegex(Mismatch, "declares the tools other"):
            updated(own.replace('name = "greet-them"', 'name = "other"'), skill(greet_them))

    def test_a_manifest_and_a_module_that_differ_are_told(self) -> None:
        for manifest, exported, words in [
            (MANIFEST, Exported(), "exports nothing"),
            (MANIFEST.replace("tool", "review"), skill(greet_them), "says kind review"),
            (MANIFEST.replace("tool", "toll"), skill(greet_them), "is one of"),
            ("[skill", skill(greet_them), "skill.toml"),
            ("skill = 1", skill(greet_them), "is one of"),
        ]:
            with self.subTest(words=words), self.assertRaisesRegex(Mismatch, words):
                updated(manifest, exported)

    def test_any_text_can_be_written(self) -> None:
        def odd(host: Host, a: Annotated[str, 'a "b" \\ \n \x7f ü \u2028'] = "") -> None:
            """x"""

        text = updated(MANIFEST, skill(odd))
        (tool,) = tomllib.loads(text)["tool"]
        self.assertEqual(tool["parameters"]["properties"]["a"]["description"], 'a "b" \\ \n \x7f ü \u2028')


if __name__ == "__main__":
    unittest.main()
