// One witness, as the log sees it: bounded in time and bytes, believed in nothing that it does not
// sign.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http_client.h"
#include "ledger/add_checkpoint.h"
#include "ledger/policy.h"

namespace tally::api {

class WitnessClient {
 public:
  enum class Outcome : std::uint8_t {
    cosigned,     // `signature` verifies over the checkpoint
    holds,        // 409: another size than the request's
    unknown_log,  // 404
    refused,      // 400, 403, 422 and whatever else a witness says no with
    forked,       // 422 to a request without proof, 409 with the request's own size: another root
    wrong,        // a 200 or 409 that is none: no cosignature, one that does not verify, no size
    unreachable,  // no complete answer in time, or a 5xx or 429
  };
  struct Answer {
    Outcome outcome = Outcome::unreachable;
    std::optional<ledger::VerifiedSignature> signature;
    std::uint64_t size = 0;  // that it says it holds
    std::string words;
  };

  // Precondition: the witness has a URL.
  WitnessClient(const ledger::PolicyWitness& witness, std::int64_t timeout_ms);

  // `text` is the text of the request's note.
  Answer add(const ledger::AddCheckpoint& request, std::string_view text);

  // What it shows of the log with this origin (`GET <prefix>/<sha256 of origin>/checkpoint`), which not
  // every witness does: bytes to be judged.
  std::optional<std::string> newest(const std::string& origin);

  void stop() noexcept { client_.stop(); }  // from any thread

 private:
  Answer read(const HttpAnswer& answer,
              const ledger::AddCheckpoint& request,
              std::string_view text) const;

  ledger::VerifierKey key_;
  std::string path_;
  HttpClient client_;
};

std::string_view outcome_name(WitnessClient::Outcome outcome);

}  // namespace tally::api
