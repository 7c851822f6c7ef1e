#include "space/conduct/standings.h"

#include <utility>

#include "core/hash.h"
#include "core/json.h"

namespace tally::space {
namespace {

using core::Hash;
using ledger::Replay;

constexpr std::size_t standings_kept_max = 4'096;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement put{db, R"(
    insert into contract (id, document, provider, consumer, dataset, version, state, seq, prev, uses,
                          offered_at, active_at, ended_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
    on conflict (id) do update
      set state = excluded.state, seq = excluded.seq, prev = excluded.prev, uses = excluded.uses,
          active_at = excluded.active_at, ended_at = excluded.ended_at
  )"};
  core::sql::Statement put_meter{db, R"(
    insert into meter (contract, rule, allowed, used) values (?1, ?2, ?3, ?4)
    on conflict (contract, rule) do update set used = excluded.used
  )"};
  core::sql::Statement put_tally{db, R"(
    insert into conduct_contract (contract, offered_entry, terms_known, uses, asserted, redelivered,
                                  voided, projects, labels)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    on conflict (contract) do update
      set uses = excluded.uses, asserted = excluded.asserted, redelivered = excluded.redelivered,
          voided = excluded.voided, projects = excluded.projects, labels = excluded.labels
  )"};
  core::sql::Statement tally{db, R"(
    select offered_entry, terms_known, uses, asserted, redelivered, voided, projects, labels
      from conduct_contract
     where contract = ?1
  )"};
  core::sql::Statement terms_known{db, R"(
    select terms_known from conduct_contract where contract = ?1
  )"};
  core::sql::Statement miss{db, R"(
    insert into conduct_missing (document, contract, entry) values (?1, ?2, ?3)
    on conflict (document, contract) do nothing
  )"};
  core::sql::Statement erase{db, R"(
    insert into conduct_erased (document, entry) values (?1, ?2) on conflict (document) do nothing
  )"};
  core::sql::Statement list{db, R"(
    select t.contract, c.state, c.seq, t.terms_known, t.uses, t.asserted, t.redelivered, t.voided,
           t.projects, t.labels,
           coalesce((select sum(m.allowed) from meter m where m.contract = t.contract), 0)
      from conduct_contract t join contract c on c.id = t.contract
     order by t.offered_entry
  )"};
};

std::optional<Terms> read_filed_terms(const std::string& bytes, core::Error& why) {
  auto json = core::parse_json(bytes);
  if (!json) {
    why = json.error();
    return std::nullopt;
  }
  auto document = core::decode<ContractDocument>(*json);
  auto terms = document ? read_terms(*document, "") : core::Result<Terms>(document.error());
  if (terms) return *std::move(terms);
  why = terms.error();
  return std::nullopt;
}

void store(Replay& replay, const ContractStanding& standing) {
  auto& sql = replay.tx().use<Statements>();
  const ContractRow& row = standing.row;
  sql.put(row.id, row.document, row.provider, row.consumer, row.dataset, row.version,
          state_name(row.state), row.seq, row.prev, row.uses, row.offered_at, row.active_at,
          row.ended_at)
      .run();
  for (std::size_t rule = 0; rule < standing.used.size(); ++rule) {
    std::uint64_t allowed = standing.terms ? standing.terms->permissions[rule].uses_max : 0;
    sql.put_meter(row.id, rule, allowed, standing.used[rule]).run();
  }
  const ContractTally& tally = standing.tally;
  sql.put_tally(row.id, standing.offered_entry, standing.terms.has_value(), tally.uses,
                tally.asserted, tally.redelivered, tally.voided, tally.projects, tally.labels)
      .run();
}

}  // namespace

const core::sql::Sql ContractStandings::tables = R"(
  create table conduct_contract (
    contract      text primary key,
    offered_entry integer not null,
    terms_known   integer not null,
    uses          integer not null,
    asserted      integer not null,
    redelivered   integer not null,
    voided        integer not null,
    projects      integer not null,
    labels        integer not null
  ) strict;
  create table conduct_missing (
    document blob    not null,
    contract text    not null,
    entry    integer not null,
    primary key (document, contract)
  ) strict;
  create table conduct_erased (document blob primary key, entry integer not null) strict;
)";

ContractFacts ContractStanding::facts_at(const Judged& judged) const {
  return {.document = row.document,
          .consumer = row.consumer,
          .dataset = row.dataset,
          .version = row.version,
          .state = row.state,
          .terms = terms ? &*terms : nullptr,
          .used = used,
          .time_is_trusted = judged.replay().time_is_trusted};
}

ContractStanding* ContractStandings::find(Replay& replay, std::string_view contract) {
  auto known = cache_.find(std::string(contract));
  if (known != cache_.end()) return &known->second;
  auto stored = load(replay, contract);
  return stored ? &add(replay, *std::move(stored)) : nullptr;
}

ContractStanding& ContractStandings::add(Replay& replay, ContractStanding standing) {
  if (cache_.size() >= standings_kept_max) {
    flush(replay);
    cache_.clear();
  }
  std::string key = standing.row.id.text();
  return cache_.insert_or_assign(std::move(key), std::move(standing)).first->second;
}

void ContractStandings::flush(Replay& replay) {
  for (const auto& [id, standing] : cache_) store(replay, standing);
}

// Only after a flush: what is in the cache is newer than the tables.
std::optional<ContractStanding> ContractStandings::load(Replay& replay, std::string_view contract) {
  auto id = ContractId::parse(contract);
  auto row = id ? find_contract(replay.tx(), *id) : std::nullopt;
  if (!row) return std::nullopt;
  ContractStanding standing{.row = *row,
                            .offered_entry = 0,
                            .terms = std::nullopt,
                            .used = list_used(replay.tx(), *id),
                            .tally = {}};
  bool terms_known = false;
  {
    auto tally = replay.tx().use<Statements>().tally(contract);
    if (!tally.next()) throw core::Broken("the replay has lost a contract");
    standing.offered_entry = tally.natural(0);
    terms_known = tally.integer(1) == 1;
    standing.tally = {tally.natural(2), tally.natural(3), tally.natural(4),
                      tally.natural(5), tally.natural(6), tally.natural(7)};
  }
  if (terms_known) {
    auto bytes = replay.documents().find(row->document);
    core::Error why;
    if (!bytes || !(standing.terms = read_filed_terms(*bytes, why))) {
      throw core::Broken("the document of " + row->id.text() + " changed during the audit");
    }
  }
  return standing;
}

void ContractStandings::link(const Judged& judged,
                             ContractStanding& standing,
                             std::uint64_t contract_seq,
                             const Hash& contract_prev) {
  ContractRow& row = standing.row;
  if (contract_seq != row.seq || contract_prev != row.prev) {
    judged.wrong("contract.chain_broken", "does not follow the contract's entry before",
                 std::to_string(row.seq) + " after " + core::to_hex(row.prev),
                 std::to_string(contract_seq) + " after " + core::to_hex(contract_prev));
  }
  row.seq = contract_seq + 1;
  row.prev = judged.entry().hash;
}

std::optional<std::string> find_document(const Judged& judged, const Hash& digest) {
  auto bytes = judged.replay().documents().find(digest);
  if (!bytes) {
    judged.replay()
        .tx()
        .use<Statements>()
        .miss(digest, judged.contract(), judged.entry().seq)
        .run();
    return std::nullopt;
  }
  Hash found = core::sha256(*bytes);
  if (found == digest) return bytes;
  judged.wrong("document.altered", "names a document, but other bytes are filed in its place",
               core::to_hex(digest), core::to_hex(found));
  return std::nullopt;
}

std::optional<Terms> find_terms(const Judged& judged, const Hash& digest) {
  auto bytes = find_document(judged, digest);
  if (!bytes) return std::nullopt;
  core::Error why;
  auto terms = read_filed_terms(*bytes, why);
  if (!terms) {
    judged.wrong("document.not_enforceable",
                 "files a contract that cannot be enforced: " +
                     (why.details.empty() ? why.message
                                          : why.details[0].pointer + " " + why.details[0].detail));
  }
  return terms;
}

void note_erasure(Replay& replay, const Hash& document, std::uint64_t entry) {
  replay.tx().use<Statements>().erase(document, entry).run();
}

bool rests_on_missing_document(Replay& replay,
                               std::string_view table,
                               const ledger::RowDifference& difference) {
  constexpr std::size_t used_column = 3;
  bool is_state = table == "contract" && difference.column == "state" &&
                  difference.expected == "active" && difference.found == "exhausted";
  bool is_limit = table == "meter" && difference.column == "allowed";
  // A permission that was never used is known from the document alone.
  bool is_unused = table == "meter" && difference.column.empty() && difference.expected.empty() &&
                   difference.cells.at(used_column) == "0";
  if (!is_state && !is_limit && !is_unused) return false;
  std::string contract = difference.key.substr(0, difference.key.find(' '));
  auto row = replay.tx().use<Statements>().terms_known(contract);
  return row.next() && row.integer(0) == 0;
}

void list_contracts(Replay& replay, const std::function<void(const ContractReport&)>& tell) {
  auto row = replay.tx().use<Statements>().list();
  while (row.next()) {
    ContractReport report{.contract = row.text(0),
                          .state = parse_contract_state(row.view(1)),
                          .entries = row.natural(2),
                          .limit = row.natural(10),
                          .terms_known = row.integer(3) == 1,
                          .tally = {row.natural(4), row.natural(5), row.natural(6), row.natural(7),
                                    row.natural(8), row.natural(9)}};
    tell(report);
  }
}

}  // namespace tally::space
