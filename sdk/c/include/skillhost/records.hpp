// The records of the contract as C++ has them; wit/ says what they mean. A field that is not named in braces is empty.
#ifndef SKILLHOST_RECORDS_HPP
#define SKILLHOST_RECORDS_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace skillhost {

using Strings = std::vector<std::string>;
using MaybeString = std::optional<std::string>;

enum class Severity : uint8_t { Nit, Minor, Major, Blocker };

// A text file, by its path relative to the worktree's root.
struct Document {
  std::string path = {}, text = {};
};

struct Location {
  std::string path = {};
  // 1-based.
  std::optional<uint32_t> line = {};
};

struct Finding {
  // Given by the host; empty in what a review returns.
  std::string id = {};
  Severity severity = Severity::Minor;
  std::string category = {};
  std::optional<Location> at = {};
  // Verbatim text at that place, by which the finding is checked.
  MaybeString quote = {};
  std::string message = {};
  MaybeString suggestion = {};
};

// What the author of the reviewed work says to a finding.
struct Answer {
  std::string finding = {}, text = {};
};

// What a command showed about the proposed commit.
struct Gate {
  std::string evidence = {}, name = {};
  // None where a signal or a limit ended it.
  std::optional<int32_t> exit_code = {};
  std::optional<uint32_t> tests = {};
  std::string output = {};
};

struct Step {
  std::string id = {}, title = {}, instructions = {};
  // Globs of the files that it will touch; ids of the steps that come first, and of the criteria that it serves.
  Strings files = {}, after = {}, criteria = {};
};

struct Criterion {
  std::string id = {}, statement = {};
  // The declared command that shows it, if one can.
  MaybeString command = {};
};

// What an agent is told: all of it, and nothing else.
struct Brief {
  std::string run = {}, agent = {}, goal = {}, base = {};
  std::vector<Document> conventions = {};
  std::optional<Document> spec = {};
  std::vector<Step> steps = {};
  std::vector<Criterion> criteria = {};
  std::vector<Finding> findings = {};
  std::vector<Answer> answers = {};
  std::vector<Gate> gates = {};
};

enum class Level : uint8_t { Debug, Info, Warn, Error };

namespace model {

enum class Tier : uint8_t { Cheap, Standard, Capable };
enum class Speaker : uint8_t { User, Assistant };
enum class ToolChoice : uint8_t { Auto, Required, None };
enum class Stop : uint8_t { End, ToolCalls, Length, Refused };

struct ToolDefinition {
  // `parameters` is the JSON Schema of an object.
  std::string name = {}, description = {}, parameters = {};
};

struct Text {
  std::string text = {};
};

struct ToolCall {
  // `arguments` is JSON, or what a model takes for it.
  std::string id = {}, name = {}, arguments = {};
};

struct ToolResult {
  std::string id = {}, content = {};
  bool failed = false;
};

// A provider's reasoning, to be sent back unchanged.
struct Reasoning {
  std::string text = {};
};

// In the contract's order, which makes the index the tag.
using Part = std::variant<Text, ToolCall, ToolResult, Reasoning>;

struct Message {
  Speaker speaker = Speaker::User;
  std::vector<Part> parts = {};
};

struct Request {
  Tier tier = Tier::Standard;
  MaybeString system = {};
  std::vector<Message> messages = {};
  std::vector<ToolDefinition> tools = {};
  ToolChoice tool_choice = ToolChoice::Auto;
  // JSON Schema that the reply's text must satisfy.
  MaybeString schema = {};
  std::optional<uint32_t> max_output_tokens = {};
};

struct Usage {
  uint64_t input_tokens = 0, cached_input_tokens = 0, output_tokens = 0;
  // Millionths of a US dollar; none where the price is unknown.
  std::optional<uint64_t> cost = {};
};

struct Reply {
  std::vector<Part> parts = {};
  Stop stop = Stop::End;
  Usage usage = {};
  std::string model = {};
};

struct Budget {
  std::optional<uint64_t> tokens = {}, cost = {};
};

}  // namespace model

namespace exec {

struct Command {
  std::string name = {}, description = {};
};

struct Outcome {
  // Names this run in logs and reports.
  std::string id = {};
  // None where a signal or a limit ended it.
  std::optional<int32_t> exit_code = {};
  // The end of what it printed, both streams, at most 64 KiB, of so many bytes in all.
  std::string output = {};
  uint64_t output_size = 0, duration_ms = 0;
};

}  // namespace exec

namespace changes {

enum class Kind : uint8_t { Added, Modified, Deleted, Renamed };

struct Entry {
  std::string path = {};
  Kind kind = Kind::Modified;
};

}  // namespace changes

}  // namespace skillhost

#endif
