#include "api/routes/receipts.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "core/bytes.h"
#include "core/json.h"
#include "labeling/projects/project_tables.h"
#include "ledger/envelope.h"
#include "ledger/store.h"
#include "ledger/witnessed.h"
#include "space/contracts/contract_tables.h"
#include "space/datasets/dataset_tables.h"

namespace tally::api {
namespace {

using core::Error;
using core::Json;
using core::Refusal;
using core::Result;
using core::sql::Session;
using space::Scope;

constexpr std::string_view cose_media_type = "application/cose";

Error entry_not_found() {
  return {Refusal::not_found, "entry.not_found", "there is no such entry"};
}

std::string_view trimmed(std::string_view text) {
  std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// One of the media ranges of Accept is this very type, and its weight is not zero.
bool accepts_cose(std::string_view accept) {
  while (!accept.empty()) {
    std::size_t end = std::min(accept.find(','), accept.size());
    std::string_view range = accept.substr(0, end);
    accept.remove_prefix(std::min(end + 1, accept.size()));
    std::string_view type = trimmed(range.substr(0, range.find(';')));
    if (!equal_ignoring_case(type, cose_media_type)) continue;
    std::size_t weight = range.find("q=");
    return weight == std::string_view::npos ||
           trimmed(range.substr(weight + 2)).find_first_not_of("0.") != std::string_view::npos;
  }
  return false;
}

Result<bool> wants_cose(const Request& request) {
  if (auto format = request.query_text("format")) {
    if (*format == "cose") return true;
    if (*format == "tlog-proof") return false;
    return Error{Refusal::invalid, "request.invalid_parameter",
                 "format is cose or tlog-proof, which is what stands for none"};
  }
  auto accept = request.header("Accept");
  return accept && accepts_cose(*accept);
}

// Which entries concern a party: by the noun of their kind.
struct Rule {
  std::string_view noun;
  Scope scope;
  bool (*concerns)(Session&, const Principal&, const Json& body);
};

template <class Id>
std::optional<Id> id_in(const Json& body, std::string_view name) {
  const Json* member = body.find(name);
  return member && member->is_string() ? Id::parse(member->as_string()) : std::nullopt;
}

bool names_party(Session&, const Principal& caller, const Json& body) {
  return id_in<space::PartyId>(body, "party") == caller.party;
}

bool names_own_dataset(Session& session, const Principal& caller, const Json& body) {
  auto id = id_in<space::DatasetId>(body, "dataset");
  auto dataset = id ? space::find_dataset(session, *id) : std::nullopt;
  return dataset && dataset->provider == caller.party;
}

bool names_own_contract(Session& session, const Principal& caller, const Json& body) {
  auto id = id_in<space::ContractId>(body, "contract");
  return id && space::find_visible(session, *id, caller.party);
}

bool names_own_project(Session& session, const Principal& caller, const Json& body) {
  auto id = id_in<labeling::ProjectId>(body, "project");
  return id && labeling::visible_project(session, *id, caller);
}

constexpr std::array rules{
    Rule{"party", Scope::parties_read, names_party},
    Rule{"actor", Scope::parties_read, names_party},
    Rule{"dataset", Scope::datasets_read, names_own_dataset},
    Rule{"contract", Scope::contracts_read, names_own_contract},
    Rule{"use", Scope::contracts_read, names_own_contract},
    Rule{"project", Scope::projects_read, names_own_project},
    Rule{"predictions", Scope::projects_read, names_own_project},
    Rule{"items", Scope::projects_read, names_own_project},
    Rule{"label", Scope::projects_read, names_own_project},
};

bool may_see(Session& session, const Principal& caller, const std::string& entry) {
  auto envelope = ledger::read_envelope(entry);
  if (!envelope) throw core::Broken("an entry of the ledger has no envelope");
  if (caller.has(Scope::ledger_read) || envelope->by == caller.actor.text()) return true;
  std::string_view noun = envelope->kind.substr(0, envelope->kind.find('.'));
  for (const Rule& rule : rules) {
    if (rule.noun != noun) continue;
    auto body = core::parse_json(envelope->body);
    return body && body->is_object() && caller.has(rule.scope) &&
           rule.concerns(session, caller, *body);
  }
  return false;
}

Result<bool> wants_cosigned(const Request& request, bool is_cose) {
  auto cosigned = request.query_text("cosigned");
  if (!cosigned || *cosigned == "false") return false;
  if (*cosigned == "true" && !is_cose) return true;
  return Error{Refusal::invalid, "request.invalid_parameter",
               "cosigned is true or false, and true for a tlog-proof only"};
}

Result<std::string> cosigned_file(Services& services, const ledger::Receipt& receipt) {
  if (!services.publication->is_witnessed())
    return Error{Refusal::conflict, "receipt.no_witnesses", "this ledger has no witnesses"};
  auto published = services.publication->newest();
  if (published.note.empty() || published.size <= receipt.seq) {
    return Error{
        Refusal::unavailable, "receipt.not_cosigned_yet",
        "the witnesses have not cosigned a checkpoint that holds this entry yet; try again "
        "shortly"};
  }
  return services.journal.readers.read(
      [&](Session& session) { return ledger::published_receipt(session, receipt, published); });
}

Result<Reply> show_receipt(Services& services, const Request& request) {
  ledger::Journal& journal = services.journal;
  auto seq = core::parse_decimal(request.param("seq"));
  if (!seq) return entry_not_found();
  auto receipt = journal.readers.read([&](Session& session) -> Result<ledger::Receipt> {
    auto entry = ledger::read_entry(session, *seq);
    if (!entry || !may_see(session, request.principal, *entry)) return entry_not_found();
    return journal.ledger.receipt_of(session, *seq);
  });
  if (!receipt) return receipt.error();
  return receipt_reply(request, services, *receipt, "entry-" + std::to_string(*seq));
}

}  // namespace

RouteOptions receipt_options(std::string_view scope) {
  return {.scope = std::string(scope), .query = {"format", "cosigned"}};
}

Result<Reply> receipt_reply(const Request& request,
                            Services& services,
                            const ledger::Receipt& receipt,
                            std::string_view file_name) {
  auto is_cose = wants_cose(request);
  if (!is_cose) return is_cose.error();
  auto is_cosigned = wants_cosigned(request, *is_cose);
  if (!is_cosigned) return is_cosigned.error();
  auto file = *is_cosigned
                  ? cosigned_file(services, receipt)
                  : Result(*is_cose ? services.journal.ledger.cose_file(receipt) : receipt.file());
  if (!file) return file.error();
  Reply reply;
  reply.content_type = *is_cose ? std::string(cose_media_type) + "; cose-type=\"cose-sign1\""
                                : "text/plain; charset=utf-8";
  reply.headers.emplace_back("Vary", "Accept");
  reply.headers.emplace_back("Content-Disposition",
                             "attachment; filename=\"" + std::string(file_name) +
                                 (*is_cose ? ".cose" : ".tlog-proof") + "\"");
  reply.body = *std::move(file);
  return reply;
}

void add_receipt_routes(Router& router, Services& services) {
  router.add("GET", "/v1/ledger/entries/{seq}/receipt",
             {.needs_token = true, .query = {"format", "cosigned"}},
             [&](const Request& request) { return show_receipt(services, request); });
}

}  // namespace tally::api
