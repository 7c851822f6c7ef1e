// The honest space after its disk was lost: a backup of it goes on as another log.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "api/backup.h"
#include "api/cheats/honest.h"
#include "api/continuation.h"
#include "core/file.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/checkpoint.h"
#include "ledger/publication.h"
#include "space/continuation/confirmation.h"

namespace tally::test {

class Regained {
 public:
  Regained() {
    Honest& lost = honest();
    ledger::NoteSigner old(TempSpace::origin, lost.space.log_key);
    // The signed checkpoint is stored with a command that changes nothing.
    static_cast<void>(lost.space.write([](core::sql::Tx&) -> core::Result<core::Done> {
      return core::Error{core::Refusal::conflict, "test.nothing", "nothing"};
    }));
    REQUIRE(api::make_backup(lost.space.database(), dir_.file("backup"), old.verifier()));
    std::filesystem::create_directories(space_.path() / "keys");
    put("operator.key", core::to_hex(lost.space.operator_key.seed()));
    put("master.key", core::to_hex(core::sha256("master key")));
    put("secret.key", core::to_hex(core::sha256("secret")));
    std::filesystem::copy(lost.space.directory.file("subjects.db"), space_.key("subjects.db"));
    auto done = api::continue_ledger({.backup = dir_.file("backup"),
                                      .log_keys = old.verifier(),
                                      .origin = "space.example/log-2",
                                      .from = {},
                                      .newest_checkpoint = {}},
                                     space_, lost.space.clock);
    REQUIRE_MESSAGE(done, done.error().message);
  }

  std::string database() const { return space_.database(); }
  ledger::NoteSigner log() const { return api::read_keys(space_)->log; }
  // Nobody holds a receipt of the new log yet; its first checkpoint was witnessed.
  Memory memory() const {
    auto connection = core::sql::sqlite::open_reader(database());
    core::sql::Session session(connection);
    auto key = log().verifier();
    auto published = ledger::read_published(session);
    return {.receipts = {},
            .witnessed = ledger::open_checkpoint(published->note, key.name, key)->head};
  }
  std::pair<std::uint64_t, core::Hash> chain_of(const space::ContractId& contract) const {
    auto connection = core::sql::sqlite::open_reader(database());
    core::sql::Session session(connection);
    auto row = space::find_contract(session, contract);
    return {row->seq, row->prev};
  }

 private:
  void put(const std::string& name, const std::string& text) {
    REQUIRE(core::write_file(space_.key(name), text + "\n", core::FileMode::secret));
  }

  TempDir dir_;
  api::DataDir space_{dir_.file("space")};
};

inline const Regained& regained() {
  static const Regained regained;
  return regained;
}

}  // namespace tally::test
