#include "ledger/cbor.h"

#include <algorithm>
#include <limits>

#include "core/assert.h"
#include "core/bytes.h"

namespace tally::ledger {

using core::Error;
using core::Refusal;
using core::Result;

namespace {

constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

Error malformed(const std::string& why) {
  return {Refusal::malformed, "cbor.malformed", "The CBOR is malformed: " + why + "."};
}

void append_head(std::string& out, Cbor::Kind kind, std::uint64_t argument) {
  auto initial = static_cast<unsigned>(kind) << 5;
  if (argument < 24) {
    out.push_back(static_cast<char>(initial | argument));
    return;
  }
  unsigned log_bytes = argument <= 0xff         ? 0
                       : argument <= 0xffff     ? 1
                       : argument <= 0xffffffff ? 2
                                                : 3;
  out.push_back(static_cast<char>(initial | (24 + log_bytes)));
  for (unsigned i = 1U << log_bytes; i-- > 0;)
    out.push_back(static_cast<char>((argument >> (8 * i)) & 255));
}

}  // namespace

Cbor Cbor::integer(std::int64_t value) {
  if (value >= 0) return Cbor(Kind::natural, static_cast<std::uint64_t>(value));
  return Cbor(Kind::negative, static_cast<std::uint64_t>(-1 - value));
}

Cbor Cbor::array(std::vector<Cbor> items) {
  Cbor value(Kind::array, std::uint64_t{0});
  value.items_ = std::move(items);
  return value;
}

Cbor Cbor::map(std::vector<Member> members) {
  std::vector<std::pair<std::string, Member*>> order;
  order.reserve(members.size());
  for (Member& member : members) order.emplace_back(encode_cbor(member.key), &member);
  std::sort(order.begin(), order.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  Cbor value(Kind::map, std::uint64_t{0});
  for (std::size_t i = 0; i < order.size(); ++i) {
    TALLY_ASSERT(i == 0 || order[i - 1].first != order[i].first);
    value.items_.push_back(std::move(order[i].second->key));
    value.items_.push_back(std::move(order[i].second->value));
  }
  return value;
}

Cbor Cbor::tagged(std::uint64_t tag, Cbor item) {
  Cbor value(Kind::tag, tag);
  value.items_.push_back(std::move(item));
  return value;
}

std::optional<std::uint64_t> Cbor::as_natural() const {
  if (kind_ != Kind::natural) return std::nullopt;
  return argument_;
}

std::optional<std::int64_t> Cbor::as_integer() const {
  if (argument_ > integer_max) return std::nullopt;
  auto argument = static_cast<std::int64_t>(argument_);
  if (kind_ == Kind::natural) return argument;
  if (kind_ == Kind::negative) return -1 - argument;
  return std::nullopt;
}

const Cbor* Cbor::as_tagged(std::uint64_t tag) const {
  return kind_ == Kind::tag && argument_ == tag ? &items_.front() : nullptr;
}

std::optional<std::size_t> Cbor::map_size() const {
  if (kind_ != Kind::map) return std::nullopt;
  return items_.size() / 2;
}

const Cbor* Cbor::find(std::int64_t key) const {
  if (kind_ != Kind::map) return nullptr;
  for (std::size_t i = 0; i < items_.size(); i += 2) {
    if (items_[i].as_integer() == key) return &items_[i + 1];
  }
  return nullptr;
}

void append_cbor(std::string& out, const Cbor& value) {
  switch (value.kind_) {
    case Cbor::Kind::bytes:
    case Cbor::Kind::text:
      append_head(out, value.kind_, value.text_.size());
      out += value.text_;
      return;
    case Cbor::Kind::array:
      append_head(out, value.kind_, value.items_.size());
      break;
    case Cbor::Kind::map:
      append_head(out, value.kind_, value.items_.size() / 2);
      break;
    default:
      append_head(out, value.kind_, value.argument_);
  }
  for (const Cbor& item : value.items_) append_cbor(out, item);
}

std::string encode_cbor(const Cbor& value) {
  std::string bytes;
  append_cbor(bytes, value);
  return bytes;
}

// Reads from the front of `rest_`. Nothing is reserved on the word of a length.
class CborReader {
 public:
  explicit CborReader(std::string_view bytes) : rest_(bytes) {}

  Result<Cbor> read_all() {
    auto value = read(0);
    if (value && !rest_.empty()) return malformed("bytes follow it");
    return value;
  }

 private:
  struct Head {
    Cbor::Kind kind;
    std::uint64_t argument;
  };

  Result<Head> read_head() {
    if (rest_.empty()) return malformed("it ends early");
    auto initial = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    auto kind = static_cast<Cbor::Kind>(initial >> 5);
    unsigned info = initial & 31U;
    if (info < 24) return Head{kind, info};
    if (info > 27) return malformed("a length is indefinite or reserved");
    std::size_t count = std::size_t{1} << (info - 24);
    if (rest_.size() < count) return malformed("it ends early");
    std::uint64_t argument = 0;
    for (char c : rest_.substr(0, count)) argument = argument << 8 | static_cast<unsigned char>(c);
    rest_.remove_prefix(count);
    std::uint64_t least = info == 24 ? 24 : std::uint64_t{1} << (8 * count / 2);
    if (kind != Cbor::Kind::simple && argument < least)
      return malformed("a number is longer than it must be");
    return Head{kind, argument};
  }

  Result<Cbor> read(unsigned depth) {
    if (depth == cbor_depth_max) return malformed("it is nested deeper than 16");
    std::size_t before = rest_.size();
    auto head = read_head();
    if (!head) return head.error();
    switch (head->kind) {
      case Cbor::Kind::natural:
      case Cbor::Kind::negative:
        return Cbor(head->kind, head->argument);
      case Cbor::Kind::bytes:
      case Cbor::Kind::text:
        return read_text(*head);
      case Cbor::Kind::array:
        return read_items(*head, head->argument, depth);
      case Cbor::Kind::map:
        return read_map(*head, depth);
      case Cbor::Kind::tag:
        return read_items(*head, 1, depth);
      case Cbor::Kind::simple:
        break;
    }
    bool is_known = head->argument >= 20 && head->argument <= 22 && before - rest_.size() == 1;
    if (!is_known) return malformed("a float, or a value other than false, true and null");
    return Cbor(head->kind, head->argument);
  }

  Result<Cbor> read_text(const Head& head) {
    if (head.argument > rest_.size()) return malformed("it ends early");
    std::string_view text = rest_.substr(0, static_cast<std::size_t>(head.argument));
    rest_.remove_prefix(text.size());
    if (head.kind == Cbor::Kind::text && !core::is_valid_utf8(text))
      return malformed("a text is not UTF-8");
    return Cbor(head.kind, text);
  }

  Result<Cbor> read_items(const Head& head, std::uint64_t count, unsigned depth) {
    Cbor value(head.kind, head.kind == Cbor::Kind::tag ? head.argument : 0);
    if (count > rest_.size()) return malformed("it ends early");
    for (std::uint64_t i = 0; i < count; ++i) {
      auto item = read(depth + 1);
      if (!item) return item;
      value.items_.push_back(*std::move(item));
    }
    return value;
  }

  Result<Cbor> read_map(const Head& head, unsigned depth) {
    Cbor value(head.kind, std::uint64_t{0});
    if (head.argument > rest_.size() / 2) return malformed("it ends early");
    std::string_view last_key;
    for (std::uint64_t i = 0; i < head.argument; ++i) {
      std::string_view at_key = rest_;
      auto key = read(depth + 1);
      if (!key) return key;
      at_key.remove_suffix(rest_.size());
      if (i > 0 && at_key <= last_key)
        return malformed("the keys of a map repeat or are not sorted");
      last_key = at_key;
      auto item = read(depth + 1);
      if (!item) return item;
      value.items_.push_back(*std::move(key));
      value.items_.push_back(*std::move(item));
    }
    return value;
  }

  std::string_view rest_;
};

Result<Cbor> parse_cbor(std::string_view bytes) { return CborReader(bytes).read_all(); }

}  // namespace tally::ledger
