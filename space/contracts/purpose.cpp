#include "space/contracts/purpose.h"

#include <algorithm>
#include <array>

namespace tally::space {
namespace {

constexpr std::array<std::string_view, 24> codes{
    "analysis",
    "analysis.aggregate_statistics",
    "analysis.quality_assessment",
    "audit",
    "evaluation",
    "evaluation.benchmark",
    "evaluation.safety",
    "labeling",
    "labeling.annotation",
    "labeling.review",
    "operation",
    "operation.decision_support",
    "operation.inference",
    "research",
    "research.clinical",
    "research.method",
    "research.pharmaceutical",
    "research.public_health",
    "training",
    "training.distillation",
    "training.fine_tuning",
    "training.pretraining",
    "training.reinforcement",
    "training.retrieval",
};

}  // namespace

std::span<const std::string_view> purpose_codes() { return codes; }

bool is_purpose(std::string_view code) { return std::ranges::binary_search(codes, code); }

bool purpose_covers(std::string_view permitted, std::string_view asked) {
  if (!is_purpose(permitted) || !is_purpose(asked)) return false;
  if (!asked.starts_with(permitted)) return false;
  return asked.size() == permitted.size() || asked[permitted.size()] == '.';
}

}  // namespace tally::space
