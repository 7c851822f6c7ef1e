#include "ledger/auditor.h"

#include <algorithm>
#include <span>
#include <thread>
#include <utility>

#include "core/json.h"
#include "core/mapping.h"
#include "ledger/audit_keys.h"
#include "ledger/bundle_check.h"
#include "ledger/envelope.h"
#include "ledger/ledger.h"
#include "ledger/tile.h"
#include "ledger/tile_stack.h"

namespace tally::ledger {
namespace {

constexpr std::uint64_t progress_bundles = 64;
constexpr std::size_t jobs_per_thread = 8;

std::string number(std::uint64_t value) { return std::to_string(value); }

// A bundle and its tile, copied so that another thread can check them.
struct Job {
  std::string bundle;
  std::string tile;
  BundleCheck check;
};

class Audit {
 public:
  Audit(LedgerSource& source, const LogKeys& log_keys, const AuditOptions& options)
      : source_(source), edge_(source.edge()), log_keys_(log_keys), options_(options) {}

  AuditReport run() && {
    open_stored_checkpoint();
    walk_bundles();
    if (!stopped_) walk_tail();
    if (!stopped_) finish_tree();
    if (!stopped_ && edge_.has_rows) compare_rows();
    judge_checkpoint();
    report_.retired = keys_.retired();
    return std::move(report_);
  }

 private:
  void add(std::string code,
           Place place,
           std::string words,
           std::string expected = "",
           std::string found = "") {
    report_.findings.push_back({std::move(code), std::move(place), std::move(words),
                                std::move(expected), std::move(found)});
  }
  // Nothing after this can be judged.
  void stop(Finding finding) {
    report_.findings.push_back(std::move(finding));
    stopped_ = true;
  }

  // --- entries ------------------------------------------------------------------------------------

  void walk_bundles() {
    if (options_.threads > 1) return walk_in_threads();
    for (std::uint64_t n = 0; n < edge_.bundles && !stopped_; ++n) {
      BundleCheck check;
      bool is_there = source_.visit_bundle(n, [&](std::string_view bundle) {
        with_tile(n, [&](std::string_view tile) {
          check = check_bundle(n * tile_width_max, bundle, tile);
        });
      });
      if (!is_there) return stop(missing_entry(n * tile_width_max));
      join(n, check);
    }
  }

  // Empty bytes when the tile is missing.
  void with_tile(std::uint64_t n, const LedgerSource::Visitor& visit) {
    if (!source_.visit_tile(0, n, visit)) visit({});
  }

  void walk_in_threads() {
    std::vector<Job> jobs(options_.threads * jobs_per_thread);
    for (std::uint64_t first = 0; first < edge_.bundles && !stopped_;) {
      std::size_t count = 0;
      bool is_there = true;
      for (; count < jobs.size() && first + count < edge_.bundles && is_there; ++count) {
        is_there = fetch(first + count, jobs[count]);
      }
      if (!is_there) --count;
      check_side_by_side(first, {jobs.data(), count});
      for (std::size_t i = 0; i < count && !stopped_; ++i) {
        join(first + i, jobs[i].check);
      }
      first += count;
      if (!is_there && !stopped_) stop(missing_entry(first * tile_width_max));
    }
  }

  bool fetch(std::uint64_t n, Job& job) {
    with_tile(n, [&](std::string_view tile) { job.tile = tile; });
    return source_.visit_bundle(n, [&](std::string_view bundle) { job.bundle = bundle; });
  }

  void check_side_by_side(std::uint64_t first, std::span<Job> jobs) const {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < options_.threads; ++t) {
      threads.emplace_back([this, first, jobs, t] {
        for (std::size_t i = t; i < jobs.size(); i += options_.threads) {
          jobs[i].check = check_bundle((first + i) * tile_width_max, jobs[i].bundle, jobs[i].tile);
        }
      });
    }
  }

  // The bundle, checked by itself, continues what was read before.
  void join(std::uint64_t n, const BundleCheck& check) {
    adopt(n * tile_width_max, check);
    if (stopped_) return;
    if (check.count < tile_width_max) return stop(missing_entry(size() + check.count));
    if (auto finding = judge_width(0, n, tile_width_max, check.tile_bytes)) {
      return stop(*std::move(finding));
    }
    keep(check);
    if (options_.progress && (n + 1) % progress_bundles == 0) options_.progress(size());
  }

  // Judges the entries and their link to those before.
  void adopt(std::uint64_t first_seq, const BundleCheck& check) {
    if (check.count > 0 && !continues(first_seq, check)) return;
    report_.entries += check.count;
    report_.entry_bytes += check.entry_bytes;
    if (check.finding) return stop(settled(check, first_seq));
    if (first_seq == 0 && check.count > 0) judge_opening(check.opening);
  }

  bool continues(std::uint64_t first_seq, const BundleCheck& check) {
    std::string prev = core::to_hex(last_leaf_);
    std::string_view found(check.first_prev.data(), check.first_prev.size());
    if (found != prev) {
      stop({"entry.wrong_prev", Place::entry(first_seq),
            "Entry " + number(first_seq) + " does not name the hash of the entry before it.", prev,
            std::string(found)});
    } else if (check.first_at < last_at_) {
      stop({"entry.time_went_back", Place::entry(first_seq),
            "Entry " + number(first_seq) + " is dated before the entry that it follows.",
            "at least " + std::to_string(last_at_), std::to_string(check.first_at)});
    }
    return !stopped_;
  }

  // Whether the entry at the end of a bundle or its tile was changed, the link after it tells.
  Finding settled(const BundleCheck& check, std::uint64_t first_seq) {
    if (!check.is_unsettled) return *check.finding;
    std::string next;
    auto read_prev = [&](std::string_view bundle) { next = first_prev_of(bundle).value_or(""); };
    std::uint64_t after = first_seq / tile_width_max + 1;
    if (after >= edge_.bundles || !source_.visit_bundle(after, read_prev)) {
      if (after == edge_.bundles && !edge_.tail.empty()) {
        read_prev(edge_.tail.front().entries);
      } else if (!edge_.heads.empty()) {
        next = core::to_hex(edge_.heads.front().last_hash);
      }
    }
    return settle(*check.finding, next);
  }

  void keep(const BundleCheck& check) {
    note_checkpoint_root(check);
    if (check.count == tile_width_max) {
      tree_.push_complete(check.root);
    } else {
      tree_.push_ragged({check.leaves.data(), check.count});
    }
    if (check.count == 0) return;
    last_leaf_ = check.leaves[check.count - 1];
    last_at_ = check.last_at;
    clock_departed_ = check.clock_departed.value_or(clock_departed_);
    for (const std::string& entry : check.key_changes) keys_.note(entry);
    if (auto finding = tree_.take_full(source_)) stop(*std::move(finding));
  }

  std::uint64_t size() const { return tree_.size(); }

  Finding missing_entry(std::uint64_t seq) const {
    return {"entry.missing", Place::entry(seq), "Entry " + number(seq) + " is not there.", "", ""};
  }

  void judge_opening(std::string_view entry) {
    auto envelope = read_envelope(entry);
    if (!envelope ||
        (envelope->kind != ledger_opened_kind && envelope->kind != ledger_reopened_kind)) {
      return;
    }
    auto body = core::parse_json(envelope->body);
    const core::Json* origin = body ? body->find("origin") : nullptr;
    bool is_text = origin != nullptr && origin->is_string();
    if (is_text && origin->as_string() == log_keys_.origin()) return keys_.note(entry);
    stop({"entry.wrong_origin", Place::entry(0), "Entry 0 opens the ledger of another log.",
          log_keys_.origin(), is_text ? origin->as_string() : ""});
  }

  // --- the entries after the last complete bundle -------------------------------------------------

  void walk_tail() {
    std::string bundle;
    auto misplaced = gather_tail(bundle);
    BundleCheck check;
    with_tile(edge_.bundles,
              [&](std::string_view tile) { check = check_bundle(size(), bundle, tile); });
    adopt(size(), check);
    if (stopped_) return;
    if (misplaced) return stop(*std::move(misplaced));
    if (check.count == tile_width_max) return stop(missing_bundle());
    if (auto finding = judge_width(0, edge_.bundles, check.count, check.tile_bytes)) {
      // A tile that is wider than the entries, and a head that counts them: they are gone.
      bool are_gone = finding->code != "tile.missing" && claimed_size() > size() + check.count;
      return stop(are_gone ? missing_entry(size() + check.count) : *std::move(finding));
    }
    keep(check);
  }

  std::uint64_t claimed_size() const {
    if (edge_.heads.empty()) return report_.checkpoint ? report_.checkpoint->head.size : 0;
    std::int64_t size = edge_.heads.front().size;
    return size < 0 ? 0 : static_cast<std::uint64_t>(size);
  }

  Finding missing_bundle() const {
    return {"bundle.missing",
            {.kind = Place::Kind::bundle, .seq = edge_.bundles},
            "256 entries stand in the tail that belong in a bundle.",
            "",
            ""};
  }

  // Appends the rows that follow each other. Answers what is wrong with the rows themselves, which
  // counts only if nothing is wrong with the entries before.
  std::optional<Finding> gather_tail(std::string& bundle) const {
    std::vector<bool> used(edge_.tail.size(), false);
    std::uint64_t next = size();
    for (std::size_t i = 0; i < edge_.tail.size();) {
      const TailRow& row = edge_.tail[i];
      bool follows =
          !used[i] && row.first_seq >= 0 && static_cast<std::uint64_t>(row.first_seq) == next;
      if (!follows) {
        ++i;
        continue;
      }
      used[i] = true;
      bundle += row.entries;
      auto count = count_framed(row.entries);
      if (!count) return std::nullopt;  // the framing will be found wrong
      if (*count == 0 || std::to_string(*count) != std::to_string(row.count)) {
        return Finding{"tail.wrong_count", Place::entry(next),
                       "The row that begins with entry " + number(next) + " is miscounted.",
                       number(*count), std::to_string(row.count)};
      }
      next += *count;
      i = 0;
    }
    auto stray = std::find(used.begin(), used.end(), false);
    if (stray == used.end()) return std::nullopt;
    const TailRow& row = edge_.tail[static_cast<std::size_t>(stray - used.begin())];
    return Finding{"tail.misplaced", Place::entry(next),
                   "Where entry " + number(next) +
                       " would follow, a row says that it begins with " +
                       std::to_string(row.first_seq) + ".",
                   number(next), std::to_string(row.first_seq)};
  }

  // --- the tree -----------------------------------------------------------------------------------

  void finish_tree() {
    if (auto finding = tree_.compare_ragged(source_)) return stop(*std::move(finding));
    Edge edge = tree_.edge();
    report_.head = edge.head();
    if (edge_.has_rows) compare_extents();
  }

  void compare_extents() {
    for (const TileExtent& extent : edge_.tiles) {
      std::uint64_t tiles = 0;
      if (extent.level >= 0 && extent.level < 8) {
        std::uint64_t hashes = size() >> (tile_height * static_cast<unsigned>(extent.level));
        tiles = (hashes + tile_width_max - 1) / tile_width_max;
      }
      std::int64_t stray = extent.first < 0 ? extent.first : extent.last;
      if (stray >= 0 && static_cast<std::uint64_t>(stray) < tiles) continue;
      return stop({"tile.unexpected", Place::tile_at(extent.level, stray),
                   "A tile stands where the tree of " + number(size()) + " entries has none.", "",
                   ""});
    }
    if (edge_.first_bundle < 0) {
      stop({"bundle.unexpected",
            {.kind = Place::Kind::bundle},
            "A bundle has the number " + std::to_string(edge_.first_bundle) + ".",
            "",
            ""});
    }
  }

  // --- head row and batches -----------------------------------------------------------------------

  void compare_rows() {
    if (edge_.heads.empty() && size() == 0) return;
    if (edge_.heads.empty()) return add("head.missing", Place::head(""), "There is no head row.");
    const HeadRow& head = edge_.heads.front();
    if (edge_.heads.size() > 1 || head.id != 1) {
      return add("head.unexpected", Place::head("id"), "The head row is not the only one, of id 1.",
                 "1", std::to_string(head.id));
    }
    Edge edge = tree_.edge();
    std::string edge_bytes;
    for (const Hash& hash : edge.hashes()) edge_bytes += hash.view();
    bool is_same_tree = head.root == edge.root().view() && head.edge == edge_bytes &&
                        head.last_hash == last_leaf_.view();
    if (head.size != static_cast<std::int64_t>(size()) && !is_same_tree) return compare_size(head);
    compare_column("size", number(size()), std::to_string(head.size));
    compare_column("root", core::to_hex(edge.root()), core::to_hex(head.root));
    compare_column("edge", core::to_hex(edge_bytes), core::to_hex(head.edge));
    compare_column("last_hash", core::to_hex(last_leaf_), core::to_hex(head.last_hash));
    compare_column("last_at", std::to_string(last_at_), std::to_string(head.last_at));
    compare_column("time_trusted", clock_departed_ ? "0" : "1", std::to_string(head.time_trusted));
    compare_batches();
  }

  void compare_column(const std::string& column, std::string expected, std::string found) {
    if (expected == found) return;
    add("head.wrong", Place::head(column), "The head row does not say what the entries give.",
        std::move(expected), std::move(found));
  }

  void compare_size(const HeadRow& head) {
    auto stored = number(size());
    if (head.size > static_cast<std::int64_t>(size())) {
      add("entry.missing", Place::entry(size()),
          "The head row counts more entries than are stored.", std::to_string(head.size), stored);
    } else if (head.size >= 0) {
      add("entry.unexpected", Place::entry(static_cast<std::uint64_t>(head.size)),
          "More entries are stored than the head row counts.", std::to_string(head.size), stored);
    } else {
      compare_column("size", stored, std::to_string(head.size));
    }
  }

  void compare_batches() {
    std::string last = edge_.last_batch ? std::to_string(*edge_.last_batch) : "none";
    if (last == number(size()) && *edge_.first_batch > 0) return;
    add("batch.wrong", {.kind = Place::Kind::batch}, "The last batch does not end with the ledger.",
        number(size()), last);
  }

  // --- the checkpoint -----------------------------------------------------------------------------

  void open_stored_checkpoint() {
    if (edge_.checkpoints.empty()) return;
    auto opened = open_checkpoint(edge_.checkpoints.front().note, log_keys_.origin(), log_keys_);
    if (opened) {
      report_.checkpoint = *opened;
      if (opened->head.size == 0) checkpoint_root_ = empty_root();
    } else {
      refusal_ = opened.error();
    }
  }

  void note_checkpoint_root(const BundleCheck& check) {
    if (!report_.checkpoint) return;
    std::uint64_t wanted = report_.checkpoint->head.size;
    if (wanted <= size() || wanted > size() + check.count) return;
    Edge edge = tree_.edge();
    for (std::size_t i = 0; edge.size() < wanted; ++i) edge.append(check.leaves[i]);
    checkpoint_root_ = edge.root();
  }

  void judge_checkpoint() {
    if (edge_.checkpoints.empty()) {
      if (stopped_ || size() == 0) return;
      return add("checkpoint.missing", Place::checkpoint(""),
                 "No checkpoint is stored: nobody vouches for these entries.");
    }
    const CheckpointRow& row = edge_.checkpoints.front();
    if (edge_.checkpoints.size() > 1 || row.id != 1) {
      return add("checkpoint.unexpected", Place::checkpoint("id"),
                 "The checkpoint row is not the only one, of id 1.", "1", std::to_string(row.id));
    }
    std::uint64_t signed_size = report_.checkpoint ? report_.checkpoint->head.size : size();
    if (!refusal_ || refusal_->code == "note.unknown_signers") {
      if (auto finding = keys_.judge_retired(row.note, signed_size))
        return report_.findings.push_back(*finding);
    }
    if (refusal_) return add(refusal_->code, Place::checkpoint("note"), refusal_->message);
    if (auto finding = keys_.judge_in_force(row.note, signed_size))
      return report_.findings.push_back(*finding);
    report_.doubts = keys_.doubts(row.note, signed_size);
    const TreeHead& head = report_.checkpoint->head;
    if (number(head.size) != std::to_string(row.size)) {
      add("checkpoint.wrong_size", Place::checkpoint("size"),
          "The size beside the checkpoint is not the one in it.", number(head.size),
          std::to_string(row.size));
    }
    if (!stopped_) compare_checkpoint(head);
  }

  void compare_checkpoint(const TreeHead& head) {
    if (head.size > size()) {
      return add("entry.missing", Place::entry(size()),
                 "The log has signed more entries than are stored.", number(head.size),
                 number(size()));
    }
    if (*checkpoint_root_ != head.root) {
      return add("checkpoint.wrong_root", Place::checkpoint("note"),
                 "The first " + number(head.size) +
                     " entries agree with each other, but they are not those that the log signed.",
                 core::to_hex(head.root), core::to_hex(*checkpoint_root_));
    }
    report_.unsigned_entries = size() - head.size;
  }

  LedgerSource& source_;
  const SourceEdge& edge_;
  const LogKeys& log_keys_;
  const AuditOptions& options_;
  AuditReport report_;
  AuditKeys keys_{log_keys_};
  bool stopped_ = false;

  TileStack tree_;
  Hash last_leaf_;  // zeros before entry 0
  std::int64_t last_at_ = 0;
  bool clock_departed_ = false;
  std::optional<core::Error> refusal_;  // of the stored checkpoint
  std::optional<Hash> checkpoint_root_;
};

}  // namespace

std::string Place::text() const {
  auto row = [this](const std::string& name) {
    return column.empty() ? name : name + "." + column;
  };
  switch (kind) {
    case Kind::entry:
      return "entry " + number(seq);
    case Kind::tile:
      return "tile " + std::to_string(level) + "/" + std::to_string(tile);
    case Kind::head:
      return row("head");
    case Kind::checkpoint:
      return row("checkpoint");
    case Kind::bundle:
      return "bundle " + number(seq);
    case Kind::batch:
      return "batch";
  }
  return "";
}

std::optional<LogKeys> keys_in_force(const LogKeys& keys,
                                     std::span<const KeyChange> retired,
                                     std::uint64_t size) {
  std::vector<VerifierKey> before;
  for (const KeyChange& it : retired) {
    if (it.seq < size) before.push_back(it.key);
  }
  return keys.without(before);
}

AuditReport audit(LedgerSource& source, const LogKeys& log_keys, const AuditOptions& options) {
  TALLY_ASSERT(log_keys.all().front().type == SignatureType::ed25519);
  return Audit(source, log_keys, options).run();
}

}  // namespace tally::ledger
