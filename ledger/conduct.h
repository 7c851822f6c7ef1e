// The conduct audit: what the entries of a ledger say is replayed, and judged on the way.
//
// This floor does not know what an entry means. Each floor above registers, for each kind of entry
// that it writes, a function that judges the entry by what stood before it and folds it into tables
// of its own: a scratch database with the same tables as the real one. When all is replayed, the
// projection tables of the database that is audited are compared with them (ledger/projection.h).
//
//   Replayers replayers;
//   space::register_replayers(replayers);
//   Replay replay(scratch, documents, log_keys);
//   replayers.begin(replay);
//   visit_entries(source, 0, [&](std::string_view entry) { replayers.replay(replay, entry); });
//   replayers.end(replay);
//
// A ledger that continues another one carries its entries in its own (schemas/entries/entry.carried.md).
// These are taken out, put together to the tree that entry 0 names, and judged as what they were: at
// their times, under the origin of their log, and in the place of the entries that carry them.
//
// Memory is constant: state lies in the scratch database, caches are bounded, and of findings the
// first `findings_kept_max` are kept and all are counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/mapping.h"
#include "core/sql/session.h"
#include "core/time.h"
#include "ledger/documents.h"
#include "ledger/log_keys.h"
#include "ledger/merkle_tree.h"
#include "ledger/projection.h"
#include "ledger/source.h"

namespace tally::ledger {

// Something that is wrong, or (not_checkable) that cannot be told.
struct ConductFinding {
  std::string code;      // for programs: "contract.uses_exhausted"
  std::string place;     // "entry 17", "row meter ctr_.. 0", "document <64 hex>"
  std::string contract;  // that it is about, if any
  std::string words;     // for people: one sentence
  std::string expected;  // where two values differ; else empty
  std::string found;
  bool not_checkable = false;
};

// What a replayer is shown. Views and references are good during the call.
struct ReplayedEntry {
  std::uint64_t seq = 0;  // its place in the ledger that is audited, also when it is carried there
  core::Instant at;
  std::string_view by;
  std::string_view kind;
  const core::Json& body;
  core::Hash hash;             // leaf hash, in the log that wrote it
  std::uint64_t position = 0;  // its place in the log that wrote it

  std::string place() const { return "entry " + std::to_string(seq); }
};

// A log that another one continues, as far as its entries have been taken out.
struct CarriedLog {
  VerifierKey log_key;
  TreeHead head;  // what is carried of it
  Edge edge = {};
  core::Hash last_hash = {};
  core::Instant last_at = {};
  bool is_ended = false;  // an entry said that nothing more is taken back

  bool is_whole() const { return edge.size() == head.size; }
};

// The state that all replayers share.
class Replay {
 public:
  static constexpr std::size_t findings_kept_max = 1'000;

  // `scratch` has the tables of all floors and nothing in them; its rows need not keep checks and
  // foreign keys.
  Replay(core::sql::Tx& scratch, Documents& documents, LogKeys log_keys)
      : scratch_(scratch), documents_(documents), log_keys_(std::move(log_keys)) {}

  core::sql::Tx& tx() { return scratch_; }
  Documents& documents() { return documents_; }
  // How deep the entry that is judged was carried; 0 in the log that is audited.
  std::size_t level() const { return level_; }
  const std::string& origin() const {
    return level_ == 0 ? log_keys_.origin() : carried_[level_ - 1].log_key.name;
  }
  // Those that the auditor was given, of the log that is audited.
  const LogKeys& log_keys() const { return log_keys_; }

  // Entry 0 says that the log which it opens continues another one.
  void carry(VerifierKey log_key, const TreeHead& head) {
    carried_.erase(carried_.begin() + static_cast<std::ptrdiff_t>(level_), carried_.end());
    carried_.push_back({std::move(log_key), head});
  }
  // What the log that is at hand continues; null when it continues none.
  const CarriedLog* carried() const {
    return level_ < carried_.size() ? &carried_[level_] : nullptr;
  }
  // Precondition: carried().
  void end_carrying() { carried_[level_].is_ended = true; }

  void report(ConductFinding finding);
  // Of a contract, over all of its findings, kept or not.
  struct Counts {
    std::uint64_t findings = 0;
    std::uint64_t unchecked = 0;
  };
  Counts counts_of(std::string_view contract);

  const std::vector<ConductFinding>& findings() const { return findings_; }
  std::uint64_t findings_count() const { return findings_count_; }
  std::uint64_t unchecked_count() const { return unchecked_count_; }

  std::uint64_t size = 0;  // entries replayed
  core::Hash last_hash;    // of the last one
  core::Instant last_at;   // its time
  bool time_is_trusted = true;

 private:
  core::sql::Tx& scratch_;
  Documents& documents_;
  LogKeys log_keys_;
  std::vector<ConductFinding> findings_;
  std::uint64_t findings_count_ = 0;
  std::uint64_t unchecked_count_ = 0;

  friend class Replayers;
  std::vector<CarriedLog> carried_;  // by how deep: a log may continue one that continued another
  std::size_t level_ = 0;            // how deep the entry that is judged was carried
};

class Replayers {
 public:
  using Handler = std::function<void(Replay&, const ReplayedEntry&)>;

  // For entries of exactly this kind. A kind is registered once.
  void on_kind(std::string_view kind, Handler handler);

  // The same for an event (a struct with `kind` and `fields`), decoded. What does not decode is a
  // finding, and goes no further.
  template <class Event>
  void on(std::function<void(Replay&, const Event&, const ReplayedEntry&)> handler);

  // Between what is carried and the end of that no entry of another kind stands.
  void may_end_carrying(std::string_view kind) { ending_kinds_.emplace(kind); }

  // For entries of kinds that nobody registered, which are not checkable.
  void on_unknown(Handler handler) { on_unknown_.push_back(std::move(handler)); }

  // Tables that a floor needs for itself, beside those of its migrations.
  void add_tables(core::sql::Sql script) { scripts_.push_back(script); }
  void add_projection(ProjectionTable table) { projection_.push_back(std::move(table)); }
  const std::vector<ProjectionTable>& projection() const { return projection_; }
  // After the last entry, before tables are compared; called again when more entries followed.
  void at_end(std::function<void(Replay&)> end) { ends_.push_back(std::move(end)); }

  void begin(Replay& replay) const;
  // The next entry. Its form was checked by the structural audit; that it follows the one before is
  // checked here again. False: it does not, and nothing after it can be judged.
  bool replay(Replay& replay, std::string_view entry) const;
  void end(Replay& replay) const;

  std::vector<std::string> kinds() const;

 private:
  void judge(Replay& replay, const ReplayedEntry& entry) const;
  void judge_carrying(Replay& replay, const ReplayedEntry& entry) const;
  void judge_carried(Replay& replay, const ReplayedEntry& entry) const;

  std::map<std::string, Handler, std::less<>> handlers_;
  std::set<std::string, std::less<>> ending_kinds_;
  std::vector<Handler> on_unknown_;
  std::vector<core::sql::Sql> scripts_;
  std::vector<ProjectionTable> projection_;
  std::vector<std::function<void(Replay&)>> ends_;
};

// Shows the entries from `first` on, in their order, until `visit` answers false. Throws core::Broken
// when one is missing or not framed: what was found right before has changed.
void visit_entries(LedgerSource& source,
                   std::uint64_t first,
                   const std::function<bool(std::string_view entry)>& visit);

// The finding that a body is not what its kind says.
ConductFinding malformed_entry(const ReplayedEntry& entry, const std::string& why);

template <class Event>
void Replayers::on(std::function<void(Replay&, const Event&, const ReplayedEntry&)> handler) {
  on_kind(Event::kind, [handler = std::move(handler)](Replay& replay, const ReplayedEntry& entry) {
    auto event = core::decode<Event>(entry.body);
    if (!event) {
      const auto& error = event.error();
      std::string why = error.details.empty()
                            ? error.message
                            : error.details[0].pointer + " " + error.details[0].detail;
      return replay.report(malformed_entry(entry, why));
    }
    handler(replay, *event, entry);
  });
}

}  // namespace tally::ledger
