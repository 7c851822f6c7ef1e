#include "labeling/projects/projects.h"

#include <doctest/doctest.h>

#include "core/hash.h"
#include "labeling/queue/queue.h"
#include "space/contracts/contract_tables.h"
#include "space/contracts/contracts.h"
#include "space/contracts/document.h"
#include "space/uses/uses.h"
#include "support/labeling/temp_project.h"

using namespace tally;
using namespace tally::labeling;
using test::code_of;
using test::TempProject;

namespace {

// A space with a contract between a provider and a labeling party, signed by both.
class WithContract : public TempProject {
 public:
  explicit WithContract(const std::string& purpose = "labeling", bool has_used = true)
      : projects(journal()),
        owner(space.join("Provider", {tally::space::Role::provider})),
        labeler(space.join("Labeler", {tally::space::Role::labeler})) {
    provider = owner.party;
    party = labeler.party;
    lead = labeler.principal;
    auto published = space.publish(owner, "{\"item\":\"a\"}\n{\"item\":\"b\"}\n");
    dataset = published.dataset;
    tally::space::ContractDocument document;
    document.dataset = {published.digest, dataset, 1};
    document.format = tally::space::contract_format;
    document.nonce = std::string(32, 'a');
    document.parties = {party, provider};
    document.permissions = {{{tally::space::Action::read}, {{"count", "lteq", 5}}, {purpose}}};
    sign(document);
    if (!has_used) return;
    tally::space::Uses uses(journal(), contracts, space.content(), space.operator_key, "secret");
    tally::space::UseCommand use{.purpose = purpose, .action = {}, .from = 0, .limit = 2};
    REQUIRE(uses.use(lead, contract, "obtain the items", use));
  }

  void sign(const tally::space::ContractDocument& document) {
    using tally::space::SignedVerb;
    auto signed_by = [&](SignedVerb verb, const test::Member& member) {
      return tally::space::PartySignature{tally::space::KeyId::of(member.key.public_key()),
                                          space.sign(verb, member.party, member.key, document)};
    };
    auto scoped = once("offer");
    scoped.party = provider.text();
    auto offered = contracts.offer(owner.principal, scoped,
                                   {core::encode(document), signed_by(SignedVerb::offer, owner)});
    REQUIRE_MESSAGE(offered, code_of(offered));
    contract = *tally::space::ContractId::parse(
        core::parse_json(offered->body)->find("contract")->find("id")->as_string());
    auto accepted = contracts.accept(
        lead, once("accept"), contract,
        {core::sha256(core::canonical(document)), signed_by(SignedVerb::accept, labeler)});
    REQUIRE_MESSAGE(accepted, code_of(accepted));
  }

  OpenProject command() const {
    return {.contract = contract, .title = "Animals", .classes = abc(), .policy = {}};
  }
  core::Result<tally::space::Change> open_one(const OpenProject& wanted,
                                              const std::string& key = "k") {
    return projects.open(lead, once(key), wanted);
  }

  tally::space::ContractRow chain() {
    return space.read([&](core::sql::Session& session) {
      return *tally::space::find_contract(session, contract);
    });
  }

  Projects projects;
  tally::space::Contracts contracts{journal()};
  test::Member owner;
  test::Member labeler;
  tally::space::ContractId contract;
};

}  // namespace

TEST_CASE("projects: opening one under a contract is an entry of the contract's chain") {
  WithContract with;
  auto before = with.chain();
  auto change = with.open_one(with.command());
  REQUIRE_MESSAGE(change, code_of(change));
  auto entry = with.space.last_entry();
  CHECK(entry.find("kind")->as_string() == "project.opened/1");
  CHECK(entry.find("by")->as_string() == with.lead.actor.text());
  const auto& body = *entry.find("body");
  CHECK(body.find("contract")->as_string() == with.contract.text());
  CHECK(body.find("contract_seq")->as_integer() == 3);  // offered, accepted, used
  CHECK(body.find("contract_prev")->as_string() == core::to_hex(before.prev));
  CHECK(body.find("dataset")->as_string() == with.dataset.text());
  CHECK(body.find("version")->as_integer() == 1);
  CHECK(body.find("accept_from_ppm")->as_integer() == 990'000);
  CHECK(core::canonical(entry).find("ant") == std::string::npos);
  CHECK(core::canonical(entry).find("Animals") == std::string::npos);
  auto moved = with.chain();
  CHECK(moved.seq == 4);
  CHECK(moved.prev == change->receipt->hash);
}

TEST_CASE("projects: its party and the dataset's provider see it, and nobody else") {
  WithContract with;
  auto change = with.open_one(with.command());
  REQUIRE(change);
  auto id =
      *ProjectId::parse(core::parse_json(change->body)->find("project")->find("id")->as_string());
  for (const auto& who : {with.person(), with.person_of(with.provider)}) {
    auto status = with.projects.show(who, id);
    REQUIRE(status);
    CHECK(status->project.title == "Animals");
    CHECK(status->project.classes == TempProject::abc());
    CHECK(status->project.policy == Policy{});
    CHECK(status->counts == ProjectCounts{});
  }
  auto stranger = with.person_of(tally::space::PartyId());
  CHECK(code_of(with.projects.show(stranger, id)) == "project.not_found");
  CHECK(with.projects.list(stranger, 10, {}).projects.empty());
}

TEST_CASE("projects: lists come newest first and in pages") {
  WithContract with;
  for (int i = 0; i < 4; ++i) {
    with.space.clock.advance_ms(1);
    REQUIRE(with.open_one(with.command(), std::to_string(i)));
  }
  auto first = with.projects.list(with.lead, 3, {});
  REQUIRE(first.projects.size() == 3);
  CHECK(first.projects[0].id > first.projects[1].id);
  REQUIRE(first.next_cursor);
  auto rest = with.projects.list(with.lead, 3, ProjectId::parse(*first.next_cursor));
  CHECK(rest.projects.size() == 1);
  CHECK_FALSE(rest.next_cursor);
}

TEST_CASE("projects: the same key opens one project, and another request under it is refused") {
  WithContract with;
  auto first = with.open_one(with.command());
  auto size = with.space.ledger_size();
  auto again = with.open_one(with.command());
  REQUIRE(again);
  CHECK(again->body == first->body);
  CHECK(again->repeated);
  CHECK(again->receipt->file() == first->receipt->file());
  CHECK(with.space.ledger_size() == size);
}

TEST_CASE("projects: what cannot be opened is refused for its reason, and nothing is recorded") {
  WithContract with;
  auto size = with.space.ledger_size();
  auto command = with.command();
  command.classes = {"ant", "ant"};
  CHECK(with.open_one(command).error().details.at(0).pointer == "/classes/1");
  command = with.command();
  command.policy.agree = 2;
  CHECK(with.open_one(command).error().details.at(0).pointer == "/policy/agree");
  command = with.command();
  command.contract = {};
  CHECK(code_of(with.open_one(command)) == "contract.not_found");
  CHECK(code_of(with.projects.open(with.person_of(with.provider), with.once("p"),
                                   with.command())) == "contract.not_found");
  CHECK(with.space.ledger_size() == size);
  WithContract unused("labeling", false);
  CHECK(code_of(unused.open_one(unused.command())) == "project.items_not_obtained");
  WithContract other("training");
  CHECK(code_of(other.open_one(other.command())) == "contract.purpose_not_permitted");
}

TEST_CASE("projects: once the contract is terminated no more work is given out") {
  WithContract bench;
  auto opened = bench.open_one(bench.command());
  REQUIRE(opened);
  auto project =
      *ProjectId::parse(core::parse_json(opened->body)->find("project")->find("id")->as_string());
  Queue queue(bench.journal());
  CHECK(queue.lease(bench.lead, project, {.count = 1, .include_held = {}}));
  tally::space::TerminationDocument ending{
      .contract = bench.contract,
      .document = bench.chain().document,
      .format = std::string(tally::space::TerminationDocument::format_name),
      .nonce = std::string(32, 'b'),
      .reason = "enough"};
  tally::space::PartySignature signature{
      tally::space::KeyId::of(bench.owner.key.public_key()),
      bench.space.sign(tally::space::SignedVerb::terminate, bench.owner.party, bench.owner.key,
                       ending)};
  auto scoped = bench.once("terminate");
  scoped.party = bench.provider.text();
  REQUIRE(bench.contracts.terminate(bench.owner.principal, scoped, bench.contract,
                                    {core::encode(ending), signature}));
  CHECK(code_of(queue.lease(bench.lead, project, {.count = 1, .include_held = {}})) ==
        "contract.terminated");
}
