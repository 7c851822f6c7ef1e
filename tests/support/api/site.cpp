#include "support/api/site.h"

#include <filesystem>

#include <doctest/doctest.h>

#include "api/app.h"
#include "api/config.h"
#include "api/store.h"
#include "core/file.h"
#include "ledger/checkpoint.h"

namespace tally::test {

Site::Site() {
  auto made = run({"init", path(), "--origin", "rotation.example/log", "--json"});
  REQUIRE(made.code == 0);
  first = made.json().find("log_vkey")->as_string();
}

std::string Site::plan() const {
  auto planned = run({"rotate", "log", path(), "--json"});
  REQUIRE(planned.code == 0);
  return planned.json().find("next_key")->as_string();
}

void Site::serve(bool retires_missing, const std::string& replica) const {
  auto keys = api::read_keys(dir);
  REQUIRE(keys);
  api::Config config;
  config.retire_missing_keys = retires_missing;
  config.replica_directory = replica;
  api::App app(dir, *keys, config);
}

Site::Started Site::start(bool retires_missing) const {
  serve(retires_missing);
  auto keys = api::read_keys(dir);
  REQUIRE(keys);
  api::Store store(dir, *keys, {});
  return store.journal().readers.read([&](core::sql::Session& session) {
    const ledger::SignedHead head = store.ledger().signed_head();
    return Started{*head.note, store.ledger().receipt_of(session, 0).file(),
                   *store.ledger().find_entry(session, head.head.size - 1),
                   keys->operator_key.public_key()};
  });
}

bool Site::is_there(const char* name) const { return std::filesystem::exists(dir.key(name)); }

std::string Site::read(const std::string& file) const {
  auto text = core::read_file(file);
  REQUIRE(text);
  return *text;
}

Run Site::audit(const std::vector<std::string>& keys) const {
  std::vector<std::string> words{"audit", path(), "--json"};
  for (const auto& key : keys) words.insert(words.end(), {"--key", key});
  return run(words);
}

bool signs(const std::string& vkey, const std::string& note) {
  auto key = *ledger::parse_vkey(vkey);
  return ledger::open_checkpoint(note, key.name, key).operator bool();
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace tally::test
