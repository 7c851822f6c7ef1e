#include "labeling/queue/lease.h"

#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "core/random.h"

using namespace tally;
using namespace tally::labeling;

namespace {

const core::Instant start{1'700'000'000'000};

Lease some_lease() {
  core::SeededRandom random(7);
  Lease lease;
  lease.token = {LeaseId::make(start, random), 3, random.salt()};
  lease.task = TaskId::make(start, random);
  lease.annotator = space::ActorId::make(start, random);
  lease.seat = 1;
  lease.leased_at = start;
  lease.leased_until = {start.unix_ms + 1'000};
  return lease;
}

std::string code_of(const core::Result<core::Done>& result) {
  return result ? "" : result.error().code;
}

}  // namespace

TEST_CASE("lease: a token is read back from its text, and from no other spelling") {
  auto token = some_lease().token;
  auto text = token.text();
  CHECK(LeaseToken::parse(text) == token);
  auto dot = text.find('.');
  for (std::string wrong :
       {std::string(), text + "0", text.substr(1), text.substr(0, text.size() - 1),
        text.substr(0, dot), text.substr(0, dot + 1) + "0" + text.substr(dot + 1),
        text.substr(0, dot + 1) + "-" + text.substr(dot + 1)}) {
    CAPTURE(wrong);
    CHECK_FALSE(LeaseToken::parse(wrong));
  }
}

TEST_CASE("lease: a live lease admits its annotator with its token until its last millisecond") {
  auto lease = some_lease();
  auto at = [&](std::int64_t ms) {
    return code_of(check_lease(lease.token, lease, 3, lease.annotator, {start.unix_ms + ms}));
  };
  CHECK(at(0) == "");
  CHECK(at(999) == "");
  CHECK(at(1'000) == "lease.expired");
}

TEST_CASE("lease: a token whose lease is gone is told whether the task went to another since") {
  auto lease = some_lease();
  CHECK(code_of(check_lease(lease.token, {}, 3, lease.annotator, start)) == "lease.expired");
  CHECK(code_of(check_lease(lease.token, {}, 4, lease.annotator, start)) == "lease.superseded");
}

TEST_CASE("lease: neither another annotator nor a wrong secret or number may use it") {
  auto lease = some_lease();
  CHECK(code_of(check_lease(lease.token, lease, 3, space::ActorId(), start)) == "lease.not_yours");
  auto forged = lease.token;
  forged.secret[0] = forged.secret[0] == '0' ? '1' : '0';
  CHECK(code_of(check_lease(forged, lease, 3, lease.annotator, start)) == "lease.not_yours");
  forged = lease.token;
  forged.fence = 9;
  CHECK(code_of(check_lease(forged, lease, 3, lease.annotator, start)) == "lease.not_yours");
}

TEST_CASE("lease: seats are taken lowest first and come back") {
  CHECK(rc::check("seats", [] {
    auto seats = *rc::gen::inRange<std::int64_t>(1, 33);
    auto free = FreeSeats::all(seats);
    std::vector<std::int64_t> taken;
    while (!free.is_empty()) {
      taken.push_back(free.lowest());
      free.take(taken.back());
    }
    for (std::size_t i = 0; i < taken.size(); ++i)
      RC_ASSERT(taken[i] == static_cast<std::int64_t>(i) + 1);
    RC_ASSERT(taken.size() == static_cast<std::size_t>(seats));
    auto back = *rc::gen::elementOf(taken);
    free.give_back(back);
    RC_ASSERT(free.lowest() == back);
  }));
}
