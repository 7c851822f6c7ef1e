#include "disk/script.h"

#include <atomic>
#include <exception>
#include <optional>
#include <semaphore>
#include <thread>

#include "core/hash.h"
#include "space/opening.h"
#include "space/signing.h"

namespace tally::test {
namespace {

using core::Json;
using core::Result;
using space::SignedVerb;

std::string id_in(const std::string& body, const char* noun) {
  return core::parse_json(body)->find(noun)->find("id")->as_string();
}

bool is_end(const std::string& code) {
  return code == "outcome_unknown" || code == "writer.stopped";
}

std::string receipt_of(const space::Change& change) { return change.receipt->file(); }
std::string receipt_of(const space::UseAnswer& answer) { return answer.receipt; }

const char* const lines = "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n";

}  // namespace

Script::Script(std::uint64_t seed) : content_(lines) {
  core::SeededRandom random(seed);
  operator_ = make_member(random, "The operator", {space::Role::operator_});
  provider_ = make_member(random, "Hospital", {space::Role::provider});
  consumer_ = make_member(random, "Lab", {space::Role::consumer});
  labeler_ = make_member(random, "Readers", {space::Role::labeler});
  nonce_ = random.salt();
}

Script::Member Script::make_member(core::Random& random,
                                   const std::string& name,
                                   std::vector<space::Role> roles) {
  constexpr core::Instant now{1'795'000'000'000};
  Member member;
  member.id = space::PartyId::make(now, random);
  member.key = core::SigningKey::from_seed(core::sha256("key of " + name));
  member.roles = std::move(roles);
  member.name = name;
  member.principal.actor = space::ActorId::make(now, random);
  member.principal.party = member.id;
  member.principal.scopes = space::scopes_of(space::RoleSet(member.roles));
  member.principal.expires_at = {now.unix_ms + 86'400'000};
  return member;
}

Script Script::again() const {
  Script script = *this;
  script.said_.clear();
  return script;
}

void Script::hear(Site& site, const std::string& receipt) {
  said_.push_back({site.disk().op_count(), receipt, {}});
}

template <class T>
bool Script::take(Site& site, const Result<T>& result, const std::string& expected) {
  if (result) {
    if (!expected.empty()) surprises_.push_back("not refused: " + expected);
    hear(site, receipt_of(*result));
    return true;
  }
  if (is_end(result.error().code)) throw Ended(result.error().code);
  if (result.error().code != expected)
    surprises_.push_back(result.error().code + ": " + result.error().message);
  return false;
}

space::Signature Script::sign(const Member& member, SignedVerb verb, const core::Hash& digest) {
  return space::sign(
      {verb, site_origin, member.id, space::KeyId::of(member.key.public_key()), digest},
      member.key);
}

space::Once Script::once(const Member& member, const std::string& key) {
  return {member.id.text(), "script", key, "request"};
}

void Script::open(Site& site) {
  if (site.journal().ledger.signed_head().head.size > 0) return;
  constexpr std::int64_t year_seconds = 365 * 24 * 3600;
  auto opened =
      space::open_space(site.journal(), site_keys().operator_key, "The operator", year_seconds);
  if (!opened && is_end(opened.error().code)) throw Ended(opened.error().code);
  said_.push_back({site.disk().op_count(), {}, site.published()});
}

void Script::join(Site& site, Member& member) {
  space::Registration registration;
  registration.document.id = member.id;
  registration.document.name = member.name;
  registration.document.nonce = core::to_hex(core::sha256(member.name)).substr(0, 32);
  registration.document.public_key = member.key.public_key();
  registration.key = space::KeyId::of(member.key.public_key());
  registration.signature =
      sign(member, SignedVerb::registration, core::sha256(core::canonical(registration.document)));
  take(site, site.services().parties.register_party(registration));
  take(site, site.services().parties.approve(operator_.principal, member.id, {member.roles},
                                             "approve " + member.name));
  space::TokenRequest request;
  request.document.party = member.id;
  request.document.actor_name = "an actor of " + member.name;
  request.document.issued_at = space::SignedTime(site.clock().now());
  request.document.nonce = site.random().salt();
  request.document.expires_in_seconds = 86'400;
  request.key = registration.key;
  request.signature =
      sign(member, SignedVerb::token, core::sha256(core::canonical(request.document)));
  auto granted = site.services().actors.request_token(member.id, request);
  if (granted) return;
  if (is_end(granted.error().code)) throw Ended(granted.error().code);
  surprises_.push_back(granted.error().code);
}

void Script::publish(Site& site) {
  space::DatasetManifest manifest;
  manifest.title = "A dataset";
  auto dataset =
      site.services().datasets.register_dataset(provider_.principal, manifest, "dataset");
  if (!take(site, dataset)) return;
  dataset_ = id_in(dataset->body, "dataset");
  auto id = *space::DatasetId::parse(dataset_);
  space::NewVersion version;
  version.bytes = content_.size();
  version.digest = core::sha256(content_);
  version.media_type = *space::MediaType::parse("application/x-ndjson");
  take(site,
       site.services().datasets.register_version(provider_.principal, id, version, "version"));
  auto source = [this](const space::ContentSink& sink) -> Result<core::Done> {
    sink(content_);
    return core::Done{};
  };
  take(site, site.services().uploads.upload(provider_.principal, id, 1, source));
}

std::string Script::agree(Site& site,
                          Member& consumer,
                          const std::string& purpose,
                          std::uint64_t count) {
  space::ContractDocument document;
  document.dataset = {core::sha256(content_), *space::DatasetId::parse(dataset_), 1};
  document.format = space::contract_format;
  document.nonce = nonce_;
  document.parties = {consumer.id, provider_.id};
  document.permissions = {{{space::Action::read}, {{"count", "lteq", count}}, {purpose}}};
  auto json = core::encode(document);
  auto digest = core::sha256(core::canonical(json));
  auto signature = [&](const Member& member, SignedVerb verb) {
    return space::PartySignature{space::KeyId::of(member.key.public_key()),
                                 sign(member, verb, digest)};
  };
  auto offered =
      site.services().contracts.offer(provider_.principal, once(provider_, "offer " + purpose),
                                      {json, signature(provider_, SignedVerb::offer)});
  if (!take(site, offered)) return {};
  auto id = id_in(offered->body, "contract");
  take(site, site.services().contracts.accept(
                 consumer.principal, once(consumer, "accept " + purpose),
                 *space::ContractId::parse(id), {digest, signature(consumer, SignedVerb::accept)}));
  return id;
}

void Script::use(Site& site, int key) {
  auto answer = site.services().uses.use(
      consumer_.principal, *space::ContractId::parse(contract_), "use " + std::to_string(key),
      {"training", std::nullopt, static_cast<std::uint64_t>(key % 4), 1});
  if (!answer && answer.error().code == "contract.uses_exhausted") return;
  take(site, answer);
}

// In one batch: a command that changes nothing holds the writer until all are queued.
void Script::use_together(Site& site, int first, int count) {
  std::binary_semaphore entered{0}, leave{0};
  std::vector<std::optional<Result<space::UseAnswer>>> answers(static_cast<std::size_t>(count));
  std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(count));
  std::atomic<std::uint64_t> finished{0};
  {
    std::jthread holder([&] {
      static_cast<void>(site.journal().writer.run([&](core::sql::Tx&) -> Result<core::Done> {
        entered.release();
        leave.acquire();
        return core::Error{core::Refusal::conflict, "script.gate", "nothing"};
      }));
      entered.release();  // refused before it ran
    });
    entered.acquire();
    std::vector<std::jthread> clients;
    for (int i = 0; i < count; ++i) {
      clients.emplace_back([&, i] {
        auto place = static_cast<std::size_t>(i);
        try {
          answers[place] = site.services().uses.use(
              consumer_.principal, *space::ContractId::parse(contract_),
              "use " + std::to_string(first + i),
              {"training", std::nullopt, static_cast<std::uint64_t>((first + i) % 4), 1});
        } catch (...) {
          thrown[place] = std::current_exception();
        }
        finished += 1;
      });
      while (!site.end() &&
             site.journal().writer.counters().waiting + finished <= static_cast<std::uint64_t>(i))
        std::this_thread::yield();
    }
    leave.release();
  }
  std::string end;
  for (const auto& answer : answers) {
    if (!answer) continue;
    if (*answer || !is_end((*answer).error().code)) {
      take(site, *answer, *answer ? "" : "contract.uses_exhausted");
    } else {
      end = (*answer).error().code;
    }
  }
  for (const auto& each : thrown) {
    if (each) std::rethrow_exception(each);
  }
  if (!end.empty()) throw Ended(end);
}

void Script::import(Site& site) {
  labeling::OpenProject command;
  command.contract = *space::ContractId::parse(labeling_contract_);
  command.title = "A project";
  command.classes = {"ant", "bee"};
  auto opened =
      site.services().projects.open(labeler_.principal, once(labeler_, "project"), command);
  if (!take(site, opened)) return;
  project_ = id_in(opened->body, "project");
  std::string predictions;
  for (int i = 0; i < tasks + 2; ++i) {
    predictions += "{\"item\":\"i" + std::to_string(i) +
                   "\",\"scores_ppm\":" + (i < tasks ? "[600000,400000]}\n" : "[999000,1000]}\n");
  }
  take(site,
       site.services().intake.import(
           labeler_.principal, {.project = *labeling::ProjectId::parse(project_),
                                .key = "import",
                                .model = "a model",
                                .body = [&](const labeling::PieceSink& sink) -> Result<core::Done> {
                                  sink(predictions);
                                  return core::Done{};
                                }}));
}

void Script::label(Site& site) {
  auto project = *labeling::ProjectId::parse(project_);
  for (int i = 0; i <= tasks; ++i) {
    auto leases = site.services().queue.lease(labeler_.principal, project,
                                              {.count = 1, .include_held = true});
    if (!leases && is_end(leases.error().code)) throw Ended(leases.error().code);
    if (!leases) surprises_.push_back(leases.error().code);
    if (!leases || leases->empty()) return;
    const auto& lease = leases->front();
    take(site,
         site.services().answers.record(labeler_.principal, once(labeler_, lease.token.text()),
                                        lease.task, {lease.token.text(), {"bee"}}));
  }
}

void Script::prepare(Site& site) {
  said_.push_back({site.disk().op_count(), {}, site.published()});
  open(site);
  for (Member* member : {&provider_, &consumer_, &labeler_}) join(site, *member);
  publish(site);
  contract_ = agree(site, consumer_, "training", uses_max);
  labeling_contract_ = agree(site, labeler_, "labeling", 1);
}

void Script::run(Site& site) {
  said_.push_back({site.disk().op_count(), {}, site.published()});
  use(site, 0);
  use(site, 1);
  take(site,
       site.services().uses.use(labeler_.principal, *space::ContractId::parse(labeling_contract_),
                                "items", {"labeling", std::nullopt, 0, 4}));
  use_together(site, 2, 4);
  import(site);
  use(site, 1);  // delivered again
  label(site);
  use_together(site, 6, 3);
  for (int key = 9; key < use_keys; ++key) use(site, key);
}

}  // namespace tally::test
