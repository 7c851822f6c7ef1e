// What a database says beside the ledger, held against the commitments in the entries: lines of chunks,
// answers, classes, models; and what tasks decided, against their answers.
//
// No entry erases such rows, so one that is gone is a finding too; but in a ledger that continues another
// one it is not checkable, as what was in no backup was lost with its disk (space/continuation).
#pragma once

#include <cstdint>
#include <string>

#include "core/bytes.h"
#include "core/sql/session.h"
#include "ledger/conduct.h"

namespace tally::labeling {

// After the replay's end, with what it left in its tables. Memory is constant: one chunk of lines, one
// task's answers. Findings:
//   opening.differs     a row is not what the ledger committed to
//   opening.missing     a row is gone
//   opening.unexpected  a row of which no entry knows
// and those of check_tasks.
void check_openings(ledger::Replay& replay, core::sql::Session& database);

// What people were asked stands in the lines, and these are noted first (note_panel). Findings:
//   label.unknown_task  an answer to a task that no line of a chunk names
//   label.wrong_seat, label.seats_missing, label.wrong_outcome
//                       an answer that its task did not ask for, or does not end with
//   task.differs        a task is not what its line and its answers make of it
void check_tasks(ledger::Replay& replay, core::sql::Session& database);

// How many people a line asks about its item.
struct AskedPanel {
  std::string task;
  std::string project;
  std::string contract;
  std::string item;
  std::int64_t seats = 0;
  std::int64_t agree = 0;
};
void note_panel(ledger::Replay& replay, const AskedPanel& panel);

extern const core::sql::Sql opening_tables;

// Reports what rests on rows that are not there, or are older than the entries.
void report_lost(ledger::Replay& replay, ledger::ConductFinding finding);

// The replay keeps the commitments to models' names, by the entry that holds them.
void note_model(ledger::Replay& replay, std::uint64_t seq, const core::Hash& model);

}  // namespace tally::labeling
