#include "api/cli/cosigned.h"

#include <cstdint>
#include <ostream>
#include <string>
#include <utility>

#include "core/time.h"

namespace tally::api {
namespace {

std::string time_of(const ledger::VerifiedSignature& cosignature) {
  constexpr std::uint64_t year_9999_s = 253'370'764'800;
  std::uint64_t time_s = cosignature.time.value_or(0);
  if (time_s > year_9999_s) return std::to_string(time_s);
  return core::format_time({static_cast<std::int64_t>(time_s * 1000)});
}

}  // namespace

void print_cosigned(const std::vector<ledger::VerifiedSignature>& cosignatures, std::ostream& out) {
  for (const auto& cosignature : cosignatures)
    out << "  cosigned    " << cosignature.key.name << ", " << time_of(cosignature) << "\n";
}

core::Json cosigned_json(const std::vector<ledger::VerifiedSignature>& cosignatures) {
  core::Json::Array list;
  for (const auto& cosignature : cosignatures) {
    list.push_back(
        core::Json::object({{"name", cosignature.key.name}, {"time", time_of(cosignature)}}));
  }
  return core::Json(std::move(list));
}

}  // namespace tally::api
