#include "labeling/queue/lease.h"

#include <bit>

#include "core/assert.h"
#include "core/bytes.h"

namespace tally::labeling {
namespace {

using core::Error;
using core::Refusal;

constexpr std::size_t secret_digits = 32;

std::int64_t bit_of(std::int64_t seat) {
  TALLY_ASSERT(seat >= 1 && seat <= 62);
  return std::int64_t{1} << (seat - 1);
}

Error superseded() {
  return {Refusal::conflict, "lease.superseded",
          "this lease ended and the task has been leased again since; take a new lease"};
}
Error expired() {
  return {Refusal::conflict, "lease.expired", "this lease has run out; take a new one"};
}
Error not_yours() {
  return {Refusal::forbidden, "lease.not_yours", "this is not the token of a lease of yours"};
}

}  // namespace

std::optional<LeaseToken> LeaseToken::parse(std::string_view text) {
  auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  auto next = text.find('.', dot + 1);
  if (next == std::string_view::npos) return std::nullopt;
  auto lease = LeaseId::parse(text.substr(0, dot));
  auto fence = core::parse_decimal(text.substr(dot + 1, next - dot - 1));
  auto secret = text.substr(next + 1);
  if (!lease || !fence || secret.size() != secret_digits || !core::from_hex(secret)) {
    return std::nullopt;
  }
  return LeaseToken{*lease, static_cast<std::int64_t>(*fence), std::string(secret)};
}

std::string LeaseToken::text() const {
  return lease.text() + "." + std::to_string(fence) + "." + secret;
}

std::int64_t FreeSeats::lowest() const {
  TALLY_ASSERT(bits_ > 0);
  return std::countr_zero(static_cast<std::uint64_t>(bits_)) + 1;
}

void FreeSeats::take(std::int64_t seat) {
  TALLY_ASSERT((bits_ & bit_of(seat)) != 0);
  bits_ &= ~bit_of(seat);
}

void FreeSeats::give_back(std::int64_t seat) {
  TALLY_ASSERT((bits_ & bit_of(seat)) == 0);
  bits_ |= bit_of(seat);
}

core::Result<core::Done> check_lease(const LeaseToken& token,
                                     const std::optional<Lease>& live,
                                     std::int64_t fence,
                                     const space::ActorId& annotator,
                                     Instant now) {
  if (!live) return token.fence < fence ? superseded() : expired();
  if (live->annotator != annotator || live->token.fence != token.fence ||
      !core::equal_constant_time(live->token.secret, token.secret)) {
    return not_yours();
  }
  if (!live->is_live(now)) return expired();
  return core::Done{};
}

}  // namespace tally::labeling
