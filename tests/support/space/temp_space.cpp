#include "support/space/temp_space.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

#include "core/hash.h"
#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/note.h"
#include "space/datasets/datasets.h"
#include "space/datasets/uploads.h"
#include "space/parties/actors.h"
#include "space/parties/parties.h"

namespace tally::test {

struct TempSpace::Running {
  ledger::Ledger ledger;
  core::sql::Readers readers;
  core::sql::Writer writer;
  core::ShredKeys shred_keys;
  ledger::Journal journal;
  space::Authenticator authenticator;
  space::ContentStore content;

  explicit Running(TempSpace& space)
      : ledger(signers_of(space), space.clock, space.random),
        readers([path = space.database()] { return core::sql::sqlite::open_reader(path); }),
        writer(open(space), ledger, core::sql::Writer::Options{}),
        shred_keys(core::sql::sqlite::open_key_store(space.key_store()), space.random),
        journal{writer, readers, ledger, space.random, shred_keys},
        authenticator(readers, space.clock),
        content(*core::SealKey::from_bytes(core::sha256("master key").view()),
                shred_keys,
                space.random) {}

  static core::SigningKey next_of(const core::SigningKey& key) {
    return core::SigningKey::from_seed(core::sha256("next " + core::to_hex(key.seed())));
  }
  // The second one signs when an entry has added it.
  static ledger::LogSigners signers_of(const TempSpace& space) {
    return ledger::LogSigners({{origin, space.log_key}, {origin, next_of(space.log_key)}});
  }

  core::sql::Connection open(TempSpace& space) {
    auto connection = core::sql::sqlite::open_writer(space.database());
    core::sql::migrate(connection, space.migrations_);
    core::sql::Session session(connection);
    ledger.open(session);
    return connection;
  }
};

TempSpace::TempSpace(std::vector<core::EmbeddedFile> migrations)
    : log_key(core::SigningKey::from_seed(core::sha256("log key"))),
      operator_key(core::SigningKey::from_seed(core::sha256("operator key"))),
      migrations_(std::move(migrations)),
      database_(directory.file("tallystick.db")),
      running_(std::make_unique<Running>(*this)) {
  constexpr std::int64_t year_seconds = 365 * 24 * 3600;
  auto opened = space::open_space(journal(), operator_key, "The operator", year_seconds);
  REQUIRE(opened);
  operator_principal = opened->principal;
  operator_token = opened->token;
}

TempSpace::~TempSpace() = default;

void TempSpace::reopen() {
  running_.reset();
  running_ = std::make_unique<Running>(*this);
}

std::uint64_t TempSpace::add_log_key() {
  auto added = write([&](core::sql::Tx& tx) -> core::Result<std::uint64_t> {
    return journal().ledger.add_key(tx)->seq;
  });
  REQUIRE(added);
  return *added;
}

std::uint64_t TempSpace::retire_log_key() {
  auto retired = write([&](core::sql::Tx& tx) -> core::Result<std::uint64_t> {
    return journal().ledger.retire_first_key(tx)->seq;
  });
  REQUIRE(retired);
  journal().ledger.forget_retired_keys();
  log_key = Running::next_of(log_key);
  return *retired;
}

ledger::Journal& TempSpace::journal() { return running_->journal; }

space::Authenticator& TempSpace::authenticator() { return running_->authenticator; }

space::ContentStore& TempSpace::content() { return running_->content; }

PublishedVersion TempSpace::publish(const Member& provider, const std::string& lines) {
  space::Datasets datasets(journal());
  space::Uploads uploads(journal(), content());
  std::string key = random.salt();
  space::DatasetManifest manifest;
  manifest.title = "A dataset";
  auto dataset = datasets.register_dataset(provider.principal, manifest, key);
  REQUIRE(dataset);
  auto answer = core::decode<space::DatasetAnswer>(*core::parse_json(dataset->body));
  REQUIRE(answer);
  PublishedVersion published{answer->dataset.id, 1, core::sha256(lines)};

  space::NewVersion version;
  version.bytes = lines.size();
  version.digest = published.digest;
  version.media_type = *space::MediaType::parse("application/x-ndjson");
  REQUIRE(datasets.register_version(provider.principal, published.dataset, version, key));
  auto source = [&](const space::ContentSink& sink) -> core::Result<core::Done> {
    sink(lines);
    return core::Done{};
  };
  REQUIRE(uploads.upload(provider.principal, published.dataset, 1, source));
  return published;
}

Member TempSpace::join(const std::string& name, std::vector<space::Role> roles) {
  auto key = core::SigningKey::from_seed(core::sha256("key of " + name));
  space::Parties parties(journal());
  space::Actors actors(journal(), authenticator());

  space::Registration registration;
  registration.document.id = space::PartyId::make(clock.now(), random);
  registration.document.name = name;
  registration.document.nonce = random.salt();
  registration.document.public_key = key.public_key();
  registration.key = space::KeyId::of(key.public_key());
  space::PartyId id = registration.document.id;
  registration.signature = sign(space::SignedVerb::registration, id, key, registration.document);
  REQUIRE(parties.register_party(registration));
  REQUIRE(parties.approve(operator_principal, id, {std::move(roles)}, "approve " + id.text()));

  space::TokenRequest request;
  request.document.party = id;
  request.document.actor_name = "an actor of " + name;
  request.document.issued_at = space::SignedTime(clock.now());
  request.document.nonce = random.salt();
  request.document.expires_in_seconds = 30 * 24 * 3600;
  request.key = registration.key;
  request.signature = sign(space::SignedVerb::token, id, key, request.document);
  auto granted = actors.request_token(id, request);
  REQUIRE(granted);
  auto principal = authenticator().authenticate(*granted->token);
  REQUIRE(principal);
  return {id, key, *principal, *granted->token};
}

std::uint64_t TempSpace::ledger_size() { return journal().ledger.signed_head().head.size; }

core::Json TempSpace::entry(std::uint64_t seq) {
  auto text =
      read([&](core::sql::Session& session) { return journal().ledger.find_entry(session, seq); });
  REQUIRE(text.has_value());
  auto json = core::parse_json(*text);
  REQUIRE(json);
  return *json;
}

core::Json TempSpace::last_entry() { return entry(ledger_size() - 1); }

std::vector<std::string> TempSpace::kinds(std::uint64_t first) {
  std::vector<std::string> kinds;
  for (std::uint64_t seq = first; seq < ledger_size(); ++seq) {
    kinds.push_back(entry(seq).find("kind")->as_string());
  }
  return kinds;
}

bool TempSpace::holds_on_disk(std::string_view bytes) {
  for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
    std::ifstream stream(file.path(), std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (content.find(bytes) != std::string::npos) return true;
  }
  return false;
}

}  // namespace tally::test
