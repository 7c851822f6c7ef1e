#include "labeling/intake/intake_tables.h"

namespace tally::labeling {
namespace {

using core::Hash;
using core::sql::Cursor;
using core::sql::Statement;

struct Statements {
  core::sql::Connection& db;
  Statement find_import{db, R"(
    select request, state, items, accepted, human, held, chunks, last_seq, model, salt
      from import
     where project = ?1 and key_hash = ?2
  )"};
  Statement import_entries{db, R"(
    select seq from import_entry where project = ?1 and key_hash = ?2 order by seq
  )"};
  Statement chunk{db, R"(
    select kind, seq, lines, root from line_chunk where project = ?1 and chunk = ?2
  )"};
  Statement leaves{db, R"(
    select leaf_hash from item where project = ?1 and chunk = ?2 order by line
  )"};
  Statement check_leaves{db, R"(
    select check_leaf_hash
      from item
     where project = ?1 and check_chunk = ?2 and check_chunk is not null
     order by check_line
  )"};
  Statement has_item{db, "select 1 from item where project = ?1 and item = ?2"};
  Statement item{db, R"(
    select item, predicted, route, priority_ppm, task, chunk, line, text, check_chunk, check_line,
           check_text
      from item
     where project = ?1 and item = ?2
  )"};
};

struct WriteStatements {
  core::sql::Connection& db;
  Statement store_import{db, R"(
    insert into import (project, key_hash, request, state, items, accepted, human, held, chunks,
                        last_seq, model, salt)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
    on conflict (project, key_hash) do update
      set state = excluded.state, items = excluded.items, accepted = excluded.accepted,
          human = excluded.human, held = excluded.held, chunks = excluded.chunks,
          last_seq = excluded.last_seq
  )"};
  Statement import_entry{db, R"(
    insert into import_entry (project, key_hash, seq) values (?1, ?2, ?3)
    on conflict (project, key_hash, seq) do nothing
  )"};
  Statement chunk{db, R"(
    insert into line_chunk (project, chunk, kind, seq, lines, root) values (?1, ?2, ?3, ?4, ?5, ?6)
  )"};
  Statement item{db, R"(
    insert into item (project, item, predicted, route, priority_ppm, task, chunk, line, leaf_hash,
                      text)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
  )"};
  Statement check{db, R"(
    update item
       set task = ?3, check_chunk = ?4, check_line = ?5, check_leaf_hash = ?6, check_text = ?7
     where project = ?1 and item = ?2 and task is null
  )"};
};

ItemRow item_from_row(const Cursor& row) {
  ItemRow item;
  item.item = row.text(0);
  item.predicted = static_cast<std::uint32_t>(row.natural(1));
  item.route = named<Route>(row.view(2));
  item.priority_ppm = row.integer(3);
  if (!row.is_null(4)) item.task = row.id<TaskId>(4);
  item.prediction = {row.integer(5), row.integer(6), row.optional_text(7)};
  if (!row.is_null(8)) item.check = Line{row.integer(8), row.integer(9), row.optional_text(10)};
  return item;
}

}  // namespace

std::optional<ImportRow> find_import(Session& session,
                                     const ProjectId& project,
                                     const Hash& key_hash) {
  auto& sql = session.use<Statements>();
  auto row = sql.find_import(project, key_hash);
  if (!row.next()) return std::nullopt;
  ImportRow found;
  found.project = project;
  found.key_hash = key_hash;
  found.request = row.hash(0);
  found.is_done = row.view(1) == "done";
  found.answer = {row.integer(2), row.integer(3), row.integer(4),
                  row.integer(5), row.integer(6), {}};
  found.last_seq = row.natural(7);
  found.model = row.optional_text(8);
  found.salt = row.text(9);
  auto entry = sql.import_entries(project, key_hash);
  while (entry.next()) found.answer.entries.push_back(entry.natural(0));
  if (found.answer.entries.empty()) found.answer.entries = {found.last_seq};
  return found;
}

void store_import(Tx& tx, const ImportRow& row) {
  auto& sql = tx.use<WriteStatements>();
  sql.store_import(row.project, row.key_hash, row.request, row.is_done ? "done" : "running",
                   row.answer.imported, row.answer.accepted, row.answer.human, row.answer.held,
                   row.answer.chunks, row.last_seq, row.model, row.salt)
      .run();
  sql.import_entry(row.project, row.key_hash, row.last_seq).run();
}

void store_chunk(Tx& tx, const LineChunk& chunk) {
  tx.use<WriteStatements>()
      .chunk(chunk.project, chunk.chunk, name_of(chunk.kind), chunk.seq, chunk.lines, chunk.root)
      .run();
}

LineChunk find_chunk(Session& session, const ProjectId& project, std::int64_t chunk) {
  auto row = session.use<Statements>().chunk(project, chunk);
  if (!row.next()) throw core::Broken("an item's chunk is missing: " + std::to_string(chunk));
  return {project,        chunk,          named<LineKind>(row.view(0)),
          row.natural(1), row.integer(2), row.hash(3)};
}

std::vector<Hash> chunk_leaves(Session& session, const LineChunk& chunk) {
  auto& sql = session.use<Statements>();
  std::vector<Hash> leaves;
  auto row = chunk.kind == LineKind::predictions ? sql.leaves(chunk.project, chunk.chunk)
                                                 : sql.check_leaves(chunk.project, chunk.chunk);
  while (row.next()) leaves.push_back(row.hash(0));
  if (std::cmp_not_equal(leaves.size(), chunk.lines))
    throw core::Broken("a chunk has lost lines: " + std::to_string(chunk.chunk));
  return leaves;
}

void store_items(Tx& tx,
                 const ProjectId& project,
                 std::int64_t chunk,
                 std::span<const NewItem> items) {
  auto& sql = tx.use<WriteStatements>();
  std::int64_t line = 0;
  for (const NewItem& item : items) {
    sql.item(project, item.item, item.routing.predicted, name_of(item.routing.route),
             item.routing.priority_ppm, item.task, chunk, line++, item.leaf_hash, item.text)
        .run();
  }
}

void store_checks(Tx& tx,
                  const ProjectId& project,
                  std::int64_t chunk,
                  std::span<const CheckedItem> items) {
  auto& sql = tx.use<WriteStatements>();
  std::int64_t line = 0;
  for (const CheckedItem& item : items) {
    auto changed =
        sql.check(project, item.item, item.task, chunk, line++, item.leaf_hash, item.text).run();
    TALLY_ASSERT(changed == 1);
  }
}

bool has_item(Session& session, const ProjectId& project, std::string_view item) {
  return session.use<Statements>().has_item(project, item).next();
}

std::optional<ItemRow> find_item(Session& session,
                                 const ProjectId& project,
                                 std::string_view item) {
  auto row = session.use<Statements>().item(project, item);
  if (!row.next()) return std::nullopt;
  return item_from_row(row);
}

std::vector<std::optional<ItemRow>> find_items(Session& session,
                                               const ProjectId& project,
                                               std::span<const std::string> items) {
  std::vector<std::optional<ItemRow>> found;
  for (const std::string& item : items) found.push_back(find_item(session, project, item));
  return found;
}

}  // namespace tally::labeling
