#include "api/witness_dir.h"

#include <system_error>
#include <utility>

#include "api/data_dir.h"
#include "core/file.h"
#include "core/hash.h"

namespace tally::api {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::FileMode;
using core::Refusal;
using core::Result;
using ledger::NoteSigner;
using ledger::SignatureType;

constexpr const char* logs_template =
    "# The logs that this witness cosigns, in the syntax of C2SP tlog-policy; read at start.\n"
    "#   log <vkey of the log>\n"
    "quorum none\n";

NoteSigner as_witness(const NoteSigner& signer) {
  return NoteSigner(signer.verifier().name, signer.key(), SignatureType::cosignature);
}

}  // namespace

Result<NoteSigner> make_witness(const WitnessDir& dir, const std::string& name) {
  if (!ledger::is_key_name(name)) {
    return Error{Refusal::invalid, "witness.malformed_name",
                 "a witness's name is one such as witness.example.org/w1, without blanks and '+'"};
  }
  std::error_code failure;
  if (fs::exists(dir.path(), failure) && !fs::is_empty(dir.path(), failure)) {
    return Error{Refusal::conflict, "data_dir.not_empty", dir.path().string() + " is not empty"};
  }
  fs::create_directories(dir.held(), failure);
  if (failure) {
    return Error{Refusal::invalid, "data_dir.not_writable",
                 dir.path().string() + ": " + failure.message()};
  }
  fs::permissions(dir.path(), fs::perms::owner_all, failure);
  // Other witnesses' programs keep a key under type 01 and sign with it under 04; so do we.
  NoteSigner plain(name, core::SigningKey::generate());
  NoteSigner witness = as_witness(plain);
  for (const auto& written :
       {core::write_file(dir.vkey(), ledger::format_vkey(witness.verifier()) + "\n"),
        core::write_file(dir.logs(), logs_template),
        core::write_file(dir.key(), ledger::format_signing_key(plain) + "\n", FileMode::secret)}) {
    if (!written) return written.error();
  }
  return witness;
}

Result<NoteSigner> read_witness_key(const WitnessDir& dir) {
  std::error_code failure;
  if (!fs::exists(dir.key(), failure) || !fs::is_directory(dir.held(), failure)) {
    return Error{Refusal::not_found, "data_dir.not_initialized",
                 dir.path().string() + " is no witness's; make one with `tallystick witness init`"};
  }
  auto signer = read_signer(dir.key());
  if (!signer) return signer.error();
  return as_witness(*signer);
}

Result<ledger::Policy> read_policy_file(const std::string& path) {
  auto text = core::read_file(path, ledger::policy_bytes_max);
  if (!text) return text.error();
  auto policy = ledger::parse_policy(*text);
  if (!policy) {
    Error error = policy.error();
    error.message = path + ": " + error.message;
    return error;
  }
  return policy;
}

std::string FileWitnessStore::file_of(const std::string& origin) const {
  return (dir_.held() / (core::to_hex(core::sha256(origin)) + ".checkpoint")).string();
}

std::optional<std::string> FileWitnessStore::load(const std::string& origin) {
  std::string path = file_of(origin);
  std::error_code failure;
  bool is_there = fs::exists(path, failure);
  if (failure) throw core::Broken(path + ": " + failure.message());
  if (!is_there) return std::nullopt;
  auto note = core::read_file(path, ledger::note_bytes_max);
  if (!note) throw core::Broken(note.error().message);
  return *std::move(note);
}

void FileWitnessStore::save(const std::string& origin, const std::string& note) {
  auto written = core::write_file(file_of(origin), note, FileMode::secret);
  if (written) return;
  stop_process_(written.error().message);
  throw core::Broken(written.error().message);
}

}  // namespace tally::api
