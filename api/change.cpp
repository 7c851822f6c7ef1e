#include "api/change.h"

#include "core/canonical.h"

namespace tally::api {

std::string receipt_member(const std::string& proof, std::uint64_t seq) {
  std::string member = "\"receipt\":{\"proof\":";
  member.reserve(proof.size() + 128);
  core::append_canonical_text(member, proof);
  member += ",\"seq\":";
  member += std::to_string(seq);
  member += '}';
  return member;
}

Reply reply_change(int status, const space::Change& change) {
  std::string body = change.body;
  TALLY_ASSERT(body.size() > 2 && body.back() == '}');
  body.back() = ',';
  body += receipt_member(change.receipt->file(), change.receipt->seq);
  body += '}';
  return json_reply(change.repeated ? 200 : status, std::move(body));
}

core::Result<space::Once> once_for(const Request& request) {
  auto key = request.idempotency_key();
  if (!key) return key.error();
  std::string canonical_body;
  if (!request.body_text.empty()) {
    auto json = core::parse_json(request.body_text);
    if (!json) return json.error();
    canonical_body = core::canonical(*json);
  }
  return space::Once{request.principal.party.text(),
                     std::string(request.method) + " " + std::string(request.path),
                     std::string(*key), std::move(canonical_body)};
}

}  // namespace tally::api
