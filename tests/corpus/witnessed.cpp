// Receipts that need the cosignatures of two witnesses.
#include "corpus/corpus.h"
#include "ledger/checkpoint.h"
#include "ledger/proof.h"

namespace tally::corpus {
namespace {

using ledger::NoteSigner;
using ledger::SignatureLine;

constexpr std::uint64_t when = 1'700'000'000;

struct Witnessed {
  SmallLog log;
  NoteSigner one{"witness.example/w1", signer_of("x", 0x20).key(),
                 ledger::SignatureType::cosignature};
  NoteSigner two{"witness.example/w2", signer_of("x", 0x40).key(),
                 ledger::SignatureType::cosignature};
  std::string text = log.checkpoint_text();
  SignatureLine first = ledger::cosign(text, one, when);
  SignatureLine second = ledger::cosign(text, two, when);

  std::string with_lines(const std::vector<SignatureLine>& lines) const {
    std::string bytes = log.receipt(6);
    for (const auto& line : lines) bytes += ledger::format_signature_line(line);
    return bytes;
  }
  template <class Change>
  std::string with_second(Change change) const {
    SignatureLine bent = second;
    change(bent.signature);
    return with_lines({first, bent});
  }
};

void add_quorums(Cases& cases, const Witnessed& good) {
  Shelf shelf(cases, "witnessed");
  const char* missed = "policy.quorum_missed";
  shelf.add("good", "", "nothing", good.with_lines({good.first, good.second}));
  shelf.add("good-order", "", "nothing: the other order",
            good.with_lines({good.second, good.first}));
  shelf.add("good-stranger", "", "nothing: a line of a signer whom nobody knows",
            good.with_lines({good.first, {"grease.invalid", 7, "random"}, good.second}));
  shelf.add("none", missed, "no witness signed", good.with_lines({}));
  shelf.add("one", missed, "one of two", good.with_lines({good.first}));
  shelf.add("one-twice", missed, "one witness, whose line stands twice",
            good.with_lines({good.first, good.first}));
  shelf.add("one-at-two-times", missed, "one witness, at two times",
            good.with_lines({good.first, ledger::cosign(good.text, good.one, when + 1)}));
  auto renamed = good.first;
  renamed.name = "witness.example/w2";
  shelf.add("one-under-two-names", missed, "one witness's line under the other's name",
            good.with_lines({good.first, renamed}));
  shelf.add("second-id-changed", missed, "the second line bears the id of no known key", [&] {
    auto line = good.second;
    line.id ^= 1;
    return good.with_lines({good.first, line});
  }());
}

void add_cosignatures(Cases& cases, const Witnessed& good) {
  Shelf shelf(cases, "witnessed");
  const char* bad = "note.bad_signature";
  shelf.add("bit", bad, "one bit of a cosignature",
            good.with_second([](auto& s) { s[40] = static_cast<char>(s[40] ^ 1); }));
  shelf.add("time-changed", bad, "another time than was signed",
            good.with_second([](auto& s) { s[7] = static_cast<char>(s[7] ^ 1); }));
  shelf.add(
      "time-little-endian", bad, "the bytes of the time change places",
      good.with_second([](auto& s) { s = std::string(s.rbegin() + 64, s.rend()) + s.substr(8); }));
  shelf.add(
      "time-2-to-63", bad, "a time beyond all clocks, signed so", good.with_second([&](auto& s) {
        std::string time = "\x80" + std::string(7, '\0');
        s = time + good.two.key().sign("cosignature/v1\ntime 9223372036854775808\n" + good.text);
      }));
  shelf.add("time-missing", bad, "a signature without a time",
            good.with_second([](auto& s) { s = s.substr(8); }));
  shelf.add(
      "of-another-size", bad, "a cosignature of an earlier checkpoint",
      good.with_lines({good.first, ledger::cosign(good.log.checkpoint_text(9), good.two, when)}));
  shelf.add("as-a-log", bad, "the witness signed as logs do", good.with_second([&](auto& s) {
    s = s.substr(0, 8) + good.two.key().sign(good.text);
  }));
  // An extension line that the witness did not sign.
  std::string extended = good.text + "more\n";
  std::string receipt = ledger::format_receipt(good.log.entry(6), good.log.proof(6),
                                               ledger::sign_note(extended, good.log.signer()));
  shelf.add("extension-not-cosigned", bad, "the witnesses left out a line of the text",
            receipt + ledger::format_signature_line(good.first) +
                ledger::format_signature_line(good.second));
}

void add_others(Cases& cases, const Witnessed& good) {
  Shelf shelf(cases, "witnessed");
  std::string whole = good.with_lines({good.first, good.second});
  std::string log_line =
      ledger::sign_note(good.text, good.log.signer()).substr(good.text.size() + 1);
  shelf.add("log-missing", "note.unknown_signers", "the witnesses stand alone",
            with(whole, log_line, ""));
  auto other = signer_of("dataspace.example/other", 0);
  std::string text = with(good.text, "dataspace.example/ledger", "dataspace.example/other");
  shelf.add(
      "log-unknown", "policy.unknown_log", "a log that the policy does not name",
      ledger::format_receipt(good.log.entry(6), good.log.proof(6), ledger::sign_note(text, other)));
  shelf.add("entry-of-another", "proof.not_included", "the neighbour's entry, witnessed",
            ledger::format_receipt(good.log.entry(7), good.log.proof(6),
                                   whole.substr(whole.find("\n\n") + 2)));
}

}  // namespace

void add_witnessed(Cases& cases) {
  Witnessed good;
  add_quorums(cases, good);
  add_cosignatures(cases, good);
  add_others(cases, good);
}

}  // namespace tally::corpus
