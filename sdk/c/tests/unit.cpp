// What of the SDK in C++ needs no host, as a skill: it fails, and says which checks did.
#include <cmath>

#include "skillhost/tool.hpp"
#include "skillhost/tools.h"

using namespace skillhost;

static int checks, failures;

static void check(bool holds, const char *what, int line) {
  checks++;
  if (holds) return;
  failures++;
  log(Level::Error, "unit.cpp:" + std::to_string(line) + ": " + what);
}

#define CHECK(holds) check(holds, #holds, __LINE__)

static Json parsed(std::string_view text) {
  const auto json = Json::parse(text);
  return json ? *json : Json(json.error().describe());
}

static std::string nested(size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

static void json() {
  const std::string all = R"({"a":[1,-2,2.5,true,false,null,"ü\u0000\n"],"b":{},"most":18446744073709551615,"a":[]})";
  CHECK(parsed(all).dump() == all);
  const auto json = parsed(all);
  CHECK(json["a"].items().size() == 7 && json["a"].items()[1].integer() == -2);
  CHECK(json["a"].items()[2].number() == 2.5 && !json["a"].items()[2].integer());
  CHECK(json["a"].items()[3].truth() && !json["a"].items()[5].truth());
  CHECK(json["a"].items()[6].text() == std::string("ü\0\n", 4));
  CHECK(!json["most"].integer() && json["most"].number() == 18446744073709551616.0);

  // What is not there, and what is something else.
  CHECK(json["none"]["deeper"].is_null() && json["a"]["b"].is_null() && json["b"].is_object());
  CHECK(json["none"].items().empty() && json["b"].members().empty() && json["most"].text("other") == "other");
  CHECK(!json["none"].integer() && json["none"].truth(true) && json["none"].text().empty());

  CHECK(parsed(nested(200)).dump() == nested(200));
  CHECK(parsed(nested(201)).text() == "invalid: this is JSON of more than 200 levels");
  CHECK(parsed(nested(1 << 20)).text() == "invalid: this is JSON of more than 200 levels");
  for (const char *bad : {"", "{", "[1,]", "{\"a\":}", "nan", "\"\xff\""})
    CHECK(parsed(bad).text().starts_with("invalid: this is not JSON: "));

  Json made;
  made.set("text", "a\"b");
  made.set("none", std::optional<int>());
  made.set("some", std::optional(7));
  made.set("char", std::string_view("x"));
  made.set("least", INT64_MIN);
  CHECK(made.dump() == R"({"text":"a\"b","none":null,"some":7,"char":"x","least":-9223372036854775808})");
  Json list;
  for (const bool each : {true, false}) list.push(each);
  list.push(Json::object({{"a", "b"}}));
  list.push(Json::object());
  CHECK(list.dump() == R"([true,false,{"a":"b"},{}])");

  // JSON has none of these.
  Json odd = Json::object({{"\xff", "caf\xe9"}, {"nan", NAN}, {"least", -INFINITY}});
  CHECK(odd.dump() == "{\"\ufffd\":\"caf\ufffd\",\"nan\":null,\"least\":null}");
}

// What each line looks for costs no look at all those behind it.
static void many_lines() {
  const auto called = [](const sk_tool &tool, std::string_view arguments) {
    const auto given = yyjson_read(arguments.data(), arguments.size(), 0);
    sk_text answer = {};
    tool.call(nullptr, yyjson_doc_get_root(given), &answer);
    return std::string(answer.at, answer.length);
  };
  CHECK(called(sk_tool_search, R"({"text":"x"})") == "nothing is found\n");
  CHECK(called(sk_tool_read, R"({"path":"newlines","from":8388608})") == "8388608\t\n");
  const std::string before(1 << 20, '\n');
  CHECK(diff("a", before + "x\n", before + "y\n").ends_with("\n \n \n \n-x\n+y\n"));
}

static void texts() {
  CHECK(diff("a", "x\ny\n", "x\nz\n") == "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n");
  CHECK(diff("a", "x\n", "x\n").empty());
  CHECK(clip("aü", 2) == "a" && clip("aü", 3) == "aü" && clip("", 0).empty());
  CHECK(is_text("ü") && !is_text(std::string("\0", 1)) && !is_text("\xff"));
  CHECK(matches("{src,docs}/**", "src/a/b.c") && !matches("src/*", "src/a/b.c"));
}

static void briefs() {
  const Brief brief{
      .goal = "Greet",
      .conventions = {{"AGENTS.md", "Be polite."}},
      .spec = Document{"specs/greet.md", "# Greet"},
      .steps = {{.id = "1", .title = "Write", .instructions = "Write it.", .files = {"src/**", "docs/**"}}},
      .criteria = {{.id = "C1", .statement = "It greets"}},
      .findings = {{.id = "F1", .severity = Severity::Blocker, .category = "tone", .at = Location{"a", 7}, .message = "Rude."}},
      .answers = {{"F1", "Mended."}},
      .gates = {{.evidence = "ev-1", .name = "test", .exit_code = -1, .output = "no\n"}},
  };
  const auto told = markdown(brief);
  for (const char *part : {"# Conventions: AGENTS.md\nBe polite.", "# Goal\nGreet\n", "# Specification: specs/greet.md\n# Greet",
                           "## 1 Write\nWrite it.\nFiles: src/**, docs/**\n", "- C1: It greets\n",
                           "- F1 (blocker, tone) at a:7: Rude.\n", "- F1: Mended.\n", "## test (evidence ev-1): exit code -1\nno\n"})
    CHECK(told.contains(part));
  CHECK(markdown({}).contains("# Goal\n\n"));
  // A 0 hides nothing of what comes behind it.
  const std::string whole("a\0b", 3);
  CHECK(markdown({.goal = whole}).contains("# Goal\n" + whole + "\n"));
}

// Both ways: what is copied to the bindings' memory is what is copied out of it.
static void records() {
  using namespace skillhost::model;
  const Request request{
      .tier = Tier::Capable,
      .system = "",
      .messages = {{Speaker::Assistant, {Text{"ü"}, ToolCall{"1", "look", "{}"}, ToolResult{"1", "seen", true}, Reasoning{"why"}}}},
      .tool_choice = ToolChoice::None,
      .max_output_tokens = 9,
  };
  carry::Held<skill_model_request_free> held(request);
  const auto back = carry::taken<Request>(held.raw);
  CHECK(back.tier == Tier::Capable && back.system == "" && !back.schema && back.tools.empty());
  CHECK(back.tool_choice == ToolChoice::None && back.max_output_tokens == 9);
  CHECK(back.messages.size() == 1 && back.messages[0].speaker == Speaker::Assistant);
  const auto &parts = back.messages[0].parts;
  CHECK(parts.size() == 4 && std::get<Text>(parts[0]).text == "ü" && std::get<ToolCall>(parts[1]).name == "look");
  CHECK(std::get<ToolResult>(parts[2]).failed && std::get<Reasoning>(parts[3]).text == "why");

  using Kind = Error::Kind;
  for (const auto kind : {Kind::Denied, Kind::Invalid, Kind::Exhausted, Kind::Cancelled, Kind::TooLarge, Kind::Failed}) {
    const Error error{kind, "because", 1ull << 40};
    carry::Held<skill_error_free> raw(error);
    CHECK(carry::taken<Error>(raw.raw).describe() == error.describe());
  }
}

Result<Json> skillhost::call(std::string_view, const Json &) {
  json();
  texts();
  many_lines();
  briefs();
  records();
  return failed(std::to_string(checks) + " checks, " + std::to_string(failures) + " failed");
}
