// Erasing: the entry, then the key, then the rows.
//
// A call returns when nothing is left of what it erased; what a crash left over is removed at the next
// start. Other copies stay where they are: what was delivered, and what a file system keeps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "ledger/journal.h"
#include "space/contracts/contracts.h"
#include "space/datasets/content.h"
#include "space/erasure/erasure.h"
#include "space/once.h"
#include "space/parties/authenticator.h"
#include "space/parties/principal.h"

namespace tally::space {

struct ErasureView {
  core::Instant at;
  std::string subject;

  static constexpr auto fields = core::FieldList{core::field("at", &ErasureView::at),
                                                 core::field("subject", &ErasureView::subject)};
};

// The answer of a change: {"erasure":{..}}.
struct ErasureAnswer {
  ErasureView erasure;

  static constexpr auto fields = core::FieldList{core::field("erasure", &ErasureAnswer::erasure)};
};

class Erasures {
 public:
  Erasures(ledger::Journal& journal,
           ContentStore& content,
           Contracts& contracts,
           Authenticator& authenticator)
      : journal_(journal),
        content_(content),
        contracts_(contracts),
        authenticator_(authenticator) {}

  // All four refuse, first: scope.missing, idempotency_key.reused; last: erasure.done_before (gone).

  // By the dataset's provider. Contracts about the version stay and deliver nothing more. Refusals:
  // dataset.version_not_found (404; also of other providers), dataset.no_content (conflict: metadata
  // only), dataset.not_published (conflict).
  core::Result<Change> erase_version(const Principal& by,
                                     const DatasetId& dataset,
                                     std::uint64_t version,
                                     std::string_view key);

  // By the party itself or the operator. The party's tokens end, and it gets no new ones. Refusals:
  // party.not_found (404; also for other parties), party.is_operator (conflict).
  core::Result<Change> erase_party(const Principal& by, const PartyId& party, std::string_view key);

  // An actor of the caller's party; the operator erases any. Refusal: actor.not_found.
  core::Result<Change> erase_actor(const Principal& by, const ActorId& actor, std::string_view key);

  // By either party of a terminated contract. Refusals: contract.not_found, contract.not_terminated
  // (conflict).
  core::Result<Change> erase_document(const Principal& by,
                                      const ContractId& contract,
                                      std::string_view key);

  // Carries out what is left; called at start.
  void finish();

  // Shreds again what a key store from before an erasure brought back; called at start. How many.
  std::uint64_t shred_returned();
  // What is sealed under keys that are missing; called at start. With `shred`, it counts as erased from
  // then on, whatever key store is put back.
  struct MissingKeys {
    std::uint64_t count = 0;
    std::string first;
  };
  MissingKeys missing_keys(bool shred);

 private:
  core::Result<Change> finished(core::Result<Change> change);
  void carry_out(const std::string& subject);
  void carry_out_content(const std::string& subject);
  void carry_out_party(const std::string& subject);

  ledger::Journal& journal_;
  ContentStore& content_;
  Contracts& contracts_;
  Authenticator& authenticator_;
};

}  // namespace tally::space
