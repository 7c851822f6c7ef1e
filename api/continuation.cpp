#include "api/continuation.h"

#include <filesystem>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include "api/backup_draft.h"
#include "api/conduct.h"
#include "api/former_log.h"
#include "core/file.h"
#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "labeling/continuation.h"
#include "labeling/schema.h"
#include "ledger/ledger.h"
#include "space/continuation/continuation.h"
#include "space/documents.h"
#include "space/event.h"

namespace tally::api {
namespace {

namespace fs = std::filesystem;
using core::Done;
using core::Error;
using core::Refusal;
using core::Result;
using core::sql::Tx;

constexpr std::size_t entries_per_command = 256;
constexpr std::string_view system_author = "system";

Error refuse(const char* code, std::string words) {
  return {Refusal::invalid, code, std::move(words)};
}

// The server's keys without the log's, which is another one from now on.
Result<Done> check_keys(const DataDir& dir) {
  for (const char* name : {"operator.key", "master.key", "secret.key", "subjects.db"}) {
    if (fs::exists(dir.key(name))) continue;
    return refuse("continue.key_missing",
                  dir.key(name) + " is missing: put the copies of the server's keys there first");
  }
  for (const char* ending : {"", "-wal", "-journal"}) {
    if (!fs::exists(dir.database() + ending)) continue;
    return Error{Refusal::conflict, "restore.occupied",
                 dir.database() + ending + " is there; nothing is replaced"};
  }
  return Done{};
}

// The key that log.key holds, if it is there.
Result<std::optional<ledger::NoteSigner>> read_log_key_file(const DataDir& dir) {
  if (!fs::exists(dir.key("log.key"))) return std::optional<ledger::NoteSigner>();
  auto signer = read_signer(dir.key("log.key"));
  if (!signer) return signer.error();
  return std::optional(*std::move(signer));
}

// A new key under the new origin; one that a run before has left there is taken.
Result<ledger::NoteSigner> choose_signer(const ContinueOptions& options, const DataDir& dir) {
  if (!ledger::is_origin(options.origin) || !ledger::is_key_name(options.origin)) {
    return refuse("origin.malformed",
                  "an origin is a name such as data.example.org/ledger-2, without blanks and '+'");
  }
  if (options.origin == options.log_keys.origin()) {
    return refuse("continue.same_origin",
                  options.origin + " is the log that is continued; its name is spent");
  }
  auto held = read_log_key_file(dir);
  if (!held) return held.error();
  if (!*held || options.log_keys.holds((*held)->verifier()))
    return ledger::NoteSigner(options.origin, core::SigningKey::generate());
  if ((*held)->verifier().name == options.origin) return **held;
  return Error{Refusal::conflict, "restore.other_key",
               dir.key("log.key") + " is the key of another log"};
}

Result<Done> place_keys(const DataDir& dir,
                        const ContinueOptions& options,
                        const ledger::NoteSigner& signer) {
  auto held = read_log_key_file(dir);
  if (!held) return held.error();
  bool is_former = *held && options.log_keys.holds((*held)->verifier());
  // Of an exchange that was under way nothing is left to be done.
  for (const char* name : {"log.key", "log.next.key"}) {
    bool stays = name == std::string_view("log.key") && !is_former;
    if (stays || !fs::exists(dir.key(name))) continue;
    std::string former = dir.key("former-" + std::string(name));
    std::error_code failure;
    fs::rename(dir.key(name), former, failure);
    if (failure) return refuse("file.unwritable", former + ": " + failure.message());
  }
  for (const char* name : {"log.retiring", "operator.retiring"}) fs::remove(dir.key(name));
  for (const auto& written :
       {core::write_file(dir.key("log.key"), ledger::format_signing_key(signer) + "\n",
                         core::FileMode::secret),
        core::write_file((dir.path() / "former-log.vkey").string(), options.log_keys.text()),
        core::write_file(dir.log_vkey(), ledger::format_vkey(signer.verifier()) + "\n")}) {
    if (!written) return written.error();
  }
  return Done{};
}

// The new log, written into what was the old one's database.
class Carrier {
 public:
  Carrier(const std::string& database, const ledger::NoteSigner& signer, const core::Clock& clock)
      : ledger_(signer, clock, core::system_random()), writer_(open(database), ledger_, {}) {}

  Result<std::uint64_t> run(FormerLog& former, const core::Hash& operator_key) {
    if (auto opened = append_opening(former, operator_key); !opened) return opened.error();
    if (auto carried = carry(former); !carried) return carried.error();
    if (auto ended = append_end(former); !ended) return ended.error();
    return ledger_.signed_head().head.size;
  }

 private:
  core::sql::Connection open(const std::string& database) {
    auto connection = core::sql::sqlite::open_writer(database);
    core::sql::migrate(connection, labeling::schema_files());
    connection.run(R"(
      begin;
      delete from ledger_head; delete from ledger_bundle; delete from ledger_tail;
      delete from ledger_tile; delete from ledger_batch; delete from ledger_checkpoint;
      delete from ledger_witnessed; delete from log_key_added; delete from log_key_retired;
      commit
    )");
    core::sql::Session session(connection);
    ledger_.open(session);
    return connection;
  }

  Result<Done> append_opening(const FormerLog& former, const core::Hash& operator_key) {
    return writer_.run([&](Tx& tx) -> Result<Done> {
      space::LedgerReopened event;
      event.continues = {
          former.carried().root, former.carried().size, ledger::format_vkey(former.log_key()),
          former.log_key().name, former.last().root,    former.last().size};
      event.log_key = ledger_.log_vkey();
      event.operator_key = operator_key;
      event.origin = ledger_.origin();
      event.salt = ledger_.draw_salt();
      event.suite = "ed25519-sha256";
      space::append_event(ledger_, tx, system_author, event);
      return Done{};
    });
  }

  Result<Done> carry(FormerLog& former) {
    Result<Done> done = Done{};
    std::vector<std::string> waiting;
    auto flush = [&] {
      if (!waiting.empty()) done = append_carried(former, waiting);
      waiting.clear();
      return done.operator bool();
    };
    former.visit_entries([&](std::string_view entry) {
      waiting.emplace_back(entry);
      return waiting.size() < entries_per_command || flush();
    });
    if (done) flush();
    return done;
  }

  Result<Done> append_carried(FormerLog& former, const std::vector<std::string>& entries) {
    return writer_.run([&](Tx& tx) -> Result<Done> {
      for (const std::string& entry : entries) {
        constexpr std::size_t around_bytes = 512;
        if (entry.size() + around_bytes > ledger::ledger_entry_bytes_max) {
          return refuse("continue.entry_too_large",
                        "an entry of " + std::to_string(entry.size()) +
                            " bytes does not fit into one that carries it");
        }
        ledger_.append(tx, ledger::entry_carried_kind, system_author,
                       space::carried_body(entry, ledger_.draw_salt()));
        auto digest = space::document_of(entry);
        auto document = digest ? former.find_document(*digest) : std::nullopt;
        if (document) space::keep_document(tx, *document);
        if (digest && !document) space::keep_place_of_document(tx, *digest);
      }
      return Done{};
    });
  }

  Result<Done> append_end(const FormerLog& former) {
    for (const std::string& receipt : former.receipts()) {
      auto recovered = writer_.run([&](Tx& tx) -> Result<Done> {
        space::append_event(ledger_, tx, system_author,
                            space::EntryRecovered{receipt, ledger_.draw_salt()});
        return Done{};
      });
      if (!recovered) return recovered;
    }
    return writer_.run([&](Tx& tx) -> Result<Done> {
      space::append_event(ledger_, tx, system_author,
                          space::LedgerContinued{former.carried().size, former.receipts().size(),
                                                 ledger_.draw_salt()});
      return Done{};
    });
  }

  ledger::Ledger ledger_;
  core::sql::Writer writer_;
};

// None that signs anything behind what is carried: a server would not start with it.
Error wrong_operator_key(const DataDir& dir, const ledger::ConductFinding& finding) {
  return refuse("continue.wrong_operator_key",
                dir.key("operator.key") + " holds " + finding.found +
                    ", which is no key of the operator behind the entries that are carried. Valid "
                    "there: " +
                    (finding.expected.empty() ? "none" : finding.expected) +
                    ". Put a copy of operator.key there that holds one of these (in an exchange it "
                    "may lie in operator.next.key), or give a replica or a newer backup whose "
                    "entries know the key");
}

// The tables as the new log gives them, and what hung on the old ones' places.
Result<std::uint64_t> remake_tables(const std::string& database,
                                    const DataDir& dir,
                                    const ledger::VerifierKey& log_key,
                                    std::uint64_t backup_size) {
  ConductAudit conduct(log_key);
  auto connection = core::sql::sqlite::open_writer(database);
  core::sql::Tx tx(connection);
  connection.run("begin immediate");
  auto taken = conduct.take_over(database, connection);
  for (const auto& finding : conduct.findings()) {
    if (finding.code == "ledger.wrong_operator_key") return wrong_operator_key(dir, finding);
  }
  if (!taken) return taken.error();
  space::settle_continued(tx, backup_size + space::carried_from);
  labeling::settle_continued(tx);
  std::uint64_t held = space::count_held(tx);
  connection.run("commit");
  return held;
}

}  // namespace

Result<Continued> continue_ledger(const ContinueOptions& options,
                                  const DataDir& dir,
                                  const core::Clock& clock) {
  if (auto checked = check_keys(dir); !checked) return checked.error();
  auto signer = choose_signer(options, dir);
  if (!signer) return signer.error();
  auto operator_seed = read_secret(dir.key("operator.key"));
  if (!operator_seed) return operator_seed.error();
  auto seed = core::Hash::from_hex(*operator_seed);
  if (!seed) {
    return refuse("data_dir.key_malformed",
                  dir.key("operator.key") + " does not hold 64 hex digits");
  }
  auto operator_key = core::SigningKey::from_seed(*seed).public_key();
  auto manifest = read_manifest(manifest_path(options.backup));
  if (!manifest) return manifest.error();
  auto lock = ProcessLock::take(dir);
  if (!lock) return lock.error();

  // What is read stays apart from what is written.
  Draft former_copy(dir.database() + ".former"), draft(dir.database() + ".continuing");
  auto measured = measure(options.backup, former_copy.path());
  auto checked =
      check_backup(former_copy.path(), *manifest, measured, options.log_keys, AuditDepth::conduct);
  if (!checked) return checked.error();
  static_cast<void>(measure(options.backup, draft.path()));
  auto former = FormerLog::gather(former_copy.path(), options.from, options.newest_checkpoint,
                                  options.log_keys);
  if (!former) return former.error();

  Continued continued;
  auto entries = Carrier(draft.path(), *signer, clock).run(*former, operator_key);
  if (!entries) return entries.error();
  auto held = remake_tables(draft.path(), dir, signer->verifier(),
                            static_cast<std::uint64_t>(manifest->size));
  if (!held) return held.error();
  std::error_code ignored;
  if (fs::file_size(draft.path() + "-wal", ignored) > 0 && !ignored)
    throw core::Broken("what was made is not all in " + draft.path());
  auto audited = audit_database(draft.path(), signer->verifier(), AuditDepth::conduct);
  if (!audited) {
    return refuse("continue.audit_failed",
                  "what was made is not right: " + audited.error().message);
  }

  continued.carried = former->carried().size;
  continued.contracts = *held;
  continued.entries = *entries;
  continued.last_size = former->last().size;
  continued.log_vkey = ledger::format_vkey(signer->verifier());
  continued.origin = options.origin;
  continued.recovered = former->receipts().size();
  if (auto placed = place_keys(dir, options, *signer); !placed) return placed.error();
  if (auto kept = draft.keep_as(dir.database()); !kept) return kept.error();
  return continued;
}

}  // namespace tally::api
