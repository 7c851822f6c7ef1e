// Keys of the log that an operator writes into its own ledger, judged by what the ledger itself says.
#include "ledger/log_keys.h"

#include <doctest/doctest.h>

#include "space/conduct/replayed.h"

using namespace tally;
using namespace tally::space;
using ledger::LogKeyAdded;
using ledger::LogKeyRetired;
using ledger::NoteSigner;
using test::Replayed;
using test::TempSpace;
using Codes = std::set<std::string>;

namespace {

struct Log {
  TempSpace space;
  NoteSigner first{TempSpace::origin, space.log_key};
  NoteSigner second = key("second");
  NoteSigner third = key("third");

  static NoteSigner key(const std::string& name) {
    return {TempSpace::origin, core::SigningKey::from_seed(core::sha256(name))};
  }
  template <class Event>
  Log& append(const Event& event, const std::string& by = "system") {
    auto done = space.write([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      space.journal().ledger.append(tx, Event::kind, by, core::canonical(event));
      return core::Done{};
    });
    REQUIRE(done);
    return *this;
  }
  LogKeyAdded added(const NoteSigner& by, const NoteSigner& key) {
    return make_addition(by, key, space.random.salt());
  }
  LogKeyRetired retired(const NoteSigner& key) {
    return {format_vkey(key.verifier()), space.random.salt()};
  }
  Codes judge() { return Replayed(space).codes(); }
};

template <class Change>
Codes after_addition(Change change) {
  Log log;
  auto event = log.added(log.first, log.second);
  change(log, event);
  return log.append(event).judge();
}

}  // namespace

TEST_CASE("conduct: keys of the log that let each other in are right") {
  Log log;
  log.append(log.added(log.first, log.second));
  log.append(log.added(log.second, log.third));
  log.append(log.retired(log.first)).append(log.retired(log.second));
  CHECK(log.judge().empty());
  CHECK(Replayed(log.space).differences() == Codes{"log_key_added", "log_key_retired"});
}

TEST_CASE("conduct: a key of the log without its two signatures is found") {
  CHECK(after_addition([](Log&, LogKeyAdded& it) { it.signature = it.possession; }) ==
        Codes{"log.key_not_let_in"});
  CHECK(after_addition([](Log&, LogKeyAdded& it) { it.possession = it.signature; }) ==
        Codes{"log.key_not_possessed"});
  CHECK(after_addition([](Log& log, LogKeyAdded& it) { it = log.added(log.third, log.second); }) ==
        Codes{"log.key_not_let_in"});
  CHECK(after_addition([](Log& log, LogKeyAdded& it) { it = log.added(log.first, log.first); }) ==
        Codes{"log.key_in_use"});
  CHECK(after_addition([](Log& log, LogKeyAdded& it) {
          NoteSigner other("other.example/log", log.space.log_key);
          it = make_addition(log.first, other, log.space.random.salt());
        }) == Codes{"key.of_another_log"});
  Log log;
  CHECK(log.append(log.added(log.first, log.second), "act_1").judge() ==
        Codes{"entry.wrong_author"});
}

TEST_CASE("conduct: the last key of the log, and one that is not in force, are not retired") {
  Log last;
  CHECK(last.append(last.retired(last.first)).judge() == Codes{"log.key_last"});
  Log unknown;
  CHECK(unknown.append(unknown.retired(unknown.second)).judge() == Codes{"log.key_not_in_force"});
  Log twice;
  twice.append(twice.added(twice.first, twice.second)).append(twice.retired(twice.first));
  CHECK(twice.append(twice.retired(twice.first)).judge() == Codes{"log.key_not_in_force"});
  // And one that was retired lets no other in.
  CHECK(twice.append(twice.added(twice.first, twice.third)).judge() ==
        Codes{"log.key_not_in_force", "log.key_not_let_in"});
}
