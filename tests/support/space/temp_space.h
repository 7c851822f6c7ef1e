// A space of its own for a test: a directory that is gone afterwards, a database file, a clock that
// stands still, randomness from a seed, the ledger with its writer and readers, and an operator.
//
//   TempSpace space;
//   auto receipt = space.write([&](Tx& tx) -> Result<ReceiptPtr> { ... });
//   space.clock.advance_ms(1000);
//   space.reopen();                    // as a restart would
//
// The floors above give their own migrations: TempSpace space(labeling::schema_files()).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/embedded.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/random.h"
#include "core/signature.h"
#include "core/time.h"
#include "ledger/journal.h"
#include "space/datasets/content.h"
#include "space/opening.h"
#include "space/parties/authenticator.h"
#include "space/schema.h"
#include "space/signing.h"
#include "support/temp_dir.h"

namespace tally::test {

// A party that was registered and approved, and its first actor with all scopes of its roles.
struct Member {
  space::PartyId party;
  core::SigningKey key;
  space::Principal principal;
  std::string token;
};

// A version that was registered and, if it has content, uploaded.
struct PublishedVersion {
  space::DatasetId dataset;
  std::uint64_t version = 0;
  core::Hash digest;
};

class TempSpace {
 public:
  static constexpr const char* origin = "space.example/log";

  explicit TempSpace(std::vector<core::EmbeddedFile> migrations = space::schema_files());
  ~TempSpace();

  // Stops the writer and opens the database anew. References into the journal before are dead.
  void reopen();

  ledger::Journal& journal();
  const std::string& database() const { return database_; }
  std::string key_store() const { return directory.file("subjects.db"); }

  space::Authenticator& authenticator();
  space::ContentStore& content();

  // Registers a party under a key made from its name, approves it, and takes a token.
  Member join(const std::string& name, std::vector<space::Role> roles);
  // A dataset with one version, whose content is these lines (application/x-ndjson).
  PublishedVersion publish(const Member& provider, const std::string& lines);

  // A signature by `key`, in the name of `party`, over a document with `fields`.
  template <class Document>
  space::Signature sign(space::SignedVerb verb,
                        const space::PartyId& party,
                        const core::SigningKey& key,
                        const Document& document) {
    auto digest = core::sha256(core::canonical(document));
    auto key_id = space::KeyId::of(key.public_key());
    return space::sign({verb, origin, party, key_id, digest}, key);
  }

  // The log's key is exchanged, once: another one signs too from the first on, and from the second on alone,
  // in the place of `log_key`. The entry's place.
  std::uint64_t add_log_key();
  std::uint64_t retire_log_key();

  // Runs f(Session&) on a reader.
  template <class F>
  auto read(F&& f) {
    return journal().readers.read(std::forward<F>(f));
  }
  // Runs f(Tx&) -> Result<T> in the writer.
  template <class F>
  auto write(F&& f) {
    return journal().writer.run(std::forward<F>(f));
  }

  std::uint64_t ledger_size();
  // The entry, parsed.
  core::Json entry(std::uint64_t seq);
  core::Json last_entry();
  // Kinds of the entries from `first` on, in their order.
  std::vector<std::string> kinds(std::uint64_t first = 0);

  // True when the bytes stand in the database file or its log: for what must never be stored.
  bool holds_on_disk(std::string_view bytes);

  TempDir directory;
  core::ManualClock clock{{1'795'000'000'000}};
  core::SeededRandom random{1};
  core::SigningKey log_key;
  core::SigningKey operator_key;
  space::Principal operator_principal;
  std::string operator_token;

 private:
  struct Running;

  std::vector<core::EmbeddedFile> migrations_;
  std::string database_;
  std::unique_ptr<Running> running_;
};

}  // namespace tally::test
