#include "disk/judge.h"

#include <map>
#include <string_view>

#include "ledger/auditor.h"
#include "ledger/checkpoint.h"
#include "ledger/merkle_tree.h"
#include "ledger/proof.h"
#include "ledger/source_database.h"
#include "ledger/store.h"
#include "ledger/tile.h"

namespace tally::test {
namespace {

using core::Json;
using core::sql::Session;
using Findings = std::vector<std::string>;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement counts{db, R"(
    select 'party.registered/1', count(*) from party
    union all select 'party.approved/1', count(*) from party where state = 'approved'
    union all select 'actor.added/1', count(*) from actor
    union all select 'dataset.registered/1', count(*) from dataset
    union all select 'dataset.version_registered/1', count(*) from dataset_version
    union all select 'dataset.version_published/1',
                     count(*) from dataset_version where state = 'published'
    union all select 'contract.offered/1', count(*) from contract
    union all select 'contract.accepted/1', count(*) from contract where active_at is not null
    union all select 'use.recorded/1', count(*) from use_record
    union all select 'use.redelivered/1', coalesce(sum(redeliveries), 0) from use_record
    union all select 'project.opened/1', count(*) from project
    union all select 'predictions.imported/1', count(*) from line_chunk
    union all select 'label.recorded/1', count(*) from answer
    union all select 'label.recorded/1', count(*) from answer_value
  )"};
  core::sql::Statement contracts{db, R"(
    select id, uses, seq, prev, (select sum(used) from meter where meter.contract = contract.id),
           (select count(*) from use_record where use_record.contract = contract.id)
      from contract
  )"};
  core::sql::Statement items{db, R"(
    select (select coalesce(sum(lines), 0) from line_chunk), (select count(*) from item)
  )"};
};

// What the entries alone say.
struct Told {
  struct Contract {
    std::uint64_t entries = 0;
    std::uint64_t uses = 0;
    core::Hash last;
  };
  std::map<std::string, std::uint64_t> kinds;
  std::map<std::string, Contract> contracts;
};

Told read_entries(Session& session, std::uint64_t size) {
  Told told;
  for (std::uint64_t seq = 0; seq < size; ++seq) {
    std::string text = ledger::read_entry(session, seq).value();
    auto entry = *core::parse_json(text);
    std::string kind = entry.find("kind")->as_string();
    told.kinds[kind] += 1;
    const Json* contract = entry.find("body")->find("contract");
    if (contract == nullptr) continue;
    auto& chain = told.contracts[contract->as_string()];
    chain.entries += 1;
    chain.last = ledger::hash_leaf(text);
    if (kind == "use.recorded/1") chain.uses += 1;
  }
  return told;
}

void compare_tables(Session& session, std::uint64_t size, Findings& findings) {
  auto told = read_entries(session, size);
  auto& sql = session.use<Statements>();
  auto row = sql.counts();
  while (row.next()) {
    if (told.kinds[row.text(0)] != row.natural(1))
      findings.push_back("rows and entries differ: " + row.text(0));
  }
  auto contract = sql.contracts();
  while (contract.next()) {
    auto& chain = told.contracts[contract.text(0)];
    bool is_right =
        contract.natural(1) == chain.uses && contract.natural(2) == chain.entries &&
        contract.hash(3) == chain.last && contract.natural(5) == chain.uses &&
        contract.optional_integer(4).value_or(0) == static_cast<std::int64_t>(chain.uses);
    if (!is_right) findings.push_back("the meter is not what the entries say");
  }
  auto items = sql.items();
  if (items.next() && items.integer(0) != items.integer(1))
    findings.push_back("an import is half there");
}

void check_receipt(Site& site, Session& session, const Said& said, Findings& findings) {
  auto verified = ledger::verify_receipt(said.receipt, site_log_key());
  if (!verified) {
    findings.push_back("a receipt does not verify: " + verified.error().message);
    return;
  }
  auto again = site.journal().ledger.find_receipt(session, verified->index);
  if (!again) {
    findings.push_back("acknowledged and lost: entry " + std::to_string(verified->index));
  } else if (again->file() != said.receipt) {
    findings.push_back("acknowledged and changed: entry " + std::to_string(verified->index));
  }
}

void check_checkpoint(Session& session, const Said& said, std::uint64_t size, Findings& findings) {
  auto opened = ledger::open_checkpoint(said.checkpoint, site_origin, site_log_key());
  if (!opened) {
    findings.push_back("a checkpoint does not verify");
    return;
  }
  auto head = opened->head;
  if (head.size == 0) return;
  ledger::TileSubtrees tiles([&session](unsigned level, std::uint64_t index) {
    return ledger::read_tile(session, level, index).value_or("");
  });
  if (head.size > size) {
    findings.push_back("signed and lost: size " + std::to_string(head.size));
  } else if (ledger::root_of(tiles, head.size) != head.root) {
    findings.push_back("signed another root for size " + std::to_string(head.size));
  }
}

}  // namespace

Findings judge(Site& site, const std::vector<Said>& said, std::size_t until) {
  // A command that changes nothing, so that the checkpoint signed at the start is stored.
  static_cast<void>(site.journal().writer.run([](core::sql::Tx&) -> core::Result<core::Done> {
    return core::Error{core::Refusal::conflict, "judge.nothing", "nothing"};
  }));
  return site.journal().readers.read([&](Session& session) {
    Findings findings;
    auto size = site.journal().ledger.signed_head().head.size;
    for (const Said& each : said) {
      if (each.op > until) continue;
      if (each.receipt.empty()) {
        check_checkpoint(session, each, size, findings);
      } else {
        check_receipt(site, session, each, findings);
      }
    }
    if (size == 0) return findings;
    ledger::DatabaseSource source(session);
    for (const auto& finding : ledger::audit(source, site_log_key()).findings)
      findings.push_back("audit: " + finding.code + " at " + finding.place.text());
    compare_tables(session, size, findings);
    return findings;
  });
}

Findings judge_end(Site& site, const Script& script) {
  Findings findings = script.surprises();
  site.journal().readers.read([&](Session& session) {
    auto told = read_entries(session, site.journal().ledger.signed_head().head.size);
    if (told.contracts[script.contract()].uses != Script::uses_max)
      findings.push_back("uses of the contract: " +
                         std::to_string(told.contracts[script.contract()].uses));
    if (told.kinds["label.recorded/1"] != Script::tasks)
      findings.push_back("labels: " + std::to_string(told.kinds["label.recorded/1"]));
    return 0;
  });
  return findings;
}

}  // namespace tally::test
