// What is filed beside a ledger, and stands in its entries as a digest alone.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "core/bytes.h"

namespace tally::ledger {

inline constexpr std::size_t document_bytes_max = std::size_t{1} << 20;

// The documents of a ledger, by the SHA-256 of their bytes.
class Documents {
 public:
  virtual ~Documents() = default;
  // As they are stored: whether they have that digest is the caller's to find out. Nothing: there is
  // none. Throws core::Broken when it cannot tell.
  virtual std::optional<std::string> find(const core::Hash& digest) = 0;
};

// "documents/<64 hex>": where a document lies below the ledger's prefix, or in an exported directory.
inline std::string document_path(const core::Hash& digest) {
  return "documents/" + core::to_hex(digest);
}

// Documents as files, fetched by their path as tiles are (ledger/source_tiles.h).
class FetchedDocuments : public Documents {
 public:
  using Fetch =
      std::function<std::optional<std::string>(const std::string& path, std::size_t bytes_max)>;

  explicit FetchedDocuments(Fetch fetch) : fetch_(std::move(fetch)) {}
  std::optional<std::string> find(const core::Hash& digest) override {
    return fetch_(document_path(digest), document_bytes_max);
  }

 private:
  Fetch fetch_;
};

}  // namespace tally::ledger
