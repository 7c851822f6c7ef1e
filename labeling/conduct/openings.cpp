#include "labeling/conduct/openings.h"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/json.h"
#include "labeling/intake/line_tree.h"
#include "labeling/intake/prediction.h"
#include "labeling/projects/project_tables.h"
#include "space/commitment.h"
#include "space/conduct/openings.h"

namespace tally::labeling {
namespace {

using core::Hash;
using core::sql::Cursor;
using core::sql::Session;
using core::sql::Statement;
using ledger::Replay;
using space::about_row;

// What the entries say.
struct Replayed {
  core::sql::Connection& db;
  Statement chunks{db, R"(
    select c.project, c.chunk, c.kind, c.lines, c.root, p.contract
      from line_chunk c
      join project p on p.id = c.project
     order by c.project, c.chunk
  )"};
  Statement answers{db, R"(
    select a.id, a.value, p.contract
      from answer a
      join project p on p.id = a.project
     order by a.id
  )"};
  Statement note_model{db, "insert into conduct_model (seq, model) values (?1, ?2)"};
  Statement open_model{db, "update conduct_model set opened = 1 where model = ?1"};
  Statement unopened{db, R"(
    select min(seq) from conduct_model where opened = 0 group by model order by 1
  )"};
  Statement panels{db, "select count(*) from conduct_panel"};
  Statement projects{db, "select id, classes, contract from project order by id"};
};

// What the database says.
struct Stored {
  core::sql::Connection& db;
  Statement predictions{db, R"(
    select item, leaf_hash, text, task, predicted, route
      from item
     where project = ?1 and chunk = ?2
     order by line
  )"};
  Statement checks{db, R"(
    select item, check_leaf_hash, check_text, task
      from item
     where project = ?1 and check_chunk = ?2 and check_chunk is not null
     order by check_line
  )"};
  Statement values{db, "select answer, labels, salt from answer_value order by answer"};
  Statement items{db, "select count(*), count(check_chunk), count(task) from item"};
  Statement imports{db, R"(
    select i.project, i.model, i.salt, p.contract
      from import i left join project p on p.id = i.project
     where i.model is not null
     order by i.project, i.key_hash
  )"};
  Statement texts{db, "select project, classes, salt from project_text order by project"};
};

// --- lines ------------------------------------------------------------------------------------------

struct Chunk {
  std::string project;
  std::int64_t chunk = 0;
  bool are_predictions = true;
  std::int64_t lines = 0;
  std::string root;
  std::string contract;

  std::string name() const { return "line_chunk " + project + " " + std::to_string(chunk); }
};

template <class Line>
std::optional<Line> read_line(std::string_view text) {
  auto json = core::parse_json(text);
  auto line = json ? core::decode<Line>(*json) : core::Result<Line>(json.error());
  if (!line) return std::nullopt;
  return *std::move(line);
}

class Lines {
 public:
  Lines(Replay& replay, Session& database) : replay_(replay), database_(database) {}

  void check(const Chunk& chunk) {
    leaves_.clear();
    auto& sql = database_.use<Stored>();
    auto row = chunk.are_predictions ? sql.predictions(chunk.project, chunk.chunk)
                                     : sql.checks(chunk.project, chunk.chunk);
    while (row.next() && leaves_.size() <= chunk_lines_max) take(chunk, row);
    if (std::cmp_not_equal(leaves_.size(), chunk.lines)) {
      return tell(leaves_.size() < static_cast<std::size_t>(chunk.lines) ? "opening.missing"
                                                                         : "opening.unexpected",
                  chunk.name(), chunk, "The chunk has another number of lines than its entry says",
                  std::to_string(chunk.lines), std::to_string(leaves_.size()));
    }
    Hash root = root_of_lines(leaves_);
    if (root.view() != chunk.root) {
      tell("opening.differs", chunk.name(), chunk,
           "The hashes of the chunk's lines do not give the root in its entry",
           core::to_hex(chunk.root), core::to_hex(root));
    }
  }

 private:
  void take(const Chunk& chunk, const Cursor& row) {
    std::string name = "item " + chunk.project + " " + row.text(0);
    auto leaf = Hash::from_bytes(row.view(1));
    leaves_.push_back(leaf.value_or(Hash{}));
    if (row.is_null(2)) {
      return tell("opening.missing", name, chunk,
                  "The item's line is gone, and no entry erased it");
    }
    Hash hash = ledger::hash_leaf(row.view(2));
    if (hash != leaf) {
      return tell("opening.differs", name, chunk,
                  "The item's line is not what its hash was made of", core::to_hex(leaves_.back()),
                  core::to_hex(hash));
    }
    bool agrees = chunk.are_predictions ? take_prediction(chunk, row) : take_check(chunk, row);
    if (!agrees) {
      tell("opening.differs", name, chunk, "The item's row says something else than its line",
           row.text(2));
    }
  }

  bool take_prediction(const Chunk& chunk, const Cursor& row) {
    auto line = read_line<RoutedLine>(row.view(2));
    if (!line) return false;
    bool is_asked = line->route == Route::human;
    if (is_asked) {
      if (!line->task || !line->seats || !line->agree) return false;
      note_panel(replay_, {line->task->text(), chunk.project, chunk.contract, line->item,
                           *line->seats, *line->agree});
    }
    return line->item == row.view(0) && std::cmp_equal(line->predicted, row.integer(4)) &&
           name_of(line->route) == row.view(5) &&
           (!is_asked || (!row.is_null(3) && line->task->text() == row.view(3)));
  }

  bool take_check(const Chunk& chunk, const Cursor& row) {
    auto line = read_line<CheckLine>(row.view(2));
    if (!line) return false;
    note_panel(replay_, {line->task.text(), chunk.project, chunk.contract, line->item, line->seats,
                         line->agree});
    return line->item == row.view(0) && !row.is_null(3) && line->task.text() == row.view(3);
  }

  void tell(const char* code,
            const std::string& row,
            const Chunk& chunk,
            const char* words,
            std::string expected = "",
            std::string found = "") {
    auto finding =
        about_row(code, row, chunk.contract, words, std::move(expected), std::move(found));
    if (finding.code == "opening.missing") return report_lost(replay_, std::move(finding));
    replay_.report(std::move(finding));
  }

  Replay& replay_;
  Session& database_;
  std::vector<Hash> leaves_;
};

// Items, checks and tasks that no line speaks of.
void compare_counts(Replay& replay, Session& database, const std::array<std::int64_t, 3>& counts) {
  constexpr std::array names{"items", "checks", "tasks of items"};
  auto stored = database.use<Stored>().items();
  stored.next();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    auto found = stored.integer(static_cast<int>(i));
    if (found <= counts[i]) continue;
    replay.report({.code = "opening.unexpected",
                   .place = "table item",
                   .contract = {},
                   .words = std::string("There are more ") + names[i] +
                            " than lines in the ledger's chunks speak of.",
                   .expected = std::to_string(counts[i]),
                   .found = std::to_string(found)});
  }
}

void check_lines(Replay& replay, Session& database) {
  Lines lines(replay, database);
  std::int64_t items = 0;
  std::int64_t checks = 0;
  auto row = replay.tx().use<Replayed>().chunks();
  while (row.next()) {
    Chunk chunk{row.text(0),    row.integer(1), row.view(2) == "predictions",
                row.integer(3), row.text(4),    row.text(5)};
    lines.check(chunk);
    (chunk.are_predictions ? items : checks) += chunk.lines;
  }
  auto panels = replay.tx().use<Replayed>().panels();
  panels.next();
  compare_counts(replay, database, {items, checks, panels.integer(0)});
}

// --- answers and classes ----------------------------------------------------------------------------

// Two lists by key, side by side: what was committed to (key, commitment, contract), and what opens it
// (key, value, salt).
void compare_openings(Replay& replay, Cursor committed, Cursor opening, const std::string& table) {
  bool is_committed = committed.next();
  bool is_opened = opening.next();
  auto tell = [&](const char* code, const Cursor& at, const std::string& contract,
                  const char* words) {
    auto finding = about_row(code, table + " " + at.text(0), contract, words);
    if (finding.code == "opening.missing") return report_lost(replay, std::move(finding));
    replay.report(std::move(finding));
  };
  while (is_committed || is_opened) {
    int order = !is_opened ? -1 : !is_committed ? 1 : committed.view(0).compare(opening.view(0));
    if (order < 0) {
      tell("opening.missing", committed, committed.text(2),
           "What the ledger committed to is gone, and no entry erased it");
    } else if (order > 0) {
      tell("opening.unexpected", opening, "", "No entry knows of this row");
    } else if (!space::opens(opening.view(2), opening.view(1), committed.view(1))) {
      tell("opening.differs", committed, committed.text(2),
           "The row is not what the ledger committed to");
    }
    if (order <= 0) is_committed = committed.next();
    if (order >= 0) is_opened = opening.next();
  }
}

// A name that opens no commitment of the ledger, and a commitment that no name opens.
void check_models(Replay& replay, Session& database) {
  auto& replayed = replay.tx().use<Replayed>();
  auto row = database.use<Stored>().imports();
  while (row.next()) {
    constexpr std::size_t salt_digits = 32;
    bool is_known = row.view(2).size() == salt_digits &&
                    replayed.open_model(space::commitment_hash(row.view(2), row.view(1))).run() > 0;
    if (is_known) continue;
    replay.report(about_row("opening.differs", "import " + row.text(0), row.text(3),
                            "The ledger committed to no such name of a model"));
  }
  auto unopened = replayed.unopened();
  while (unopened.next()) {
    report_lost(replay, about_row("opening.missing", "import", "",
                                  "No import names the model that entry " + unopened.text(0) +
                                      " committed to"));
  }
}

}  // namespace

const core::sql::Sql opening_tables = R"(
  create table conduct_panel (
    task     text primary key,
    project  text    not null,
    contract text    not null,
    item     text    not null,
    seats    integer not null,
    agree    integer not null
  ) strict;
  create table conduct_model (
    seq    integer primary key,
    model  blob    not null,
    opened integer not null default 0
  ) strict;
  create index conduct_model_by_hash on conduct_model (model);
)";

void report_lost(Replay& replay, ledger::ConductFinding finding) {
  finding.not_checkable = replay.carried() != nullptr;
  replay.report(std::move(finding));
}

void note_model(Replay& replay, std::uint64_t seq, const Hash& model) {
  replay.tx().use<Replayed>().note_model(seq, model).run();
}

void check_openings(Replay& replay, Session& database) {
  auto& replayed = replay.tx().use<Replayed>();
  auto& stored = database.use<Stored>();
  check_lines(replay, database);
  check_models(replay, database);
  compare_openings(replay, replayed.projects(), stored.texts(), "project_text");
  compare_openings(replay, replayed.answers(), stored.values(), "answer_value");
  check_tasks(replay, database);
}

}  // namespace tally::labeling
