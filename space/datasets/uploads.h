// Uploads: content comes in, is sealed chunk by chunk, and is published when it is what was announced.
//
// The chunks go to their table while the body is still coming, at most 256 or 1 MiB a command and in
// the bulk lane, so that memory is constant and nobody waits for an upload. Until the version is
// published they are nobody's to read. An upload that fails removes what it stored; one that a crash
// ended is removed by the next upload of that version, or by discard_leftovers. One upload of a
// version at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string_view>
#include <utility>

#include "core/guarded.h"
#include "core/result.h"
#include "ledger/journal.h"
#include "space/datasets/content.h"
#include "space/datasets/dataset.h"
#include "space/once.h"
#include "space/parties/principal.h"

namespace tally::space {

// Takes a piece of content; false: no more is wanted.
using ContentSink = std::function<bool(std::string_view piece)>;
// Gives all content to the sink, piece by piece, or refuses.
using ContentSource = std::function<core::Result<core::Done>(const ContentSink& sink)>;

class Uploads {
 public:
  Uploads(ledger::Journal& journal, ContentStore& store) : journal_(journal), store_(store) {}

  // The content of a version of the caller's own dataset. The answer is {"version":{..}}; the receipt
  // is of the entry that publishes it. The same content again gets the same answer. Refusals, in this
  // order: scope.missing, dataset.version_not_found, dataset.no_content (conflict: metadata only),
  // dataset.upload_under_way (conflict), those of the source, of Chunker and of compare_content.
  core::Result<Change> upload(const Principal& by,
                              const DatasetId& dataset,
                              std::uint64_t version,
                              const ContentSource& source);

  // At start, before anyone uploads: removes what uploads left behind when a crash ended them.
  void discard_leftovers();

 private:
  using Place = std::pair<DatasetId, std::uint64_t>;
  class Turn;
  class Receiver;

  core::Result<DatasetVersion> find_own(const Principal& by, const Place& place);
  core::Result<Change> receive(const Principal& by,
                               const DatasetVersion& version,
                               const ContentSource& source);
  core::Result<Change> publish(const Principal& by,
                               const DatasetVersion& version,
                               const ReceivedContent& received);
  core::Result<Change> compare_again(const DatasetVersion& version, const ContentSource& source);
  Change answer(core::sql::Session& session, const Place& place, ledger::ReceiptPtr receipt);
  core::Result<core::Done> discard(const Place& place);
  core::Result<bool> remove_some(const Place& place);

  ledger::Journal& journal_;
  ContentStore& store_;
  core::Guarded<std::set<Place>> under_way_;
};

}  // namespace tally::space
