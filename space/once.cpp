#include "space/once.h"

#include "core/hash.h"

namespace tally::space {
namespace {

using core::Hash;
using core::Result;
using core::sql::Tx;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement find{db, R"(
    select request, answer, seq from idempotency where party = ?1 and route = ?2 and key_hash = ?3
  )"};
  core::sql::Statement keep{db, R"(
    insert into idempotency (party, route, key_hash, request, answer, seq, at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
  )"};
};

core::Error reused() {
  return {core::Refusal::invalid, "idempotency_key.reused",
          "this Idempotency-Key was used for another request on this route; use a new key"};
}

}  // namespace

Result<Change> run_once(ledger::Journal& journal,
                        const Once& once,
                        const std::function<Result<Change>(Tx&)>& change,
                        core::sql::Lane lane) {
  Hash key = core::sha256(once.key);
  Hash request = core::sha256(once.request);
  std::optional<std::uint64_t> known_seq;
  auto outcome = journal.writer.run(
      [&](Tx& tx) -> Result<Change> {
        auto& sql = tx.use<Statements>();
        {
          auto row = sql.find(once.party, once.route, key);
          if (row.next()) {
            if (row.hash(0) != request) return reused();
            known_seq = row.natural(2);
            return Change{row.text(1), nullptr, true};
          }
        }
        auto done = change(tx);
        if (!done) return done;
        sql.keep(once.party, once.route, key, request, done->body, done->receipt->seq,
                 journal.ledger.now())
            .run();
        return done;
      },
      lane);
  if (outcome && known_seq) {
    outcome->receipt = journal.readers.read([&](core::sql::Session& session) {
      return std::make_shared<const ledger::Receipt>(
          journal.ledger.receipt_of(session, *known_seq));
    });
  }
  return outcome;
}

}  // namespace tally::space
