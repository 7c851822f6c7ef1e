#include <algorithm>
#include <optional>

#include "api/wire.h"
#include "core/json.h"
#include "corpus/corpus.h"
#include "corpus/evidence_story.h"
#include "ledger/add_checkpoint.h"
#include "ledger/cbor.h"
#include "ledger/checkpoint.h"
#include "ledger/envelope.h"
#include "ledger/policy.h"
#include "ledger/tile.h"
#include "space/contracts/document.h"
#include "space/contracts/purpose.h"
#include "space/evidence/evidence_check.h"

namespace tally::corpus {
namespace {

template <class T>
std::string code_of(const core::Result<T>& result) {
  return result ? "" : result.error().code;
}

template <class T>
std::string refused_unless(const std::optional<T>& value) {
  return value ? "" : "refused";
}

std::string judge_contract(const std::string& bytes) {
  auto json = core::parse_json(bytes);
  if (!json) return json.error().code;
  auto document = core::decode<space::ContractDocument>(*json);
  return document ? code_of(space::read_terms(*document, "")) : document.error().code;
}

// Both witnesses are asked for.
const ledger::Policy& witnessed_policy() {
  auto key_of = [](std::string_view name, unsigned seed) {
    return ledger::format_vkey(ledger::NoteSigner(std::string(name), signer_of("x", seed).key(),
                                                  ledger::SignatureType::cosignature)
                                   .verifier());
  };
  auto log = signer_of("dataspace.example/ledger", 0).verifier();
  static const auto policy = *ledger::parse_policy(
      "log " + ledger::format_vkey(log) + "\nwitness w1 " + key_of("witness.example/w1", 0x20) +
      "\nwitness w2 " + key_of("witness.example/w2", 0x40) +
      "\ngroup both all w1 w2\nquorum both\n");
  return policy;
}

// The keys that both parties of the story have.
std::vector<space::PartyPin> story_pins() {
  Story story;
  return {{story.provider, story.provider_key.public_key()},
          {story.consumer, space::KeyId::of(story.consumer_key.public_key())}};
}

// "partly": nothing is wrong, and not all of it is known.
std::string judge_evidence(space::EvidenceCheck check, std::string_view bytes) {
  while (!bytes.empty()) {
    std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    if (auto taken = check.take(line); !taken) return taken.error().code;
  }
  auto verdict = check.finish();
  return verdict && verdict->unknown_count > 0 ? "partly" : code_of(verdict);
}

}  // namespace

std::string judge(const Case& item) {
  const std::string& bytes = item.bytes;
  if (item.kind == "checkpoint") {
    auto log = signer_of("dataspace.example/ledger", 0).verifier();
    return code_of(ledger::open_checkpoint(bytes, log.name, log));
  }
  if (item.kind == "tile_path") return refused_unless(ledger::parse_tile_path(bytes));
  if (item.kind == "bundle") return refused_unless(ledger::parse_bundle(bytes));
  if (item.kind == "entry") return refused_unless(ledger::read_envelope(bytes));
  if (item.kind == "vkey") return code_of(ledger::parse_vkey(bytes));
  if (item.kind == "policy") return code_of(ledger::parse_policy(bytes));
  if (item.kind == "json") return code_of(core::parse_json(bytes));
  if (item.kind == "witnessed")
    return code_of(ledger::verify_witnessed_receipt(bytes, witnessed_policy()));
  if (item.kind == "note") return code_of(ledger::parse_note(bytes));
  if (item.kind == "add_checkpoint") return code_of(ledger::parse_add_checkpoint(bytes));
  if (item.kind == "cbor") return code_of(ledger::parse_cbor(bytes));
  static const auto log_key = signer_of(origin, 0).verifier();
  if (item.kind == "evidence") return judge_evidence(space::EvidenceCheck(log_key), bytes);
  if (item.kind == "evidence_pinned")
    return judge_evidence(space::EvidenceCheck(log_key, story_pins()), bytes);
  if (item.kind == "evidence_witnessed")
    return judge_evidence(space::EvidenceCheck(witnessed_policy()), bytes);
  if (item.kind == "contract") return judge_contract(bytes);
  if (item.kind == "purpose") return space::is_purpose(bytes) ? "" : "refused";
  if (item.kind == "http_chunks") {
    api::ChunkDecoder decoder;
    bool is_sound = decoder.feed(bytes, [](std::string_view) { return true; });
    return is_sound && decoder.is_done() ? "" : "refused";
  }
  if (item.kind == "http_head") {
    auto head = api::read_head(bytes, {});
    return head ? refused_unless(*head) : head.error().code;
  }
  return "nobody judges " + item.kind;
}

}  // namespace tally::corpus
