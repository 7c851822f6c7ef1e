// A party as a client of the real server: its own key, its own token, over HTTP.
#pragma once

#include <string>
#include <vector>

#include "api/http_client.h"
#include "core/json.h"
#include "core/random.h"
#include "core/signature.h"
#include "space/signing.h"

namespace tally::live {

// An answer that must be a success; throws std::runtime_error with the problem otherwise.
core::Json expect_json(const core::Result<api::HttpAnswer>& answer);

class Party {
 public:
  // Registers, is approved with the operator's token, and takes a token of its own.
  Party(std::string url,
        std::string origin,
        const std::string& operator_token,
        const std::string& name,
        const std::vector<std::string>& roles);

  // The same party before another server: its key and token go on there.
  Party at(std::string url, std::string origin) const;

  const std::string& id() const { return id_; }
  const std::string& token() const { return token_; }

  // With the party's token and, for a POST, a fresh Idempotency-Key.
  core::Json call(std::string_view method,
                  const std::string& target,
                  const core::Json& body = nullptr);
  // {"document":..,"key":..,"signature":..}
  core::Json sign(space::SignedVerb verb, const core::Json& document) const;
  // {"document":"<digest>","key":..,"signature":..}
  core::Json sign_digest(space::SignedVerb verb, const core::Json& document) const;

 private:
  std::string url_;
  std::string origin_;
  std::string id_;
  core::SigningKey key_;
  std::string token_;
};

// A dataset of `records` NDJSON records of about `record_bytes` each, published by the provider;
// {"id":"dst_..","version":1,"digest":".."}.
core::Json publish_dataset(Party& provider,
                           const std::string& url,
                           std::size_t records,
                           std::size_t record_bytes);

// A contract of both for `uses` reads with the purpose; its id.
std::string agree(Party& provider,
                  Party& consumer,
                  const core::Json& dataset,
                  const std::string& purpose,
                  std::uint64_t uses);

}  // namespace tally::live
