// The ids of the space. Pseudonyms: they stand in the ledger, names do not.
#pragma once

#include "core/id.h"

namespace tally::space {

struct PartyTag {
  static constexpr std::string_view prefix = "pty";
};
struct ActorTag {
  static constexpr std::string_view prefix = "act";
};
struct DatasetTag {
  static constexpr std::string_view prefix = "dst";
};
struct ContractTag {
  static constexpr std::string_view prefix = "ctr";
};
struct UseTag {
  static constexpr std::string_view prefix = "use";
};

using PartyId = core::Id<PartyTag>;
using ActorId = core::Id<ActorTag>;
using DatasetId = core::Id<DatasetTag>;
using ContractId = core::Id<ContractTag>;
using UseId = core::Id<UseTag>;

}  // namespace tally::space
