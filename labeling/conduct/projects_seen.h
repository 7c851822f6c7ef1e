// Projects as the entries so far leave them. A bounded cache over the scratch tables.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "labeling/projects/project.h"
#include "ledger/conduct.h"

namespace tally::labeling {

struct ProjectFacts {
  ProjectId id;
  PartyId party;
  ContractId contract;
  std::int64_t policy_version = 0;
  std::int64_t lease_seconds = 0;
  Instant opened_at;
  ProjectCounts counts;  // open and leased stay 0
  std::int64_t chunks = 0;
  std::int64_t tasks = 0;  // that were answered, once or more
};

class ProjectsSeen {
 public:
  // Null when no entry opened such a project.
  ProjectFacts* find(ledger::Replay& replay, const ProjectId& id);
  // Precondition: find() gave null.
  void add(ledger::Replay& replay, const ProjectOpened& opened, std::uint64_t seq, Instant at);
  void flush(ledger::Replay& replay);

 private:
  ProjectFacts& keep(ledger::Replay& replay, ProjectFacts facts);

  std::unordered_map<std::string, ProjectFacts> cache_;
};

}  // namespace tally::labeling
