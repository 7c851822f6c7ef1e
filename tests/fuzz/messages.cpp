// What requests are made of: HTTP, JSON, contracts; and the evidence about one.
#include <algorithm>
#include <cstddef>
#include <string>

#include "api/wire.h"
#include "core/assert.h"
#include "core/json.h"
#include "fuzz/targets.h"
#include "space/contracts/document.h"
#include "space/contracts/purpose.h"
#include "space/evidence/evidence_check.h"

namespace tally::fuzz {

void json(std::string_view bytes) {
  auto parsed = core::parse_json(bytes);
  if (!parsed) {
    TALLY_ASSERT(!parsed.error().code.empty() && !core::is_canonical(bytes));
    return;
  }
  std::string text = core::canonical(*parsed);
  auto again = core::parse_json(text);
  TALLY_ASSERT(again && *again == *parsed);
  TALLY_ASSERT(core::canonical(*again) == text && core::is_canonical(text));
  TALLY_ASSERT(core::is_canonical(bytes) == (bytes == text));
  TALLY_ASSERT(core::is_json(bytes));
}

void evidence(std::string_view bytes) {
  static const ledger::VerifierKey key = *ledger::parse_vkey(
      "dataspace.example/ledger+133997fb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
  space::EvidenceCheck check(key);
  while (!bytes.empty()) {
    std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    auto taken = check.take(line);
    TALLY_ASSERT(taken || !taken.error().code.empty());
    if (!taken) return;
  }
  auto verdict = check.finish();
  if (!verdict) return;
  TALLY_ASSERT(verdict->entries > 0 && verdict->entries <= verdict->checkpoint.head.size);
  TALLY_ASSERT(verdict->uses <= verdict->limit && verdict->asserted.uses <= verdict->entries);
  TALLY_ASSERT(!verdict->provider_keys.empty() && !verdict->consumer_keys.empty());
  TALLY_ASSERT(verdict->attested_entry < verdict->checkpoint.head.size);
}

void contract(std::string_view bytes) {
  auto parsed = core::parse_json(bytes);
  if (!parsed) return;
  auto document = core::decode<space::ContractDocument>(*parsed);
  if (!document) {
    TALLY_ASSERT(!document.error().details.empty());
    return;
  }
  TALLY_ASSERT(core::canonical(*document) == core::canonical(*parsed));
  auto terms = space::read_terms(*document, "/document");
  if (!terms) {
    TALLY_ASSERT(!terms.error().details.empty());
    return;
  }
  TALLY_ASSERT(terms->permissions.size() == document->permissions.size());
  for (const auto& permission : terms->permissions) {
    TALLY_ASSERT(!permission.actions.empty() && !permission.purposes.empty());
    TALLY_ASSERT(std::all_of(permission.purposes.begin(), permission.purposes.end(),
                             [](const auto& code) { return space::is_purpose(code); }));
  }
}

void purpose(std::string_view bytes) {
  for (std::string_view code : space::purpose_codes()) {
    if (!space::purpose_covers(code, bytes)) continue;
    TALLY_ASSERT(space::is_purpose(bytes) && bytes.starts_with(code));
    TALLY_ASSERT(bytes.size() == code.size() || bytes[code.size()] == '.');
  }
  bool is_covered = space::purpose_covers(bytes, bytes);
  TALLY_ASSERT(is_covered == space::is_purpose(bytes));
}

void http_head(std::string_view bytes) {
  const api::HeadLimits limits;
  auto read = api::read_head(bytes, limits);
  if (!read) {
    TALLY_ASSERT(!read.error().code.empty());
    return;
  }
  if (!*read) {
    TALLY_ASSERT(bytes.size() <= limits.bytes_max);
    return;
  }
  const api::Head& head = **read;
  TALLY_ASSERT(head.bytes <= bytes.size() && head.bytes <= limits.bytes_max);
  TALLY_ASSERT(bytes.substr(0, head.bytes).ends_with("\r\n\r\n"));
  TALLY_ASSERT(head.headers.size() <= limits.headers_max);
  TALLY_ASSERT(!(head.is_chunked && head.content_length > 0));
  // What follows the head changes nothing, and no shorter part of it is one.
  auto alone = api::read_head(bytes.substr(0, head.bytes), limits);
  TALLY_ASSERT(alone && *alone && (*alone)->bytes == head.bytes);
  auto cut = api::read_head(bytes.substr(0, head.bytes - 1), limits);
  TALLY_ASSERT(!cut || !*cut);
}

namespace {

struct Decoded {
  bool is_sound = true;
  bool is_done = false;
  std::string content;
};

Decoded decode(std::string_view bytes, std::size_t step) {
  api::ChunkDecoder decoder;
  Decoded decoded;
  for (std::size_t at = 0; at < bytes.size() && decoded.is_sound; at += step) {
    decoded.is_sound = decoder.feed(bytes.substr(at, step), [&](std::string_view piece) {
      decoded.content += piece;
      return true;
    });
  }
  decoded.is_done = decoded.is_sound && decoder.is_done();
  return decoded;
}

}  // namespace

void http_chunks(std::string_view bytes) {
  Decoded whole = decode(bytes, std::max<std::size_t>(bytes.size(), 1));
  Decoded single = decode(bytes, 1);
  TALLY_ASSERT(whole.is_sound == single.is_sound && whole.is_done == single.is_done);
  if (whole.is_sound) TALLY_ASSERT(whole.content == single.content);
  TALLY_ASSERT(whole.content.size() <= bytes.size());
}

}  // namespace tally::fuzz
