// JSON as values: what a model or the host says, and what a skill answers. yyjson reads and writes it.
//
//     Json::object({{"file", todo.file}, {"line", todo.line}})
//     arguments["path"].text()
#ifndef SKILLHOST_JSON_HPP
#define SKILLHOST_JSON_HPP

#include <concepts>
#include <memory>

#include "skillhost/files.hpp"

namespace skillhost {

class Json {
 public:
  using Array = std::vector<Json>;
  // In the order in which they are written.
  using Object = std::vector<std::pair<std::string, Json>>;

  // Null.
  Json() = default;
  Json(std::same_as<bool> auto truth) : value_(truth) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Json(T number) {
    if (std::is_signed_v<T>) value_ = static_cast<int64_t>(number);
    else value_ = static_cast<uint64_t>(number);
  }
  Json(std::floating_point auto number) : value_(static_cast<double>(number)) {}
  template <std::convertible_to<std::string_view> T>
  Json(const T &text) : value_(std::string(std::string_view(text))) {}
  Json(Array items) : value_(std::move(items)) {}
  Json(Object members) : value_(std::move(members)) {}
  // Null where there is none.
  template <class T>
  Json(const std::optional<T> &it) {
    if (it) *this = Json(*it);
  }

  static Json object(Object members = {}) { return members; }

  // What `make` makes of each.
  template <class Range, class Make>
  static Json array(const Range &range, Make make) {
    Array items;
    for (const auto &one : range) items.push_back(make(one));
    return items;
  }

  // `invalid` where it is none, or too deep.
  static Result<Json> parse(std::string_view text) {
    yyjson_read_err why;
    const std::unique_ptr<yyjson_doc, decltype(&yyjson_doc_free)> document{
        yyjson_read_opts(const_cast<char *>(text.data()), text.size(), 0, nullptr, &why), yyjson_doc_free};
    if (!document) return invalid(std::string("this is not JSON: ") + why.msg + ", at byte " + std::to_string(why.pos));
    return of(yyjson_doc_get_root(document.get()));
  }

  // A copy of what yyjson has read.
  static Result<Json> of(yyjson_val *from) {
    Json made;
    if (!made.copy(from, MAX_DEPTH)) return invalid("this is JSON of more than " + std::to_string(MAX_DEPTH) + " levels");
    return made;
  }

  // Its text, without spaces. Where JSON has no such text or number, it is there with U+FFFD for each byte that is no
  // UTF-8, and as null for infinity and what is no number.
  std::string dump() const {
    yyjson_mut_doc *document = yyjson_mut_doc_new(nullptr);
    yyjson_mut_doc_set_root(document, build(document));
    carry::Grown text;
    sk_add_json(&text.text, document);
    return text.copy();
  }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  // What it is; where it is something else, `otherwise` or nothing.
  std::string text(std::string_view otherwise = "") const {
    const auto *text = std::get_if<std::string>(&value_);
    return text ? *text : std::string(otherwise);
  }
  bool truth(bool otherwise = false) const {
    const auto *truth = std::get_if<bool>(&value_);
    return truth ? *truth : otherwise;
  }
  std::optional<int64_t> integer() const {
    if (const auto *number = std::get_if<int64_t>(&value_)) return *number;
    const auto *number = std::get_if<uint64_t>(&value_);
    return number && *number <= INT64_MAX ? std::optional(static_cast<int64_t>(*number)) : std::nullopt;
  }
  std::optional<double> number() const {
    if (const auto *number = std::get_if<int64_t>(&value_)) return static_cast<double>(*number);
    if (const auto *number = std::get_if<uint64_t>(&value_)) return static_cast<double>(*number);
    const auto *number = std::get_if<double>(&value_);
    return number ? std::optional(*number) : std::nullopt;
  }
  const Array &items() const {
    static const Array NONE;
    const auto *items = std::get_if<Array>(&value_);
    return items ? *items : NONE;
  }
  const Object &members() const {
    static const Object NONE;
    const auto *members = std::get_if<Object>(&value_);
    return members ? *members : NONE;
  }
  // Null where it has no such member, or is no object.
  const Json &operator[](std::string_view name) const {
    static const Json NONE;
    for (const auto &[own, value] : members())
      if (own == name) return value;
    return NONE;
  }

  // Adds a member, or an item; what it was before is gone where that was something else.
  void set(std::string name, Json value) {
    if (!is_object()) value_ = Object();
    std::get_if<Object>(&value_)->emplace_back(std::move(name), std::move(value));
  }
  void push(Json value) {
    if (!std::holds_alternative<Array>(value_)) value_ = Array();
    std::get_if<Array>(&value_)->push_back(std::move(value));
  }

 private:
  // yyjson needs no stack for deep ones, and this does.
  static constexpr int MAX_DEPTH = 200;

  bool copy(yyjson_val *from, int levels) {
    if (yyjson_is_ctn(from) && levels-- == 0) return false;
    size_t index, count;
    yyjson_val *name, *one;
    switch (yyjson_get_type(from)) {
      case YYJSON_TYPE_BOOL: value_ = yyjson_get_bool(from); return true;
      case YYJSON_TYPE_STR: value_ = string(from); return true;
      case YYJSON_TYPE_NUM:
        if (yyjson_is_uint(from)) value_ = yyjson_get_uint(from);
        else if (yyjson_is_sint(from)) value_ = yyjson_get_sint(from);
        else value_ = yyjson_get_real(from);
        return true;
      case YYJSON_TYPE_ARR: {
        auto &items = value_.emplace<Array>();
        yyjson_arr_foreach(from, index, count, one) if (!items.emplace_back().copy(one, levels)) return false;
        return true;
      }
      case YYJSON_TYPE_OBJ: {
        auto &members = value_.emplace<Object>();
        yyjson_obj_foreach(from, index, count, name, one) {
          if (!members.emplace_back(string(name), Json()).second.copy(one, levels)) return false;
        }
        return true;
      }
      default: return true;
    }
  }

  static std::string string(yyjson_val *from) { return {yyjson_get_str(from), yyjson_get_len(from)}; }

  // Lends the document its texts, which are there until it is written.
  yyjson_mut_val *build(yyjson_mut_doc *document) const {
    const auto lent = [&](const std::string &text) { return yyjson_mut_strn(document, text.data(), text.size()); };
    if (const auto *truth = std::get_if<bool>(&value_)) return yyjson_mut_bool(document, *truth);
    if (const auto *number = std::get_if<int64_t>(&value_)) return yyjson_mut_sint(document, *number);
    if (const auto *number = std::get_if<uint64_t>(&value_)) return yyjson_mut_uint(document, *number);
    if (const auto *number = std::get_if<double>(&value_)) return yyjson_mut_real(document, *number);
    if (const auto *text = std::get_if<std::string>(&value_)) return lent(*text);
    if (const auto *items = std::get_if<Array>(&value_)) {
      yyjson_mut_val *array = yyjson_mut_arr(document);
      for (const Json &one : *items) yyjson_mut_arr_append(array, one.build(document));
      return array;
    }
    if (const auto *members = std::get_if<Object>(&value_)) {
      yyjson_mut_val *object = yyjson_mut_obj(document);
      for (const auto &[name, one] : *members) yyjson_mut_obj_add(object, lent(name), one.build(document));
      return object;
    }
    return yyjson_mut_null(document);
  }

  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Array, Object> value_;
};

}  // namespace skillhost

#endif
