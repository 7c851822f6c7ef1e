#include "ledger/witness.h"

#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "core/hash.h"

namespace tally::ledger {
namespace {

using core::Broken;
using core::Error;
using core::Refusal;
using core::Result;

int status_of(const Error& error) {
  if (error.kind == Refusal::not_found) return 404;
  return error.kind == Refusal::forbidden ? 403 : 400;
}

WitnessAnswer answer_with(int status, const std::string& words) {
  return {.status = status, .body = words + "\n"};
}

}  // namespace

Result<Submission> read_submission(std::string_view body, const Policy& logs) {
  auto request = parse_add_checkpoint(body);
  if (!request) return request.error();
  auto note = parse_note(request->note);
  if (!note) return note.error();
  auto checkpoint = parse_checkpoint(note->text);
  if (!checkpoint) return checkpoint.error();
  auto keys = logs.log_keys(checkpoint->origin);
  if (keys.empty())
    return Error{Refusal::not_found, "witness.unknown_log", "This witness does not know the log."};
  auto signatures = verify_note(*note, keys);
  if (!signatures)
    return Error{Refusal::forbidden, signatures.error().code, signatures.error().message};
  note->signatures.clear();
  for (VerifiedSignature& signature : *signatures)
    note->signatures.push_back(std::move(signature.line));
  return Submission{*std::move(request), *std::move(note), *std::move(checkpoint)};
}

WitnessVerdict judge_submission(const Submission& submission, const TreeHead& held) {
  const TreeHead& head = submission.checkpoint.head;
  const AddCheckpoint& request = submission.request;
  if (request.old_size > head.size) return {400, "The old size is above the checkpoint's."};
  if (request.old_size != held.size) return {409, "The old size is not the one held."};
  if (head.size == 0 && head.root != empty_root())
    return {422, "The root of size 0 is not that of the empty tree."};
  if (request.old_size == 0 && !request.proof.empty())
    return {422, "Nothing is proved from the empty tree, so the proof must be empty."};
  if (head.size == held.size && head.root != held.root)
    return {422, "A checkpoint of this size with another root was cosigned before."};
  if (!verifies(ConsistencyProof{held.size, head.size, request.proof}, held.root, head.root))
    return {422, "The proof does not lead from the checkpoint held to this one."};
  return {};
}

Witness::Witness(
    NoteSigner key, Policy logs, WitnessStore& store, const core::Clock& clock, Evidence evidence)
    : key_(std::move(key)),
      logs_(std::move(logs)),
      store_(store),
      clock_(clock),
      evidence_(std::move(evidence)) {
  TALLY_ASSERT(key_.verifier().type == SignatureType::cosignature);
  for (const PolicyLog& log : logs_.logs) {
    auto [entry, is_new] = by_origin_.try_emplace(log.key.name);
    if (!is_new) continue;
    const std::string& origin = entry->first;
    entry->second.with([&](Held& held) { resume(origin, held); });
  }
}

void Witness::resume(const std::string& origin, Held& held) {
  auto stored = store_.load(origin);
  if (!stored) return;
  auto note = parse_note(*stored);
  auto checkpoint = note ? parse_checkpoint(note->text) : note.error();
  auto signatures = note ? verify_note(*note, {&key(), 1}) : note.error();
  if (!checkpoint || !signatures || checkpoint->origin != origin) {
    throw Broken("what the witness holds of " + origin +
                 " is not a checkpoint that it cosigned; it must not guess");
  }
  held.head = checkpoint->head;
  held.time = signatures->front().time.value_or(0);
  held.note = *std::move(stored);
}

WitnessAnswer Witness::add_checkpoint(std::string_view body) {
  auto submission = read_submission(body, logs_);
  if (!submission) return answer_with(status_of(submission.error()), submission.error().message);
  auto& log = by_origin_.find(submission->checkpoint.origin)->second;
  return log.with([&](Held& held) { return judge(*submission, held); });
}

WitnessAnswer Witness::judge(const Submission& submission, Held& held) {
  if (held.is_unknown) throw Broken("the witness's store failed; what it holds is not known");
  WitnessVerdict verdict = judge_submission(submission, held.head);
  if (verdict.status == 409) {
    return {.status = 409,
            .type = std::string(tlog_size_type),
            .body = format_tlog_size(held.head.size)};
  }
  if (verdict.status != 200) {
    const TreeHead& head = submission.checkpoint.head;
    bool is_fork = !held.note.empty() && head.size == held.head.size && head.root != held.head.root;
    if (is_fork && evidence_ && head.root != held.told) {
      held.told = head.root;
      evidence_(held.note, format_note(submission.note));
    }
    return answer_with(verdict.status, verdict.words);
  }
  return cosign_as(submission, held);
}

WitnessAnswer Witness::cosign_as(const Submission& submission, Held& held) {
  auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(clock_.now().unix_ms, 0)) / 1000;
  if (now + clock_slack_s < held.time)
    return answer_with(503, "The clock of this witness went back; it does not cosign.");
  std::uint64_t time = std::max(now, held.time);
  SignatureLine line = cosign(submission.note.text, key_, time);
  Note note = submission.note;
  note.signatures.push_back(line);
  std::string bytes = format_note(note);
  // The same within the same second is kept already: whoever repeats it costs no write.
  if (bytes != held.note) {
    held.is_unknown = true;
    store_.save(submission.checkpoint.origin, bytes);
    held.is_unknown = false;
    held.head = submission.checkpoint.head;
    held.time = time;
    held.note = std::move(bytes);
  }
  return {.status = 200, .body = format_signature_line(line)};
}

std::optional<std::string> Witness::newest(std::string_view origin_hash) const {
  for (const auto& [origin, log] : by_origin_) {
    if (core::to_hex(core::sha256(origin)) != origin_hash) continue;
    std::string note = log.with([](const Held& held) { return held.note; });
    if (note.empty()) return std::nullopt;
    return note;
  }
  return std::nullopt;
}

}  // namespace tally::ledger
