// The rows of items, of the chunks that their lines stand in, and of imports.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/sql/session.h"
#include "labeling/intake/line_tree.h"
#include "labeling/intake/prediction.h"
#include "labeling/projects/project_tables.h"

namespace tally::labeling {

// --- imports ----------------------------------------------------------------------------------------

struct ImportAnswer {
  std::int64_t imported = 0;
  std::int64_t accepted = 0;
  std::int64_t human = 0;
  std::int64_t held = 0;
  std::int64_t chunks = 0;

  std::vector<std::uint64_t> entries;  // of the ledger, one for each chunk

  bool operator==(const ImportAnswer&) const = default;
  static constexpr auto fields = core::FieldList{
      core::field("imported", &ImportAnswer::imported),
      core::field("accepted", &ImportAnswer::accepted),
      core::field("human", &ImportAnswer::human),
      core::field("held", &ImportAnswer::held),
      core::field("chunks", &ImportAnswer::chunks),
      core::field("entries", &ImportAnswer::entries),
  };
};

struct ImportRow {
  ProjectId project;
  core::Hash key_hash;
  core::Hash request;
  bool is_done = false;
  ImportAnswer answer;  // so far
  std::uint64_t last_seq = 0;
  std::optional<std::string> model;
  std::string salt;
};

std::optional<ImportRow> find_import(Session& session,
                                     const ProjectId& project,
                                     const core::Hash& key_hash);
void store_import(Tx& tx, const ImportRow& row);  // new or moved

// --- chunks of lines --------------------------------------------------------------------------------

enum class LineKind : std::uint8_t { predictions, checks };
constexpr std::array<std::pair<LineKind, std::string_view>, 2> enum_names(LineKind) {
  return {{{LineKind::predictions, "predictions"}, {LineKind::checks, "checks"}}};
}

struct LineChunk {
  ProjectId project;
  std::int64_t chunk = 0;
  LineKind kind{};
  std::uint64_t seq = 0;  // of its entry
  std::int64_t lines = 0;
  core::Hash root;
};

void store_chunk(Tx& tx, const LineChunk& chunk);
LineChunk find_chunk(Session& session, const ProjectId& project, std::int64_t chunk);
// The leaf hashes of a chunk, in the order of its lines.
std::vector<core::Hash> chunk_leaves(Session& session, const LineChunk& chunk);

// --- items ------------------------------------------------------------------------------------------

struct NewItem {
  std::string item;
  Routing routing;
  std::optional<TaskId> task;
  core::Hash leaf_hash;
  std::string text;
};
// As lines 0.. of a chunk.
void store_items(Tx& tx,
                 const ProjectId& project,
                 std::int64_t chunk,
                 std::span<const NewItem> items);

struct CheckedItem {
  std::string item;
  TaskId task;
  core::Hash leaf_hash;
  std::string text;
};
void store_checks(Tx& tx,
                  const ProjectId& project,
                  std::int64_t chunk,
                  std::span<const CheckedItem> items);

struct Line {
  std::int64_t chunk = 0;
  std::int64_t line = 0;
  std::optional<std::string> text;  // nothing: erased
};

struct ItemRow {
  std::string item;
  std::uint32_t predicted = 0;
  Route route{};
  std::int64_t priority_ppm = 0;
  std::optional<TaskId> task;
  Line prediction;
  std::optional<Line> check;
};

bool has_item(Session& session, const ProjectId& project, std::string_view item);
std::optional<ItemRow> find_item(Session& session, const ProjectId& project, std::string_view item);
// One for each name, in their order.
std::vector<std::optional<ItemRow>> find_items(Session& session,
                                               const ProjectId& project,
                                               std::span<const std::string> items);

}  // namespace tally::labeling
