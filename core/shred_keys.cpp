#include "core/shred_keys.h"

#include "core/result.h"

namespace tally::core {
namespace {

struct Statements {
  sql::Connection& db;
  sql::Statement find{db, "select key from subject_key where subject = ?1"};
  sql::Statement add{db, "insert into subject_key (subject, key) values (?1, ?2)"};
  sql::Statement shred{db, R"(
    insert into subject_key (subject, key) values (?1, null)
    on conflict (subject) do update set key = null
  )"};
};

}  // namespace

ShredKeys::ShredKeys(sql::Connection store, Random& random, std::size_t keys_kept_max)
    : random_(random), keys_kept_max_(keys_kept_max), shelf_(std::move(store)) {
  shelf_.with([](Shelf& shelf) {
    shelf.connection.run(R"(
      create table if not exists subject_key (
        subject text primary key,
        key     blob check (key is null or length(key) = 32)  -- null: shredded
      ) strict;
    )");
  });
}

std::optional<SealKey> ShredKeys::look_up(Shelf& shelf, const std::string& subject) {
  auto row = shelf.session.use<Statements>().find(subject);
  if (!row.next() || row.is_null(0)) return std::nullopt;
  auto key = SealKey::from_bytes(row.view(0));
  if (!key) throw Broken("the key of " + subject + " has not 32 bytes");
  return key;
}

void ShredKeys::keep(Shelf& shelf, const std::string& subject, const SealKey& key) const {
  if (shelf.kept.size() >= keys_kept_max_) shelf.kept.clear();
  shelf.kept.insert_or_assign(subject, key);
}

std::optional<SealKey> ShredKeys::find(std::string_view subject) {
  return shelf_.with([&](Shelf& shelf) -> std::optional<SealKey> {
    std::string name(subject);
    if (auto kept = shelf.kept.find(name); kept != shelf.kept.end()) return kept->second;
    auto key = look_up(shelf, name);
    if (key) keep(shelf, name, *key);
    return key;
  });
}

SealKey ShredKeys::draw(std::string_view subject) {
  if (auto known = find(subject)) return *known;
  return shelf_.with([&](Shelf& shelf) {
    std::string name(subject);
    if (auto known = look_up(shelf, name)) return *known;
    if (shelf.session.use<Statements>().find(name).next())
      throw Broken("the key of " + name + " was shredded; what is erased does not come back");
    SealKey key = SealKey::draw(random_);
    shelf.session.use<Statements>().add(name, sql::Blob{key.bytes()}).run();
    keep(shelf, name, key);
    return key;
  });
}

bool ShredKeys::is_shredded(std::string_view subject) {
  return shelf_.with([&](Shelf& shelf) {
    auto row = shelf.session.use<Statements>().find(subject);
    return row.next() && row.is_null(0);
  });
}

void ShredKeys::shred(std::string_view subject) {
  shelf_.with([&](Shelf& shelf) {
    shelf.kept.erase(std::string(subject));
    shelf.session.use<Statements>().shred(subject).run();
  });
}

}  // namespace tally::core
