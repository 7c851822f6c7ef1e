#include "api/metrics.h"

#include <algorithm>

#include <fmt/format.h>

namespace tally::api {
namespace {

void describe(std::string& out, const char* name, const char* type, const char* help) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

}  // namespace

void Metrics::count_reply(int status, std::int64_t duration_us) {
  auto status_class = static_cast<std::size_t>(std::clamp(status / 100, 0, 5));
  by_class_[status_class].fetch_add(1, std::memory_order_relaxed);
  auto bucket = std::ranges::lower_bound(bounds_us, duration_us) - bounds_us.begin();
  by_duration_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  duration_sum_us_.fetch_add(duration_us, std::memory_order_relaxed);
}

std::string Metrics::text(ledger::Journal& journal) const {
  std::string out;
  describe(out, "tallystick_http_requests_total", "counter",
           "Requests answered, by class of status.");
  for (std::size_t i = 1; i < by_class_.size(); ++i) {
    out += fmt::format("tallystick_http_requests_total{{class=\"{}xx\"}} {}\n", i,
                       by_class_[i].load());
  }
  describe(out, "tallystick_http_request_duration_seconds", "histogram",
           "Time from request to reply.");
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < bounds_us.size(); ++i) {
    total += by_duration_[i].load();
    out += fmt::format("tallystick_http_request_duration_seconds_bucket{{le=\"{}\"}} {}\n",
                       static_cast<double>(bounds_us[i]) / 1e6, total);
  }
  total += by_duration_.back().load();
  out += fmt::format("tallystick_http_request_duration_seconds_bucket{{le=\"+Inf\"}} {}\n", total);
  out += fmt::format("tallystick_http_request_duration_seconds_sum {}\n",
                     static_cast<double>(duration_sum_us_.load()) / 1e6);
  out += fmt::format("tallystick_http_request_duration_seconds_count {}\n", total);

  auto counters = journal.writer.counters();
  describe(out, "tallystick_writer_batches_total", "counter", "Batches committed, one fsync each.");
  out += fmt::format("tallystick_writer_batches_total {}\n", counters.batches);
  describe(out, "tallystick_writer_commands_total", "counter", "Commands committed or refused.");
  out += fmt::format("tallystick_writer_commands_total {}\n", counters.commands);
  describe(out, "tallystick_writer_waiting", "gauge", "Commands that wait for the writer.");
  out += fmt::format("tallystick_writer_waiting {}\n", counters.waiting);
  describe(out, "tallystick_ledger_entries", "gauge",
           "Entries in the ledger under a signed checkpoint.");
  out += fmt::format("tallystick_ledger_entries {}\n", journal.ledger.signed_head().head.size);
  for (const auto& part : parts_) out += part();
  return out;
}

}  // namespace tally::api
