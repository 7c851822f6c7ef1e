// The outside of an entry, read at its fixed places, without parsing JSON:
//
//   {"at":<digits>,"body":{..},"by":"<plain>","kind":"<plain>","prev":"<64 hex>","seq":<digits>}
//
// What stands inside the body is not looked at; whoever wants a member of it parses the entry.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tally::ledger {

// Views into the entry.
struct Envelope {
  std::int64_t at = 0;  // Unix milliseconds
  std::string_view body;
  std::string_view by;
  std::string_view kind;
  std::string_view prev;  // 64 hex digits
  std::uint64_t seq = 0;
};

// Nothing if the entry is not of that form: numbers have one spelling, texts are plain ASCII.
std::optional<Envelope> read_envelope(std::string_view entry);

// The same, where the end of the entry from `,"prev"` on has been compared already: `head` is what
// stands before it. Leaves prev and seq empty.
std::optional<Envelope> read_envelope_head(std::string_view head);

}  // namespace tally::ledger
