#include "core/json.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include <nlohmann/json.hpp>

namespace tally::core {
namespace {

// A longer name would only blow up the answer; its object is named instead.
constexpr std::size_t pointer_name_bytes_max = 256;

// Reads a text and leaves behind how far the reader came, since the events carry no position.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  Cursor operator++(int) {
    Cursor before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Cursor& other) const { return at_ == other.at_; }
  bool operator!=(const Cursor& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

std::optional<std::size_t> find_repeated_name(const Json::Object& members) {
  std::vector<std::size_t> order(members.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return members[a].name < members[b].name; });
  auto same_name = [&](std::size_t a, std::size_t b) { return members[a].name == members[b].name; };
  auto found = std::adjacent_find(order.begin(), order.end(), same_name);
  if (found == order.end()) return std::nullopt;
  return *found;
}

// Takes the reader's events and builds the value, holding one open container per level. Every
// member function answers whether to read on.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(std::string_view text, const JsonLimits& limits)
      : text_(text), reached_(text.data()), limits_(limits) {}

  Result<Json> run() {
    Cursor first(text_.data(), &reached_);
    Cursor last(text_.data() + text_.size(), &reached_);
    bool is_whole = nlohmann::json::sax_parse(first, last, this);
    TALLY_ASSERT(is_whole != error_.has_value());
    if (error_) return std::move(*error_);
    return std::move(root_);
  }

  bool null() override { return admit() && put(nullptr); }
  bool boolean(bool value) override { return admit() && put(value); }
  bool number_integer(number_integer_t value) override {
    if (value < -json_integer_max || value > json_integer_max) return refuse_number();
    return admit() && put(value);
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (std::cmp_greater(value, json_integer_max)) return refuse_number();
    return admit() && put(value);
  }
  bool number_float(number_float_t, const string_t&) override { return refuse_number(); }
  bool string(string_t& value) override { return admit() && put(std::move(value)); }
  bool binary(binary_t&) override { return refuse_text("holds bytes"); }

  bool start_object(std::size_t) override { return open(Json::Object{}); }
  bool key(string_t& value) override {
    open_.back().key = std::move(value);
    return true;
  }
  bool end_object() override {
    auto& members = std::get<Json::Object>(open_.back().container);
    if (auto repeated = find_repeated_name(members)) {
      open_.back().key = members[*repeated].name;
      return refuse({Refusal::malformed, "json.malformed", "a member's name stands twice"},
                    "duplicate_member");
    }
    return close(std::move(members));
  }
  bool start_array(std::size_t) override { return open(Json::Array{}); }
  bool end_array() override {
    return close(std::move(std::get<Json::Array>(open_.back().container)));
  }

  bool parse_error(std::size_t,
                   const std::string&,
                   const nlohmann::detail::exception& error) override {
    constexpr int number_overflow = 406;  // 1e400: beyond what a double holds
    if (error.id == number_overflow) return refuse_number();
    if (text_.empty()) return refuse_text("the text is empty");
    // The reader's own words quote the input, which need not be UTF-8.
    return refuse_text("the text is not JSON, or not UTF-8");
  }

 private:
  struct Open {
    std::variant<Json::Array, Json::Object> container;
    std::string key;  // of the member being read
  };

  // Counts one more value.
  bool admit() {
    if (open_.empty() || members_++ < limits_.members_max) return true;
    return refuse({Refusal::too_large, "json.too_large",
                   "more than " + std::to_string(limits_.members_max) + " members and elements"},
                  "too_many");
  }

  bool put(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Open& top = open_.back();
    if (auto* elements = std::get_if<Json::Array>(&top.container)) {
      elements->push_back(std::move(value));
    } else {
      std::get<Json::Object>(top.container).push_back({std::move(top.key), std::move(value)});
    }
    return true;
  }

  template <class Container>
  bool open(Container container) {
    if (!admit()) return false;
    if (open_.size() >= limits_.depth_max) {
      return refuse({Refusal::malformed, "json.malformed",
                     "nested deeper than " + std::to_string(limits_.depth_max) + " levels"},
                    "too_deep");
    }
    open_.push_back({std::move(container), {}});
    return true;
  }

  template <class Container>
  bool close(Container container) {
    Json value(std::move(container));
    open_.pop_back();
    return put(std::move(value));
  }

  std::string pointer() const {
    std::string out;
    for (const Open& level : open_) {
      if (const auto* elements = std::get_if<Json::Array>(&level.container)) {
        out += '/';
        out += std::to_string(elements->size());
      } else if (level.key.size() <= pointer_name_bytes_max) {
        out += pointer_token(level.key);
      } else {
        return out;
      }
    }
    return out;
  }

  bool refuse_number() {
    return refuse({Refusal::malformed, "json.not_an_integer",
                   "numbers are integers from -(2^53 - 1) to 2^53 - 1"},
                  "not_an_integer");
  }
  bool refuse_text(std::string_view what) {
    std::string message(what);
    error_ = Error{Refusal::malformed, "json.malformed", message + position()};
    return false;
  }
  bool refuse(Error error, std::string detail_code) {
    error.details.push_back({pointer(), std::move(detail_code), error.message});
    error.message += position();
    error_ = std::move(error);
    return false;
  }
  std::string position() const {
    return " (byte " + std::to_string(reached_ - text_.data()) + " of " +
           std::to_string(text_.size()) + ")";
  }

  std::string_view text_;
  const char* reached_;
  const JsonLimits& limits_;
  std::vector<Open> open_;
  std::size_t members_ = 0;
  Json root_;
  std::optional<Error> error_;
};

Error refused_byte(std::string_view what, std::size_t offset) {
  return Error{Refusal::malformed, "json.malformed",
               std::string(what) + " (byte " + std::to_string(offset) + ")"};
}

std::vector<const Json::Member*> sorted_members(const Json::Object& members) {
  std::vector<const Json::Member*> sorted;
  sorted.reserve(members.size());
  for (const Json::Member& member : members) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return a->name < b->name; });
  return sorted;
}

bool equal_members(const Json::Object& a, const Json::Object& b) {
  if (a.size() != b.size()) return false;
  auto first = sorted_members(a);
  auto second = sorted_members(b);
  return std::equal(first.begin(), first.end(), second.begin(), [](const auto* x, const auto* y) {
    return x->name == y->name && x->value == y->value;
  });
}

}  // namespace

Json Json::array(std::initializer_list<Json> elements) { return Array(elements); }
Json Json::object(std::initializer_list<Member> members) { return Object(members); }

const Json* Json::find(std::string_view name) const {
  const auto* members = std::get_if<Object>(&value_);
  if (members == nullptr) return nullptr;
  for (const Member& member : *members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

Json& Json::add(std::string name, Json value) {
  TALLY_ASSERT(is_object() && find(name) == nullptr);
  auto& members = *std::get_if<Object>(&value_);
  members.push_back({std::move(name), std::move(value)});
  return members.back().value;
}

Json& Json::append(Json element) {
  TALLY_ASSERT(is_array());
  auto& elements = *std::get_if<Array>(&value_);
  elements.push_back(std::move(element));
  return elements.back();
}

bool Json::equal(const Json& a, const Json& b) {
  if (a.is_object() && b.is_object()) return equal_members(a.as_object(), b.as_object());
  if (a.is_array() && b.is_array()) return a.as_array() == b.as_array();
  if (a.is_string() && b.is_string()) return a.as_string() == b.as_string();
  if (a.is_integer() && b.is_integer()) return a.as_integer() == b.as_integer();
  if (a.is_bool() && b.is_bool()) return a.as_bool() == b.as_bool();
  return a.is_null() && b.is_null();
}

bool is_json(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf") || text.find('\0') != text.npos) return false;
  return nlohmann::json::accept(text.begin(), text.end());
}

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return Error{Refusal::too_large, "json.too_large",
                 "the text has " + std::to_string(text.size()) + " bytes; at most " +
                     std::to_string(limits.bytes_max) + " are read"};
  }
  // Two things that the reader would let pass: it skips a mark, and ends quietly at a zero byte.
  if (text.starts_with("\xef\xbb\xbf")) return refused_byte("the text has a byte order mark", 0);
  if (auto zero = text.find('\0'); zero != text.npos)
    return refused_byte("the text holds a zero byte", zero);
  return Builder(text, limits).run();
}

std::string pointer_token(std::string_view name) {
  std::string out = "/";
  for (char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace tally::core
