#include "space/documents.h"

#include "core/hash.h"
#include "ledger/envelope.h"
#include "ledger/ledger.h"
#include "space/continuation/confirmation.h"
#include "space/contracts/entries.h"
#include "space/erasure/erasure.h"

namespace tally::space {
namespace {

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement find{db, "select bytes from document where digest = ?1"};
};

struct WriteStatements {
  core::sql::Connection& db;
  core::sql::Statement keep{db, R"(
    insert into document (digest, format, bytes) values (?1, ?2, ?3) on conflict (digest) do nothing
  )"};
  core::sql::Statement forget{db, "update document set bytes = '' where digest = ?1"};
};

}  // namespace

std::optional<std::string> FiledDocuments::find(const core::Hash& digest) {
  auto row = session_.use<Statements>().find(digest);
  if (!row.next() || row.view(0).empty()) return std::nullopt;  // empty: erased
  return row.text(0);
}

void keep_document(core::sql::Tx& tx, const std::string& bytes) {
  auto json = core::parse_json(bytes);
  const core::Json* format = json && json->is_object() ? json->find("format") : nullptr;
  bool is_named = format != nullptr && format->is_string();
  tx.use<WriteStatements>()
      .keep(core::sha256(bytes), is_named ? format->as_string() : std::string(), bytes)
      .run();
}

std::optional<core::Hash> erased_document(std::string_view entry) {
  auto envelope = ledger::read_envelope(entry);
  if (!envelope || envelope->kind != ContractDocumentErased::kind) return std::nullopt;
  auto body = core::parse_json(envelope->body);
  auto event = body ? core::decode<ContractDocumentErased>(*body)
                    : core::Result<ContractDocumentErased>(body.error());
  return event ? std::optional(event->document) : std::nullopt;
}

void forget_document(core::sql::Tx& tx, const core::Hash& digest) {
  tx.use<WriteStatements>().forget(digest).run();
}

void keep_place_of_document(core::sql::Tx& tx, const core::Hash& digest) {
  tx.use<WriteStatements>().keep(digest, "", "").run();
}

bool files_document(std::string_view kind) {
  return kind == ContractOffered::kind || kind == ContractTerminated::kind ||
         kind == ContractConfirmed::kind;
}

std::optional<core::Hash> filed_document(std::string_view kind, const core::Json& body) {
  if (!files_document(kind)) return std::nullopt;
  const core::Json* document = body.find("document");
  if (document == nullptr || !document->is_string()) return std::nullopt;
  return core::Hash::from_hex(document->as_string());
}

std::optional<core::Hash> document_of(std::string_view entry) {
  auto envelope = ledger::read_envelope(entry);
  while (envelope && envelope->kind == ledger::entry_carried_kind) {
    constexpr std::string_view begin = "{\"entry\":", salt = ",\"salt\":\"";
    constexpr std::size_t salt_bytes = salt.size() + 32 + 2;
    std::string_view body = envelope->body;
    if (!body.starts_with(begin) || body.size() < begin.size() + salt_bytes) return std::nullopt;
    envelope =
        ledger::read_envelope(body.substr(begin.size(), body.size() - begin.size() - salt_bytes));
  }
  if (!envelope || !files_document(envelope->kind)) return std::nullopt;
  auto body = core::parse_json(envelope->body);
  return body ? filed_document(envelope->kind, *body) : std::nullopt;
}

}  // namespace tally::space
