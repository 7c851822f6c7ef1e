#include "core/sql/readers.h"

namespace tally::core::sql {

Readers::Lease::Lease(Readers& readers) : readers_(readers) {
  reader_ = readers_.free_.with([](auto& free) -> std::unique_ptr<Reader> {
    if (free.empty()) return nullptr;
    auto reader = std::move(free.back());
    free.pop_back();
    return reader;
  });
  if (!reader_) reader_ = std::make_unique<Reader>(readers_.open_());
  reader_->begin().run();
}

Readers::Lease::~Lease() {
  // A connection whose transaction cannot end is not given to the next reader.
  if (!reader_->connection.driver().in_transaction()) return;
  reader_->rollback().run();
  readers_.free_.with([this](auto& free) { free.push_back(std::move(reader_)); });
}

}  // namespace tally::core::sql
