// Erasure: what was private can no longer be read, and every proof stays valid.
//
// What can be erased is a *subject*. Its private texts are sealed under a key of its own
// (core/shred_keys.h), outside the database; erasing it is an entry, then the key is shredded and the
// rows are removed. Backups of the database that were made before hold nothing that opens any more.
//
//   content/<dataset>/<version>   the content of a dataset version
//   party/<id>                    a party's name and registration
//   actor/<id>                    an actor's name
//   document/<digest>             a contract's document. It is filed in clear, so that an auditor can
//                                 check it; it is deleted, and what rested on it is from then on
//                                 "not checkable", which an audit reports with the entry's position
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/mapping.h"
#include "core/result.h"
#include "core/sql/session.h"
#include "space/datasets/dataset_tables.h"
#include "space/ids.h"

namespace tally::space {

struct VersionErased {
  static constexpr std::string_view kind = "dataset.version_erased/1";

  DatasetId dataset;
  std::string salt;
  std::uint64_t version = 0;

  static constexpr auto fields =
      core::FieldList{core::field("dataset", &VersionErased::dataset),
                      core::field("salt", &VersionErased::salt, core::matches_hex(32)),
                      core::field("version", &VersionErased::version)};
};

// With its actors, whose tokens end.
struct PartyErased {
  static constexpr std::string_view kind = "party.erased/1";

  PartyId party;
  std::string salt;

  static constexpr auto fields =
      core::FieldList{core::field("party", &PartyErased::party),
                      core::field("salt", &PartyErased::salt, core::matches_hex(32))};
};

// Its token ends.
struct ActorErased {
  static constexpr std::string_view kind = "actor.erased/1";

  ActorId actor;
  std::string salt;

  static constexpr auto fields =
      core::FieldList{core::field("actor", &ActorErased::actor),
                      core::field("salt", &ActorErased::salt, core::matches_hex(32))};
};

struct ContractDocumentErased {
  static constexpr std::string_view kind = "contract.document_erased/1";

  ContractId contract{};
  core::Hash contract_prev{};
  std::uint64_t contract_seq = 0;
  core::Hash document{};
  std::string salt{};

  static constexpr auto fields =
      core::FieldList{core::field("contract", &ContractDocumentErased::contract),
                      core::field("contract_prev", &ContractDocumentErased::contract_prev),
                      core::field("contract_seq", &ContractDocumentErased::contract_seq),
                      core::field("document", &ContractDocumentErased::document),
                      core::field("salt", &ContractDocumentErased::salt, core::matches_hex(32))};
};

std::string content_subject(const DatasetId& dataset, std::uint64_t version);
std::string party_subject(const PartyId& party);
std::string actor_subject(const ActorId& actor);
std::string document_subject(const core::Hash& digest);

// The entry that erased a subject.
std::optional<Recorded> find_erasure(core::sql::Session& session, std::string_view subject);

// What an erased party hears, and whoever deals with it: party.erased.
core::Error party_erased(const PartyId& party, const Recorded& where);

// What a use of erased content hears.
inline constexpr std::string_view version_erased_code = "dataset.version_erased";
// The key was shredded under an entry that this copy of the database, an older one, does not have.
core::Error key_shredded(const std::pair<DatasetId, std::uint64_t>& version);
core::Error version_erased(const std::pair<DatasetId, std::uint64_t>& version,
                           const Recorded& where);

// Projection tables alone; that of a document writes its erasure, the contract's chain is moved by
// whoever appended the entry.
void apply(core::sql::Tx& tx, const VersionErased& event, const Recorded& where);
void apply(core::sql::Tx& tx, const PartyErased& event, const Recorded& where);
void apply(core::sql::Tx& tx, const ActorErased& event, const Recorded& where);
void apply(core::sql::Tx& tx, const ContractDocumentErased& event, const Recorded& where);

}  // namespace tally::space
