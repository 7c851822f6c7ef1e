#include "labeling/items/items.h"

#include <memory>
#include <utility>

namespace tally::labeling {
namespace {

using core::Error;
using core::Refusal;
using core::Result;
using core::sql::Cursor;
using core::sql::Statement;

struct Statements {
  core::sql::Connection& db;
  Statement find{db, R"(
    select i.item, i.predicted, i.route, t.state, t.labels, t.answers
      from item i
      left join task t on t.id = i.task
     where i.project = ?1 and i.item = ?2
  )"};
  Statement page{db, R"(
    select i.item, i.predicted, i.route, t.state, t.labels, t.answers
      from item i
      left join task t on t.id = i.task
     where i.project = ?1 and i.item > ?2
     order by i.item
     limit ?3
  )"};
};

ItemFacts facts_from_row(const Cursor& row) {
  ItemFacts facts;
  facts.item = row.text(0);
  facts.predicted = static_cast<std::uint32_t>(row.natural(1));
  facts.route = named<Route>(row.view(2));
  if (row.is_null(3)) return facts;
  facts.task = named<TaskState>(row.view(3));
  facts.labels = row.optional_text(4);
  facts.answers = row.integer(5);
  return facts;
}

ClassList classes_of(Session& session, const ProjectId& project) {
  return ClassList::from_text(project_text(session, project).classes);
}

Error item_not_found() {
  return {Refusal::not_found, "item.not_found", "the project has no such item"};
}

}  // namespace

std::vector<ItemView> list_items(Session& session,
                                 const ProjectId& project,
                                 const ClassList& classes,
                                 std::string_view after,
                                 std::int64_t limit) {
  std::vector<ItemView> items;
  auto row = session.use<Statements>().page(project, after, limit);
  while (row.next()) items.push_back(view_of(facts_from_row(row), classes));
  return items;
}

Result<ItemView> Items::show(const Principal& caller,
                             const ProjectId& project,
                             std::string_view item) {
  return journal_.readers.read([&](Session& session) -> Result<ItemView> {
    auto found = visible_project(session, project, caller);
    if (!found) return found.error();
    auto row = session.use<Statements>().find(project, item);
    if (!row.next()) return item_not_found();
    return view_of(facts_from_row(row), classes_of(session, project));
  });
}

Result<LineProof> Items::prove_line_of(Session& session,
                                       const ProjectId& project,
                                       const Line& line) {
  if (!line.text) {
    return Error{Refusal::not_found, "item.erased", "the line about this item has been erased"};
  }
  auto chunk = find_chunk(session, project, line.chunk);
  auto leaves = chunk_leaves(session, chunk);
  auto proof = prove_line(leaves, static_cast<std::uint64_t>(line.line));
  auto receipt = journal_.ledger.find_receipt(session, chunk.seq);
  if (!receipt) throw core::Broken("the entry of a chunk is missing: " + std::to_string(chunk.seq));
  return LineProof{.line = *line.text,
                   .index = proof.index,
                   .size = proof.size,
                   .path = std::move(proof.path),
                   .seq = chunk.seq,
                   .receipt = receipt->file()};
}

Result<ItemProof> Items::prove(const Principal& caller,
                               const ProjectId& project,
                               std::string_view item) {
  return journal_.readers.read([&](Session& session) -> Result<ItemProof> {
    auto found = visible_project(session, project, caller);
    if (!found) return found.error();
    auto row = find_item(session, project, item);
    if (!row) return item_not_found();
    auto prediction = prove_line_of(session, project, row->prediction);
    if (!prediction) return prediction.error();
    ItemProof proof{*std::move(prediction), std::nullopt};
    if (!row->check) return proof;
    auto check = prove_line_of(session, project, *row->check);
    if (!check) return check.error();
    proof.check = *std::move(check);
    return proof;
  });
}

Result<Items::Pages> Items::export_lines(const Principal& caller, const ProjectId& project) {
  auto classes =
      journal_.readers.read([&](Session& session) -> Result<std::shared_ptr<const ClassList>> {
        auto found = visible_project(session, project, caller);
        if (!found) return found.error();
        return std::make_shared<const ClassList>(classes_of(session, project));
      });
  if (!classes) return classes.error();
  return Pages([&journal = journal_, project, classes = *classes,
                after = std::string()](std::string& lines) mutable {
    auto items = journal.readers.read([&](Session& session) {
      return list_items(session, project, *classes, after, item_page_max);
    });
    for (const ItemView& item : items) {
      core::append_canonical(lines, item);
      lines += '\n';
    }
    if (!items.empty()) after = items.back().item;
    return !items.empty();
  });
}

}  // namespace tally::labeling
