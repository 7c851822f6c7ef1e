// The content of a release: one line for each item with labels (release_line), sorted by item.
//
// It is written to a private temporary file first, since a dataset version is fixed by the digest of
// its content before a byte of it is stored; memory stays constant.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/hash.h"
#include "core/sql/session.h"
#include "labeling/items/items.h"
#include "ledger/journal.h"

namespace tally::labeling {

class ReleaseContent {
 public:
  ReleaseContent();

  // Everything as it stands, page by page: items may move on between two pages.
  void fill(ledger::Journal& journal, const ProjectId& project, const ClassList& classes);

  std::uint64_t records() const { return records_; }
  std::uint64_t bytes() const { return bytes_; }
  core::Hash digest() const { return digest_; }

  // Hands it over piece by piece, as often as asked; stops when the sink says false.
  void read(const std::function<bool(std::string_view piece)>& sink);

 private:
  void add(core::Sha256Stream& digest, std::string_view piece);

  struct Statements {
    core::sql::Connection& db;
    core::sql::Statement insert{db, "insert into piece (number, text) values (?1, ?2)"};
    core::sql::Statement find{db, "select text from piece where number = ?1"};
  };

  core::sql::Connection db_;
  std::optional<Statements> sql_;
  std::int64_t pieces_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
  core::Hash digest_;
};

}  // namespace tally::labeling
