#include "labeling/release/release_content.h"

#include "core/sql/sqlite/sqlite.h"

namespace tally::labeling {

ReleaseContent::ReleaseContent() : db_(core::sql::sqlite::open_temporary()) {
  db_.run("create table piece (number integer primary key, text text not null) strict");
  sql_.emplace(Statements{db_});
}

void ReleaseContent::add(core::Sha256Stream& digest, std::string_view piece) {
  if (piece.empty()) return;
  digest.update(piece);
  bytes_ += piece.size();
  sql_->insert(++pieces_, piece).run();
}

void ReleaseContent::fill(ledger::Journal& journal,
                          const ProjectId& project,
                          const ClassList& classes) {
  TALLY_ASSERT(pieces_ == 0);
  core::Sha256Stream digest;
  std::string after;
  db_.run("begin");
  while (true) {
    auto items = journal.readers.read([&](Session& session) {
      return list_items(session, project, classes, after, item_page_max);
    });
    if (items.empty()) break;
    std::string piece;
    for (const ItemView& item : items) {
      auto line = release_line(item);
      if (!line) continue;
      piece += *line;
      ++records_;
    }
    add(digest, piece);
    after = items.back().item;
  }
  db_.run("commit");
  digest_ = digest.finish();
}

void ReleaseContent::read(const std::function<bool(std::string_view piece)>& sink) {
  for (std::int64_t number = 1; number <= pieces_; ++number) {
    auto row = sql_->find(number);
    if (!row.next()) throw core::Broken("a release has lost a piece of its content");
    if (!sink(row.view(0))) return;
  }
}

}  // namespace tally::labeling
