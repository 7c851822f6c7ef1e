#include "space/documents.h"

#include "ledger/envelope.h"
#include "space/contracts/entries.h"

namespace tally::space {
namespace {

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement find{db, "select bytes from document where digest = ?1"};
};

}  // namespace

std::optional<std::string> FiledDocuments::find(const core::Hash& digest) {
  auto row = session_.use<Statements>().find(digest);
  if (!row.next() || row.view(0).empty()) return std::nullopt;  // empty: erased
  return row.text(0);
}

bool files_document(std::string_view kind) {
  return kind == ContractOffered::kind || kind == ContractTerminated::kind;
}

std::optional<core::Hash> filed_document(std::string_view kind, const core::Json& body) {
  if (!files_document(kind)) return std::nullopt;
  const core::Json* document = body.find("document");
  if (document == nullptr || !document->is_string()) return std::nullopt;
  return core::Hash::from_hex(document->as_string());
}

std::optional<core::Hash> document_of(std::string_view entry) {
  auto envelope = ledger::read_envelope(entry);
  if (!envelope || !files_document(envelope->kind)) return std::nullopt;
  auto body = core::parse_json(envelope->body);
  return body ? filed_document(envelope->kind, *body) : std::nullopt;
}

}  // namespace tally::space
