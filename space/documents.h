// The documents that this floor files: contracts and terminations, as they were signed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/sql/session.h"
#include "ledger/documents.h"

namespace tally::space {

// In a database. The session must outlive it.
class FiledDocuments : public ledger::Documents {
 public:
  explicit FiledDocuments(core::sql::Session& session) : session_(session) {}
  std::optional<std::string> find(const core::Hash& digest) override;

 private:
  core::sql::Session& session_;
};

// Files a document as it was signed, under its digest; one that is there stays.
void keep_document(core::sql::Tx& tx, const std::string& bytes);

// The document that a whole entry says was erased, if it says so; and its bytes taken away.
std::optional<core::Hash> erased_document(std::string_view entry);
void forget_document(core::sql::Tx& tx, const core::Hash& digest);

// A place for a document that is not there, so that what names it can be stored.
void keep_place_of_document(core::sql::Tx& tx, const core::Hash& digest);

// The document that an entry files, if it files one. Its bytes are all that an audit needs beside
// the entries.
bool files_document(std::string_view kind);
std::optional<core::Hash> filed_document(std::string_view kind, const core::Json& body);
// The same of a whole entry, which is parsed only where it files one; also where it carries it.
std::optional<core::Hash> document_of(std::string_view entry);

}  // namespace tally::space
