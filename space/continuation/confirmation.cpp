#include "space/continuation/confirmation.h"

#include <algorithm>

#include "core/hash.h"
#include "space/continuation/continuation.h"
#include "space/documents.h"

namespace tally::space {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;
using core::sql::Tx;

using Counts = std::vector<std::uint64_t>;

struct WriteStatements {
  core::sql::Connection& db;
  core::sql::Statement meter{db, R"(
    update meter set used = ?3 where contract = ?1 and rule = ?2
  )"};
  core::sql::Statement contract{db, R"(
    update contract set uses = uses + ?2, state = ?3 where id = ?1
  )"};
};

std::string text_of(const Counts& counts) {
  std::string text;
  for (std::uint64_t count : counts) text += (text.empty() ? "" : ", ") + std::to_string(count);
  return text;
}

Error wrong_count(const char* code, std::string words, const Counts& known, const Counts& stated) {
  return {Refusal::conflict,
          code,
          std::move(words) + ": the ledger has " + text_of(known) + ", the document says " +
              text_of(stated),
          {{"/document/used", "not_allowed", "the ledger has " + text_of(known)}}};
}

Result<Done> compare_counts(const Counts& known,
                            const Counts& stated,
                            const Terms& terms,
                            bool is_held) {
  if (stated.size() != known.size()) {
    return wrong_count("confirmation.other_rules", "one count is due for each permission", known,
                       stated);
  }
  for (std::size_t rule = 0; rule < known.size(); ++rule) {
    if (stated[rule] < known[rule]) {
      return wrong_count("confirmation.below_record", "what is recorded was used", known, stated);
    }
    if (stated[rule] > terms.permissions[rule].uses_max) {
      return wrong_count("confirmation.above_limit", "the contract permits fewer uses", known,
                         stated);
    }
    if (stated[rule] > known[rule] && !is_held) {
      return wrong_count("confirmation.above_record",
                         "the contract is not held, and every use of it is recorded", known,
                         stated);
    }
  }
  return Done{};
}

// Only of a contract that is held: the count is what the party says.
void raise(Tx& tx,
           const ContractRow& contract,
           const Terms& terms,
           const Counts& known,
           const Counts& stated) {
  std::uint64_t more = 0;
  bool has_left = false;
  auto& sql = tx.use<WriteStatements>();
  for (std::size_t rule = 0; rule < stated.size(); ++rule) {
    more += stated[rule] - known[rule];
    has_left = has_left || stated[rule] < terms.permissions[rule].uses_max;
    sql.meter(contract.id, rule, stated[rule]).run();
  }
  auto state = contract.state;
  if (state == ContractState::active && !has_left) state = ContractState::exhausted;
  sql.contract(contract.id, more, state_name(state)).run();
}

void move_hold(Tx& tx, const ContractRow& contract, const PartyId& party, Hold hold, bool is_more) {
  if (is_more) hold = {};  // what the other one confirmed was another count
  if (party == contract.provider) hold.provider_confirmed = true;
  if (party == contract.consumer) hold.consumer_confirmed = true;
  bool opens = hold.provider_confirmed && hold.consumer_confirmed;
  store_hold(tx, contract.id, opens ? std::nullopt : std::optional(hold));
}

}  // namespace

Result<Change> confirm(ledger::Journal& journal,
                       const Principal& caller,
                       const Once& once,
                       const ContractId& id,
                       const ConfirmCommand& command) {
  auto document = core::decode<ConfirmationDocument>(command.document);
  if (!document) {
    Error error = document.error();
    for (auto& detail : error.details) detail.pointer = "/document" + detail.pointer;
    return error;
  }
  std::string bytes = core::canonical(command.document);
  auto digest = core::sha256(bytes);
  return run_once(journal, once, [&](Tx& tx) -> Result<Change> {
    auto contract = find_visible(tx, id, caller.party);
    if (!contract) return contract_not_found();
    if (document->format != ConfirmationDocument::format_name || document->contract != id ||
        document->document != contract->document) {
      return Error{Refusal::conflict, "contract.other_document",
                   "the confirmation is about another contract, or another document of it"};
    }
    if (contract->state == ContractState::terminated) {
      return Error{Refusal::conflict, "contract.terminated", "the contract was terminated before"};
    }
    auto agreement = read_agreement(tx, *contract);
    auto hold = find_hold(tx, id);
    auto known = list_used(tx, id);
    auto counts = compare_counts(known, document->used, agreement.terms, hold.has_value());
    if (!counts) return counts.error();
    auto is_signed = check_party_signature(tx, SignedVerb::confirm, journal.ledger.origin(),
                                           caller.party, digest, command.signature);
    if (!is_signed) return is_signed.error();

    auto receipt = append_contract_entry(tx, journal.ledger, caller.actor.text(), *contract,
                                         ContractConfirmed{.document = digest,
                                                           .key = command.signature.key,
                                                           .party = caller.party,
                                                           .salt = journal.ledger.draw_salt(),
                                                           .signature = command.signature.signature,
                                                           .used = document->used});
    keep_document(tx, bytes);
    if (hold) {
      raise(tx, *contract, agreement.terms, known, document->used);
      move_hold(tx, *contract, caller.party, *hold, document->used != known);
    }
    return Change{contract_body(tx, id), receipt};
  });
}

}  // namespace tally::space
