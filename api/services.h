// What the routes speak to: one object per noun of the floors below, built in this order.
#pragma once

#include <memory>
#include <string>

#include "core/seal.h"
#include "labeling/answers/answers.h"
#include "labeling/intake/intake.h"
#include "labeling/items/items.h"
#include "labeling/projects/projects.h"
#include "labeling/queue/queue.h"
#include "labeling/release/releases.h"
#include "ledger/publication.h"
#include "space/contracts/contracts.h"
#include "space/datasets/content.h"
#include "space/datasets/datasets.h"
#include "space/datasets/uploads.h"
#include "space/erasure/erasures.h"
#include "space/parties/actors.h"
#include "space/parties/authenticator.h"
#include "space/parties/keys.h"
#include "space/parties/parties.h"
#include "space/uses/uses.h"

namespace tally::api {

struct Services {
  ledger::Journal& journal;
  std::unique_ptr<ledger::Publication> publication;  // what /ledger serves
  space::Authenticator authenticator;
  space::Parties parties;
  space::Keys keys;
  space::Actors actors;
  space::ContentStore content;
  space::Datasets datasets;
  space::Uploads uploads;
  space::Contracts contracts;
  space::Uses uses;
  space::Erasures erasures;
  labeling::Projects projects;
  labeling::Intake intake;
  labeling::Items items;
  labeling::Queue queue;
  labeling::Answers answers;
  labeling::Releases releases;

  Services(ledger::Journal& journal_to_use,
           const core::Clock& clock,
           const core::Hash& master,
           const core::SigningKey& operator_key,
           const std::string& secret);

  // Takes back what ran out; called now and then.
  void reap();
};

}  // namespace tally::api
