// The true story of a contract, and that story with one thing wrong: told wrongly, where the log has signed
// what is wrong, or cut wrongly, where only the file is.
#include <cstddef>

#include "corpus/evidence_story.h"

namespace tally::corpus {
namespace {

using space::SignedVerb;
using space::UseRecorded;

template <class Change>
std::string told(Change change) {
  Story story;
  change(story);
  return joined(Told(story).lines());
}

// With something more before the attestation of that number of uses.
std::string told_then(std::function<void(Told&)> then, std::uint64_t attested_uses = 2) {
  return told([&](Story& s) {
    s.then = std::move(then);
    s.attested_uses = attested_uses;
  });
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

void add_voids(Cases& cases) {
  Shelf shelf(cases, "evidence");
  const char* use = "evidence.wrong_use";
  const char* count = "evidence.wrong_count";
  const char* permitted = "evidence.not_permitted";
  shelf.add("good-void", "", "nothing: a use is void, and its count is used again",
            told_then([](Told& t) {
              t.make_void(1, 1);
              t.use(2, [](UseRecorded& u) {
                u.count_before = 1;
                u.count_after = 2;
              });
            }));
  shelf.add("void-of-none", use, "a use is void that was never recorded",
            told_then([](Told& t) { t.make_void(7, 1); }, 1));
  shelf.add("void-twice", use, "a use is void twice",
            told_then(
                [](Told& t) {
                  t.make_void(1, 1);
                  t.make_void(1, 0);
                },
                0));
  shelf.add("void-by-an-actor", permitted, "an actor voids a use",
            told_then([](Told& t) { t.make_void(1, 1, "act_1"); }, 1));
  shelf.add("void-reason", permitted, "a use is void for a reason that is none",
            told_then([](Told& t) { t.make_void(1, 1, "system", "whatever"); }, 1));
  shelf.add("void-counts-two", count, "a void gives back two uses",
            told_then([](Told& t) { t.make_void(1, 0); }, 1));
}

void add_redeliveries(Cases& cases) {
  Shelf shelf(cases, "evidence");
  const char* use = "evidence.wrong_use";
  const char* count = "evidence.wrong_count";
  const char* permitted = "evidence.not_permitted";
  auto deliver = [](std::vector<std::uint64_t> numbers) {
    return told_then([numbers](Told& t) {
      for (std::uint64_t number : numbers) t.redeliver(1, number);
    });
  };
  shelf.add("good-redelivered", "", "nothing: a use is delivered three times more",
            deliver({1, 2, 3}));
  shelf.add("redelivered-four-times", permitted, "a use is delivered four times more",
            deliver({1, 2, 3, 4}));
  shelf.add("redelivered-one-twice", count, "the second redelivery calls itself the first",
            deliver({1, 1}));
  shelf.add("redelivered-from-two", count, "the first redelivery calls itself the second",
            deliver({2}));
  shelf.add("redelivered-none", use, "a use is delivered again that was never recorded",
            told_then([](Told& t) { t.redeliver(7, 1); }));
  shelf.add("redelivered-void", use, "a use is delivered again that is void",
            told_then(
                [](Told& t) {
                  t.make_void(1, 1);
                  t.redeliver(1, 1);
                },
                1));
  shelf.add("redelivered-late", permitted, "a use is delivered again after a day",
            told_then([](Told& t) {
              t.wait_ms(24 * 3'600'000);
              t.redeliver(1, 1);
            }));
  shelf.add("dated-back", "evidence.gap", "an entry is dated before the one that it follows",
            told_then([](Told& t) {
              t.wait_ms(-1'000);
              t.redeliver(1, 1);
            }));
}

void add_uses(Cases& cases) {
  Shelf shelf(cases, "evidence");
  const char* use = "evidence.wrong_use";
  auto second = [](std::function<void(UseRecorded&)> change) {
    return told([&](Story& s) {
      s.uses = 1;
      s.then = [change](Told& t) { t.use(1, change); };
    });
  };
  auto first_key = core::sha256("key 0");
  shelf.add("key-charged-twice", use, "two uses charge one key",
            second([&](UseRecorded& u) { u.key = first_key; }));
  shelf.add("use-recorded-twice", use, "two uses have one id", second([](UseRecorded& u) {
              u.use = id_of<space::UseId>("use_01ARZ3NDEKTSV4RRFFQ69G5F10");
            }));
  shelf.add("authority-unknown", "evidence.unknown_authority",
            "a use says that it was authorised by magic",
            second([](UseRecorded& u) { u.auth = "magic"; }));
  shelf.add("authority-signed", "evidence.unknown_authority",
            "a use says that it was signed for, and nothing shows it",
            second([](UseRecorded& u) { u.auth = "signed"; }));
  shelf.add("use-other-dataset", "evidence.not_permitted", "a use of another version",
            second([](UseRecorded& u) { u.version = 2; }));
  shelf.add("use-other-limit", "evidence.wrong_count", "a use names another limit",
            second([](UseRecorded& u) { u.limit = 9; }));
}

void add_ends(Cases& cases) {
  Shelf shelf(cases, "evidence");
  const Story story;
  const auto key = story.provider_key;
  const char* permitted = "evidence.not_permitted";
  shelf.add("good-terminated", "", "nothing: the contract ends",
            told_then([&](Told& t) { t.terminate(key); }));
  shelf.add("terminated-by-other", "evidence.wrong_signature", "the other party's key ends it",
            told_then([&](Told& t) { t.terminate(story.consumer_key); }));
  shelf.add("terminated-twice", permitted, "the contract ends twice", told_then([&](Told& t) {
              t.terminate(key);
              t.terminate(key);
            }));
  shelf.add("termination-not-filed", "evidence.wrong_document",
            "the document that ended the contract is missing",
            told_then([&](Told& t) { t.terminate(key, false); }));
  shelf.add("used-after-the-end", permitted, "a use of a contract that ended", told([&](Story& s) {
              s.uses = 1;
              s.then = [&](Told& t) {
                t.terminate(key);
                t.use(1);
              };
            }));
  shelf.add("redelivered-after-the-end", permitted, "a use is delivered again after the end",
            told_then([&](Told& t) {
              t.terminate(key);
              t.redeliver(1, 1);
            }));
}

void add_chains(Cases& cases) {
  Shelf shelf(cases, "evidence");
  shelf.add("kind-unknown", "partly", "an entry of an unknown kind continues the chain",
            told_then([](Told& t) { t.unknown("use.recorded/2"); }));
  shelf.add("kind-of-a-party", "partly", "a registration's kind continues the chain",
            told_then([](Told& t) { t.unknown("party.registered/1"); }));
  shelf.add("good-project", "", "nothing: a project was opened under the contract",
            told_then([](Told& t) { t.unknown("project.opened/1"); }));
  shelf.add("branch-shown", "evidence.gap", "two entries follow the same one", told([](Story& s) {
              s.uses = 1;
              s.then = [](Told& t) {
                t.branch(1, true);
                t.use(1);
              };
            }));
  // What no single file can show: see docs/evidence.md.
  shelf.add("branch-hidden", "", "nothing that one file can show: a use stands beside the chain",
            told([](Story& s) {
              s.uses = 1;
              s.attested_uses = 1;
              s.then = [](Told& t) { t.branch(1, false); };
            }));
}

// Keys that the operator made, registered in the consumer's name.
void add_registrations(Cases& cases) {
  Story story;
  const auto forged = signer_of("d", 0x50).key();
  auto second = [&](Story& s) {
    s.consumer_key = forged;
    s.then = [](Told&) {};
  };
  for (const char* kind : {"evidence", "evidence_pinned"}) {
    Shelf shelf(cases, kind);
    bool is_pinned = kind != std::string_view("evidence");
    shelf.add("registered-late", "evidence.late_registration",
              "the consumer is registered behind the contract",
              told([&](Story& s) { s.is_registered_late = true; }));
    shelf.add("registered-otherwise", is_pinned ? "evidence.wrong_party_key" : "",
              is_pinned ? "another key than the pinned one is registered for the consumer"
                        : "nothing that one file can show: the operator registered the consumer",
              told(second));
    shelf.add("registered-key-of-both", "evidence.wrong_key", "both parties register one key",
              told([](Story& s) { s.consumer_key = s.provider_key; }));
  }
  Shelf shelf(cases, "evidence");
  shelf.add("registered-twice", "evidence.foreign_entry",
            "a second registration of the consumer stands in the file",
            told_then([&](Told& t) { t.enroll(story.consumer, forged); }));
  Shelf pinned(cases, "evidence_pinned");
  pinned.add("good", "", "nothing", told([](Story&) {}));
  pinned.add("good-rotated", "", "nothing: the pinned key let another one in",
             told([](Story& s) { s.is_rotated = true; }));
}

void add_policies(Cases& cases) {
  Shelf shelf(cases, "evidence_witnessed");
  constexpr std::uint64_t when = 1'735'689'600;
  auto cosigned = [&](std::vector<unsigned> seeds) {
    Story story;
    return joined(Told(story).lines([&](std::string note) {
      std::string text = ledger::parse_note(note)->text;
      for (unsigned seed : seeds) {
        ledger::NoteSigner witness("witness.example/w" + std::to_string(seed / 0x20),
                                   signer_of("x", seed).key(), ledger::SignatureType::cosignature);
        note += ledger::format_signature_line(ledger::cosign(text, witness, when));
      }
      return note;
    }));
  };
  shelf.add("good", "", "nothing", cosigned({0x20, 0x40}));
  shelf.add("none", "policy.quorum_missed", "no witness signed", cosigned({}));
  shelf.add("one", "policy.quorum_missed", "one of two witnesses signed", cosigned({0x20}));
  shelf.add("one-twice", "policy.quorum_missed", "one witness, twice", cosigned({0x20, 0x20}));
  std::string bent = cosigned({0x20, 0x40});
  shelf.add("bent", "note.bad_signature", "the checkpoint's size is changed",
            with(bent, "\\n8\\n", "\\n9\\n"));
}

}  // namespace

void add_evidence(Cases& cases) {
  add_lies(cases);
  add_uses(cases);
  add_voids(cases);
  add_redeliveries(cases);
  add_ends(cases);
  add_chains(cases);
  add_keys(cases);
  add_registrations(cases);
  add_policies(cases);
  add_cuts(cases);
}

}  // namespace tally::corpus
