// From a token to who is asking.
//
// Answers are kept in memory by token hash, so that a request with a known token touches no table.
// The memory is a cache and never truth: forget() empties it after an actor changed, and an answer
// that was read before a change is not kept after it. Unknown tokens are never kept. For many threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "core/guarded.h"
#include "core/result.h"
#include "core/sql/readers.h"
#include "core/time.h"
#include "space/parties/principal.h"

namespace tally::space {

class Authenticator {
 public:
  Authenticator(core::sql::Readers& readers,
                const core::Clock& clock,
                std::size_t kept_max = 65'536)
      : readers_(readers), clock_(clock), kept_max_(kept_max) {}

  // Refusals (unauthenticated): token.missing (empty), token.unknown, token.revoked, token.expired.
  core::Result<Principal> authenticate(std::string_view token);

  // To be called when an actor was revoked, after that is durable and before anyone is told.
  void forget();

 private:
  struct HashOfHash {
    std::size_t operator()(const core::Hash& hash) const {
      std::size_t part = 0;
      std::memcpy(&part, hash.bytes.data(), sizeof part);
      return part;
    }
  };
  struct Kept {
    std::unordered_map<core::Hash, Principal, HashOfHash> by_token;
    std::uint64_t generation = 0;  // counts calls of forget()
  };

  core::Result<Principal> look_up(const core::Hash& token_hash);
  core::Result<Principal> admit(const Principal& principal) const;

  core::sql::Readers& readers_;
  const core::Clock& clock_;
  std::size_t kept_max_;
  core::Guarded<Kept> kept_;
};

}  // namespace tally::space
