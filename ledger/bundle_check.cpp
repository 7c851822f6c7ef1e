#include "ledger/bundle_check.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "ledger/envelope.h"
#include "ledger/ledger.h"

namespace tally::ledger {
namespace {

constexpr std::string_view zeros =
    "0000000000000000000000000000000000000000000000000000000000000000";

// Takes the next entry off `bundle`; nothing if it does not hold it whole.
std::optional<std::string_view> take_entry(std::string_view& bundle) {
  if (bundle.size() < 2) return std::nullopt;
  auto high = static_cast<unsigned char>(bundle[0]);
  auto low = static_cast<unsigned char>(bundle[1]);
  std::size_t length = std::size_t{high} * 256 + low;
  if (bundle.size() - 2 < length) return std::nullopt;
  std::string_view entry = bundle.substr(2, length);
  bundle.remove_prefix(2 + length);
  return entry;
}

// `"prev":"<hash>","seq":<n>}` with the comma before it, made anew for each entry in one buffer.
class ExpectedEnd {
 public:
  explicit ExpectedEnd(std::uint64_t first_seq) : seq_(first_seq) {
    std::memcpy(text_.data(), name.data(), name.size());
    std::memcpy(text_.data() + prev_at, zeros.data(), zeros.size());
    std::memcpy(text_.data() + prev_at + 64, seq_name.data(), seq_name.size());
    write_seq();
  }
  std::string_view text() const { return {text_.data(), size_}; }
  std::uint64_t seq() const { return seq_; }
  void set_prev_hex(std::string_view hex) { std::memcpy(text_.data() + prev_at, hex.data(), 64); }
  void advance(const Hash& leaf) {
    core::write_hex(leaf, text_.data() + prev_at);
    ++seq_;
    write_seq();
  }

  static constexpr std::string_view name = ",\"prev\":\"";
  static constexpr std::string_view seq_name = "\",\"seq\":";
  static constexpr std::size_t prev_at = name.size();
  static constexpr std::size_t seq_at = prev_at + 64 + seq_name.size();

 private:
  void write_seq() {
    char* end = std::to_chars(text_.data() + seq_at, text_.data() + text_.size(), seq_).ptr;
    *end++ = '}';
    size_ = static_cast<std::size_t>(end - text_.data());
  }

  std::array<char, 128> text_{};
  std::size_t size_ = 0;
  std::uint64_t seq_;
};

class Check {
 public:
  Check(std::uint64_t first_seq, std::string_view bundle, std::string_view tile)
      : rest_(bundle), tile_(tile), end_(first_seq) {
    out_.tile_bytes = tile.size();
  }

  BundleCheck run() && {
    while (!rest_.empty() && step()) ++out_.count;
    if (out_.count == tile_width_max) {
      std::array<Hash, tile_width_max> hashes = out_.leaves;
      out_.root = hash_up(hashes.data(), hashes.size());
    }
    return std::move(out_);
  }

 private:
  bool step() {
    if (out_.count == tile_width_max) return fail("entry.unexpected", "follows a bundle of 256");
    auto entry = take_entry(rest_);
    if (!entry) return fail("entry.malformed", "does not fit the length that stands before it");
    Hash leaf = hash_leaf(*entry);
    if (!is_in_tile(leaf)) return differs(*entry, leaf);
    return read(*entry) && keep(*entry, leaf);
  }

  bool is_in_tile(const Hash& leaf) const {
    if (tile_.empty()) return true;
    std::size_t at = out_.count * leaf.bytes.size();
    return at + leaf.bytes.size() > tile_.size() || leaf.view() == tile_.substr(at, 32);
  }

  bool read(std::string_view entry) {
    if (entry.size() > ledger_entry_bytes_max) return fail("entry.too_long", "exceeds 16 KiB");
    if (out_.count == 0) adopt_prev(entry);
    std::string_view end = end_.text();
    if (!entry.ends_with(end)) return fail_at_end(entry);
    auto envelope = read_envelope_head(entry.substr(0, entry.size() - end.size()));
    if (!envelope) return malformed();
    if (out_.count == 0) out_.first_at = envelope->at;
    if (out_.count > 0 && envelope->at < out_.last_at) return back_in_time(envelope->at);
    out_.last_at = envelope->at;
    if (envelope->kind == clock_departed_kind) out_.clock_departed = true;
    if (envelope->kind == clock_acknowledged_kind) out_.clock_departed = false;
    if (envelope->kind == LogKeyAdded::kind || envelope->kind == LogKeyRetired::kind)
      out_.key_changes.emplace_back(entry);
    return true;
  }

  // The first entry's link is judged by whoever joins the bundles.
  void adopt_prev(std::string_view entry) {
    auto envelope = read_envelope(entry);
    if (!envelope) return;
    std::copy(envelope->prev.begin(), envelope->prev.end(), out_.first_prev.begin());
    end_.set_prev_hex(envelope->prev);
  }

  bool keep(std::string_view entry, const Hash& leaf) {
    if (end_.seq() == 0) out_.opening = entry;
    out_.leaves[out_.count] = leaf;
    out_.entry_bytes += entry.size();
    end_.advance(leaf);
    return true;
  }

  bool fail(std::string code, const std::string& what) {
    out_.finding = Finding{std::move(code), Place::entry(end_.seq()),
                           "Entry " + std::to_string(end_.seq()) + " " + what + ".", "", ""};
    return false;
  }
  bool fail(std::string code, const std::string& what, std::string expected, std::string found) {
    fail(std::move(code), what);
    out_.finding->expected = std::move(expected);
    out_.finding->found = std::move(found);
    return false;
  }
  bool malformed() { return fail("entry.malformed", "has not the form of an entry"); }
  bool back_in_time(std::int64_t at) {
    return fail("entry.time_went_back", "is dated before the entry that it follows",
                "at least " + std::to_string(out_.last_at), std::to_string(at));
  }

  // The end is not the one expected: which part of it?
  bool fail_at_end(std::string_view entry) {
    auto envelope = read_envelope(entry);
    if (!envelope) return malformed();
    if (envelope->seq != end_.seq()) {
      return fail("entry.wrong_seq", "carries another number", std::to_string(end_.seq()),
                  std::to_string(envelope->seq));
    }
    return fail("entry.wrong_prev", "does not name the hash of the entry before it",
                std::string(end_.text().substr(ExpectedEnd::prev_at, 64)),
                std::string(envelope->prev));
  }

  // Entry and tile differ: the `prev` of the next entry tells which of them was changed.
  bool differs(std::string_view entry, const Hash& leaf) {
    // A broken form speaks for itself, and better.
    if (!read(entry)) return false;
    std::string_view in_tile = tile_.substr(out_.count * leaf.bytes.size(), leaf.bytes.size());
    fail("entry.changed", "is not the one whose hash stands in the tree", core::to_hex(in_tile),
         core::to_hex(leaf));
    std::string_view rest = rest_;
    auto next = take_entry(rest);
    if (!next) {
      out_.is_unsettled = rest_.empty();
      return false;
    }
    // If the next one is not in the tree either, entries were rewritten from here on.
    ++out_.count;
    bool next_is_in_tile = is_in_tile(hash_leaf(*next));
    --out_.count;
    if (next_is_in_tile) out_.finding = settle(*out_.finding, first_prev_of(rest_).value_or(""));
    return false;
  }

  std::string_view rest_;
  std::string_view tile_;
  ExpectedEnd end_;
  BundleCheck out_;
};

}  // namespace

BundleCheck check_bundle(std::uint64_t first_seq, std::string_view bundle, std::string_view tile) {
  return Check(first_seq, bundle, tile).run();
}

Finding settle(const Finding& finding, std::string_view next_prev_hex) {
  if (next_prev_hex != finding.found) return finding;
  std::uint64_t seq = finding.place.seq;
  return {.code = "tile.changed",
          .place = Place::tile_at(0, static_cast<std::int64_t>(seq / tile_width_max)),
          .words = "The tile holds another hash for entry " + std::to_string(seq) +
                   " than that of the entry.",
          .expected = finding.found,
          .found = finding.expected};
}

std::optional<std::string> first_prev_of(std::string_view bundle) {
  auto entry = take_entry(bundle);
  auto envelope = entry ? read_envelope(*entry) : std::nullopt;
  if (!envelope) return std::nullopt;
  return std::string(envelope->prev);
}

std::optional<std::uint64_t> count_framed(std::string_view bundle) {
  std::uint64_t count = 0;
  for (; !bundle.empty(); ++count) {
    if (!take_entry(bundle)) return std::nullopt;
  }
  return count;
}

Hash hash_up(Hash* hashes, std::size_t count) {
  for (; count > 1; count /= 2) {
    for (std::size_t i = 0; i < count / 2; ++i) {
      hashes[i] = hash_node(hashes[2 * i], hashes[2 * i + 1]);
    }
  }
  return hashes[0];
}

}  // namespace tally::ledger
