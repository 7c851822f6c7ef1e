// Keys whose loss erases: what is sealed under the key of a subject (a person, a content) can never be
// read again once that key is shredded, in backups of the database neither.
//
// They lie in a small database of their own, outside the main one and its backups. It keeps no copy
// of what it deletes: no log, and freed pages are overwritten (SQLite's secure_delete). A copy that a
// file system or a disk keeps by itself is beyond its reach; docs/privacy.md says so.
//
// A subject is a name such as "party/pty_01J..". Every call is durable when it returns, and throws
// Broken when it cannot be. For many threads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/guarded.h"
#include "core/random.h"
#include "core/seal.h"
#include "core/sql/session.h"

namespace tally::core {

class ShredKeys {
 public:
  // A connection of sqlite::open_key_store, or of a test; makes its table when it is not there.
  ShredKeys(sql::Connection store, Random& random, std::size_t keys_kept_max = 4096);

  // The subject's key, drawn when first asked for. Throws Broken for a subject that was shredded: what
  // is erased does not come back.
  SealKey draw(std::string_view subject);
  // Nothing for a subject that never had a key, and for one that was shredded.
  std::optional<SealKey> find(std::string_view subject);
  bool is_shredded(std::string_view subject);
  // Shredding twice, or a subject that never had a key, is the same.
  void shred(std::string_view subject);

 private:
  struct Shelf {
    sql::Connection connection;
    sql::Session session;
    std::unordered_map<std::string, SealKey> kept;  // cache only

    explicit Shelf(sql::Connection opened) : connection(std::move(opened)), session(connection) {}
  };

  static std::optional<SealKey> look_up(Shelf& shelf, const std::string& subject);
  void keep(Shelf& shelf, const std::string& subject, const SealKey& key) const;

  Random& random_;
  std::size_t keys_kept_max_;
  Guarded<Shelf> shelf_;
};

}  // namespace tally::core
