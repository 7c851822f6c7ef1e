// A contract from its offer to an attestation, told entry by entry, as the file that proves all of it. Any
// of it can be told wrongly: the log has signed it all the same.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/mapping.h"
#include "corpus/corpus.h"
#include "ledger/checkpoint.h"
#include "ledger/reference_tree.h"
#include "space/contracts/contracts.h"
#include "space/contracts/document.h"
#include "space/contracts/entries.h"
#include "space/evidence/attestation.h"
#include "space/evidence/evidence.h"
#include "space/parties/party.h"
#include "space/parties/party_key.h"
#include "space/signing.h"

namespace tally::corpus {

inline const std::string salt = "000102030405060708090a0b0c0d0e0f";
inline const std::string origin = "dataspace.example/ledger";

template <class Id>
Id id_of(std::string_view text) {
  return *Id::parse(text);
}

class Told;

// What happened, to be bent before it is told.
struct Story {
  space::PartyId provider = id_of<space::PartyId>("pty_01ARZ3NDEKTSV4RRFFQ69G5FAV");
  space::PartyId consumer = id_of<space::PartyId>("pty_01ARZ3NDEKTSV4RRFFQ69G5FAW");
  space::ContractId contract = id_of<space::ContractId>("ctr_01ARZ3NDEKTSV4RRFFQ69G5FAV");
  space::DatasetId dataset = id_of<space::DatasetId>("dst_01ARZ3NDEKTSV4RRFFQ69G5FAV");
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
  space::SignedVerb accept_verb = space::SignedVerb::accept;
  bool is_accepted = true;
  // Another key of the provider, which signs the offer; added and perhaps retired before it.
  bool is_rotated = false;
  bool is_possessed = true;
  bool is_let_in = true;
  bool is_retired = false;
  bool is_retirement_signed = true;
  core::SigningKey second_key = signer_of("c", 0x20).key();
  // The consumer's registration stands behind all else.
  bool is_registered_late = false;
  // What else is told between the uses and the attestation.
  std::function<void(Told&)> then = [](Told&) {};
};

class Told {
 public:
  explicit Told(const Story& story);

  // Entries of the contract, in its chain.
  void use(
      std::uint64_t number, const std::function<void(space::UseRecorded&)>& change = [](auto&) {});
  void redeliver(std::uint64_t use, std::uint64_t delivery);
  void make_void(std::uint64_t use,
                 std::uint64_t count_after,
                 std::string_view by = "system",
                 const std::string& reason = "content_unreadable");
  // By the provider; its document goes into the file, unless it is left out.
  void terminate(const core::SigningKey& key, bool is_filed = true);
  void unknown(std::string_view kind);
  template <class Event>
  void act(Event event, std::string_view by) {
    event.contract = story_.contract;
    event.contract_prev = contract_prev_;
    event.contract_seq = contract_seq_++;
    contract_prev_ = append(Event::kind, by, core::canonical(event));
  }
  // A use beside the chain: it follows the same entry as whatever is told next. `is_shown`: in the file.
  void branch(std::uint64_t number, bool is_shown);
  // A registration; the file shows it in front.
  void enroll(const space::PartyId& party, const core::SigningKey& key);
  // The registrations so far stand in the ledger, and not in the file.
  void hide_registrations() { registrations_.clear(); }
  // Time passes before the next entry.
  void wait_ms(std::int64_t ms) { at_ms_ += ms; }

  // The lines of the file. `cosign` adds to the checkpoint's note.
  std::vector<std::string> lines(const std::function<std::string(const std::string&)>& cosign =
                                     [](auto note) { return note; }) const;

 private:
  core::Hash append(std::string_view kind, std::string_view by, const std::string& body);
  space::Signature signed_by(const core::SigningKey& key,
                             space::SignedVerb verb,
                             const space::PartyId& party,
                             const core::Hash& document) const;
  void rotate();
  void offer_and_accept();
  void attest();
  space::UseRecorded recorded(std::uint64_t number) const;

  struct Line {
    std::size_t entry = 0;
    std::string document = "";  // a line of its own before it
  };

  const Story& story_;
  core::Hash digest_ = core::sha256(story_.document);
  std::vector<std::string> entries_;
  std::vector<std::size_t> registrations_;
  std::vector<Line> shown_;
  core::Hash prev_;
  core::Hash contract_prev_;
  std::uint64_t contract_seq_ = 0;
  std::int64_t at_ms_ = 1'700'000'000'000;
};

std::string joined(const std::vector<std::string>& lines);

}  // namespace tally::corpus
