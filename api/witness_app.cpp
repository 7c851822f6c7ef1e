#include "api/witness_app.h"

#include <cstdlib>
#include <utility>

#include <spdlog/spdlog.h>

#include "api/http_server.h"
#include "api/router.h"
#include "core/time.h"

namespace tally::api {
namespace {

using core::Error;
using core::Refusal;
using core::Result;

// A failed sync leaves nobody knowing what is on the disk: no second try from memory.
[[noreturn]] void stop_process(const std::string& reason) {
  spdlog::critical("what was cosigned could not be kept; stopping: {}", reason);
  spdlog::default_logger()->flush();
  std::_Exit(70);
}

void tell_evidence(const std::string& held, const std::string& other) {
  spdlog::critical("a log signed two roots of one size; keep this:\n{}\n{}", held, other);
}

Reply reply_of(ledger::WitnessAnswer answer) {
  Reply reply;
  reply.status = answer.status;
  reply.content_type = std::move(answer.type);
  reply.body = std::move(answer.body);
  return reply;
}

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

struct WitnessApp::Parts {
  FileWitnessStore store;
  ledger::Witness witness;
  Router router;
  HttpServer server;

  Parts(const WitnessDir& dir,
        ledger::NoteSigner key,
        ledger::Policy logs,
        const Config& config,
        const std::string& prefix)
      : store(dir, stop_process),
        witness(std::move(key), std::move(logs), store, core::system_clock(), tell_evidence),
        router([](const Request&, const std::string&) -> Result<Principal> {
          return Error{Refusal::forbidden, "scope.missing", "a witness has no callers by name"};
        }),
        server(router, http_options(config)) {
    router.add("POST", prefix + "/add-checkpoint",
               {.body = BodyKind::json, .body_bytes_max = ledger::add_checkpoint_bytes_max},
               [this](const Request& request) -> Result<Reply> {
                 return reply_of(witness.add_checkpoint(request.body_text));
               });
    router.add("GET", prefix + "/{origin_hash}/checkpoint", {},
               [this](const Request& request) { return newest(request); });
    router.add("GET", "/healthz", {}, [](const Request&) -> Result<Reply> {
      return json_reply(200, "{\"status\":\"ok\"}");
    });
  }

  Result<Reply> newest(const Request& request) const {
    auto note = witness.newest(request.param("origin_hash"));
    if (!note) {
      return Error{Refusal::not_found, "witness.nothing_held",
                   "this witness holds no checkpoint of such a log"};
    }
    Reply reply;
    reply.content_type = "text/plain; charset=utf-8";
    reply.headers = {{"Cache-Control", "no-cache"}};
    reply.body = *std::move(note);
    return reply;
  }
};

WitnessApp::WitnessApp(const WitnessDir& dir,
                       ledger::NoteSigner key,
                       ledger::Policy logs,
                       const Config& config,
                       const std::string& prefix)
    : parts_(std::make_unique<Parts>(dir, std::move(key), std::move(logs), config, prefix)) {}
WitnessApp::~WitnessApp() = default;
int WitnessApp::bind() { return parts_->server.bind(); }
void WitnessApp::serve() { parts_->server.serve(); }
void WitnessApp::stop() noexcept { parts_->server.stop(); }

}  // namespace tally::api
