#include "api/routes/evidence.h"

#include <atomic>
#include <memory>
#include <utility>

#include "api/change.h"
#include "space/evidence/attestation.h"
#include "space/evidence/evidence.h"

namespace tally::api {
namespace {

using core::Error;
using core::Refusal;
using core::Result;
using space::ContractId;
using space::EvidenceWriter;

// Each reads the ledger from the contract's offer on: no more than this at a time.
constexpr int evidence_at_once_max = 2;

// A place among those that read.
class Slot {
 public:
  static std::shared_ptr<Slot> take(std::atomic<int>& taken) {
    if (taken.fetch_add(1) < evidence_at_once_max) return std::make_shared<Slot>(taken);
    taken.fetch_sub(1);
    return nullptr;
  }
  explicit Slot(std::atomic<int>& taken) : taken_(taken) {}
  ~Slot() { taken_.fetch_sub(1); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

 private:
  std::atomic<int>& taken_;
};

Result<Reply> attest(Services& services, const Request& request) {
  auto id = request.id<ContractId>("id");
  if (!id) return id.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  space::Once once{request.principal.party.text(), "POST /v1/contracts/{id}/attestations",
                   std::string(*key), id->text()};
  auto change = space::attest(services.journal, request.principal, once, *id);
  if (!change) return change.error();
  return reply_change(201, *change);
}

// The published checkpoint, which may bear witnesses' cosignatures; the newest signed one while the
// attestation is younger than that.
Result<EvidenceWriter> open_evidence(Services& services,
                                     const Request& request,
                                     const ContractId& id) {
  return services.journal.readers.read([&](core::sql::Session& session) {
    auto writer =
        EvidenceWriter::open(session, request.principal, id, services.publication->newest().note);
    if (writer || writer.error().kind != Refusal::conflict) return writer;
    return EvidenceWriter::open(session, request.principal, id,
                                *services.journal.ledger.signed_head().note);
  });
}

Result<Reply> evidence(Services& services, std::atomic<int>& taken, const Request& request) {
  auto id = request.id<ContractId>("id");
  if (!id) return id.error();
  auto slot = Slot::take(taken);
  if (!slot) {
    return Error{Refusal::unavailable, "evidence.busy",
                 "others are reading their evidence; ask again shortly"};
  }
  auto writer = open_evidence(services, request, *id);
  if (!writer) return writer.error();
  Reply reply;
  reply.content_type = "application/x-ndjson";
  auto shared = std::make_shared<EvidenceWriter>(*std::move(writer));
  reply.chunks = [&services, shared, slot](std::string& lines) {
    return services.journal.readers.read(
        [&](core::sql::Session& session) { return shared->next(session, lines); });
  };
  return reply;
}

}  // namespace

void add_evidence_routes(Router& router, Services& services) {
  router.add("POST", "/v1/contracts/{id}/attestations",
             {.needs_token = true, .needs_idempotency_key = true},
             [&](const Request& request) { return attest(services, request); });
  auto taken = std::make_shared<std::atomic<int>>(0);
  router.add(
      "GET", "/v1/contracts/{id}/evidence", {.scope = "contracts:read"},
      [&services, taken](const Request& request) { return evidence(services, *taken, request); });
}

}  // namespace tally::api
