// Publication under a witness policy: nobody is shown a checkpoint before its quorum has cosigned it,
// so nobody can be shown one that others are not.
#pragma once

#include <string>

#include "core/guarded.h"
#include "core/sql/session.h"
#include "core/sql/writer.h"
#include "ledger/ledger.h"
#include "ledger/publication.h"

namespace tally::ledger {

class WitnessedPublication final : public Publication {
 public:
  // What was published before. Throws Broken when it is not by this log or the tiles do not give its
  // root: the ledger is not the one that was published.
  WitnessedPublication(core::sql::Session& session, const Ledger& ledger);

  // Size 0 and an empty note until there was a quorum.
  Published newest() const override;
  bool is_witnessed() const override { return true; }

  // Stores, then shows. One that is smaller than the newest is left out. Refusals: the writer's.
  core::Result<core::Done> publish(core::sql::Writer& writer, Published published);

 private:
  core::Guarded<Published> newest_;
};

// Notes that there is a policy, or none any more: who reads the database beside the server publishes
// as the server does (read_published).
core::Result<core::Done> note_policy(core::sql::Writer& writer, bool has_policy);

// The receipt of an entry in the published tree, with its cosignatures. Preconditions: the note is
// not empty, and receipt.seq < published.size. Throws Broken when the tiles no longer give that root.
std::string published_receipt(core::sql::Session& session,
                              const Receipt& receipt,
                              const Published& published);

}  // namespace tally::ledger
