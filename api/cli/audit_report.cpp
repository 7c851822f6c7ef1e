#include "api/cli/audit_report.h"

#include <algorithm>
#include <ostream>
#include <vector>

#include "api/cli/cli.h"
#include "core/json.h"

namespace tally::api {
namespace {

using core::Json;
using ledger::AuditReport;
using ledger::ConductFinding;

constexpr std::uint64_t contracts_shown_max = 50;  // of those that passed

std::int64_t in_ms(double seconds) { return static_cast<std::int64_t>(seconds * 1000); }

const char* verdict_of(std::uint64_t findings, std::uint64_t unchecked) {
  return findings > 0 ? "failed" : unchecked > 0 ? "partly_checked" : "passed";
}

const char* verdict_of(const AuditOutcome& outcome) {
  int code = outcome.exit_code();
  return code == exit_done ? "passed" : code == exit_partly ? "partly_checked" : "failed";
}

// --- for people -------------------------------------------------------------------------------------

void print_finding(const char* what,
                   const std::string& place,
                   const std::string& words,
                   const std::string& code,
                   const std::string& expected,
                   const std::string& found,
                   std::ostream& out) {
  out << what << " at " << place << ": " << words << " (" << code << ")\n";
  if (expected.empty() && found.empty()) return;
  if (!expected.empty()) out << "  expected    " << expected << "\n";
  out << "  found       " << found << "\n";
}

void print_findings(const AuditReport& report, std::ostream& out) {
  for (const ledger::Finding& finding : report.findings) {
    out << "WRONG at " << finding.place.text() << ": " << finding.words << " (" << finding.code
        << ")\n";
    if (finding.expected.empty() && finding.found.empty()) continue;
    out << "  expected    " << finding.expected << "\n  found       " << finding.found << "\n";
  }
  for (const ledger::Finding& doubt : report.doubts) {
    print_finding("NOT CHECKABLE", doubt.place.text(), doubt.words, doubt.code, doubt.expected,
                  doubt.found, out);
  }
}

// Those that are about this contract; of none, if it is empty.
void print_findings(const ConductAudit& conduct, const std::string& contract, std::ostream& out) {
  for (const ConductFinding& finding : conduct.findings()) {
    if (finding.contract != contract) continue;
    print_finding(finding.not_checkable ? "NOT CHECKABLE" : "WRONG", finding.place, finding.words,
                  finding.code, finding.expected, finding.found, out);
  }
}

void print_contract(const ConductAudit::Contract& contract, std::ostream& out) {
  const auto& report = contract.report;
  const auto& tally = report.tally;
  out << "    " << report.contract << "  " << verdict_of(contract.findings, contract.unchecked)
      << "  " << space::state_name(report.state) << ", " << report.entries << " entries, "
      << tally.uses - tally.voided;
  if (report.terms_known) out << " of " << report.limit;
  out << " uses";
  if (tally.voided > 0) out << ", " << tally.voided << " voided";
  if (tally.redelivered > 0) out << ", " << tally.redelivered << " repeated";
  if (tally.labels > 0) out << ", " << tally.labels << " labels";
  out << "\n";
}

struct Totals {
  std::uint64_t contracts = 0;
  std::uint64_t failed = 0;
  std::uint64_t partly = 0;
  std::uint64_t asserted = 0;
  std::uint64_t redelivered = 0;
  std::uint64_t voided = 0;
  std::uint64_t labels = 0;
  std::uint64_t hidden = 0;
};

// Contracts with what is wrong about them; of those that passed, the first.
Totals print_contracts(ConductAudit& conduct, bool quiet, std::ostream& out) {
  Totals totals;
  std::uint64_t passed = 0;
  conduct.list_contracts([&](const ConductAudit::Contract& contract) {
    totals.contracts += 1;
    totals.asserted += contract.report.tally.asserted;
    totals.redelivered += contract.report.tally.redelivered;
    totals.voided += contract.report.tally.voided;
    totals.labels += contract.report.tally.labels;
    totals.failed += contract.findings > 0 ? 1 : 0;
    totals.partly += contract.findings == 0 && contract.unchecked > 0 ? 1 : 0;
    bool is_right = contract.findings == 0 && contract.unchecked == 0;
    if (is_right && ++passed > contracts_shown_max) {
      totals.hidden += 1;
      return;
    }
    if (!quiet) print_contract(contract, out);
    if (!is_right) print_findings(conduct, contract.report.contract, out);
  });
  if (!quiet && totals.hidden > 0) {
    out << "    and " << totals.hidden << " more that passed; --json lists them\n";
  }
  return totals;
}

// Findings about contracts that no entry offered, and about none.
void print_other_findings(ConductAudit& conduct, std::ostream& out) {
  std::vector<std::string> told{""};
  conduct.list_contracts([&](const ConductAudit::Contract& contract) {
    if (contract.findings + contract.unchecked > 0) told.push_back(contract.report.contract);
  });
  print_findings(conduct, "", out);
  for (const ConductFinding& finding : conduct.findings()) {
    if (std::find(told.begin(), told.end(), finding.contract) != told.end()) continue;
    told.push_back(finding.contract);
    print_findings(conduct, finding.contract, out);
  }
  std::uint64_t all = conduct.findings_count() + conduct.unchecked_count();
  if (all > conduct.findings().size()) {
    out << "And " << all - conduct.findings().size() << " more.\n";
  }
}

// What nobody but the operator vouches for.
void print_asserted(const Totals& totals, std::ostream& out) {
  if (totals.asserted > 0) {
    out << "  asserted    " << totals.asserted
        << " uses rest on a bearer token alone: that the consumer asked for them is\n"
        << "              asserted by the operator\n";
  }
  if (totals.redelivered > 0) {
    out << "  asserted    " << totals.redelivered
        << " repeated deliveries rest on a bearer token alone, as uses do\n";
  }
  if (totals.voided > 0) {
    out << "  asserted    " << totals.voided
        << " voided uses: that a delivery broke off is asserted by the operator\n";
  }
  if (totals.labels > 0) {
    out << "  asserted    " << totals.labels
        << " labels: no entry records a lease, so that it was given, and when, is asserted\n"
        << "              by the operator\n";
  }
}

void print_conduct(const AuditOutcome& outcome, bool quiet, std::ostream& out) {
  ConductAudit& conduct = *outcome.conduct;
  if (!quiet) {
    out << "  replayed    " << conduct.entries() << " entries in " << in_ms(outcome.conduct_seconds)
        << " ms\n";
    if (conduct.tables_compared() > 0) {
      out << "  tables      " << conduct.tables_compared() << " of " << conduct.tables()
          << " compared with the replay\n";
    }
    out << "  contracts\n";
  }
  Totals totals = print_contracts(conduct, quiet, out);
  print_other_findings(conduct, out);
  if (quiet) return;
  out << "  in all      " << totals.contracts << " contracts, " << totals.failed
      << " with findings, " << totals.partly << " partly checked\n";
  print_asserted(totals, out);
}

void print_outside(const OutsideReport& outside, bool quiet, std::ostream& out) {
  for (const OutsideFinding& finding : outside.findings) {
    print_finding("WRONG", finding.place, finding.words, finding.code, finding.expected,
                  finding.found, out);
  }
  if (quiet || !outside.findings.empty()) return;
  if (outside.receipts > 0) {
    out << "  receipts    " << outside.receipts
        << " that were held are in this ledger, which extends their checkpoints\n";
  }
  if (!outside.has_policy) return;
  out << "  witnesses   the checkpoint that is shown has the policy's quorum:";
  for (const auto& cosignature : outside.cosignatures) out << " " << cosignature.key.name;
  out << (outside.cosignatures.empty() ? " none is asked for\n" : "\n");
}

const char* last_words(const AuditOutcome& outcome) {
  if (!outcome.outside.findings.empty())
    return "The ledger is not the one that others were shown.\n";
  if (!outcome.structure.passed()) return "The ledger is not what the log signed.\n";
  int code = outcome.exit_code();
  if (code == exit_refused) return "The ledger is whole, and what it records is not all right.\n";
  if (code == exit_partly) return "Nothing wrong was found, but not all could be checked.\n";
  return "All is right.\n";
}

// --- for programs -----------------------------------------------------------------------------------

Json head_json(const ledger::TreeHead& head) {
  return Json::object({{"root", core::to_hex(head.root)}, {"size", count_json(head.size)}});
}

Json findings_json(const AuditOutcome& outcome) {
  Json findings = Json::array({});
  auto add = [&](const ledger::Finding& finding, const char* verdict) {
    findings.append(Json::object({{"code", finding.code},
                                  {"expected", finding.expected},
                                  {"found", finding.found},
                                  {"layer", "structure"},
                                  {"place", finding.place.text()},
                                  {"verdict", verdict},
                                  {"words", finding.words}}));
  };
  for (const ledger::Finding& finding : outcome.structure.findings) add(finding, "wrong");
  for (const ledger::Finding& doubt : outcome.structure.doubts) add(doubt, "not_checkable");
  for (const OutsideFinding& finding : outcome.outside.findings) {
    findings.append(Json::object({{"code", finding.code},
                                  {"expected", finding.expected},
                                  {"found", finding.found},
                                  {"layer", finding.layer},
                                  {"place", finding.place},
                                  {"verdict", "wrong"},
                                  {"words", finding.words}}));
  }
  if (!outcome.conduct) return findings;
  for (const ConductFinding& finding : outcome.conduct->findings()) {
    Json json = Json::object({{"code", finding.code},
                              {"expected", finding.expected},
                              {"found", finding.found},
                              {"layer", "conduct"},
                              {"place", finding.place},
                              {"verdict", finding.not_checkable ? "not_checkable" : "wrong"},
                              {"words", finding.words}});
    if (!finding.contract.empty()) json.add("contract", finding.contract);
    findings.append(std::move(json));
  }
  return findings;
}

Json contract_json(const ConductAudit::Contract& contract) {
  const auto& report = contract.report;
  const auto& tally = report.tally;
  // The uses under their old name too, for programs that know it.
  Json asserted = Json::object({{"labels", tally.labels},
                                {"redelivered", tally.redelivered},
                                {"uses", tally.asserted},
                                {"voided", tally.voided}});
  Json json = Json::object({{"asserted", std::move(asserted)},
                            {"asserted_by_operator", tally.asserted},
                            {"contract", report.contract},
                            {"entries", report.entries},
                            {"findings", contract.findings},
                            {"labels", tally.labels},
                            {"not_checkable", contract.unchecked},
                            {"projects", tally.projects},
                            {"redelivered", tally.redelivered},
                            {"state", space::state_name(report.state)},
                            {"uses", tally.uses},
                            {"verdict", verdict_of(contract.findings, contract.unchecked)},
                            {"voided", tally.voided}});
  if (report.terms_known) json.add("limit", report.limit);
  return json;
}

constexpr std::string_view contracts_place = R"("contracts":[])";

Json to_json(const AuditOutcome& outcome) {
  const AuditReport& report = outcome.structure;
  Json json =
      Json::object({{"audit", verdict_of(outcome)},
                    {"origin", outcome.origin},
                    {"entries", report.entries},
                    {"entry_bytes", report.entry_bytes},
                    {"duration_ms", in_ms(outcome.structure_seconds + outcome.conduct_seconds)},
                    {"findings", findings_json(outcome)},
                    {"unsigned_entries", count_json(report.unsigned_entries)}});
  if (report.passed()) json.add("head", head_json(report.head));
  if (report.checkpoint) json.add("checkpoint", head_json(report.checkpoint->head));
  if (outcome.outside.receipts > 0) json.add("receipts", outcome.outside.receipts);
  if (outcome.outside.has_policy) {
    Json names = Json::array({});
    for (const auto& cosignature : outcome.outside.cosignatures) names.append(cosignature.key.name);
    json.add("cosigned_by", std::move(names));
  }
  if (!outcome.conduct) return json;
  const ConductAudit& conduct = *outcome.conduct;
  json.add(
      "conduct",
      Json::object({{"contracts", Json::array({})},
                    {"duration_ms", in_ms(outcome.conduct_seconds)},
                    {"entries", conduct.entries()},
                    {"findings", conduct.findings_count()},
                    {"not_checkable", conduct.unchecked_count()},
                    {"tables_compared", conduct.tables_compared()},
                    {"verdict", verdict_of(conduct.findings_count(), conduct.unchecked_count())}}));
  return json;
}

}  // namespace

int AuditOutcome::exit_code() const {
  if (!structure.passed() || !outside.findings.empty() ||
      (conduct && conduct->findings_count() > 0))
    return exit_refused;
  bool is_partly = !structure.doubts.empty() || (conduct && conduct->unchecked_count() > 0);
  return is_partly ? exit_partly : exit_done;
}

void print_audit(const AuditOutcome& outcome, bool quiet, std::ostream& out) {
  const AuditReport& report = outcome.structure;
  if (!quiet) {
    out << "Audit of " << outcome.ledger << " with the key of " << outcome.origin << "\n";
    out << "  entries     " << report.entries << " right, " << report.entry_bytes << " bytes, in "
        << in_ms(outcome.structure_seconds) << " ms\n";
    if (report.passed()) {
      out << "  tree        size " << report.head.size << ", root "
          << core::to_hex(report.head.root) << "\n";
    }
    if (report.checkpoint) {
      out << "  checkpoint  size " << report.checkpoint->head.size << ", signed by the key\n";
    }
    if (report.unsigned_entries > 0) {
      out << "  unsigned    " << report.unsigned_entries
          << " entries after the stored checkpoint; they agree with each other, but nobody has\n"
          << "              signed for them yet\n";
    }
  }
  print_findings(report, out);
  print_outside(outcome.outside, quiet, out);
  if (outcome.conduct) print_conduct(outcome, quiet, out);
  if (!quiet) out << last_words(outcome);
}

// Contracts are written one by one: there may be more than memory should hold.
void print_audit_json(const AuditOutcome& outcome, std::ostream& out) {
  std::string text = core::canonical(to_json(outcome));
  std::size_t place = outcome.conduct ? text.find(contracts_place) : std::string::npos;
  if (place == std::string::npos) {
    out << text << "\n";
    return;
  }
  std::size_t middle = place + contracts_place.size() - 1;
  out << std::string_view(text).substr(0, middle);
  bool is_first = true;
  outcome.conduct->list_contracts([&](const ConductAudit::Contract& contract) {
    if (!is_first) out << ",";
    is_first = false;
    out << core::canonical(contract_json(contract));
  });
  out << std::string_view(text).substr(middle) << "\n";
}

}  // namespace tally::api
