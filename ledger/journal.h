// What a service needs to read and change the governed state: the writer, the readers, the ledger, and
// the keys by which parts of it can be erased.
//
// Every change has one shape, and it happens in one function given to `writer.run`:
//   decide   a pure function of values: an event, or a refusal
//   append   `ledger.append`: the record
//   apply    the event folded into the tables
#pragma once

#include "core/random.h"
#include "core/shred_keys.h"
#include "core/sql/readers.h"
#include "core/sql/writer.h"
#include "ledger/ledger.h"

namespace tally::ledger {

struct Journal {
  core::sql::Writer& writer;
  core::sql::Readers& readers;
  Ledger& ledger;
  core::Random& random;
  core::ShredKeys& shred_keys;
};

}  // namespace tally::ledger
