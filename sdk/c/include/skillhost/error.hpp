// What goes wrong, as the contract has it: what can fail returns a Result, since there are no exceptions.
//
//     const auto content = read(path);
//     if (!content) return std::unexpected(content.error());
//     if (content->empty()) return invalid("there is nothing in " + path);
#ifndef SKILLHOST_ERROR_HPP
#define SKILLHOST_ERROR_HPP

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace skillhost {

struct Error {
  enum class Kind : uint8_t { Denied, Invalid, Exhausted, Cancelled, TooLarge, Failed };

  Kind kind = Kind::Failed;
  // Nothing where it was cancelled or is too large.
  std::string message = {};
  // How large it is, where it is too large.
  uint64_t bytes = 0;

  // In words, for a model or a log.
  std::string describe() const {
    switch (kind) {
      case Kind::Denied: return "denied: " + message;
      case Kind::Invalid: return "invalid: " + message;
      case Kind::Exhausted: return "exhausted: " + message;
      case Kind::Cancelled: return "cancelled";
      case Kind::TooLarge: return "too large: " + std::to_string(bytes) + " bytes";
      case Kind::Failed: break;
    }
    return "failed: " + message;
  }
};

template <class T>
using Result = std::expected<T, Error>;

// The caller's arguments or input are wrong.
inline std::unexpected<Error> invalid(std::string why) {
  return std::unexpected(Error{Error::Kind::Invalid, std::move(why)});
}

// A limit of the skill's own is used up.
inline std::unexpected<Error> exhausted(std::string why) {
  return std::unexpected(Error{Error::Kind::Exhausted, std::move(why)});
}

// Anything else that went wrong.
inline std::unexpected<Error> failed(std::string why) {
  return std::unexpected(Error{Error::Kind::Failed, std::move(why)});
}

}  // namespace skillhost

#endif
