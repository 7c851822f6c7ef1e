#include "api/app.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>

#include <spdlog/spdlog.h>

#include "api/http_server.h"
#include "api/metrics.h"
#include "api/replicator.h"
#include "api/rotation.h"
#include "api/routes/all.h"
#include "api/services.h"
#include "api/store.h"
#include "api/witness_collector.h"
#include "api/witness_start.h"
#include "ledger/store.h"
#include "ledger/tile.h"
#include "ledger/witnessed.h"

namespace tally::api {
namespace {

// The disk failed under a commit: nobody knows what is on it. Waiters have their 503 by now; a moment
// for the workers to send it, then start-up reads the truth.
[[noreturn]] void stop_process(const std::string& reason) {
  spdlog::critical("a commit failed and its outcome is unknown; stopping: {}", reason);
  spdlog::default_logger()->flush();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  std::_Exit(70);
}

core::Result<Principal> authenticate(space::Authenticator& authenticator,
                                     const Request& request,
                                     const std::string& scope) {
  auto token = request.bearer_token();
  if (!token) return token.error();
  auto principal = authenticator.authenticate(*token);
  if (!principal) return principal.error();
  if (!scope.empty() && !principal->has(scope)) {
    return core::Error{core::Refusal::forbidden, "scope.missing",
                       "this token does not carry the scope " + scope};
  }
  return principal;
}

// Runs `work` at its own pace until destroyed.
class Ticker {
 public:
  Ticker(std::chrono::seconds pace, std::function<void()> work)
      : thread_([pace, work = std::move(work)](const std::stop_token& stop) {
          std::mutex mutex;
          std::condition_variable_any wait;
          std::unique_lock lock(mutex);
          while (!wait.wait_for(lock, stop, pace, [&stop] { return stop.stop_requested(); }))
            work();
        }) {}

 private:
  std::jthread thread_;
};

HttpServer::Options http_options(const Config& config) {
  HttpServer::Options options;
  options.host = config.host;
  options.port = static_cast<int>(config.port);
  options.workers = static_cast<std::size_t>(config.workers);
  options.connections_max = static_cast<std::size_t>(config.connections_max);
  options.tls_certificate_file = config.tls_certificate;
  options.tls_key_file = config.tls_key;
  return options;
}

}  // namespace

// Nothing without a policy.
std::optional<ledger::Policy> policy_of(const DataDir& dir,
                                        const ServerKeys& keys,
                                        const Config& config) {
  if (config.witness_policy.empty()) return std::nullopt;
  auto policy = read_server_policy((dir.path() / config.witness_policy).string(), keys.log_keys());
  if (!policy) throw StartRefused(policy.error());
  return *std::move(policy);
}

// Nothing without a replica.
std::unique_ptr<Replicator> replicator_of(const DataDir& dir, const Config& config) {
  if (config.replica_directory.empty()) return nullptr;
  return std::make_unique<Replicator>(
      dir.database(), Replicator::Options{.directory = dir.path() / config.replica_directory,
                                          .wait_ms = config.replica_wait_ms,
                                          .goes_on = config.replica_when_away == "go_on"});
}

// Before anything is appended, or shown to anybody: the keys are those of this ledger, and it is as new as its
// witnesses and its replica know it.
Store::BeforeWriting comparison(const std::optional<ledger::Policy>& policy,
                                Replicator* replicator,
                                const ServerKeys& keys,
                                const Config& config) {
  return
      [&policy, replicator, &keys, &config](core::sql::Session& session, ledger::Ledger& ledger) {
        if (ledger.signed_head().head.size == 0) return;
        check_keys(session, ledger, keys, config.retire_missing_keys);
        const ledger::LogKeys known = ledger.signers()->known();
        if (replicator != nullptr) {
          if (auto started = replicator->start(ledger.signed_head(), known); !started)
            throw StartRefused(started.error());
          ledger.follow_with(*replicator);
        }
        if (!policy) return;
        ledger::TileSubtrees tiles([&session](unsigned level, std::uint64_t index) {
          return ledger::read_tile(session, level, index).value_or("");
        });
        auto needed = parse_witnesses_at_start(config.require_witness_at_start);
        auto checked = check_witnesses(*policy, known, ledger.signed_head(), tiles,
                                       needed.value_or(WitnessesAtStart::quorum),
                                       config.witness_timeout_ms, config.witness_start_wait_s);
        if (!checked) throw StartRefused(checked.error());
      };
}

// In the order in which they are built; destroyed in the other.
struct App::Parts {
  std::optional<ledger::Policy> policy;
  std::unique_ptr<Replicator> replicator;
  Store store;
  Services services;
  Metrics metrics;
  Router router;
  HttpServer server;
  Ticker reaper;
  std::optional<WitnessCollector> collector;

  Parts(const DataDir& dir, const ServerKeys& keys, const Config& config)
      : policy(policy_of(dir, keys, config)),
        replicator(replicator_of(dir, config)),
        store(dir, keys, stop_process, {}, comparison(policy, replicator.get(), keys, config)),
        services(store.journal(),
                 core::system_clock(),
                 keys.master,
                 keys.operator_key,
                 std::string(keys.secret.view())),
        router([this](const Request& request, const std::string& scope) {
          return authenticate(services.authenticator, request, scope);
        }),
        server(router, http_options(config)),
        reaper(std::chrono::seconds(config.lease_reaper_seconds), [this] { services.reap(); }) {
    if (store.ledger().signed_head().head.size == 0) {
      throw core::Broken("the ledger is empty; make the data directory with `tallystick init`");
    }
    if (replicator) metrics.add([this] { return replicator->metrics(); });
    services.uploads.discard_leftovers();
    publish_by_policy(config);
    check_shred_keys(config);
    exchange_log_key(store, dir, keys);
    services.uses.sign_grants_with(exchange_operator_key(store, dir, keys));
    services.erasures.finish();
    add_all_routes(router, services, metrics);
    router.observe([this](const Request&, std::string_view, int status, std::int64_t duration_us) {
      metrics.count_reply(status, duration_us);
    });
  }

  void check_shred_keys(const Config& config) {
    if (auto returned = services.erasures.shred_returned(); returned > 0) {
      spdlog::warn(
          "keys/subjects.db was an older copy: {} keys of what is erased were shredded again",
          returned);
    }
    auto missing = services.erasures.missing_keys(config.shred_missing_keys);
    if (missing.count == 0) return;
    std::string words = std::to_string(missing.count) +
                        " keys are missing in keys/subjects.db, that of " + missing.first +
                        " first";
    if (!config.shred_missing_keys) {
      throw StartRefused(core::Error{
          core::Refusal::conflict, "keys.missing",
          words +
              ". Put its newest copy back (docs/durability.md); if there is none, start once with "
              "--shred-missing-keys, and what they seal counts as erased"});
    }
    spdlog::warn("{}; what they seal is given up", words);
  }

  // Must stand before the routes, which serve what is published.
  void publish_by_policy(const Config& config) {
    auto noted = ledger::note_policy(store.writer(), policy.has_value());
    if (!noted) throw core::Broken(noted.error().message);
    if (!policy) return;
    auto witnessed = store.journal().readers.read([this](core::sql::Session& session) {
      return std::make_unique<ledger::WitnessedPublication>(session, store.ledger());
    });
    collector.emplace(*policy, store.journal(), *witnessed,
                      WitnessCollector::Options{.interval_ms = config.witness_interval_ms,
                                                .timeout_ms = config.witness_timeout_ms});
    metrics.add([this] { return collector->metrics(); });
    services.publication = std::move(witnessed);
  }
};

App::App(const DataDir& dir, const ServerKeys& keys, const Config& config)
    : parts_(std::make_unique<Parts>(dir, keys, config)) {}
App::~App() = default;
int App::bind() { return parts_->server.bind(); }
void App::serve() { parts_->server.serve(); }
void App::stop() noexcept { parts_->server.stop(); }

}  // namespace tally::api
