// Lists TODO comments with file and line, and writes a report about them.
#include <cctype>

#include "skillhost.hpp"

namespace {

constexpr std::string_view WORD = "TODO", SPACE = " \t\r\n\v\f";

struct Todo {
  std::string file;
  size_t line;
  std::string text;
};

bool in_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) || c == '_' || byte >= 0x80;
}

std::string_view trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(SPACE), text.size()));
  return text.substr(0, text.find_last_not_of(SPACE) + 1);
}

// What stands behind the word in a line, without `:` or `(name):`.
std::optional<std::string_view> find_todo(std::string_view line) {
  for (size_t at = 0; (at = line.find(WORD, at)) != line.npos; at += WORD.size()) {
    std::string_view rest = line.substr(at + WORD.size());
    if ((at && in_word(line[at - 1])) || (!rest.empty() && in_word(rest[0]))) continue;
    if (!rest.empty() && rest[0] == '(' && rest.find(')') != rest.npos) rest.remove_prefix(rest.find(')') + 1);
    if (!rest.empty() && rest[0] == ':') rest.remove_prefix(1);
    return trim(rest);
  }
  return std::nullopt;
}

void look_in(const std::string &file, std::string_view content, std::vector<Todo> &todos) {
  for (size_t line = 1;; line++) {
    const size_t end = content.find('\n');
    if (const auto text = find_todo(content.substr(0, end))) todos.push_back({file, line, std::string(*text)});
    if (end == content.npos) return;
    content.remove_prefix(end + 1);
  }
}

std::string render(const std::vector<Todo> &todos) {
  size_t files = 0;
  std::string list;
  for (size_t i = 0; i < todos.size(); i++) {
    files += i == 0 || todos[i].file != todos[i - 1].file;
    list += "- `" + todos[i].file + ":" + std::to_string(todos[i].line) + "` " + todos[i].text + "\n";
  }
  return "# TODO report\n\n" + std::to_string(todos.size()) + " in " + std::to_string(files) + " files.\n\n" +
         (list.empty() ? "None.\n" : list);
}

skill_string_t answer(const std::vector<Todo> &todos) {
  auto made = skillhost::document();
  yyjson_mut_doc *document = made.get();
  yyjson_mut_val *root = yyjson_mut_obj(document), *list = yyjson_mut_arr(document);
  yyjson_mut_doc_set_root(document, root);
  yyjson_mut_obj_add_val(document, root, "todos", list);
  for (const Todo &todo : todos) {
    yyjson_mut_val *one = yyjson_mut_arr_add_obj(document, list);
    yyjson_mut_obj_add_str(document, one, "file", todo.file.c_str());
    yyjson_mut_obj_add_uint(document, one, "line", todo.line);
    yyjson_mut_obj_add_str(document, one, "text", todo.text.c_str());
  }
  return skillhost::give(std::move(made));
}

bool report(yyjson_val *arguments, skill_string_t *ret, skill_error_t *err) {
  const std::string path = sk_get(arguments, "path", "TODO.md"), pattern = sk_get(arguments, "pattern", "**");
  const auto files = skillhost::walk(err);
  if (!files) return false;
  std::vector<Todo> todos;
  for (const std::string &file : *files) {
    // The report of last time tells nothing new.
    if (file == path || !sk_glob(pattern.c_str(), file.c_str())) continue;
    skill_error_t unread;
    const auto content = skillhost::read(file, &unread);
    if (!content) skillhost::warn(sk_describe(&unread));
    else if (sk_is_text(content->data(), content->size())) look_in(file, *content, todos);
  }
  if (!skillhost::write(path, render(todos), err)) return false;
  *ret = answer(todos);
  return true;
}

}  // namespace

bool exports_skill_tool_call(skill_string_t *name, skill_string_t *arguments, skill_string_t *ret, skill_error_t *err) {
  yyjson_val *given = sk_arguments(arguments, err);
  if (!given) return false;
  if (skillhost::view(*name) == "report") return report(given, ret, err);
  return sk_invalid(err, "there is no tool `%.*s`", SK_ARG(*name));
}
