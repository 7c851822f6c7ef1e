// The ledger's own bytes: tiles, bundles, entries, CBOR and COSE.
#include <string>

#include "core/assert.h"
#include "fuzz/targets.h"
#include "ledger/cbor.h"
#include "ledger/cose.h"
#include "ledger/envelope.h"
#include "ledger/tile.h"

namespace tally::fuzz {

using namespace ledger;

void tile_path(std::string_view bytes) {
  auto path = parse_tile_path(bytes);
  if (!path) return;
  TALLY_ASSERT(format_tile_path(*path) == bytes);
  TALLY_ASSERT(path->level <= 63 && path->width >= 1 && path->width <= tile_width_max);
}

void bundle(std::string_view bytes) {
  auto entries = parse_bundle(bytes);
  if (!entries) return;
  TALLY_ASSERT(entries->size() <= tile_width_max);
  std::string again;
  for (std::string_view one : *entries) append_to_bundle(again, one);
  TALLY_ASSERT(again == bytes);
}

void entry(std::string_view bytes) {
  auto read = read_envelope(bytes);
  if (!read) return;
  std::string again = "{\"at\":" + std::to_string(read->at) + ",\"body\":";
  again.append(read->body).append(",\"by\":\"").append(read->by);
  again.append("\",\"kind\":\"").append(read->kind).append("\",\"prev\":\"").append(read->prev);
  again.append("\",\"seq\":").append(std::to_string(read->seq)).append("}");
  TALLY_ASSERT(again == bytes && core::Hash::from_hex(read->prev));
}

void cbor(std::string_view bytes) {
  auto value = parse_cbor(bytes);
  if (value) TALLY_ASSERT(encode_cbor(*value) == bytes);
}

void cose(std::string_view bytes) {
  static const VerifierKey key =
      *parse_vkey("dataspace.example/ledger+133997fb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
  auto parsed = parse_cose_receipt(bytes);
  auto verified = verify_cose_receipt(bytes, key);
  if (!parsed) {
    TALLY_ASSERT(!verified);
    return;
  }
  TALLY_ASSERT(is_cose_receipt(bytes) && format_cose_receipt(*parsed) == bytes);
  if (!verified) return;
  TALLY_ASSERT(verified->entry == parsed->entry && verified->index == parsed->proof.index);
  TALLY_ASSERT(verified->index < verified->checkpoint.head.size);
}

}  // namespace tally::fuzz
