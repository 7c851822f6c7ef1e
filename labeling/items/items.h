// The items of a project: how each stands, the proof of the lines about it, and all of them in order.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labeling/intake/intake_tables.h"
#include "labeling/items/item_view.h"
#include "ledger/journal.h"

namespace tally::labeling {

inline constexpr std::int64_t item_page_max = 500;

// A line, its path to the root of its chunk, and the receipt of the entry that holds the root.
struct LineProof {
  std::string line;  // canonical JSON; its leaf is SHA-256(0x00 || line)
  std::uint64_t index = 0;
  std::uint64_t size = 0;  // lines in the chunk
  std::vector<core::Hash> path;
  std::uint64_t seq = 0;
  std::string receipt;  // a .tlog-proof file

  static constexpr auto fields = core::FieldList{
      core::field("line", &LineProof::line, core::length(1, 64 * 1024)),
      core::field("index", &LineProof::index),
      core::field("size", &LineProof::size),
      core::field("path", &LineProof::path),
      core::field("seq", &LineProof::seq),
      core::field("receipt", &LineProof::receipt, core::length(1, 64 * 1024)),
  };
};

struct ItemProof {
  LineProof prediction;
  std::optional<LineProof> check;

  static constexpr auto fields = core::FieldList{
      core::field("prediction", &ItemProof::prediction),
      core::field("check", &ItemProof::check),
  };
};

// At most `limit` items behind the item `after` (empty: from the first), by the bytes of their names.
std::vector<ItemView> list_items(Session& session,
                                 const ProjectId& project,
                                 const ClassList& classes,
                                 std::string_view after,
                                 std::int64_t limit);

class Items {
 public:
  explicit Items(ledger::Journal& journal) : journal_(journal) {}

  // Refusals: project.not_found, item.not_found.
  core::Result<ItemView> show(const Principal& caller,
                              const ProjectId& project,
                              std::string_view item);
  // Refusals: project.not_found, item.not_found, item.erased (not_found; a line is no longer there).
  core::Result<ItemProof> prove(const Principal& caller,
                                const ProjectId& project,
                                std::string_view item);

  // Gives one ItemView a line, page by page, in constant memory; false at the end. A page is read
  // when it is asked for, so items may move on between two pages. Refusal: project.not_found.
  using Pages = std::function<bool(std::string& lines)>;
  core::Result<Pages> export_lines(const Principal& caller, const ProjectId& project);

 private:
  core::Result<LineProof> prove_line_of(Session& session,
                                        const ProjectId& project,
                                        const Line& line);

  ledger::Journal& journal_;
};

}  // namespace tally::labeling
