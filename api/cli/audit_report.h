// What an audit found, as text for people and as one JSON object.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>

#include "api/cli/audit_outside.h"
#include "api/conduct.h"
#include "ledger/auditor.h"

namespace tally::api {

// Both audits of a ledger, and what others hold of it. Conduct is looked at only where the entries themselves are right.
struct AuditOutcome {
  std::string ledger;  // as it was named
  std::string origin;
  ledger::AuditReport structure;
  double structure_seconds = 0;
  std::unique_ptr<ConductAudit> conduct;  // null: not asked for, or not looked at
  double conduct_seconds = 0;
  OutsideReport outside;  // of what others hold; empty where the structure is not right

  // exit_done, exit_refused (findings), exit_partly (something could not be told).
  int exit_code() const;
};

void print_audit(const AuditOutcome& outcome, bool quiet, std::ostream& out);
void print_audit_json(const AuditOutcome& outcome, std::ostream& out);

}  // namespace tally::api
