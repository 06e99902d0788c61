// The SDK for skills written in C++: what skillhost.h has, and texts as C++ has them.
#ifndef SKILLHOST_HPP
#define SKILLHOST_HPP

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skillhost.h"

namespace skillhost {

inline std::string_view view(const skill_string_t &string) {
  return {reinterpret_cast<const char *>(string.ptr), string.len};
}

inline std::string_view view(const sk_text &text) { return {text.at, text.length}; }

// A copy that the host takes, for what a skill returns.
inline skill_string_t give(std::string_view text) {
  sk_text copy = {};
  sk_add(&copy, text.data(), text.size());
  return sk_give(&copy);
}

// For the arguments of a host's function, as long as `text` is there.
inline skill_string_t lend(std::string_view text) {
  return {reinterpret_cast<uint8_t *>(const_cast<char *>(text.data())), text.size()};
}

inline void warn(std::string_view message) {
  skill_string_t lent = lend(message);
  skill_log_log(SKILL_LOG_LEVEL_WARN, &lent);
}

// All regular files, sorted; nothing where the root can't be read.
inline std::optional<std::vector<std::string>> walk(skill_error_t *err) {
  sk_paths paths;
  if (!sk_walk("", &paths, err)) return std::nullopt;
  std::vector<std::string> files(paths.at, paths.at + paths.count);
  sk_paths_free(&paths);
  return files;
}

// A whole file.
inline std::optional<std::string> read(const std::string &path, skill_error_t *err) {
  sk_text content = {};
  if (!sk_read(path.c_str(), &content, err)) return std::nullopt;
  std::string text(view(content));
  sk_free(&content);
  return text;
}

inline bool write(const std::string &path, std::string_view text, skill_error_t *err) {
  return sk_write(path.c_str(), text.data(), text.size(), err);
}

// A document of JSON that frees itself.
using Document = std::unique_ptr<yyjson_mut_doc, decltype(&yyjson_mut_doc_free)>;

inline Document document() { return {yyjson_mut_doc_new(nullptr), yyjson_mut_doc_free}; }

// Its text, as a tool returns it.
inline skill_string_t give(Document document) {
  sk_text text = {};
  sk_add_json(&text, document.release());
  return sk_give(&text);
}

}  // namespace skillhost

#endif
