// What the clients of a space do, each step under a key of its own: parties join, publish, agree, use,
// label. It may be run again on whatever a crash left, and comes to the same end: what was done is
// not done twice, what was not is done now.
#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "disk/site.h"

namespace tally::test {

// Something that was said to a client, and must be true for ever.
struct Said {
  std::size_t op = 0;   // operations of the disk by then
  std::string receipt;  // a .tlog-proof file; or empty, and
  std::string checkpoint = {};
};

// The process answered that it ends, or an exception came instead of an answer.
struct Ended : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Script {
 public:
  static constexpr std::uint64_t uses_max = 8;  // of the first contract
  static constexpr int use_keys = 10;           // that are sent
  static constexpr int tasks = 3;

  explicit Script(std::uint64_t seed);

  // Before the first use: everyone has joined, the data is published, both contracts are agreed.
  void prepare(Site& site);
  // The rest. Throws Ended.
  void run(Site& site);

  // The same clients, who remember their keys and nothing that was said.
  Script again() const;

  const std::vector<Said>& said() const { return said_; }
  const std::string& contract() const { return contract_; }
  // Codes of refusals that were neither expected nor an end. None, when all is well.
  const std::vector<std::string>& surprises() const { return surprises_; }

 private:
  struct Member {
    space::PartyId id;
    core::SigningKey key = core::SigningKey::from_seed(core::Hash{});
    space::Principal principal;
    std::vector<space::Role> roles;
    std::string name;
  };

  static Member make_member(core::Random& random,
                            const std::string& name,
                            std::vector<space::Role> roles);
  void hear(Site& site, const std::string& receipt);
  template <class T>
  bool take(Site& site, const core::Result<T>& result, const std::string& expected = "");

  void open(Site& site);
  void join(Site& site, Member& member);
  void publish(Site& site);
  std::string agree(Site& site, Member& consumer, const std::string& purpose, std::uint64_t count);
  void use(Site& site, int key);
  void use_together(Site& site, int first, int count);
  void label(Site& site);
  void import(Site& site);
  space::Signature sign(const Member& member, space::SignedVerb verb, const core::Hash& digest);
  space::Once once(const Member& member, const std::string& key);

  Member operator_;
  Member provider_;
  Member consumer_;
  Member labeler_;
  std::string nonce_;
  std::string content_;
  std::string dataset_;
  std::string contract_;
  std::string labeling_contract_;
  std::string project_;
  std::vector<Said> said_;
  std::vector<std::string> surprises_;
};

}  // namespace tally::test
