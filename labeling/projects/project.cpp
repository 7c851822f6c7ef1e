#include "labeling/projects/project.h"

namespace tally::labeling {

core::Result<core::Done> validate(const OpenProject& command) {
  auto classes = check_classes(command.classes, "/classes");
  if (!classes) return classes;
  return validate(command.policy, "/policy");
}

core::Result<ProjectOpened> decide_opening(const OpenProject& command, const OpeningFacts& facts) {
  if (facts.uses == 0) {
    return core::Error{core::Refusal::conflict, "project.items_not_obtained",
                       "make a use under the contract first: it hands out the items to label"};
  }
  ProjectOpened opened;
  opened.accept_from_ppm = command.policy.accept_from_ppm;
  opened.agree = command.policy.agree;
  opened.class_count = static_cast<std::int64_t>(command.classes.size());
  opened.classes = facts.classes;
  opened.contract = command.contract;
  opened.dataset = facts.dataset;
  opened.hold_below_ppm = command.policy.hold_below_ppm;
  opened.lease_seconds = command.policy.lease_seconds;
  opened.party = facts.party;
  opened.policy_version = 1;
  opened.priority = command.policy.priority;
  opened.project = facts.project;
  opened.provider = facts.provider;
  opened.salt = facts.salt;
  opened.seats = command.policy.seats;
  opened.version = facts.version;
  return opened;
}

}  // namespace tally::labeling
