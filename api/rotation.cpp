#include "api/rotation.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "core/file.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/log_signers.h"
#include "space/parties/key_tables.h"
#include "space/parties/keys.h"

namespace tally::api {
namespace {

namespace fs = std::filesystem;
using core::Broken;
using core::Done;
using core::Error;
using core::Refusal;
using core::Result;
using ledger::format_vkey;

Broken failed(const std::string& path) { return Broken(path + ": " + std::strerror(errno)); }

void require(const Result<Done>& done) {
  if (!done) throw Broken(done.error().message);
}

// What an exchange makes and takes away again.
struct KeyFiles {
  std::string key, next, retiring, retired;

  KeyFiles(const DataDir& dir, const std::string& name)
      : key(dir.key(name + ".key")),
        next(dir.key(name + ".next.key")),
        retiring(dir.key(name + ".retiring")),
        retired(dir.key(name + ".retired.key")) {}
};

// Written over before it goes, unless other names lead to the same bytes: the key that is in use, or a
// copy that somebody keeps by a link. What the file system or the disk keeps elsewhere stays.
void shred(const std::string& path) {
  if (!fs::exists(path)) return;
  if (fs::hard_link_count(path) > 1) {
    spdlog::warn("{} is removed, but not written over: another name leads to the same file", path);
    fs::remove(path);
    return;
  }
  int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) throw failed(path);
  const std::string zeros(fs::file_size(path), '\0');
  bool is_over = ::write(file, zeros.data(), zeros.size()) == static_cast<ssize_t>(zeros.size()) &&
                 ::fsync(file) == 0;
  ::close(file);
  if (!is_over || ::unlink(path.c_str()) != 0) throw failed(path);
}

// The new key takes the place of the old one, which is kept by another name until it is shredded, so
// that NAME.key is there at any moment.
void take_place(const KeyFiles& files, bool retires) {
  if (retires && fs::exists(files.next)) {
    if (::link(files.key.c_str(), files.retired.c_str()) != 0 && errno != EEXIST)
      throw failed(files.retired);
    fs::rename(files.next, files.key);
    require(core::sync_file_system(files.key));
  }
  shred(files.retired);
  if (retires) fs::remove(files.retiring);
  require(core::sync_file_system(files.key));
}

template <class Change>
std::uint64_t append(Store& store, Change change) {
  auto done =
      store.writer().run([&](core::sql::Tx& tx) -> Result<std::uint64_t> { return change(tx); });
  if (!done) throw Broken(done.error().message);
  return *done;
}

Error retiring() {
  return {Refusal::conflict, "rotate.retiring",
          "the key before is retired, or about to be; start the server first"};
}

Error no_next_key(const DataDir& dir, const char* name) {
  return {Refusal::conflict, "rotate.no_next_key",
          "there is no key to follow; make one with `tallystick rotate " + std::string(name) + " " +
              dir.path().string() + "`"};
}

Error not_in_force() {
  return {Refusal::conflict, "rotate.not_in_force",
          "the new key counts from the next start of the server on; give others time to learn it "
          "before the old one goes"};
}

Error retired_before(const char* name) {
  return {Refusal::conflict, "rotate.retired_before",
          "keys/" + std::string(name) +
              ".next.key was retired before, and a key never comes back; remove the file"};
}

space::KeyId id_of(const core::SigningKey& key) { return space::KeyId::of(key.public_key()); }

// operator.key; where the ledger says that it was retired, the one that follows.
Result<space::PartyKey> valid_operators_key(core::sql::Session& session, const ServerKeys& keys) {
  auto key = space::find_operators_key(session, id_of(keys.operator_key));
  if (!key) return key.error();
  if (key->retired && keys.next_operator)
    return space::find_valid_key(session, key->party, id_of(*keys.next_operator));
  return space::find_valid_key(session, key->party, key->id);
}

// Valid by the ledger, and not in keys/. Precondition: valid_operators_key.
std::vector<space::KeyId> missing_operators_keys(core::sql::Session& session,
                                                 const ServerKeys& keys) {
  std::vector<space::KeyId> missing;
  const auto now = id_of(keys.operator_key);
  for (const auto& key : space::list_keys(session, space::find_key(session, now)->party)) {
    bool is_held = key.id == now || (keys.next_operator && key.id == id_of(*keys.next_operator));
    if (!key.retired && !is_held) missing.push_back(key.id);
  }
  return missing;
}

std::string missing_words(const std::string& role, const std::string& key) {
  return "the ledger says that " + key + " " + role +
         " too, and it is not in keys/: put the keys of this database's time back, or start once "
         "with --retire-missing-keys, which retires it";
}

// What the ledger says of the log's keys that are there.
ledger::LogSigners load_signers(const DataDir& dir, const ServerKeys& keys) {
  auto connection = core::sql::sqlite::open_reader(dir.database());
  core::sql::Session session(connection);
  ledger::LogSigners signers(keys.log_signers());
  signers.load(session);
  return signers;
}

}  // namespace

Result<PlannedKey> plan_log_key(const DataDir& dir) {
  auto keys = read_keys(dir);
  if (!keys) return keys.error();
  if (keys->retires_log || load_signers(dir, *keys).is_retired(keys->log)) return retiring();
  const auto& now = keys->log.verifier();
  bool was_planned = keys->next_log.has_value();
  ledger::NoteSigner next =
      was_planned ? *keys->next_log : ledger::NoteSigner(now.name, core::SigningKey::generate());
  if (auto writable = core::check_writable(dir.log_vkey()); !writable) return writable.error();
  if (!was_planned) {
    auto written = core::write_file(
        dir.key("log.next.key"), ledger::format_signing_key(next) + "\n", core::FileMode::secret);
    if (!written) return written.error();
  }
  auto told = core::write_file(dir.log_vkey(),
                               format_vkey(now) + "\n" + format_vkey(next.verifier()) + "\n");
  if (!told) return told.error();
  return PlannedKey{now, next.verifier(), was_planned};
}

Result<PlannedKey> plan_log_retirement(const DataDir& dir) {
  auto keys = read_keys(dir);
  if (!keys) return keys.error();
  if (!keys->next_log) return no_next_key(dir, "log");
  if (load_signers(dir, *keys).pending() != nullptr) return not_in_force();
  if (!keys->retires_log) {
    auto written = core::write_file(dir.key("log.retiring"), "", core::FileMode::secret);
    if (!written) return written.error();
  }
  return PlannedKey{keys->log.verifier(), keys->next_log->verifier(), keys->retires_log};
}

Result<PlannedOperatorKey> plan_operator_key(const DataDir& dir) {
  auto keys = read_keys(dir);
  if (!keys) return keys.error();
  if (keys->retires_operator) return retiring();
  bool was_planned = keys->next_operator.has_value();
  core::SigningKey next = was_planned ? *keys->next_operator : core::SigningKey::generate();
  if (!was_planned) {
    auto written = core::write_file(KeyFiles(dir, "operator").next,
                                    core::to_hex(next.seed()) + "\n", core::FileMode::secret);
    if (!written) return written.error();
  }
  return PlannedOperatorKey{keys->operator_key.public_key(), next.public_key(), was_planned};
}

Result<PlannedOperatorKey> plan_operator_retirement(const DataDir& dir) {
  auto keys = read_keys(dir);
  if (!keys) return keys.error();
  if (!keys->next_operator) return no_next_key(dir, "operator");
  core::Hash next = keys->next_operator->public_key();
  auto connection = core::sql::sqlite::open_reader(dir.database());
  core::sql::Session session(connection);
  auto key = space::find_key(session, space::KeyId::of(next));
  if (!key) return not_in_force();
  if (key->retired) return retired_before("operator");
  if (!keys->retires_operator) {
    auto written = core::write_file(KeyFiles(dir, "operator").retiring, "", core::FileMode::secret);
    if (!written) return written.error();
  }
  return PlannedOperatorKey{keys->operator_key.public_key(), next, keys->retires_operator};
}

void check_keys(core::sql::Session& session,
                const ledger::Ledger& ledger,
                const ServerKeys& keys,
                bool retires_missing) {
  auto valid = valid_operators_key(session, keys);
  if (!valid) throw Broken("keys/operator.key: " + valid.error().message);
  if (keys.next_operator) {
    auto next = space::find_key(session, id_of(*keys.next_operator));
    if (next && next->retired)
      throw Broken("keys/operator.next.key: " + retired_before("operator").message);
  }
  if (retires_missing) return;
  if (const auto missing = ledger.signers()->missing(); !missing.empty())
    throw Broken(missing_words("signs its checkpoints", format_vkey(missing.front())));
  if (const auto missing = missing_operators_keys(session, keys); !missing.empty())
    throw Broken(missing_words("is a key of its operator", missing.front().text()));
}

void exchange_log_key(Store& store, const DataDir& dir, const ServerKeys& keys) {
  ledger::Ledger& ledger = store.ledger();
  const auto missing = ledger.signers()->missing();
  for (const auto& key : missing) {
    std::uint64_t seq =
        append(store, [&](core::sql::Tx& tx) { return ledger.retire_missing_key(tx, key)->seq; });
    spdlog::warn("the log's key {} is not there; it was retired at entry {}", format_vkey(key),
                 seq);
  }
  // A key that was added now waits one start longer: nobody can have learned it yet.
  const auto signers = ledger.signers();
  const auto* pending = signers->pending();
  bool was_retired = signers->is_retired(keys.log);
  bool retires = was_retired || (keys.retires_log && pending == nullptr);
  if (pending != nullptr) {
    std::string vkey = format_vkey(pending->verifier());
    std::uint64_t seq = append(store, [&](core::sql::Tx& tx) { return ledger.add_key(tx)->seq; });
    spdlog::info("from entry {} on the log's checkpoints are signed by {} too", seq, vkey);
  }
  if (was_retired) {
    spdlog::info("the log's key {} was retired before; {} takes its place",
                 format_vkey(keys.log.verifier()), dir.key("log.next.key"));
  } else if (retires && keys.next_log) {
    if (!ledger.signers()->goes_on_without_first())
      throw Broken("keys/log.retiring: no other key of the log is in force");
    std::uint64_t seq =
        append(store, [&](core::sql::Tx& tx) { return ledger.retire_first_key(tx)->seq; });
    spdlog::info("the log's key {} was retired at entry {}", format_vkey(keys.log.verifier()), seq);
  }
  if (retires) ledger.forget_retired_keys();
  const std::string told = ledger.signers()->in_force(ledger.signed_head().head.size).text();
  if (auto there = core::read_file(dir.log_vkey()); !there || *there != told)
    require(core::write_file(dir.log_vkey(), told));
  const KeyFiles files(dir, "log");
  if (retires || fs::exists(files.retired)) take_place(files, retires);
}

core::SigningKey exchange_operator_key(Store& store, const DataDir& dir, const ServerKeys& keys) {
  space::Keys parties_keys(store.journal());
  const KeyFiles files(dir, "operator");
  auto log = [](const core::Result<space::Change>& change, const char* words,
                const space::KeyId& key) {
    if (!change) throw Broken("keys/operator.key: " + change.error().message);
    if (change->repeated) return;
    spdlog::info("the operator's key {} was {} at entry {}", key.text(), words,
                 change->receipt->seq);
  };
  auto [missing, was_retired] = store.journal().readers.read([&](core::sql::Session& session) {
    auto now = space::find_key(session, id_of(keys.operator_key));
    return std::pair(missing_operators_keys(session, keys), now->retired.has_value());
  });
  bool retires = keys.retires_operator || was_retired;
  if (keys.next_operator) {
    auto added = parties_keys.add_operators(keys.operator_key, *keys.next_operator);
    log(added, "added", id_of(*keys.next_operator));
    retires = retires && added->repeated;  // nobody can have learned a key that was added now
  }
  core::SigningKey signs = retires && keys.next_operator ? *keys.next_operator : keys.operator_key;
  for (const auto& key : missing)
    log(parties_keys.retire_operators(key, signs), "not there, and retired", key);
  if (keys.next_operator && retires)
    log(parties_keys.retire_operators(id_of(keys.operator_key), signs), "retired",
        id_of(keys.operator_key));
  if (retires || fs::exists(files.retired)) take_place(files, retires);
  return signs;
}

}  // namespace tally::api
