#include "ledger/policy.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/bytes.h"

namespace tally::ledger {
namespace {

using core::Done;
using core::Error;
using core::Hash;
using core::Refusal;
using core::Result;

Error wrong(const std::string& why) { return {Refusal::malformed, "policy.malformed", why}; }

bool is_policy_byte(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || byte == '\n' || (byte >= 0x20 && byte != 0x7f);
}

// The words of a line, between spaces and tabs.
std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view blanks = " \t";
  std::vector<std::string_view> words;
  while (true) {
    std::size_t start = line.find_first_not_of(blanks);
    if (start == line.npos) return words;
    line.remove_prefix(start);
    std::size_t end = std::min(line.find_first_of(blanks), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

Result<std::string> url_of(std::span<const std::string_view> words, std::size_t at) {
  if (words.size() <= at) return std::string();
  std::string_view url = words[at];
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    return wrong("the URL begins neither with http:// nor with https://");
  return std::string(url);
}

class Parser {
 public:
  Result<Policy> parse(std::string_view text);

 private:
  using Words = std::span<const std::string_view>;

  Result<Done> take(Words words);
  Result<Done> take_log(Words words);
  Result<Done> take_witness(Words words);
  Result<Done> take_group(Words words);
  Result<Done> take_quorum(Words words);
  Result<VerifierKey> key_of(std::string_view vkey, SignatureType type);
  Result<Done> name(std::string_view text, PolicyMember member);

  Policy policy_;
  bool has_quorum_ = false;
  std::map<std::string, PolicyMember, std::less<>> names_;
  std::set<std::string, std::less<>> placed_;  // names that are members of a group
  std::set<Hash> keys_;
};

Result<VerifierKey> Parser::key_of(std::string_view vkey, SignatureType type) {
  auto key = parse_vkey(vkey);
  if (!key) return wrong(key.error().message);
  if (key->type != type) {
    return wrong(type == SignatureType::ed25519
                     ? "a log's key is of type 1, this one is a witness's"
                     : "a witness's key is of type 4, this one is a log's");
  }
  if (!keys_.insert(key->public_key).second)
    return wrong("the public key of " + key->name + " stands in a line above");
  return key;
}

Result<Done> Parser::name(std::string_view text, PolicyMember member) {
  if (text == "none") return wrong("`none` is no name");
  if (!names_.emplace(text, member).second)
    return wrong("the name " + std::string(text) + " is given in a line above");
  return Done{};
}

Result<Done> Parser::take_log(Words words) {
  if (words.size() < 2 || words.size() > 3) return wrong("want: log <vkey> [url]");
  auto key = key_of(words[1], SignatureType::ed25519);
  if (!key) return key.error();
  if (!is_origin(key->name)) return wrong("a log cannot have the origin " + key->name);
  auto url = url_of(words, 2);
  if (!url) return url.error();
  policy_.logs.push_back({*std::move(key), *std::move(url)});
  return Done{};
}

Result<Done> Parser::take_witness(Words words) {
  if (words.size() < 3 || words.size() > 4) return wrong("want: witness <name> <vkey> [url]");
  auto key = key_of(words[2], SignatureType::cosignature);
  if (!key) return key.error();
  auto url = url_of(words, 3);
  if (!url) return url.error();
  if (auto named = name(words[1], WitnessMember{policy_.witnesses.size()}); !named) return named;
  policy_.witnesses.push_back({std::string(words[1]), *std::move(key), *std::move(url)});
  return Done{};
}

Result<Done> Parser::take_group(Words words) {
  if (words.size() < 4) return wrong("want: group <name> all|any|<k> <member>...");
  PolicyGroup group{std::string(words[1]), 0, {}};
  for (std::string_view member : words.subspan(3)) {
    auto named = names_.find(member);
    if (named == names_.end())
      return wrong("there is no witness or group " + std::string(member) + " above");
    if (!placed_.insert(std::string(member)).second)
      return wrong(std::string(member) + " is a member already");
    group.members.push_back(named->second);
  }
  auto count = core::parse_decimal(words[2]);
  if (words[2] == "all") count = group.members.size();
  if (words[2] == "any") count = 1;
  if (!count || *count < 1 || *count > group.members.size()) {
    return wrong("of " + std::to_string(group.members.size()) +
                 " members, the group needs all, any, or a number from 1 to that");
  }
  group.needed = *count;
  if (auto named = name(words[1], GroupMember{policy_.groups.size()}); !named) return named;
  policy_.groups.push_back(std::move(group));
  return Done{};
}

Result<Done> Parser::take_quorum(Words words) {
  if (words.size() != 2) return wrong("want: quorum <name>|none");
  if (has_quorum_) return wrong("there is a quorum above");
  has_quorum_ = true;
  if (words[1] == "none") return Done{};
  auto named = names_.find(words[1]);
  if (named == names_.end())
    return wrong("there is no witness or group " + std::string(words[1]) + " above");
  policy_.quorum = named->second;
  return Done{};
}

Result<Done> Parser::take(Words words) {
  if (policy_.logs.size() + policy_.witnesses.size() + policy_.groups.size() > policy_items_max)
    return wrong("more than 1,024 logs, witnesses and groups");
  if (words[0] == "log") return take_log(words);
  if (words[0] == "witness") return take_witness(words);
  if (words[0] == "group") return take_group(words);
  if (words[0] == "quorum") return take_quorum(words);
  return wrong("a line begins with log, witness, group, quorum or #");
}

Result<Policy> Parser::parse(std::string_view text) {
  if (text.size() > policy_bytes_max) return wrong("the policy has more than 262,144 bytes");
  std::size_t number = 0;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::string where = "line " + std::to_string(++number) + ": ";
    if (!std::all_of(line.begin(), line.end(), is_policy_byte))
      return wrong(where + "it holds a control character other than tab");
    auto words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) continue;
    if (auto taken = take(words); !taken) return wrong(where + taken.error().message);
  }
  if (!has_quorum_)
    return wrong("line " + std::to_string(number) + ": the policy ends without a quorum");
  return std::move(policy_);
}

}  // namespace

Result<Policy> parse_policy(std::string_view text) { return Parser().parse(text); }

std::vector<VerifierKey> Policy::log_keys(std::string_view origin) const {
  std::vector<VerifierKey> keys;
  for (const PolicyLog& log : logs) {
    if (log.key.name == origin) keys.push_back(log.key);
  }
  return keys;
}

std::vector<VerifierKey> Policy::witness_keys() const {
  std::vector<VerifierKey> keys;
  for (const PolicyWitness& witness : witnesses) keys.push_back(witness.key);
  return keys;
}

bool makes_quorum(const Policy& policy, std::span<const Hash> public_keys) {
  // Members stand before their group, so one pass decides all; nothing recurses.
  std::vector<bool> group_holds;
  auto holds = [&](const PolicyMember& member) {
    if (const auto* witness = std::get_if<WitnessMember>(&member)) {
      const Hash& key = policy.witnesses[witness->witness].key.public_key;
      return std::find(public_keys.begin(), public_keys.end(), key) != public_keys.end();
    }
    if (const auto* group = std::get_if<GroupMember>(&member)) {
      return static_cast<bool>(group_holds[group->group]);
    }
    return true;
  };
  for (const PolicyGroup& group : policy.groups) {
    auto count = std::count_if(group.members.begin(), group.members.end(), holds);
    group_holds.push_back(static_cast<std::size_t>(count) >= group.needed);
  }
  return holds(policy.quorum);
}

Result<WitnessedCheckpoint> read_witnessed(std::string_view note_bytes, const Policy& policy) {
  auto note = parse_note(note_bytes);
  if (!note) return note.error();
  auto checkpoint = parse_checkpoint(note->text);
  if (!checkpoint) return checkpoint.error();
  auto keys = policy.log_keys(checkpoint->origin);
  if (keys.empty()) {
    return Error{Refusal::not_found, "policy.unknown_log",
                 "The policy knows no log " + checkpoint->origin + "."};
  }
  for (VerifierKey& key : policy.witness_keys()) keys.push_back(std::move(key));
  auto signatures = verify_note(*note, keys);
  if (!signatures) return signatures.error();
  std::optional<VerifiedSignature> by_log;
  std::vector<VerifiedSignature> cosignatures;
  for (VerifiedSignature& signature : *signatures) {
    if (signature.key.type == SignatureType::cosignature) {
      cosignatures.push_back(std::move(signature));
    } else if (!by_log) {
      by_log = std::move(signature);
    }
  }
  if (!by_log) {
    return Error{Refusal::invalid, "note.unknown_signers",
                 "The checkpoint is not signed by its log, " + checkpoint->origin + "."};
  }
  return WitnessedCheckpoint{*std::move(checkpoint), *std::move(by_log), std::move(cosignatures)};
}

Result<WitnessedCheckpoint> open_witnessed(std::string_view note_bytes, const Policy& policy) {
  auto witnessed = read_witnessed(note_bytes, policy);
  if (!witnessed) return witnessed;
  std::vector<Hash> signers;
  std::string names;
  for (const VerifiedSignature& signature : witnessed->cosignatures) {
    signers.push_back(signature.key.public_key);
    names += (names.empty() ? "" : ", ") + signature.key.name;
  }
  if (!makes_quorum(policy, signers)) {
    return Error{Refusal::invalid, "policy.quorum_missed",
                 "The checkpoint lacks the quorum of the policy; it is cosigned by " +
                     (names.empty() ? "no witness of it" : names) + "."};
  }
  return witnessed;
}

Result<WitnessedReceipt> verify_witnessed_receipt(std::string_view bytes, const Policy& policy) {
  auto proof = parse_proof(bytes);
  if (!proof) return proof.error();
  auto witnessed = open_witnessed(proof->checkpoint_note, policy);
  if (!witnessed) return witnessed.error();
  // What is left is what a receipt proves by the key that signed it.
  auto receipt = verify_receipt(bytes, witnessed->log.key);
  if (!receipt) return receipt.error();
  return WitnessedReceipt{*std::move(receipt), std::move(witnessed->cosignatures)};
}

}  // namespace tally::ledger
