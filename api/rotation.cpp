#include "api/rotation.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "core/file.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/log_signers.h"

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

// Written over before it goes. What the file system or the disk keeps elsewhere stays.
void shred(const std::string& path) {
  int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return;
  if (file < 0) throw failed(path);
  const std::string zeros(fs::file_size(path), '\0');
  bool is_over = ::write(file, zeros.data(), zeros.size()) == static_cast<ssize_t>(zeros.size()) &&
                 ::fsync(file) == 0;
  ::close(file);
  if (!is_over || ::unlink(path.c_str()) != 0) throw failed(path);
}

// The new key takes the place of the old one, which is kept by another name until it is shredded, so
// that log.key is there at any moment.
void take_place(const DataDir& dir, const ServerKeys& keys) {
  const std::string key = dir.key("log.key");
  const std::string old = dir.key("log.retired.key");
  if (keys.retires_log && fs::exists(dir.key("log.next.key"))) {
    if (::link(key.c_str(), old.c_str()) != 0 && errno != EEXIST) throw failed(old);
    fs::rename(dir.key("log.next.key"), key);
    require(core::sync_file_system(key));
  }
  if (keys.retires_log) require(core::write_file(dir.log_vkey(), keys.log_keys().text()));
  shred(old);
  fs::remove(dir.key("log.retiring"));
  require(core::sync_file_system(key));
}

std::uint64_t append(Store& store,
                     std::shared_ptr<ledger::Receipt> (ledger::Ledger::*change)(core::sql::Tx&)) {
  auto done = store.writer().run([&](core::sql::Tx& tx) -> Result<std::uint64_t> {
    return (store.ledger().*change)(tx)->seq;
  });
  if (!done) throw Broken(done.error().message);
  return *done;
}

}  // namespace

Result<PlannedKey> plan_log_key(const DataDir& dir) {
  auto keys = read_keys(dir);
  if (!keys) return keys.error();
  if (keys->retires_log)
    return Error{Refusal::conflict, "rotate.retiring",
                 "the key before is about to be retired; start the server first"};
  const auto& now = keys->log.verifier();
  bool was_planned = keys->next_log.has_value();
  ledger::NoteSigner next =
      was_planned ? *keys->next_log : ledger::NoteSigner(now.name, core::SigningKey::generate());
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
  if (!keys->next_log)
    return Error{Refusal::conflict, "rotate.no_next_key",
                 "there is no key to follow; make one with `tallystick rotate log DIR`"};
  auto connection = core::sql::sqlite::open_reader(dir.database());
  core::sql::Session session(connection);
  ledger::LogSigners signers(keys->log_signers());
  signers.load(session);
  if (signers.pending() != nullptr)
    return Error{
        Refusal::conflict, "rotate.not_in_force",
        "the new key signs from the next start of the server on; give others time to learn "
        "it before the old one goes"};
  if (!keys->retires_log) {
    auto written = core::write_file(dir.key("log.retiring"), "", core::FileMode::secret);
    if (!written) return written.error();
  }
  return PlannedKey{keys->log.verifier(), keys->next_log->verifier(), keys->retires_log};
}

void exchange_log_key(Store& store, const DataDir& dir, const ServerKeys& keys) {
  ledger::Ledger& ledger = store.ledger();
  if (const auto* pending = ledger.signers()->pending()) {
    std::string vkey = format_vkey(pending->verifier());
    std::uint64_t seq = append(store, &ledger::Ledger::add_key);
    spdlog::info("from entry {} on the log's checkpoints are signed by {} too", seq, vkey);
  }
  if (!keys.retires_log && !fs::exists(dir.key("log.retired.key"))) return;
  if (keys.retires_log && keys.next_log && !ledger.signers()->is_retired(keys.log)) {
    std::uint64_t seq = append(store, &ledger::Ledger::retire_first_key);
    spdlog::info("the log's key {} was retired at entry {}", format_vkey(keys.log.verifier()), seq);
  }
  ledger.forget_retired_keys();
  take_place(dir, keys);
}

}  // namespace tally::api
