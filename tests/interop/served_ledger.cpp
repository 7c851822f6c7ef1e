// A ledger of any size behind the product's own routes, for verifiers that we did not write.
//
//   served_ledger DIR [--seed TEXT]
//
// Makes DIR/ledger.db and prints one JSON object: {"token":..,"url":..,"vkey":..}. It starts empty:
// what a server publishes between its first start and entry 0. Then it obeys lines from its input,
// each answered by "ok" or "no <why>":
//
//   grow N             appends until there are N entries
//   receipt SEQ FILE   writes the receipt of an entry, a .tlog-proof
//   cose SEQ FILE      the same, a COSE receipt
//
// Entries and tree are made by Ledger and Writer, as in the server; the bearer token admits to the
// entries. Ends with its input.
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <sstream>
#include <thread>

#include "api/http_server.h"
#include "api/routes/ledger.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/sql/migrate.h"
#include "core/sql/readers.h"
#include "core/sql/sqlite/sqlite.h"
#include "core/sql/writer.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"

namespace {

using namespace tally;
using core::Done;
using core::Result;

constexpr const char* origin = "interop.example/ledger";
constexpr std::uint64_t entries_at_once = 1'000;  // of a command
constexpr const char* token = "tally_interop-auditor-000000000000000000000000000";

Result<api::Principal> admit(const api::Request& request, const std::string&) {
  auto given = request.bearer_token();
  if (!given) return given.error();
  if (*given == token) return api::Principal{};
  return core::Error{core::Refusal::forbidden, "scope.missing", "another token is needed"};
}

class ServedLedger {
 public:
  ServedLedger(const std::string& directory, const std::string& seed)
      : path_(directory + "/ledger.db"),
        ledger_({origin, core::SigningKey::from_seed(core::sha256(seed))},
                core::system_clock(),
                core::system_random()),
        writer_(open(), ledger_, {}) {
    api::add_ledger_routes(router_, readers_, publication_);
    port_ = server_.bind();
    thread_ = std::jthread([this] { server_.serve(); });
  }
  ~ServedLedger() { server_.stop(); }
  ServedLedger(const ServedLedger&) = delete;
  ServedLedger& operator=(const ServedLedger&) = delete;

  std::string introduction() const {
    return core::canonical(
        core::Json::object({{"token", token},
                            {"url", "http://127.0.0.1:" + std::to_string(port_) + "/ledger"},
                            {"vkey", ledger_.log_vkey()}}));
  }

  Result<Done> obey(const std::string& line) {
    std::istringstream words(line);
    std::string verb, file;
    std::uint64_t number = 0;
    words >> verb >> number >> file;
    if (verb == "grow") return grow(number);
    bool is_there = number < ledger_.signed_head().head.size;
    if (verb == "receipt" && is_there) return core::write_file(file, receipt_of(number).file());
    if (verb == "cose" && is_there)
      return core::write_file(file, ledger_.cose_file(receipt_of(number)));
    return core::Error{core::Refusal::invalid, "interop.unknown", "unknown: " + line};
  }

 private:
  core::sql::Connection open() {
    auto connection = core::sql::sqlite::open_writer(path_);
    core::sql::migrate(connection, ledger::schema_files());
    core::sql::Session session(connection);
    ledger_.open(session);
    return connection;
  }

  Result<Done> grow(std::uint64_t size) {
    Result<Done> done = Done{};
    for (std::uint64_t now = ledger_.signed_head().head.size; done && now < size;) {
      now = std::min(size, now + entries_at_once);
      done = append_until(now);
    }
    return done;
  }

  Result<Done> append_until(std::uint64_t size) {
    return writer_.run([&](core::sql::Tx& tx) -> Result<Done> {
      while (ledger_.size() < size) {
        std::string salt = R"(,"salt":")" + ledger_.draw_salt() + "\"}";
        if (ledger_.size() == 0) {
          ledger_.append(tx, ledger::ledger_opened_kind, "system",
                         std::string(R"({"origin":")") + origin + '"' + salt);
        } else {
          ledger_.append(tx, "interop.noted/1", "act_1",
                         R"({"number":)" + std::to_string(ledger_.size()) + salt);
        }
      }
      return Done{};
    });
  }

  ledger::Receipt receipt_of(std::uint64_t seq) {
    return readers_.read(
        [&](core::sql::Session& session) { return ledger_.receipt_of(session, seq); });
  }

  std::string path_;
  ledger::Ledger ledger_;
  core::sql::Writer writer_;
  core::sql::Readers readers_{[this] { return core::sql::sqlite::open_reader(path_); }};
  ledger::SignedPublication publication_{ledger_};
  api::Router router_{admit};
  api::HttpServer server_{router_, {}};
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && !(argc == 4 && std::string(argv[2]) == "--seed")) {
    std::cerr << "usage: served_ledger DIR [--seed TEXT]\n";
    return 2;
  }
  try {
    ServedLedger served(argv[1], argc == 4 ? argv[3] : "interop");
    std::cout << served.introduction() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      auto done = served.obey(line);
      std::cout << (done ? "ok" : "no " + done.error().message) << std::endl;
    }
    return 0;
  } catch (const std::exception& broken) {
    std::cerr << "served_ledger: " << broken.what() << "\n";
    return 2;
  }
}
