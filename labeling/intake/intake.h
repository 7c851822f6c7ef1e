// Intake: predictions become routed items and waiting tasks.
//
// An import is staged and checked whole, then committed in chunks, each with one ledger entry
// (predictions.imported/1) that holds counts and the root over the chunk's lines. A crash between
// chunks leaves whole chunks; the same request under the same key goes on behind them and is
// answered as if nothing had happened.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/guarded.h"
#include "labeling/intake/intake_tables.h"
#include "labeling/intake/staging.h"
#include "labeling/projects/project_tables.h"
#include "ledger/journal.h"
#include "space/once.h"

namespace tally::labeling {

using space::Change;
using space::Once;

// A chunk and the tasks in it stay within the 1,000 rows that one command may touch.
inline constexpr std::int64_t import_chunk_items_max = 500;
inline constexpr std::size_t check_items_max = 500;

// The body of predictions.imported/1.
struct PredictionsImported {
  static constexpr std::string_view kind = "predictions.imported/1";

  std::int64_t accepted = 0;
  std::int64_t chunk = 0;
  std::int64_t held = 0;
  std::int64_t human = 0;
  std::int64_t items = 0;
  std::optional<core::Hash> model;  // commitment to its name
  std::int64_t policy_version = 0;
  ProjectId project;
  core::Hash root;  // RFC 6962 over the lines
  std::string salt;

  static constexpr auto fields = core::FieldList{
      core::field("accepted", &PredictionsImported::accepted),
      core::field("chunk", &PredictionsImported::chunk),
      core::field("held", &PredictionsImported::held),
      core::field("human", &PredictionsImported::human),
      core::field("items", &PredictionsImported::items),
      core::field("model", &PredictionsImported::model),
      core::field("policy_version", &PredictionsImported::policy_version),
      core::field("project", &PredictionsImported::project),
      core::field("root", &PredictionsImported::root),
      core::field("salt", &PredictionsImported::salt, core::matches_hex(32)),
  };
};

// The body of items.sent_to_check/1.
struct ItemsSentToCheck {
  static constexpr std::string_view kind = "items.sent_to_check/1";

  std::int64_t agree = 0;
  std::int64_t chunk = 0;
  std::int64_t items = 0;
  ProjectId project;
  core::Hash root;
  std::string salt;
  std::int64_t seats = 0;

  static constexpr auto fields = core::FieldList{
      core::field("agree", &ItemsSentToCheck::agree),
      core::field("chunk", &ItemsSentToCheck::chunk),
      core::field("items", &ItemsSentToCheck::items),
      core::field("project", &ItemsSentToCheck::project),
      core::field("root", &ItemsSentToCheck::root),
      core::field("salt", &ItemsSentToCheck::salt, core::matches_hex(32)),
      core::field("seats", &ItemsSentToCheck::seats),
  };
};

struct ImportCommand {
  ProjectId project;
  std::string key;                   // Idempotency-Key
  std::optional<std::string> model;  // what made the predictions, in the team's own words
  PieceSource body;                  // NDJSON
};

struct CheckCommand {
  std::vector<std::string> items;
  std::int64_t seats = 1;
  std::int64_t agree = 1;

  static constexpr auto fields = core::FieldList{
      core::field("items",
                  &CheckCommand::items,
                  core::length(1, check_items_max),
                  core::each(core::length(1, item_bytes_max))),
      core::field("seats", &CheckCommand::seats, core::range(1, seats_max)),
      core::field("agree", &CheckCommand::agree, core::range(1, seats_max)),
  };
};

// Pure: refuses with request.invalid every item that cannot be sent to check. `items` holds what is
// known of each item of the command, in its order.
core::Result<core::Done> decide_check(const CheckCommand& command,
                                      const std::vector<std::optional<ItemRow>>& items);

class Intake {
 public:
  explicit Intake(ledger::Journal& journal) : journal_(journal) {}

  // Answers with ImportAnswer and the receipt of the last chunk. Refusals, in this order:
  // project.not_found, import.in_progress (conflict: one import of a project at a time), those of
  // StagedLines::fill, idempotency_key.reused, prediction.invalid (the project has the item already).
  core::Result<Change> import(const Principal& caller, const ImportCommand& command);

  // Asks people about accepted items; what they decide replaces the model's word. Answers
  // {"checks":n}. Refusals, in this order: idempotency_key.reused, project.not_found,
  // request.invalid (each item that is unknown, not accepted, in check already, or named twice).
  core::Result<Change> send_to_check(const Principal& caller,
                                     const Once& once,
                                     const ProjectId& project,
                                     const CheckCommand& command);

 private:
  struct Import;  // one that is under way
  struct RoutedChunk;

  core::Result<Change> run(Import& import, const ImportCommand& command);
  core::Result<core::Done> check_items_are_new(Import& import);
  RoutedChunk route_chunk(Import& import);
  core::Result<ledger::ReceiptPtr> commit_chunk(Tx& tx, Import& import, const RoutedChunk& chunk);
  Change answer(const Import& import, ledger::ReceiptPtr receipt);
  Change commit_check(Tx& tx,
                      const Principal& caller,
                      const ProjectId& project,
                      const CheckCommand& command,
                      const std::vector<std::optional<ItemRow>>& items);

  ledger::Journal& journal_;
  core::Guarded<std::set<std::string>> under_way_;  // projects
};

}  // namespace tally::labeling
