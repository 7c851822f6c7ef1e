#include "ledger/cose.h"

#include <cstddef>

#include "core/bytes.h"
#include "corpus/corpus.h"
#include "ledger/cbor.h"
#include "ledger/checkpoint.h"

namespace tally::corpus {
namespace {

using ledger::Cbor;
using ledger::CoseReceipt;
using Member = Cbor::Member;

// A good receipt, and its parts as items, for files that no CoseReceipt can hold.
struct Good {
  SmallLog log;
  std::string bytes =
      ledger::sign_cose_receipt(log.entry(6), log.proof(6), log.head(), log.signer());
  CoseReceipt receipt = *ledger::parse_cose_receipt(bytes);

  static Cbor n(std::int64_t value) { return Cbor::integer(value); }
  static Cbor tagged(Cbor message, std::uint64_t tag = 18) {
    return Cbor::tagged(tag, std::move(message));
  }

  Cbor claims() const {
    return Cbor::map({{n(1), Cbor::text(receipt.issuer)}, {n(2), Cbor::text(receipt.subject)}});
  }
  std::vector<Member> protected_members() const {
    return {{n(1), n(-8)}, {n(4), Cbor::bytes(receipt.key_id)}, {n(15), claims()}, {n(395), n(1)}};
  }
  std::vector<Cbor> path() const {
    std::vector<Cbor> items;
    for (const auto& hash : receipt.proof.path) items.push_back(Cbor::bytes(hash.view()));
    return items;
  }
  Cbor proof() const {
    return Cbor::bytes(ledger::encode_cbor(Cbor::array({n(10), n(6), Cbor::array(path())})));
  }
  std::vector<Member> unprotected_members() const {
    return {{n(396), Cbor::map({{n(-1), Cbor::array({proof()})}})},
            {n(ledger::cose_entry_label), Cbor::bytes(*receipt.entry)}};
  }

  std::string sign(const std::string& header, const ledger::Hash& root) const {
    return log.signer().key().sign(
        ledger::encode_cbor(Cbor::array({Cbor::text("Signature1"), Cbor::bytes(header),
                                         Cbor::bytes(""), Cbor::bytes(root.view())})));
  }
  // The log signs the root of ten under this header, which need not be one.
  std::string made(const std::string& header, Cbor unprotected, Cbor payload = Cbor::null()) const {
    return ledger::encode_cbor(
        tagged(Cbor::array({Cbor::bytes(header), std::move(unprotected), std::move(payload),
                            Cbor::bytes(sign(header, log.head().root))})));
  }
  std::string with_header(const std::string& header) const {
    return made(header, Cbor::map(unprotected_members()));
  }
  std::string with_header(std::vector<Member> members) const {
    return with_header(ledger::encode_cbor(Cbor::map(std::move(members))));
  }
  std::string with_open(std::vector<Member> members) const {
    return made(ledger::encode_cbor(Cbor::map(protected_members())), Cbor::map(std::move(members)));
  }
  std::string with_proof(Cbor item) const {
    auto members = unprotected_members();
    members[0].value = Cbor::map({{n(-1), Cbor::array({std::move(item)})}});
    return with_open(std::move(members));
  }
  std::string with_proof_parts(std::vector<Cbor> parts) const {
    return with_proof(Cbor::bytes(ledger::encode_cbor(Cbor::array(std::move(parts)))));
  }
  // A receipt of the right form, signed by the log over whatever root it leads to.
  template <class Change>
  std::string with_receipt(Change change) const {
    CoseReceipt bent = receipt;
    change(bent);
    auto root = ledger::root_of(bent.proof, ledger::hash_leaf(*bent.entry));
    bent.signature =
        log.signer().key().sign(ledger::cose_signed_bytes(bent, root.value_or(log.head().root)));
    return ledger::format_cose_receipt(bent);
  }
  template <class Change>
  std::string unsigned_with(Change change) const {
    CoseReceipt bent = receipt;
    change(bent);
    return ledger::format_cose_receipt(bent);
  }
};

const char* const malformed = "cose.malformed";

void add_encodings(Cases& cases, const Good& good) {
  Shelf shelf(cases, "cose");
  auto hex = [](std::string_view digits) { return *core::from_hex(digits); };
  shelf.add("good", "", "nothing", good.bytes);
  shelf.add("good-ed25519", "", "nothing: the new number of the algorithm",
            good.with_receipt([](auto& r) { r.algorithm = ledger::cose_ed25519; }));
  shelf.add("tag-alone", malformed, "nothing but the tag", "\xd2");
  shelf.add("cut", malformed, "the last byte is missing",
            good.bytes.substr(0, good.bytes.size() - 1));
  shelf.add("bytes-behind", malformed, "a byte behind", good.bytes + std::string(1, '\0'));
  shelf.add("twice", malformed, "the file stands twice", good.bytes + good.bytes);
  shelf.add("tag-long", malformed, "tag 18 in two bytes",
            "\xd2" + hex("d812") + good.bytes.substr(1));
  shelf.add("tag-twice", malformed, "tagged twice", "\xd2" + good.bytes);
  shelf.add("array-long", malformed, "the length of the array in two bytes",
            with(good.bytes, hex("d284"), hex("d29804")));
  shelf.add("array-indefinite", malformed, "an array without a length",
            with(good.bytes, hex("d284"), hex("d29f")) + "\xff");
  shelf.add("array-of-5", malformed, "an item more",
            with(good.bytes, hex("d284"), hex("d285")) + "\xf6");
  shelf.add("array-of-3", malformed, "no signature",
            with(good.bytes, hex("d284"), hex("d283")).substr(0, good.bytes.size() - 66));
  shelf.add("map-indefinite", malformed, "an open header without a length",
            with(good.bytes, hex("a219018ca1"), hex("bf19018ca1")));
  shelf.add("label-long", malformed, "the label 396 in five bytes",
            with(good.bytes, hex("19018ca1"), hex("1a0000018ca1")));
  shelf.add("algorithm-long", malformed, "-8 in two bytes",
            good.with_header(with(ledger::encode_cbor(Cbor::map(good.protected_members())),
                                  hex("0127"), hex("013807"))));
  shelf.add(
      "size-long", malformed, "the size 10 in two bytes",
      good.with_proof(Cbor::bytes(with(*good.proof().as_bytes(), hex("830a06"), hex("83180a06")))));
  shelf.add("size-float", malformed, "the size 10 as a float",
            good.with_proof(
                Cbor::bytes(with(*good.proof().as_bytes(), hex("830a06"), hex("83f9490006")))));
  shelf.add("path-indefinite", malformed, "a path without a length",
            good.with_proof(Cbor::bytes(
                with(*good.proof().as_bytes(), hex("830a0684"), hex("830a069f")) + "\xff")));
  shelf.add("text-not-utf8", malformed, "an issuer that is no UTF-8",
            good.with_header(with(ledger::encode_cbor(Cbor::map(good.protected_members())),
                                  "dataspace", "data\xffpace")));
  shelf.add("null-is-undefined", malformed, "undefined in the payload's place",
            with(good.bytes, hex("f65840"), hex("f75840")));
  std::string deep(60, '\x81');
  shelf.add("nested", malformed, "sixty levels", "\xd2" + deep + std::string(1, '\0'));
  shelf.add("length-huge", malformed, "a length beyond all memory", hex("d2845bffffffffffffffff"));
}

void add_protected(Cases& cases, const Good& good) {
  Shelf shelf(cases, "cose");
  auto n = Good::n;
  auto changed = [&](std::size_t i, Cbor value) {
    auto members = good.protected_members();
    members[i].value = std::move(value);
    return good.with_header(std::move(members));
  };
  auto without = [&](std::size_t i) {
    auto members = good.protected_members();
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
    return good.with_header(std::move(members));
  };
  auto more = [&](Member member) {
    auto members = good.protected_members();
    members.push_back(std::move(member));
    return good.with_header(std::move(members));
  };
  std::string header = ledger::encode_cbor(Cbor::map(good.protected_members()));
  auto hex = [](std::string_view digits) { return *core::from_hex(digits); };
  shelf.add("header-empty", malformed, "an empty header", good.with_header(std::string()));
  shelf.add("header-key-twice", malformed, "the algorithm stands twice",
            good.with_header(with(header, hex("a40127"), hex("a501270127"))));
  shelf.add("header-not-sorted", malformed, "the structure stands first",
            good.with_header(
                with(with(header, hex("19018b01"), ""), hex("a40127"), hex("a419018b010127"))));
  shelf.add("header-bytes-behind", malformed, "a byte behind the header",
            good.with_header(header + std::string(1, '\0')));
  shelf.add("header-as-map", malformed, "the header is no byte string",
            ledger::encode_cbor(Good::tagged(Cbor::array(
                {Cbor::map(good.protected_members()), Cbor::map(good.unprotected_members()),
                 Cbor::null(), Cbor::bytes(good.receipt.signature)}))));
  shelf.add("header-more", malformed, "a label that is not known", more({n(99), n(1)}));
  shelf.add("header-critical", malformed, "a critical label that is not known",
            more({n(2), Cbor::array({n(99)})}));
  shelf.add("header-proofs-within", malformed, "the proofs are signed",
            more(good.unprotected_members()[0]));
  shelf.add("algorithm-es256", "cose.unsupported", "another algorithm, signed by Ed25519",
            changed(0, n(-7)));
  shelf.add("algorithm-none", malformed, "no algorithm", without(0));
  shelf.add("algorithm-text", malformed, "the algorithm by its name",
            changed(0, Cbor::text("EdDSA")));
  shelf.add("algorithm-respelled", "cose.bad_signature", "-19 in place of -8, the signature stays",
            good.unsigned_with([](auto& r) { r.algorithm = ledger::cose_ed25519; }));
  shelf.add("structure-2", "cose.unsupported", "another verifiable data structure",
            changed(3, n(2)));
  shelf.add("structure-none", malformed, "no structure", without(3));
  shelf.add("structure-negative", malformed, "a structure below zero", changed(3, n(-1)));
  shelf.add("key-none", malformed, "no key id", without(1));
  shelf.add("key-text", malformed, "the key id as a text", changed(1, Cbor::text("133997fb")));
  shelf.add("key-other", "cose.wrong_key", "the id of another key",
            good.with_receipt([](auto& r) { r.key_id[0] = '\x14'; }));
  shelf.add("key-long", "cose.wrong_key", "a byte more",
            good.with_receipt([](auto& r) { r.key_id += '\x01'; }));
  shelf.add("claims-none", malformed, "no claims", without(2));
  shelf.add("claims-empty", malformed, "empty claims", changed(2, Cbor::map({})));
  shelf.add("claims-more", malformed, "an expiry among the claims",
            changed(2, Cbor::map({{n(1), Cbor::text(good.receipt.issuer)},
                                  {n(2), Cbor::text(good.receipt.subject)},
                                  {n(4), n(1)}})));
  shelf.add("issuer-other", "cose.wrong_issuer", "another log",
            good.with_receipt([](auto& r) { r.issuer += "2"; }));
  shelf.add("issuer-http", "cose.wrong_issuer", "another scheme",
            good.with_receipt([](auto& r) { r.issuer = "http" + r.issuer.substr(5); }));
  shelf.add("subject-other-entry", "cose.wrong_subject", "signed for entry 7",
            good.with_receipt([](auto& r) { r.subject = "size/10/entry/7"; }));
  shelf.add("subject-other-size", "cose.wrong_subject", "signed for the size 11",
            good.with_receipt([](auto& r) { r.subject = "size/11/entry/6"; }));
  shelf.add("subject-no-size", "cose.wrong_subject", "signed for no size",
            good.with_receipt([](auto& r) { r.subject = "entry/6"; }));
  shelf.add("subject-leading-zero", "cose.wrong_subject", "another spelling",
            good.with_receipt([](auto& r) { r.subject = "size/10/entry/06"; }));
}

void add_open(Cases& cases, const Good& good) {
  Shelf shelf(cases, "cose");
  auto n = Good::n;
  auto members = good.unprotected_members();
  shelf.add("payload-root", malformed, "the root is attached",
            good.made(ledger::encode_cbor(Cbor::map(good.protected_members())), Cbor::map(members),
                      Cbor::bytes(good.log.head().root.view())));
  shelf.add("payload-empty", malformed, "an empty payload is attached",
            good.made(ledger::encode_cbor(Cbor::map(good.protected_members())), Cbor::map(members),
                      Cbor::bytes("")));
  shelf.add("open-empty", malformed, "no proof", good.with_open({}));
  shelf.add("entry-none", malformed, "the entry is missing", good.with_open({members[0]}));
  shelf.add("proofs-none", malformed, "an entry without a proof", good.with_open({members[1]}));
  shelf.add(
      "entry-text", malformed, "the entry as a text",
      good.with_open({members[0], {n(ledger::cose_entry_label), Cbor::text(*good.receipt.entry)}}));
  shelf.add("open-more", malformed, "a label that is not known",
            good.with_open({members[0], members[1], {n(33), Cbor::bytes("x")}}));
  shelf.add("open-algorithm", malformed, "an algorithm that is not signed",
            good.with_open({members[0], members[1], {n(1), n(-8)}}));
  shelf.add(
      "proofs-two", malformed, "two proofs",
      good.with_open(
          {{n(396), Cbor::map({{n(-1), Cbor::array({good.proof(), good.proof()})}})}, members[1]}));
  shelf.add("proofs-empty", malformed, "an empty list of proofs",
            good.with_open({{n(396), Cbor::map({{n(-1), Cbor::array({})}})}, members[1]}));
  shelf.add(
      "proofs-consistency", malformed, "a proof of consistency",
      good.with_open({{n(396), Cbor::map({{n(-2), Cbor::array({good.proof()})}})}, members[1]}));
  shelf.add("proofs-both", malformed, "a proof of consistency beside it",
            good.with_open({{n(396), Cbor::map({{n(-1), Cbor::array({good.proof()})},
                                                {n(-2), Cbor::array({good.proof()})}})},
                            members[1]}));
  shelf.add("proof-not-wrapped", malformed, "the proof is no byte string",
            good.with_proof(Cbor::array({n(10), n(6), Cbor::array(good.path())})));
  shelf.add("proof-of-2", malformed, "no path", good.with_proof_parts({n(10), n(6)}));
  shelf.add("proof-of-4", malformed, "an item more",
            good.with_proof_parts({n(10), n(6), Cbor::array(good.path()), n(0)}));
  shelf.add("proof-negative", malformed, "an index below zero",
            good.with_proof_parts({n(10), n(-6), Cbor::array(good.path())}));
  shelf.add("proof-text", malformed, "an index as a text",
            good.with_proof_parts({n(10), Cbor::text("6"), Cbor::array(good.path())}));
  shelf.add("size-2-to-63", malformed, "a size beyond all trees",
            good.with_proof_parts(
                {Cbor::natural(std::uint64_t{1} << 63), n(6), Cbor::array(good.path())}));
  auto short_hash = good.path();
  short_hash[1] = Cbor::bytes(good.receipt.proof.path[1].view().substr(1));
  shelf.add("path-31-bytes", malformed, "a hash of 31 bytes",
            good.with_proof_parts({n(10), n(6), Cbor::array(short_hash)}));
  shelf.add(
      "path-64-hashes", malformed, "longer than any tree is high",
      good.with_proof_parts({n(10), n(6), Cbor::array(std::vector<Cbor>(64, good.path()[0]))}));
}

void add_proofs(Cases& cases, const Good& good) {
  Shelf shelf(cases, "cose");
  const char* not_included = "cose.not_included";
  const char* bad = "cose.bad_signature";
  auto at = [&](std::uint64_t index, std::uint64_t size) {
    return good.with_receipt([&](auto& r) {
      r.proof.index = index;
      r.proof.size = size;
      r.subject = "size/" + std::to_string(size) + "/entry/" + std::to_string(index);
    });
  };
  shelf.add("index-is-size", not_included, "one beyond the last entry, signed so", at(10, 10));
  shelf.add("size-0", not_included, "an entry of the empty tree, signed so", at(0, 0));
  shelf.add("path-short", not_included, "the last hash is missing, signed so",
            good.with_receipt([](auto& r) { r.proof.path.pop_back(); }));
  shelf.add("path-long", not_included, "a hash too many, signed so",
            good.with_receipt([](auto& r) { r.proof.path.push_back(r.proof.path[0]); }));
  shelf.add("path-bit", bad, "one bit of one hash",
            good.unsigned_with([](auto& r) { r.proof.path[2].bytes[0] ^= 1; }));
  shelf.add("path-swapped", bad, "two hashes change places",
            good.unsigned_with([](auto& r) { std::swap(r.proof.path[0], r.proof.path[1]); }));
  shelf.add("entry-of-another", bad, "the neighbour's entry",
            good.unsigned_with([&](auto& r) { r.entry = good.log.entry(7); }));
  shelf.add("entry-newline", bad, "a newline behind the entry",
            good.unsigned_with([](auto& r) { *r.entry += "\n"; }));
  shelf.add("index-of-another", "cose.wrong_subject", "the index is changed",
            good.unsigned_with([](auto& r) { r.proof.index = 7; }));
  // Entry 6 climbs alike in trees of 9 and of 10.
  shelf.add("size-that-fits-too", "cose.wrong_subject",
            "another size that the path leads to the root of",
            good.unsigned_with([](auto& r) { r.proof.size = 9; }));
  shelf.add("signature-bit", bad, "one bit of the signature", good.unsigned_with([](auto& r) {
    r.signature[5] = static_cast<char>(r.signature[5] ^ 1);
  }));
  shelf.add("signature-63", malformed, "63 bytes",
            good.unsigned_with([](auto& r) { r.signature.pop_back(); }));
  shelf.add("signature-65", malformed, "65 bytes",
            good.unsigned_with([](auto& r) { r.signature += 'x'; }));
  shelf.add("signature-of-checkpoint", bad, "the log's signature under the checkpoint",
            good.unsigned_with([&](auto& r) {
              r.signature = good.log.signer().key().sign(good.log.checkpoint_text());
            }));
  shelf.add("signature-over-root", bad, "the root alone is signed",
            good.unsigned_with([&](auto& r) {
              r.signature = good.log.signer().key().sign(good.log.head().root.view());
            }));
  shelf.add("signature-other-context", bad, "signed as COSE_Sign, not COSE_Sign1",
            good.unsigned_with([&](auto& r) {
              std::string signed_bytes = ledger::cose_signed_bytes(r, good.log.head().root);
              r.signature =
                  good.log.signer().key().sign(with(signed_bytes, "jSignature1", "iSignature"));
            }));
  shelf.add("signature-of-size-9", bad, "the root of an earlier tree is signed",
            good.unsigned_with([&](auto& r) {
              r.signature =
                  good.log.signer().key().sign(ledger::cose_signed_bytes(r, good.log.head(9).root));
            }));
  shelf.add("signature-of-a-stranger", bad, "another key under this one's id",
            good.unsigned_with([&](auto& r) {
              r.signature = signer_of("dataspace.example/ledger", 7)
                                .key()
                                .sign(ledger::cose_signed_bytes(r, good.log.head().root));
            }));
  auto alone = [&](const std::string& entry) {
    return ledger::sign_cose_receipt(entry, {0, 1, {}}, {1, ledger::hash_leaf(entry)},
                                     good.log.signer());
  };
  shelf.add("entry-not-json", "receipt.not_an_entry", "what is proved is no entry", alone("{}"));
  shelf.add("entry-wrong-seq", "receipt.wrong_seq", "the entry stands elsewhere than it says",
            alone(good.log.entry(6)));
}

}  // namespace

void add_cose(Cases& cases) {
  Good good;
  add_encodings(cases, good);
  add_protected(cases, good);
  add_open(cases, good);
  add_proofs(cases, good);
}

}  // namespace tally::corpus
