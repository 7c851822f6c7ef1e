#include "api/problem.h"

#include "api/messages/shared.h"
#include "core/bytes.h"

namespace tally::api {
namespace {

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 416:
      return "Range Not Satisfiable";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return status < 500 ? "Refused" : "Internal Server Error";
  }
}

// A message may quote what a stranger sent; a problem document is always valid JSON.
std::string shown(const std::string& text) {
  return core::is_valid_utf8(text) ? text : "(not UTF-8)";
}

std::vector<ProblemError> shown(const std::vector<core::Detail>& details) {
  std::vector<ProblemError> errors;
  errors.reserve(details.size());
  for (const core::Detail& detail : details)
    errors.push_back({shown(detail.code), shown(detail.detail), shown(detail.pointer)});
  return errors;
}

}  // namespace

int http_status(core::Refusal kind) {
  switch (kind) {
    case core::Refusal::malformed:
      return 400;
    case core::Refusal::invalid:
      return 422;
    case core::Refusal::unauthenticated:
      return 401;
    case core::Refusal::forbidden:
      return 403;
    case core::Refusal::not_found:
      return 404;
    case core::Refusal::conflict:
      return 409;
    case core::Refusal::gone:
      return 410;
    case core::Refusal::too_large:
      return 413;
    case core::Refusal::exhausted:
      return 429;
    case core::Refusal::unavailable:
      return 503;
  }
  return 500;
}

Reply problem(int status, const core::Error& error, std::string_view request_id) {
  ProblemBody body{.code = error.code,
                   .detail = shown(error.message),
                   .errors = std::nullopt,
                   .instance = "urn:tallystick:request:" + std::string(request_id),
                   .status = status,
                   .title = std::string(title_of(status)),
                   .type = "urn:tallystick:problem:" + error.code};
  if (!error.details.empty()) body.errors = shown(error.details);
  Reply reply = json_reply(status, core::canonical(body));
  reply.content_type = "application/problem+json";
  if (status == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (status == 429 || status == 503) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

Reply problem(const core::Error& error, std::string_view request_id) {
  return problem(http_status(error.kind), error, request_id);
}

Reply internal_problem(std::string_view request_id) {
  core::Error error{core::Refusal::unavailable, "internal",
                    "the server failed; the operator finds the cause under the request's id"};
  return problem(500, error, request_id);
}

}  // namespace tally::api
