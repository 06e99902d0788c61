// Lists TODO comments with file and line, and writes a report about them.
#include <cctype>

#include "skillhost/tool.hpp"

using namespace skillhost;

constexpr std::string_view WORD = "TODO", SPACE = " \t\r\n\v\f";

struct Todo {
  std::string file;
  size_t line;
  std::string text;
};

static bool in_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) || c == '_' || byte >= 0x80;
}

static std::string_view trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(SPACE), text.size()));
  return text.substr(0, text.find_last_not_of(SPACE) + 1);
}

// What stands behind the word in a line, without `:` or `(name):`.
static std::optional<std::string_view> find_todo(std::string_view line) {
  for (size_t at = 0; (at = line.find(WORD, at)) != line.npos; at += WORD.size()) {
    std::string_view rest = line.substr(at + WORD.size());
    if ((at && in_word(line[at - 1])) || (!rest.empty() && in_word(rest[0]))) continue;
    if (rest.starts_with('(') && rest.contains(')')) rest.remove_prefix(rest.find(')') + 1);
    if (rest.starts_with(':')) rest.remove_prefix(1);
    return trim(rest);
  }
  return std::nullopt;
}

static void look_in(const std::string &file, std::string_view content, std::vector<Todo> &todos) {
  for (size_t line = 1;; line++) {
    const size_t end = content.find('\n');
    if (const auto text = find_todo(content.substr(0, end))) todos.push_back({file, line, std::string(*text)});
    if (end == content.npos) return;
    content.remove_prefix(end + 1);
  }
}

static std::string render(const std::vector<Todo> &todos) {
  size_t files = 0;
  std::string list;
  for (size_t i = 0; i < todos.size(); i++) {
    files += i == 0 || todos[i].file != todos[i - 1].file;
    list += "- `" + todos[i].file + ":" + std::to_string(todos[i].line) + "` " + todos[i].text + "\n";
  }
  return "# TODO report\n\n" + std::to_string(todos.size()) + " in " + std::to_string(files) + " files.\n\n" +
         (list.empty() ? "None.\n" : list);
}

static Result<Json> report(const Json &arguments) {
  const auto path = arguments["path"].text("TODO.md"), pattern = arguments["pattern"].text("**");
  const auto files = walk();
  if (!files) return std::unexpected(files.error());
  std::vector<Todo> todos;
  for (const std::string &file : *files) {
    // The report of last time tells nothing new.
    if (file == path || !matches(pattern, file)) continue;
    const auto content = read(file);
    if (!content) warn(content.error().describe());
    else if (is_text(*content)) look_in(file, *content, todos);
  }
  if (const auto written = write(path, render(todos)); !written) return std::unexpected(written.error());
  const auto list = Json::array(todos, [](const Todo &todo) {
    return Json::object({{"file", todo.file}, {"line", todo.line}, {"text", todo.text}});
  });
  return Json::object({{"todos", list}});
}

Result<Json> skillhost::call(std::string_view name, const Json &arguments) {
  if (name == "report") return report(arguments);
  return invalid("there is no tool `" + std::string(name) + "`");
}
