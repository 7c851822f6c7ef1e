#include "labeling/intake/prediction.h"

#include <cstdlib>
#include <numeric>
#include <utility>

#include "core/json.h"
#include "labeling/answers/labels.h"

namespace tally::labeling {
namespace {

using core::Error;
using core::Refusal;

std::string place(std::uint64_t line, std::string_view pointer) {
  return "/" + std::to_string(line) + std::string(pointer);
}

std::string at_line(std::uint64_t line, std::string_view words) {
  return "line " + std::to_string(line) + ": " + std::string(words);
}

Error renamed(Error error, std::uint64_t line, std::string code) {
  error.kind = Refusal::invalid;
  error.code = std::move(code);
  error.message = at_line(line, error.message);
  if (error.details.empty()) error.details.push_back({"", "malformed", error.message});
  for (auto& detail : error.details) detail.pointer = place(line, detail.pointer);
  return error;
}

}  // namespace

Error wrong_prediction(std::uint64_t line,
                       std::string_view member,
                       std::string code,
                       std::string words) {
  bool is_whole_line = member.empty();
  std::string message = at_line(line, is_whole_line ? words : std::string(member) + " " + words);
  std::string pointer = is_whole_line ? "" : "/" + std::string(member);
  return {Refusal::invalid,
          "prediction.invalid",
          std::move(message),
          {{place(line, pointer), std::move(code), std::move(words)}}};
}

core::Result<Prediction> read_prediction(std::string_view text,
                                         std::uint64_t line,
                                         const Policy& policy,
                                         std::size_t class_count) {
  auto json = core::parse_json(text);
  if (!json) return renamed(json.error(), line, "prediction.malformed");
  auto read = core::decode<Prediction>(*json);
  if (!read) return renamed(read.error(), line, "prediction.invalid");
  if (!is_printable(read->item))
    return wrong_prediction(line, "item", "not_allowed", "holds a control character");
  if (read->scores_ppm.size() != class_count) {
    return wrong_prediction(
        line, "scores_ppm", "not_allowed",
        "must hold one score for each of the " + std::to_string(class_count) + " classes");
  }
  auto sum = std::accumulate(read->scores_ppm.begin(), read->scores_ppm.end(), std::int64_t{0});
  if (std::abs(sum - ppm_one) > score_sum_slack_ppm) {
    return wrong_prediction(line, "scores_ppm", "out_of_range",
                            "must sum to 1000000 within 10, but sums to " + std::to_string(sum));
  }
  auto panel = read->panel(policy);
  if (panel.agree > panel.seats)
    return wrong_prediction(line, "agree", "out_of_range", "is more than the seats");
  return read;
}

}  // namespace tally::labeling
