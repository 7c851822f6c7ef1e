#include "space/conduct/floor.h"

namespace tally::space {

using enum ledger::ColumnKind;

void add_projection_tables(ledger::Replayers& replayers) {
  replayers.add_projection({"party",
                            R"(
    select id, key_id, public_key, state, roles, document, registered_at from party order by id
  )",
                            {{"id", text},
                             {"key_id", text},
                             {"public_key", bytes},
                             {"state", text},
                             {"roles", text},
                             {"document", bytes},
                             {"registered_at", time}}});
  replayers.add_projection(
      {"added_key",
       R"(
    select key_id, party, public_key, seq, at from added_key order by key_id
  )",
       {{"key_id", text}, {"party", text}, {"public_key", bytes}, {"seq", integer}, {"at", time}}});
  replayers.add_projection({"retired_key",
                            "select key_id, party, seq, at from retired_key order by key_id",
                            {{"key_id", text}, {"party", text}, {"seq", integer}, {"at", time}}});
  for (std::string_view name : {"log_key_added", "log_key_retired"}) {
    bool is_added = name == "log_key_added";
    replayers.add_projection(
        {name,
         is_added ? core::sql::Sql("select key, seq, at from log_key_added order by key")
                  : core::sql::Sql("select key, seq, at from log_key_retired order by key"),
         {{"key", text}, {"seq", integer}, {"at", time}}});
  }
  replayers.add_projection({"actor",
                            R"(
    select id, party, scopes, expires_at, state, added_at from actor order by id
  )",
                            {{"id", text},
                             {"party", text},
                             {"scopes", text},
                             {"expires_at", integer},
                             {"state", text},
                             {"added_at", time}}});
  replayers.add_projection({"dataset",
                            R"(
    select id, provider, manifest, versions, published_version, registered_at
      from dataset order by id
  )",
                            {{"id", text},
                             {"provider", text},
                             {"manifest", bytes},
                             {"versions", integer},
                             {"published_version", integer},
                             {"registered_at", time}}});
  replayers.add_projection({"dataset_version",
                            R"(
    select dataset, version, state, content, digest, bytes, records, manifest, parent_version,
           project, registered_at, published_at, published_seq
      from dataset_version order by dataset, version
  )",
                            {{"dataset", text},
                             {"version", integer},
                             {"state", text},
                             {"content", text},
                             {"digest", bytes},
                             {"bytes", integer},
                             {"records", integer},
                             {"manifest", bytes},
                             {"parent_version", integer},
                             {"project", text},
                             {"registered_at", time},
                             {"published_at", time},
                             {"published_seq", integer}},
                            2});
  replayers.add_projection({"erasure",
                            "select subject, seq, at from erasure order by subject",
                            {{"subject", text}, {"seq", integer}, {"at", time}}});
  replayers.add_projection({"contract",
                            R"(
    select id, document, provider, consumer, dataset, version, state, seq, prev, uses, offered_at,
           active_at, ended_at
      from contract order by id
  )",
                            {{"id", text},
                             {"document", bytes},
                             {"provider", text},
                             {"consumer", text},
                             {"dataset", text},
                             {"version", integer},
                             {"state", text},
                             {"seq", integer},
                             {"prev", bytes},
                             {"uses", integer},
                             {"offered_at", time},
                             {"active_at", time},
                             {"ended_at", time}}});
  replayers.add_projection(
      {"meter",
       "select contract, rule, allowed, used from meter order by contract, rule",
       {{"contract", text}, {"rule", integer}, {"allowed", integer}, {"used", integer}},
       2});
  replayers.add_projection(
      {"contract_hold",
       R"(
    select contract, provider_confirmed, consumer_confirmed from contract_hold order by contract
  )",
       {{"contract", text}, {"provider_confirmed", integer}, {"consumer_confirmed", integer}}});
  replayers.add_projection({"use_record",
                            R"(
    select id, contract, key, request, rule, state, count_before, redeliveries, entry, at
      from use_record order by id
  )",
                            {{"id", text},
                             {"contract", text},
                             {"key", bytes},
                             {"request", bytes},
                             {"rule", integer},
                             {"state", text},
                             {"count_before", integer},
                             {"redeliveries", integer},
                             {"entry", integer},
                             {"at", time}}});
}

}  // namespace tally::space
