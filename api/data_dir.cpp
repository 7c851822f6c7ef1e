#include "api/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "ledger/checkpoint.h"

namespace tally::api {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::FileMode;
using core::Hash;
using core::Refusal;
using core::Result;

std::string without_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Result<Hash> read_hash(const std::string& path) {
  auto text = read_secret(path);
  if (!text) return text.error();
  auto hash = Hash::from_hex(*text);
  if (!hash)
    return Error{Refusal::invalid, "data_dir.key_malformed", path + " does not hold 64 hex digits"};
  return *hash;
}

Result<core::Done> write_hash(const std::string& path, const Hash& hash) {
  return core::write_file(path, core::to_hex(hash) + "\n", FileMode::secret);
}

Hash draw_hash() { return *Hash::from_bytes(core::system_random().bytes(32)); }

}  // namespace

Result<std::string> read_secret(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return Error{Refusal::not_found, "data_dir.not_initialized",
                 path + " is missing; make the data directory with `tallystick init`"};
  }
  if ((info.st_mode & 077) != 0) {
    return Error{Refusal::forbidden, "data_dir.key_readable_by_others",
                 path + " can be read by others; run `chmod 600 " + path + "`"};
  }
  auto text = core::read_file(path, 4096);
  if (!text) return text.error();
  return without_newline(*std::move(text));
}

Result<ServerKeys> make_keys(const DataDir& dir, const std::string& origin) {
  if (!ledger::is_origin(origin) || !ledger::is_key_name(origin)) {
    return Error{Refusal::invalid, "origin.malformed",
                 "an origin is a name such as data.example.org/ledger, without blanks and '+'"};
  }
  std::error_code failure;
  if (fs::exists(dir.path(), failure) && !fs::is_empty(dir.path(), failure)) {
    return Error{Refusal::conflict, "data_dir.not_empty", dir.path().string() + " is not empty"};
  }
  fs::create_directories(dir.path() / "keys", failure);
  if (failure) {
    return Error{Refusal::invalid, "data_dir.not_writable",
                 dir.path().string() + ": " + failure.message()};
  }
  fs::permissions(dir.path(), fs::perms::owner_all, failure);
  fs::permissions(dir.path() / "keys", fs::perms::owner_all, failure);

  ServerKeys keys{ledger::NoteSigner(origin, core::SigningKey::generate()),
                  core::SigningKey::generate(), draw_hash(), draw_hash()};
  for (const auto& written :
       {core::write_file(dir.key("log.key"), ledger::format_signing_key(keys.log) + "\n",
                         FileMode::secret),
        write_hash(dir.key("operator.key"), keys.operator_key.seed()),
        write_hash(dir.key("master.key"), keys.master),
        write_hash(dir.key("secret.key"), keys.secret),
        core::write_file(dir.log_vkey(), ledger::format_vkey(keys.log.verifier()) + "\n")}) {
    if (!written) return written.error();
  }
  return keys;
}

// Where a key to follow is there, it can go on alone.
std::string missing_words(const DataDir& dir, const std::string& name) {
  std::string words = dir.key(name) +
                      " is missing, but its database is there: put the copies of keys/ and "
                      "tallystick.toml back (docs/durability.md)";
  std::string next = dir.key(name.substr(0, name.find('.')) + ".next.key");
  if (!fs::exists(next)) return words;
  return words + ". If there are none: where the server was started since " + next +
         " was made, rename that to " + dir.key(name) +
         " and start once with --retire-missing-keys";
}

Error same_key(const DataDir& dir, const std::string& name) {
  return {
      Refusal::invalid, "data_dir.key_malformed",
      dir.key(name + ".next.key") + " holds the key that " + dir.key(name + ".key") +
          " holds: one of the files is of another time. Put the whole directory back as it was"};
}

Result<ledger::NoteSigner> read_signer(const std::string& path) {
  auto text = read_secret(path);
  if (!text) return text.error();
  auto signer = ledger::parse_signing_key(*text);
  if (signer) return signer;
  return Error{Refusal::malformed, "data_dir.key_malformed", path + ": " + signer.error().message};
}

Result<ServerKeys> read_keys(const DataDir& dir) {
  for (const char* name : {"log.key", "operator.key", "master.key", "secret.key"}) {
    if (fs::exists(dir.key(name)) || !fs::exists(dir.database())) continue;
    return Error{Refusal::not_found, "data_dir.not_initialized", missing_words(dir, name)};
  }
  auto log = read_signer(dir.key("log.key"));
  if (!log) return log.error();
  auto operator_seed = read_hash(dir.key("operator.key"));
  if (!operator_seed) return operator_seed.error();
  auto master = read_hash(dir.key("master.key"));
  if (!master) return master.error();
  auto secret = read_hash(dir.key("secret.key"));
  if (!secret) return secret.error();
  ServerKeys keys{*std::move(log), core::SigningKey::from_seed(*operator_seed), *master, *secret};
  if (fs::exists(dir.key("log.next.key"))) {
    auto next = read_signer(dir.key("log.next.key"));
    if (!next) return next.error();
    if (next->verifier().name != keys.log.verifier().name) {
      return Error{Refusal::invalid, "data_dir.key_malformed",
                   dir.key("log.next.key") + " is the key of another log"};
    }
    if (next->verifier() == keys.log.verifier()) return same_key(dir, "log");
    keys.next_log = *std::move(next);
  }
  keys.retires_log = fs::exists(dir.key("log.retiring"));
  if (fs::exists(dir.key("operator.next.key"))) {
    auto seed = read_hash(dir.key("operator.next.key"));
    if (!seed) return seed.error();
    if (*seed == *operator_seed) return same_key(dir, "operator");
    keys.next_operator = core::SigningKey::from_seed(*seed);
  }
  keys.retires_operator = fs::exists(dir.key("operator.retiring"));
  return keys;
}

std::vector<ledger::NoteSigner> ServerKeys::log_signers() const {
  std::vector<ledger::NoteSigner> signers{log};
  if (next_log) signers.push_back(*next_log);
  return signers;
}

ledger::LogKeys ServerKeys::log_keys() const {
  std::vector<ledger::VerifierKey> keys;
  if (!next_log || !retires_log) keys.push_back(log.verifier());
  if (next_log) keys.push_back(next_log->verifier());
  return *ledger::LogKeys::of(std::move(keys));
}

Result<ProcessLock> ProcessLock::take(const DataDir& dir) {
  return take_file(file_of(dir), dir.path().string());
}

Result<ProcessLock> ProcessLock::take_file(const std::string& path, const std::string& what) {
  for (;;) {
    int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
      return Error{Refusal::invalid, "data_dir.not_writable", path + " cannot be opened"};
    ProcessLock lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
      return Error{Refusal::conflict, "data_dir.in_use", "another process serves " + what};
    struct stat held {};
    struct stat there {};
    if (::fstat(descriptor, &held) == 0 && ::stat(path.c_str(), &there) == 0 &&
        held.st_ino == there.st_ino && held.st_dev == there.st_dev) {
      return lock;
    }
  }
}

ProcessLock::~ProcessLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace tally::api
