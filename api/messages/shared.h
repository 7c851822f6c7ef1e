// What many answers have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/mapping.h"

namespace tally::api {

// Beside the members of an answer that changed something (api/change.h).
struct ReceiptBody {
  std::string proof;  // a .tlog-proof file
  std::uint64_t seq = 0;

  static constexpr auto fields =
      core::FieldList{core::field("proof", &ReceiptBody::proof, core::length(1, 64 * 1024)),
                      core::field("seq", &ReceiptBody::seq)};
};

// A member that is wrong.
struct ProblemError {
  std::string code;
  std::string detail;
  std::string pointer;

  static constexpr auto fields = core::FieldList{core::field("code", &ProblemError::code),
                                                 core::field("detail", &ProblemError::detail),
                                                 core::field("pointer", &ProblemError::pointer)};
};

// RFC 9457.
struct ProblemBody {
  std::string code;
  std::string detail;
  std::optional<std::vector<ProblemError>> errors;
  std::string instance;  // urn:tallystick:request:<X-Request-Id>
  std::int64_t status = 0;
  std::string title;
  std::string type;  // urn:tallystick:problem:<code>

  static constexpr auto fields = core::FieldList{
      core::field("code", &ProblemBody::code),     core::field("detail", &ProblemBody::detail),
      core::field("errors", &ProblemBody::errors), core::field("instance", &ProblemBody::instance),
      core::field("status", &ProblemBody::status), core::field("title", &ProblemBody::title),
      core::field("type", &ProblemBody::type)};
};

struct HealthBody {
  std::string status;

  static constexpr auto fields = core::FieldList{core::field("status", &HealthBody::status)};
};

}  // namespace tally::api
