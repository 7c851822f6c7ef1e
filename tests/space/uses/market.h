// A provider with a dataset, a consumer, and what it takes to agree and to use.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "core/hash.h"
#include "core/json.h"
#include "space/contracts/contracts.h"
#include "space/datasets/fixture.h"
#include "space/uses/uses.h"

namespace tally::test {

// A provider with a dataset of ten records, a consumer, and contracts between them.
struct Market : Catalogue {
  Member consumer = space.join("Lab", {space::Role::consumer});
  Member stranger = space.join("Other", {space::Role::consumer});
  space::DatasetId dataset;
  core::Hash digest;
  space::Contracts contracts{space.journal()};
  space::Uses uses{space.journal(), contracts, space.content(), space.operator_key, "a secret"};

  explicit Market(std::vector<core::EmbeddedFile> migrations = space::schema_files())
      : Catalogue(std::move(migrations)) {
    std::string content;
    for (int i = 0; i < 10; ++i) content += "{\"n\":" + std::to_string(i) + "}\n";
    dataset = add_dataset();
    auto wanted = version_of(content);
    add_version(dataset, wanted);
    REQUIRE(upload(dataset, 1, content));
    digest = wanted.digest;
  }

  space::ContractDocument document(std::uint64_t count, const std::string& until = "") {
    space::ContractDocument document;
    document.dataset = {digest, dataset, 1};
    document.format = space::contract_format;
    document.nonce = space.random.salt();
    document.parties = {consumer.party, provider.party};
    document.permissions = {
        {{space::Action::read, space::Action::download}, {{"count", "lteq", count}}, {"training"}}};
    if (!until.empty()) document.permissions[0].constraints.push_back({"dateTime", "lt", until});
    return document;
  }
  space::PartySignature sign(const Member& member,
                             space::SignedVerb verb,
                             const core::Json& signed_document) {
    space::SignedStatement statement{verb, TempSpace::origin, member.party,
                                     space::KeyId::of(member.key.public_key()),
                                     core::sha256(core::canonical(signed_document))};
    return {statement.key, space::sign(statement, member.key)};
  }
  space::Once once(const Member& member, const std::string& route) {
    return {member.party.text(), route, key(), "request"};
  }

  core::Result<space::Change> offer(const core::Json& offered) {
    return contracts.offer(provider.principal, once(provider, "offer"),
                           {offered, sign(provider, space::SignedVerb::offer, offered)});
  }
  core::Result<space::Change> accept(const space::ContractId& id, const core::Json& offered) {
    return contracts.accept(consumer.principal, once(consumer, "accept"), id,
                            {core::sha256(core::canonical(offered)),
                             sign(consumer, space::SignedVerb::accept, offered)});
  }
  space::ContractId id_of(const core::Result<space::Change>& change) {
    REQUIRE(change);
    auto json = core::parse_json(change->body);
    return *space::ContractId::parse(json->find("contract")->find("id")->as_string());
  }
  space::ContractId agree(std::uint64_t count, const std::string& until = "") {
    auto offered = core::encode(document(count, until));
    auto id = id_of(offer(offered));
    REQUIRE(accept(id, offered));
    return id;
  }
  core::Result<space::Change> terminate(const Member& member, const space::ContractId& id) {
    space::TerminationDocument ending{
        .contract = id,
        .document = find(id).document,
        .format = std::string(space::TerminationDocument::format_name),
        .nonce = space.random.salt(),
        .reason = "done"};
    auto json = core::encode(ending);
    return contracts.terminate(member.principal, once(member, "terminate"), id,
                               {json, sign(member, space::SignedVerb::terminate, json)});
  }
  space::ContractRow find(const space::ContractId& id) {
    return *space.read(
        [&](core::sql::Session& session) { return space::find_contract(session, id); });
  }
  core::Result<space::UseAnswer> use(const space::ContractId& id,
                                     const std::string& with_key,
                                     space::UseCommand command = {"training", std::nullopt, 2, 3}) {
    return uses.use(consumer.principal, id, with_key, command);
  }
};

}  // namespace tally::test
