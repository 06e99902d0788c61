// Files of the worktree. Paths are relative to its root and separated by `/`; the root is "".
#ifndef SKILLHOST_FILES_HPP
#define SKILLHOST_FILES_HPP

#include "skillhost/carry.hpp"

namespace skillhost {

namespace carry {

// A text of the helpers in C.
class Grown {
 public:
  Grown() = default;
  Grown(const Grown &) = delete;
  Grown &operator=(const Grown &) = delete;
  ~Grown() { sk_free(&text); }
  std::string copy() const { return {text.at, text.length}; }

  sk_text text = {};
};

}  // namespace carry

// A whole file, of at most SK_MAX_FILE_BYTES; else `too-large`, with its size.
inline Result<std::string> read(const std::string &path) {
  carry::Grown content;
  skill_error_t err;
  if (!sk_read(path.c_str(), &content.text, &err)) return carry::error(err);
  return content.copy();
}

// Writes a whole file, and makes its directories.
inline Result<void> write(const std::string &path, std::string_view text) {
  skill_error_t err;
  if (!sk_write(path.c_str(), text.data(), text.size(), &err)) return carry::error(err);
  return {};
}

inline Result<void> remove_file(const std::string &path) {
  skill_error_t err;
  if (!sk_remove(path.c_str(), &err)) return carry::error(err);
  return {};
}

// All regular files under `root`, sorted by their bytes. What is named `.git` and symbolic links are left out, and a
// directory that can't be read has nothing to show.
inline Result<Strings> walk(const std::string &root = "") {
  sk_paths paths;
  skill_error_t err;
  if (!sk_walk(root.c_str(), &paths, &err)) return carry::error(err);
  Strings files(paths.at, paths.at + paths.count);
  sk_paths_free(&paths);
  return files;
}

// Whether a glob as the host has them matches the whole path.
inline bool matches(const std::string &glob, const std::string &path) { return sk_glob(glob.c_str(), path.c_str()); }

// Whether it is UTF-8 without a 0 in it.
inline bool is_text(std::string_view bytes) { return sk_is_text(bytes.data(), bytes.size()); }

// Its longest beginning of at most `most` bytes that cuts no character.
inline std::string clip(std::string_view text, size_t most) {
  return std::string(text.substr(0, sk_clip(text.data(), text.size(), most)));
}

// A unified diff with three lines around each change; nothing where the texts are the same.
inline std::string diff(const std::string &path, const std::string &before, const std::string &after) {
  carry::Grown text;
  sk_add(&text.text, "", 0);
  sk_diff(path.c_str(), before.c_str(), after.c_str(), &text.text);
  return text.copy();
}

}  // namespace skillhost

#endif
