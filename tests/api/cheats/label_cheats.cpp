#include "api/cheats/cheater.h"
#include "core/hash.h"
#include "ledger/merkle_tree.h"

namespace tally::test {

std::vector<Cheat> label_cheats() {
  return {
      // --- labels
      {"a label under a lease that had ended", conduct, "label.outside_lease",
       [](Cheater& cheater) {
         auto label = cheater.entries[cheater.last("label.recorded/1")];
         label.at = cheater.entries.back().at;
         label.body = with(label.body, "lease", "lse_01M81000000000000000000999");
         label.body = with(label.body, "answer", "ans_01M81000000000000000000999");
         label.body = with(label.body, "task", "tsk_01M81000000000000000000999");
         cheater.entries.push_back(label);
         cheater.publish();
       }},
      {"a task is ended by one answer for its last seat", conduct, "label.seats_missing",
       [](Cheater& cheater) {
         auto& body = cheater.add_label();
         body = with(body, "seat", 32);
         cheater.publish();
       }},
      {"a single answer is left in doubt", conduct, "label.wrong_outcome",
       [](Cheater& cheater) {
         auto& body = cheater.add_label();
         body = with(body, "outcome", "in_doubt");
         cheater.publish();
       }},
      {"a label for more items than people were asked about", conduct, "label.more_than_asked",
       [](Cheater& cheater) {
         cheater.add_label();
         cheater.add_label();
         cheater.publish();
       }},
      {"a second label under one lease", conduct, "label.lease_answered_twice",
       [](Cheater& cheater) {
         auto label = cheater.entries[cheater.last("label.recorded/1")];
         std::int64_t at = cheater.entries.back().at;
         label.at = at;
         label.body = with(label.body, "leased_at", at - 1000);
         label.body = with(label.body, "leased_until", at + 1000);
         label.body = with(label.body, "answer", "ans_01M81000000000000000000999");
         label.body = with(label.body, "task", "tsk_01M81000000000000000000999");
         cheater.entries.push_back(label);
         cheater.publish();
       }},
      {"a label that was released is changed", conduct, "task.differs",
       [](Cheater& cheater) {
         cheater.run("update task set labels = '[\"bee\"]' where state = 'decided'");
       }},
      {"an answer is changed, and the label with it", conduct, "opening.differs",
       [](Cheater& cheater) {
         cheater.run(
             "update task set labels = '[\"bee\"]' where state = 'decided';"
             "update answer_value set labels = '[\"bee\"]'");
       }},
      {"an answer is taken away without an entry", conduct, "opening.missing",
       [](Cheater& cheater) { cheater.run("delete from answer_value"); }},
      {"the model's word on an item is changed", conduct, "opening.differs",
       [](Cheater& cheater) {
         cheater.run("update item set predicted = 1 where predicted = 0 and route = 'accept'");
       }},
      {"the line of an item is written anew, with its hash", conduct, "opening.differs",
       [](Cheater& cheater) {
         const std::string text = "{\"item\":\"c\"}";
         cheater.run("update item set text = '" + text + "', leaf_hash = x'" +
                     core::to_hex(ledger::hash_leaf(text)) + "' where item = 'c'");
       }},
      {"an accepted item gets a task that no entry knows", conduct, "opening.unexpected",
       [](Cheater& cheater) {
         cheater.run("update item set task = 'tsk_01M81000000000000000000999' where task is null");
       }},
      {"the classes of a project change their places", conduct, "opening.differs",
       [](Cheater& cheater) {
         cheater.run("update project_text set classes = '[\"bee\",\"ant\"]'");
       }},
      {"the description of a dataset is changed", conduct, "opening.differs",
       [](Cheater& cheater) { cheater.run("update dataset_manifest set document = '{}'"); }},
      {"a label for an item that nobody was asked about", conduct, "label.unknown_task",
       [](Cheater& cheater) {
         Json label = cheater.add_label();
         cheater.publish();
         cheater.open_label(label);
       }},
      {"a chunk of predictions that does not add up", conduct, "chunk.wrong_counts",
       [](Cheater& cheater) {
         auto chunk = cheater.entries[cheater.last("predictions.imported/1")];
         chunk.at = cheater.entries.back().at;
         chunk.body = with(chunk.body, "chunk", 2);
         chunk.body = with(chunk.body, "accepted", 9);
         cheater.entries.push_back(chunk);
         cheater.publish();
       }},
  };
}

}  // namespace tally::test
