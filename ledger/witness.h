// A witness (C2SP tlog-witness): cosigns a log's checkpoints as long as each extends the one before,
// so that who finds its cosignature knows that everybody is shown the same log.
//
// It never cosigns two roots of one size, nor a size below one it has cosigned: what it holds of a log
// is durable before anybody learns of it, and each log is judged by one request at a time.
//
// In this order:
//   the body cannot be read                                                     400
//   the origin is none of its logs                                              404
//   the log did not sign, or a signature that bears its key's name is another's 403
//   old size above the checkpoint's                                             400
//   old size not the one that the witness holds (0 if none): told in the body   409
//   size 0 without the empty root; old size 0 with a proof;
//     a proof that is wrong; one size with another root                         422
//   kept, then answered with a line of cosignature                              200
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/guarded.h"
#include "core/time.h"
#include "ledger/add_checkpoint.h"
#include "ledger/policy.h"

namespace tally::ledger {

// A request that a log of the witness has signed.
struct Submission {
  AddCheckpoint request;
  Note note;  // with those signature lines alone that verified
  Checkpoint checkpoint;
};

// Pure. The kinds of refusal: malformed (400), not_found (404), forbidden (403).
core::Result<Submission> read_submission(std::string_view body, const Policy& logs);

struct WitnessVerdict {
  int status = 200;
  std::string words;  // why not
};

// Pure. `held` is the newest head that was cosigned; the empty tree if none was.
WitnessVerdict judge_submission(const Submission& submission, const TreeHead& held);

struct WitnessAnswer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

// Where a witness keeps the newest note of each log: signed by the log and by the witness.
class WitnessStore {
 public:
  virtual ~WitnessStore() = default;
  virtual std::optional<std::string> load(const std::string& origin) = 0;
  // Durable when it returns. When it throws, nobody knows what is kept.
  virtual void save(const std::string& origin, const std::string& note) = 0;
};

// For any number of threads.
class Witness {
 public:
  // A wall clock that is behind the last cosignature by no more than this is waited for by using its
  // time again; beyond, the answer is 503.
  static constexpr std::uint64_t clock_slack_s = 60;

  // Told of two roots of one size, both signed by the log: the proof that it lies. Not told twice in a
  // row of the same.
  using Evidence = std::function<void(const std::string& held_note, const std::string& other_note)>;

  // `key` is of type 04. The store and the clock must outlive the witness. Throws Broken when the
  // store holds a note that is not by this witness.
  Witness(NoteSigner key,
          Policy logs,
          WitnessStore& store,
          const core::Clock& clock,
          Evidence evidence = {});

  WitnessAnswer add_checkpoint(std::string_view body);
  // The newest note that it cosigned of the log with this SHA-256 of the origin, in hex.
  std::optional<std::string> newest(std::string_view origin_hash) const;

  const VerifierKey& key() const { return key_.verifier(); }

 private:
  struct Held {
    TreeHead head{0, empty_root()};
    std::uint64_t time = 0;
    std::string note;          // empty: none was cosigned
    bool is_unknown = false;   // a save failed
    std::optional<Hash> told;  // the other root that evidence was given of last
  };

  void resume(const std::string& origin, Held& held);
  WitnessAnswer judge(const Submission& submission, Held& held);
  WitnessAnswer cosign_as(const Submission& submission, Held& held);

  NoteSigner key_;
  Policy logs_;
  WitnessStore& store_;
  const core::Clock& clock_;
  Evidence evidence_;
  std::map<std::string, core::Guarded<Held>, std::less<>>
      by_origin_;  // as many as the policy names, for good
};

}  // namespace tally::ledger
