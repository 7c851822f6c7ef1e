// A contract from its offer to an attestation, as the file that proves all of it, and that file with one
// thing wrong. Where the log has to have signed what is wrong, it has.
#include "space/evidence/evidence.h"

#include <cstddef>

#include "core/bytes.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/mapping.h"
#include "corpus/corpus.h"
#include "ledger/checkpoint.h"
#include "ledger/reference_tree.h"
#include "space/contracts/document.h"
#include "space/contracts/entries.h"
#include "space/evidence/attestation.h"
#include "space/parties/party.h"
#include "space/parties/party_key.h"
#include "space/signing.h"

namespace tally::corpus {
namespace {

using core::Hash;
using space::PartyId;
using space::SignedVerb;

const std::string salt = "000102030405060708090a0b0c0d0e0f";
const std::string origin = "dataspace.example/ledger";

template <class Id>
Id id_of(std::string_view text) {
  return *Id::parse(text);
}

// What happened, to be bent before it is written.
struct Story {
  PartyId provider = id_of<PartyId>("pty_01ARZ3NDEKTSV4RRFFQ69G5FAV");
  PartyId consumer = id_of<PartyId>("pty_01ARZ3NDEKTSV4RRFFQ69G5FAW");
  space::ContractId contract = id_of<space::ContractId>("ctr_01ARZ3NDEKTSV4RRFFQ69G5FAV");
  core::SigningKey provider_key = signer_of("a", 0x40).key();
  core::SigningKey consumer_key = signer_of("b", 0x60).key();
  std::string document =
      "{\"dataset\":{\"digest\":\"" + std::string(64, 'a') +
      "\",\"id\":\"dst_01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"version\":1},"
      "\"format\":\"tallystick/contract/v1\",\"nonce\":\"" +
      std::string(32, '0') + "\",\"parties\":{\"consumer\":\"" + consumer.text() +
      "\",\"provider\":\"" + provider.text() +
      "\"},\"permissions\":[{\"actions\":[\"read\"],\"constraints\":["
      "{\"operand\":\"count\",\"operator\":\"lteq\",\"value\":2}],\"purpose\":[\"labeling\"]}]}";
  int uses = 2;
  std::uint64_t attested_uses = 2;
  std::uint64_t count_from = 0;
  std::string purpose = "labeling";
  SignedVerb accept_verb = SignedVerb::accept;
  bool is_accepted = true;
  // Another key of the provider, which signs the offer; added and perhaps retired before it.
  bool is_rotated = false;
  bool is_possessed = true;
  bool is_let_in = true;
  bool is_retired = false;
  bool is_retirement_signed = true;
  core::SigningKey second_key = signer_of("c", 0x20).key();
};

class Told {
 public:
  explicit Told(const Story& story) : story_(story) {
    enroll(story.provider, story.provider_key);
    enroll(story.consumer, story.consumer_key);
    append("test.noted/1", "act_1", "{\"salt\":\"" + salt + "\"}");  // of somebody else
    if (story.is_rotated) rotate();
    offer_and_accept();
    for (int i = 0; i < story.uses; ++i) use(static_cast<std::uint64_t>(i));
    space::ContractAttested attested{
        .party = story.consumer, .salt = salt, .uses = story.attested_uses};
    act(attested, "act_1");
  }

  // The lines of the file.
  std::vector<std::string> lines() const {
    ledger::test::ReferenceTree tree;
    for (const auto& entry : entries_) tree.append(ledger::hash_leaf(entry));
    std::string note = ledger::sign_checkpoint(
        {origin, {entries_.size(), tree.root(entries_.size())}}, signer_of(origin, 0));
    std::vector<std::string> lines = {
        core::canonical(core::Json::object({{"checkpoint", note},
                                            {"contract", story_.contract.text()},
                                            {"format", space::evidence_format}})),
        "{\"document\":" + story_.document + "}"};
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (i == 2) continue;
      std::string path;
      for (const Hash& hash : tree.path(i, entries_.size()))
        path += (path.empty() ? "\"" : ",\"") + core::to_hex(hash) + "\"";
      lines.push_back("{\"entry\":" + entries_[i] + ",\"path\":[" + path + "]}");
    }
    return lines;
  }

 private:
  Hash append(std::string_view kind, std::string_view by, const std::string& body) {
    std::string seq = std::to_string(entries_.size());
    std::string entry = "{\"at\":17000000000" + std::string(seq.size() < 2 ? "0" : "") + seq +
                        ",\"body\":" + body + ",\"by\":\"" + std::string(by) + "\",\"kind\":\"" +
                        std::string(kind) + "\",\"prev\":\"" + core::to_hex(prev_) +
                        "\",\"seq\":" + seq + "}";
    prev_ = ledger::hash_leaf(entry);
    entries_.push_back(std::move(entry));
    return prev_;
  }
  // An entry of the contract, in its chain.
  template <class Event>
  void act(Event event, std::string_view by) {
    event.contract = story_.contract;
    event.contract_prev = contract_prev_;
    event.contract_seq = contract_seq_++;
    contract_prev_ = append(Event::kind, by, core::canonical(event));
  }
  void enroll(const PartyId& party, const core::SigningKey& key) {
    space::PartyRegistered event;
    event.document = std::string(64, 'b');
    event.key = space::KeyId::of(key.public_key());
    event.party = party;
    event.public_key = key.public_key();
    event.salt = salt;
    append(space::PartyRegistered::kind, party.text(), core::canonical(event));
  }
  // In the provider's name.
  space::Signature signed_by(const core::SigningKey& key,
                             SignedVerb verb,
                             const std::string& document) const {
    return space::sign(
        {verb, origin, story_.provider, space::KeyId::of(key.public_key()), core::sha256(document)},
        key);
  }
  void rotate() {
    const auto& first = story_.provider_key;
    const auto& second = story_.second_key;
    space::KeyDocument document;
    document.party = story_.provider;
    document.public_key = second.public_key();
    std::string text = core::canonical(document);
    auto own = signed_by(second, SignedVerb::add_key, text);
    auto lets_in = signed_by(first, SignedVerb::add_key, text);
    append(space::PartyKeyAdded::kind, story_.provider.text(),
           core::canonical(space::PartyKeyAdded{.key = space::KeyId::of(second.public_key()),
                                                .party = story_.provider,
                                                .possession = story_.is_possessed ? own : lets_in,
                                                .public_key = second.public_key(),
                                                .salt = salt,
                                                .signature = story_.is_let_in ? lets_in : own,
                                                .signer = space::KeyId::of(first.public_key())}));
    if (!story_.is_retired) return;
    space::KeyRetirementDocument ending;
    ending.party = story_.provider;
    ending.key = space::KeyId::of(second.public_key());
    auto by = story_.is_retirement_signed ? first : story_.consumer_key;
    append(space::PartyKeyRetired::kind, story_.provider.text(),
           core::canonical(space::PartyKeyRetired{
               .key = ending.key,
               .party = story_.provider,
               .salt = salt,
               .signature = signed_by(by, SignedVerb::retire_key, core::canonical(ending)),
               .signer = space::KeyId::of(first.public_key())}));
  }
  space::Signature signature(SignedVerb verb,
                             const PartyId& party,
                             const core::SigningKey& key) const {
    return space::sign({verb, origin, party, space::KeyId::of(key.public_key()), digest_}, key);
  }
  void offer_and_accept() {
    space::ContractOffered offered;
    offered.consumer = story_.consumer;
    offered.provider = story_.provider;
    offered.document = digest_;
    const auto& key = story_.is_rotated ? story_.second_key : story_.provider_key;
    offered.key = space::KeyId::of(key.public_key());
    offered.salt = salt;
    offered.signature = signature(SignedVerb::offer, story_.provider, key);
    offered.version = 1;
    act(offered, "act_1");
    if (!story_.is_accepted) return;
    space::ContractAccepted accepted;
    accepted.consumer = story_.consumer;
    accepted.document = digest_;
    accepted.key = space::KeyId::of(story_.consumer_key.public_key());
    accepted.salt = salt;
    accepted.signature = signature(story_.accept_verb, story_.consumer, story_.consumer_key);
    act(accepted, "act_2");
  }
  void use(std::uint64_t number) {
    space::UseRecorded used;
    used.action = "read";
    used.auth = "token";
    used.count_before = story_.count_from + number;
    used.count_after = used.count_before + 1;
    used.document = digest_;
    used.limit = 2;
    used.purpose = story_.purpose;
    used.salt = salt;
    used.unit = "call";
    used.version = 1;
    act(used, "act_2");
  }

  const Story& story_;
  Hash digest_ = core::sha256(story_.document);
  std::vector<std::string> entries_;
  Hash prev_;
  Hash contract_prev_;
  std::uint64_t contract_seq_ = 0;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

template <class Change>
std::string told(Change change) {
  Story story;
  change(story);
  return joined(Told(story).lines());
}

// The file of the true story with its lines changed.
template <class Change>
std::string cut(Change change) {
  Story story;
  auto lines = Told(story).lines();
  change(lines);
  return joined(lines);
}

void add_lies(Cases& cases) {
  Shelf shelf(cases, "evidence");
  shelf.add("good", "", "nothing", told([](Story&) {}));
  shelf.add("good-unused", "", "nothing: no use was made", told([](Story& s) {
              s.uses = 0;
              s.attested_uses = 0;
            }));
  shelf.add("use-too-many", "evidence.not_permitted", "a use beyond the count", told([](Story& s) {
              s.uses = 3;
              s.attested_uses = 3;
            }));
  shelf.add("use-other-purpose", "evidence.not_permitted", "a use outside the purpose",
            told([](Story& s) { s.purpose = "research"; }));
  shelf.add("use-not-accepted", "evidence.not_permitted", "a use of an offer",
            told([](Story& s) { s.is_accepted = false; }));
  shelf.add("count-skips", "evidence.wrong_count", "the first use counts from one",
            told([](Story& s) { s.count_from = 1; }));
  shelf.add("attested-fewer", "evidence.stale_attestation", "the attestation leaves out a use",
            told([](Story& s) { s.attested_uses = 1; }));
  shelf.add("signature-other-verb", "evidence.wrong_signature", "the consumer signed an offer",
            told([](Story& s) { s.accept_verb = SignedVerb::offer; }));
}

void add_keys(Cases& cases) {
  Shelf shelf(cases, "evidence");
  auto rotated = [](auto change) {
    return told([&](Story& s) {
      s.is_rotated = true;
      change(s);
    });
  };
  const char* signature = "evidence.wrong_signature";
  shelf.add("good-rotated", "", "nothing: the offer is signed with a key that was added before",
            rotated([](Story&) {}));
  shelf.add("key-not-held", signature, "nothing shows that the added key is held",
            rotated([](Story& s) { s.is_possessed = false; }));
  shelf.add("key-not-let-in", signature, "the added key is not let in by one of the party's",
            rotated([](Story& s) { s.is_let_in = false; }));
  shelf.add("key-retired", signature, "the offer is signed with a key that was retired",
            rotated([](Story& s) { s.is_retired = true; }));
  shelf.add("key-retired-by-other", signature, "a key is retired by the other party",
            rotated([](Story& s) {
              s.is_retired = true;
              s.is_retirement_signed = false;
            }));
  shelf.add("key-left-out", signature, "the entry that added the key is left out", [] {
    Story story;
    story.is_rotated = true;
    auto lines = Told(story).lines();
    lines.erase(lines.begin() + 4);
    return joined(lines);
  }());
}

void add_cuts(Cases& cases) {
  Shelf shelf(cases, "evidence");
  using Lines = std::vector<std::string>;
  auto at = [](Lines& lines, std::size_t i) {
    return lines.begin() + static_cast<std::ptrdiff_t>(i);
  };
  const char* malformed = "evidence.malformed";
  shelf.add("empty", "evidence.not_closed", "nothing at all", "");
  shelf.add("head-alone", "evidence.not_closed", "nothing follows the head",
            cut([](Lines& l) { l.resize(1); }));
  shelf.add("head-missing", malformed, "no head", cut([&](Lines& l) { l.erase(at(l, 0)); }));
  shelf.add("format", malformed, "another format",
            cut([](Lines& l) { l[0] = with(l[0], "evidence/v1", "evidence/v2"); }));
  shelf.add("checkpoint-size", "note.bad_signature", "the checkpoint's size is changed",
            cut([](Lines& l) { l[0] = with(l[0], "\\n8\\n", "\\n9\\n"); }));
  shelf.add("document-count", "evidence.wrong_document",
            "the document permits more than was signed",
            cut([](Lines& l) { l[1] = with(l[1], "\"value\":2", "\"value\":9"); }));
  shelf.add("document-missing", malformed, "no document",
            cut([&](Lines& l) { l.erase(at(l, 1)); }));
  shelf.add("document-none", "evidence.wrong_document", "a document that is no contract",
            cut([](Lines& l) { l[1] = "{\"document\":{}}"; }));
  shelf.add("registration-missing", malformed, "the consumer's registration is missing",
            cut([&](Lines& l) { l.erase(at(l, 3)); }));
  shelf.add("registrations-swapped", "evidence.foreign_entry", "the registrations change places",
            cut([](Lines& l) { std::swap(l[2], l[3]); }));
  shelf.add("use-missing", "evidence.gap", "a use is left out",
            cut([&](Lines& l) { l.erase(at(l, 6)); }));
  shelf.add("uses-swapped", "evidence.gap", "two uses change places",
            cut([](Lines& l) { std::swap(l[6], l[7]); }));
  shelf.add("use-twice", "evidence.gap", "a use stands twice",
            cut([&](Lines& l) { l.insert(at(l, 7), l[6]); }));
  shelf.add("offer-missing", "evidence.gap", "the offer is left out",
            cut([&](Lines& l) { l.erase(at(l, 4)); }));
  shelf.add("attestation-missing", "evidence.not_closed", "the end is left out",
            cut([](Lines& l) { l.pop_back(); }));
  shelf.add("entry-bit", "evidence.not_included", "a count within an entry is changed",
            cut([](Lines& l) { l[6] = with(l[6], "\"count_after\":1", "\"count_after\":0"); }));
  shelf.add("path-short", "evidence.not_included", "a hash of a path is missing",
            cut([](Lines& l) { l[6] = l[6].substr(0, l[6].rfind(',')) + "]}"; }));
  shelf.add("path-upper-case", malformed, "hex in upper case",
            cut([](Lines& l) { l[6] = with(l[6], "\"path\":[\"", "\"path\":[\"A"); }));
  shelf.add("line-blank", malformed, "a blank within a line",
            cut([](Lines& l) { l[6] = with(l[6], "{\"entry\":", "{\"entry\": "); }));
  shelf.add("line-empty", malformed, "an empty line",
            cut([&](Lines& l) { l.insert(at(l, 5), ""); }));
  shelf.add("crlf", malformed, "lines end in CR LF", cut([](Lines& l) { l[4] += "\r"; }));
}

}  // namespace

void add_evidence(Cases& cases) {
  add_lies(cases);
  add_keys(cases);
  add_cuts(cases);
}

}  // namespace tally::corpus
