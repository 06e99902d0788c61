// Calls everything that the contract has, and writes down what came of it.
#include "skillhost/implement.hpp"

using namespace skillhost;

static constexpr const char *ERRORS[] = {"denied", "invalid", "exhausted", "cancelled", "too-large", "failed"};

static std::string told(const Error &error) {
  const std::string name = ERRORS[static_cast<size_t>(error.kind)];
  if (error.kind == Error::Kind::Cancelled) return name;
  return name + ": " + (error.kind == Error::Kind::TooLarge ? std::to_string(error.bytes) : error.message);
}

// What is made of a result, or its error.
template <class T, class Make>
static Json of(const Result<T> &result, Make make) {
  return result ? Json(make(*result)) : Json(told(result.error()));
}

static Json as_it_is(const auto &it) { return it; }
static Json size(const auto &it) { return it.size(); }
static Json strings(const Strings &all) { return Json::array(all, [](auto &one) { return Json(one); }); }

// The types of the contract.

static Json document(const Document &it) { return Json::object({{"path", it.path}, {"text", it.text}}); }
static Json location(const Location &it) { return Json::object({{"path", it.path}, {"line", it.line}}); }
static Json answer(const Answer &it) { return Json::object({{"finding", it.finding}, {"text", it.text}}); }

static Json step(const Step &it) {
  return Json::object({
      {"id", it.id}, {"title", it.title}, {"instructions", it.instructions}, {"files", strings(it.files)},
      {"after", strings(it.after)}, {"criteria", strings(it.criteria)},
  });
}

static Json criterion(const Criterion &it) {
  return Json::object({{"id", it.id}, {"statement", it.statement}, {"command", it.command}});
}

static Json finding(const Finding &it) {
  static constexpr const char *SEVERITIES[] = {"nit", "minor", "major", "blocker"};
  return Json::object({
      {"id", it.id}, {"severity", SEVERITIES[static_cast<size_t>(it.severity)]}, {"category", it.category},
      {"at", it.at ? location(*it.at) : Json()}, {"quote", it.quote}, {"message", it.message},
      {"suggestion", it.suggestion},
  });
}

static Json gate(const Gate &it) {
  return Json::object({
      {"evidence", it.evidence}, {"name", it.name}, {"exit_code", it.exit_code}, {"tests", it.tests},
      {"output", it.output},
  });
}

static Json brief_of(const Brief &it) {
  return Json::object({
      {"run", it.run}, {"agent", it.agent}, {"goal", it.goal}, {"base", it.base},
      {"conventions", Json::array(it.conventions, document)}, {"spec", it.spec ? document(*it.spec) : Json()},
      {"steps", Json::array(it.steps, step)}, {"criteria", Json::array(it.criteria, criterion)},
      {"findings", Json::array(it.findings, finding)}, {"answers", Json::array(it.answers, answer)},
      {"gates", Json::array(it.gates, gate)},
  });
}

struct PartOf {
  Json operator()(const model::Text &it) const { return Json::object({{"text", it.text}}); }
  Json operator()(const model::Reasoning &it) const { return Json::object({{"reasoning", it.text}}); }
  Json operator()(const model::ToolCall &it) const {
    const auto call = Json::object({{"id", it.id}, {"name", it.name}, {"arguments", it.arguments}});
    return Json::object({{"tool_call", call}});
  }
  Json operator()(const model::ToolResult &it) const {
    const auto result = Json::object({{"id", it.id}, {"content", it.content}, {"failed", it.failed}});
    return Json::object({{"tool_result", result}});
  }
};

static Json parts(const model::Reply &reply) {
  return Json::array(reply.parts, [](const model::Part &part) { return std::visit(PartOf(), part); });
}

static Json reply(const model::Reply &it) {
  static constexpr const char *STOPS[] = {"end", "tool-calls", "length", "refused"};
  const auto usage = Json::object({
      {"input_tokens", it.usage.input_tokens}, {"cached_input_tokens", it.usage.cached_input_tokens},
      {"output_tokens", it.usage.output_tokens}, {"cost", it.usage.cost},
  });
  return Json::object({
      {"parts", parts(it)}, {"stop", STOPS[static_cast<size_t>(it.stop)]}, {"usage", usage}, {"model", it.model},
  });
}

// More than a diff or the budget has room for.
static std::string large() {
  std::string text;
  for (int i = 0; i < 40000; i++) text += "0123456789\n";
  return text;
}

// The calls.

static void models(Json &seen) {
  using namespace skillhost::model;
  const Message asked{Speaker::User, {Text{"ünï 🦀"}}};
  const Message said{Speaker::Assistant, {Text{"ü"}, Reasoning{"because"}, ToolCall{"1", "look", "{}"}}};
  const Message result{Speaker::User, {ToolResult{"1", "seen", true}}};
  seen.set("complete", of(complete({
      .system = "a system",
      .messages = {asked, said, result},
      .tools = {{"look", "Looks.", R"({"type":"object","properties":{}})"}},
      .tool_choice = ToolChoice::Required,
      .max_output_tokens = 99,
  }), reply));
  const Request small{.messages = {asked}}, dear{.tier = Tier::Capable, .messages = {asked}};
  const auto all = [](const std::vector<Request> &requests) {
    return Json::array(complete_all(requests), [](const Result<Reply> &one) { return of(one, parts); });
  };
  seen.set("complete-all", all({small, small}));
  seen.set("complete-all denied", all({dear}));
  seen.set("complete denied", of(complete(dear), reply));
  seen.set("complete exhausted", of(complete({.messages = {{Speaker::User, {Text{large()}}}}}), reply));
  seen.set("complete failed", of(complete(small), reply));
  seen.set("window", of(window(Tier::Standard), as_it_is<uint64_t>));
  seen.set("window denied", of(window(Tier::Capable), as_it_is<uint64_t>));
  const Budget left = remaining();
  seen.set("remaining", Json::object({{"tokens", left.tokens}, {"cost", left.cost}}));
}

static Json outcome(const exec::Outcome &it) {
  return Json::object({
      {"id", it.id}, {"exit_code", it.exit_code}, {"output", it.output}, {"output_size", it.output_size},
      {"duration_ms", it.duration_ms},
  });
}

static void commands(Json &seen) {
  seen.set("commands", Json::array(exec::commands(), [](const exec::Command &it) {
    return Json::object({{"name", it.name}, {"description", it.description}});
  }));
  seen.set("granted", strings(exec::granted()));
  const auto ran = exec::run("test");
  seen.set("run", of(ran, outcome));
  seen.set("run denied", of(exec::run("deploy"), outcome));
  seen.set("run with arguments", of(exec::run("test", {"x"}), outcome));
  seen.set("output", of(exec::output(ran ? ran->id : "", 2), as_it_is<std::string>));
  seen.set("output invalid", of(exec::output("none"), as_it_is<std::string>));
}

static Json entry(const changes::Entry &it) {
  static constexpr const char *KINDS[] = {"added", "modified", "deleted", "renamed"};
  return Json::object({{"path", it.path}, {"kind", KINDS[static_cast<size_t>(it.kind)]}});
}

static Result<void> files_and_changes(Json &seen) {
  for (const auto &[path, text] : {std::pair("src/ü/new.txt", "one\n"), {"src/greeting.txt", "hello\n"}, {"length", "1\n"}})
    if (const auto written = write(path, text); !written) return written;
  seen.set("entries", of(changes::entries(), [](const auto &all) { return Json::array(all, entry); }));
  seen.set("diff", of(changes::diff({"length"}), as_it_is<std::string>));
  if (const auto written = write("src/large.txt", large()); !written) return written;
  seen.set("diff too large", of(changes::diff(), as_it_is<std::string>));
  if (const auto removed = remove_file("src/large.txt"); !removed) return removed;
  seen.set("original", of(changes::original("length", 1), as_it_is<std::string>));
  seen.set("original invalid", of(changes::original("none"), size<std::string>));
  seen.set("checkpoint", of(changes::checkpoint("Half of it"), size<std::string>));
  return {};
}

static Result<void> see(Json &seen) {
  for (const auto level : {Level::Debug, Level::Info, Level::Warn, Level::Error}) log(level, "a line ü");
  progress("half", 0.5f);
  progress("some");
  models(seen);
  commands(seen);
  if (const auto done = files_and_changes(seen); !done) return done;
  seen.set("ask", of(ask("Now?", {"yes", "no"}, "no"), as_it_is<std::string>));
  return {};
}

Result<Summary> skillhost::implement(const Brief &brief) {
  // A goal may ask for an error.
  for (size_t i = 0; i < std::size(ERRORS); i++)
    if (brief.goal == ERRORS[i]) return std::unexpected(Error{static_cast<Error::Kind>(i), "because ü", 1ull << 32});

  const bool again = !brief.findings.empty();
  auto seen = Json::object({{"brief", brief_of(brief)}});
  if (!again)
    if (const auto done = see(seen); !done) return std::unexpected(done.error());
  const auto written = write(again ? "src/again.json" : "src/seen.json", seen.dump());
  if (!written) return std::unexpected(written.error());

  Summary summary{
      .title = "See all of it",
      .what = "what ü",
      .why = "why",
      .breaking = {"breaks"},
      .rollback = "rollback",
      .unfinished = {"unfinished"},
  };
  for (const Finding &one : brief.findings) summary.answers.push_back({one.id, "answered"});
  return summary;
}
