#include "space/erasure/key_check.h"

#include "space/erasure/erasure.h"
#include "space/erasure/names.h"

namespace tally::space {
namespace {

using core::sql::Session;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement parties{db, "select party, name from party_registration"};
  core::sql::Statement actors{db, "select actor, name from actor_token"};
  core::sql::Statement contents{db, "select dataset, version, sealed from content_key"};
  core::sql::Statement erased{db, R"(
    select subject from erasure where subject not like 'document/%'
  )"};
};

}  // namespace

void find_missing_keys(Session& session,
                       core::ShredKeys& keys,
                       const ContentStore& content,
                       const std::function<void(const std::string&)>& take) {
  auto& sql = session.use<Statements>();
  auto judge = [&](const std::string& subject) {
    if (!keys.find(subject) && !keys.is_shredded(subject)) take(subject);
  };
  {
    auto row = sql.parties();
    while (row.next()) {
      if (is_sealed_name(row.view(1))) judge(party_subject(row.id<PartyId>(0)));
    }
  }
  {
    auto row = sql.actors();
    while (row.next()) {
      if (is_sealed_name(row.view(1))) judge(actor_subject(row.id<ActorId>(0)));
    }
  }
  auto row = sql.contents();
  while (row.next()) {
    auto dataset = row.id<DatasetId>(0);
    if (!content.opens_without_subject(dataset, row.natural(1), row.view(2)))
      judge(content_subject(dataset, row.natural(1)));
  }
}

void find_returned_keys(Session& session,
                        core::ShredKeys& keys,
                        const std::function<void(const std::string&)>& take) {
  auto row = session.use<Statements>().erased();
  while (row.next()) {
    std::string subject = row.text(0);
    if (keys.find(subject)) take(subject);
  }
}

}  // namespace tally::space
