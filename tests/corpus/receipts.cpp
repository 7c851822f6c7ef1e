#include "core/bytes.h"
#include "corpus/corpus.h"
#include "ledger/checkpoint.h"
#include "ledger/proof.h"

namespace tally::corpus {
namespace {

using ledger::format_receipt;
using ledger::InclusionProof;
using ledger::sign_note;

// A good receipt of entry 6 of 10, and its parts as they stand in the file.
struct Good {
  SmallLog log;
  std::string bytes = log.receipt(6);
  InclusionProof proof = log.proof(6);
  std::string text = log.checkpoint_text();
  std::string note = sign_note(text, log.signer());
  std::string extra = "extra " + core::to_base64(log.entry(6)) + "\n";
  std::string step(std::size_t i) const { return core::to_base64(proof.path[i].view()) + "\n"; }
  std::string root = core::to_base64(log.head().root.view()) + "\n";
  std::string signature = note.substr(text.size() + 1);

  std::string bent(std::string_view from, std::string_view to) const {
    return with(bytes, from, to);
  }
  // The log signs another text.
  std::string under(std::string_view other_text) const {
    return format_receipt(log.entry(6), proof, sign_note(other_text, log.signer()));
  }
};

// The same bits with another spelling: the last character before the padding holds unused bits.
std::string loose(std::string base64_line) {
  std::size_t at = base64_line.find('=') - 1;
  base64_line[at] = static_cast<char>(base64_line[at] + 1);
  return base64_line;
}

std::string crlf(std::string_view text) {
  std::string lines;
  for (char c : text) lines += c == '\n' ? "\r\n" : std::string(1, c);
  return lines;
}

void add_frames(Cases& cases, const Good& good) {
  Shelf shelf(cases, "proof");
  const char* code = "proof.malformed";
  shelf.add("good", "", "nothing", good.bytes);
  shelf.add("good-of-one", "", "nothing: a single leaf has no path", good.log.receipt(0, 1));
  shelf.add("empty", code, "nothing is there", "");
  shelf.add("first-line-only", code, "the rest is missing", "c2sp.org/tlog-proof@v1\n");
  shelf.add("version-2", code, "another version", good.bent("@v1", "@v2"));
  shelf.add("first-line-blank", code, "a blank behind the first line", good.bent("@v1", "@v1 "));
  shelf.add("byte-order-mark", code, "a byte order mark", "\xef\xbb\xbf" + good.bytes);
  shelf.add("crlf", code, "lines end in CR LF", crlf(good.bytes));
  shelf.add("crlf-first-line", code, "one line ends in CR LF", good.bent("@v1\n", "@v1\r\n"));
  shelf.add("crlf-index", code, "the index ends in CR", good.bent("index 6\n", "index 6\r\n"));
  shelf.add("no-blank-line", code, "path and checkpoint touch",
            good.bent(good.step(3) + "\n", good.step(3)));
  shelf.add("no-checkpoint", code, "the checkpoint is missing",
            good.bytes.substr(0, good.bytes.find("\n\n") + 2));
  shelf.add("extra-twice", code, "two extra lines", good.bent("index", good.extra + "index"));
  shelf.add("extra-behind-index", code, "the lines change places",
            with(good.bent(good.extra, ""), "index 6\n", "index 6\n" + good.extra));
  shelf.add("extra-missing", code, "a receipt without its entry", good.bent(good.extra, ""));
  shelf.add("extra-upper-case", code, "another name of the line", good.bent("extra", "Extra"));
  shelf.add(
      "extra-unpadded", code, "the padding is gone",
      good.bent(good.extra, good.extra.substr(0, good.extra.find_last_not_of("=\n") + 1) + "\n"));
  shelf.add("extra-split", code, "a blank within base64",
            good.bent(good.extra, with(good.extra, "extra eyJ", "extra ey J")));
  std::string url_safe = good.extra;
  url_safe.insert(url_safe.size() - 5, "__--");
  shelf.add("extra-url-safe", code, "letters of another alphabet", good.bent(good.extra, url_safe));
}

void add_numbers_and_paths(Cases& cases, const Good& good) {
  Shelf shelf(cases, "proof");
  const char* code = "proof.malformed";
  const std::vector<std::pair<std::string, std::string>> numbers = {
      {"leading-zero", "06"},
      {"plus", "+6"},
      {"minus", "-6"},
      {"hexadecimal", "0x6"},
      {"blank-behind", "6 "},
      {"two-blanks", " 6"},
      {"fraction", "6.0"},
      {"exponent", "6e0"},
      {"2-to-63", "9223372036854775808"},
      {"2-to-64-and-6", "18446744073709551622"},
      {"nothing", ""},
      {"arabic-digit", "\xd9\xa6"}};
  for (const auto& [name, number] : numbers)
    shelf.add("index-" + name, code, "a spelling of the index that is none",
              good.bent("index 6", "index " + number));
  shelf.add("index-twice", code, "two index lines", good.bent("index 6\n", "index 6\nindex 6\n"));
  shelf.add("index-missing", code, "no index line", good.bent("index 6\n", ""));
  shelf.add("path-31-bytes", code, "a hash of 31 bytes",
            good.bent(good.step(1), core::to_base64(good.proof.path[1].view().substr(1)) + "\n"));
  shelf.add("path-33-bytes", code, "a hash of 33 bytes",
            good.bent(good.step(1),
                      core::to_base64(std::string(good.proof.path[1].view()) + "x") + "\n"));
  shelf.add("path-loose-base64", code, "unused bits of base64 are set",
            good.bent(good.step(1), loose(good.step(1))));
  std::string sixty_four;
  for (int i = 0; i < 64; ++i) sixty_four += good.step(0);
  shelf.add("path-64-hashes", code, "longer than any tree is high",
            good.bent(good.step(0), sixty_four));

  const char* not_included = "proof.not_included";
  shelf.add("index-of-another", not_included, "the index of the neighbour",
            good.bent("index 6", "index 7"));
  shelf.add("index-is-size", not_included, "one beyond the last entry",
            good.bent("index 6", "index 10"));
  shelf.add("index-huge", not_included, "2^63 - 1",
            good.bent("index 6", "index 9223372036854775807"));
  shelf.add("path-short", not_included, "the last hash is missing", good.bent(good.step(3), ""));
  shelf.add("path-none", not_included, "all hashes are missing",
            good.bent(good.step(0) + good.step(1) + good.step(2) + good.step(3), ""));
  shelf.add("path-long", not_included, "one hash too many",
            good.bent(good.step(3), good.step(3) + good.root));
  shelf.add("path-swapped", not_included, "two hashes change places",
            good.bent(good.step(0) + good.step(1), good.step(1) + good.step(0)));
  InclusionProof flipped = good.proof;
  flipped.path[2].bytes[31] ^= 1;
  shelf.add("path-bit", not_included, "one bit of one hash",
            format_receipt(good.log.entry(6), flipped, good.note));
  shelf.add("path-of-size-9", not_included, "the path of an earlier tree",
            format_receipt(good.log.entry(6), good.log.proof(6, 9), good.note));
}

void add_entries(Cases& cases, const Good& good) {
  Shelf shelf(cases, "proof");
  const char* code = "proof.not_included";
  auto of = [&](const std::string& entry) { return format_receipt(entry, good.proof, good.note); };
  shelf.add("entry-of-another", code, "the neighbour's entry", of(good.log.entry(7)));
  shelf.add("entry-newline", code, "a newline behind the entry", of(good.log.entry(6) + "\n"));
  shelf.add("entry-number", code, "another number in the entry",
            of(with(good.log.entry(6), "\"number\":6", "\"number\":7")));
  shelf.add("entry-respelled", code, "the same JSON with a blank",
            of(with(good.log.entry(6), "\"number\":6", "\"number\": 6")));
  shelf.add("entry-empty", code, "an empty entry", of(""));

  // A tree may hold anything; what is no entry, or one that calls itself otherwise, is no receipt.
  auto alone = [&](const std::string& entry) {
    ledger::Hash leaf = ledger::hash_leaf(entry);
    std::string text = ledger::format_checkpoint({good.log.signer().verifier().name, {1, leaf}});
    return format_receipt(entry, {0, 1, {}}, sign_note(text, good.log.signer()));
  };
  shelf.add("entry-not-json", "receipt.not_an_entry", "what is proved is no entry", alone("{}"));
  shelf.add("entry-wrong-seq", "receipt.wrong_seq", "the entry stands elsewhere than it says",
            alone(good.log.entry(6)));
  shelf.add("entry-two-seqs", "receipt.not_an_entry", "a number that stands twice",
            alone(with(good.log.entry(0), "\"seq\":0", "\"seq\":0,\"seq\":0")));
  // The two halves of a node, called an entry: hashed as one, they are no node.
  auto halves = good.log.proof(0, 4);
  std::string node(ledger::hash_leaf(good.log.entry(0)).view());
  node += halves.path[0].view();
  shelf.add("node-as-entry", code, "a node of the tree passes for an entry",
            format_receipt(node, {0, 2, {halves.path[1]}},
                           sign_note(good.log.checkpoint_text(4), good.log.signer())));
}

void add_notes(Cases& cases, const Good& good) {
  Shelf shelf(cases, "proof");
  const char* note = "note.malformed";
  const char* bad = "note.bad_signature";
  shelf.add("note-unsigned", note, "no signature", good.bent(good.signature, ""));
  shelf.add("note-blank-line-more", note, "an empty line behind the signatures", good.bytes + "\n");
  shelf.add("note-bytes-behind", note, "bytes behind the last line", good.bytes + "x");
  shelf.add("note-no-newline", note, "the last line does not end",
            good.bytes.substr(0, good.bytes.size() - 1));
  shelf.add("note-en-dash", note, "another dash", good.bent("\xe2\x80\x94", "\xe2\x80\x93"));
  shelf.add("note-hyphen", note, "a hyphen", good.bent("\xe2\x80\x94", "-"));
  shelf.add("note-control-character", note, "a control character in the text",
            good.bent("ledger\n10\n", "ledger\x01\n10\n"));
  shelf.add("note-not-utf8", note, "no UTF-8", good.bent("ledger\n10\n", "ledger\xff\n10\n"));
  shelf.add("note-loose-base64", note, "unused bits of the signature's base64 are set",
            good.bent(good.signature, loose(good.signature)));
  std::string hundred_and_one;
  for (int i = 0; i < 101; ++i) hundred_and_one += good.signature;
  shelf.add("note-101-signatures", note, "more signatures than are read",
            good.bent(good.signature, hundred_and_one));
  shelf.add("note-changed-size", bad, "the size is raised, the signature stays",
            good.bent("ledger\n10\n", "ledger\n11\n"));
  shelf.add("note-changed-root", bad, "another root, the signature stays",
            good.bent(good.root, good.step(0)));
  shelf.add("note-other-text-signed", bad, "the signature of another checkpoint",
            with(good.bytes, good.signature,
                 sign_note(good.log.checkpoint_text(9), good.log.signer())
                     .substr(good.log.checkpoint_text(9).size() + 1)));
  auto line = ledger::parse_note(good.note)->signatures[0];
  auto line_of = [&](auto change) {
    auto bent = line;
    change(bent);
    return good.bent(good.signature, ledger::format_signature_line(bent));
  };
  shelf.add("signature-bit", bad, "one bit of the signature",
            line_of([](auto& l) { l.signature[9] = static_cast<char>(l.signature[9] ^ 4); }));
  shelf.add("signature-short", bad, "63 bytes", line_of([](auto& l) { l.signature.pop_back(); }));
  shelf.add("signature-long", bad, "65 bytes", line_of([](auto& l) { l.signature += 'x'; }));
  shelf.add("signature-wrong-key-hash", "note.unknown_signers", "the id of no known key",
            line_of([](auto& l) { l.id ^= 1; }));
  shelf.add("signature-other-name", "note.unknown_signers", "another name of the signer",
            line_of([](auto& l) { l.name += "x"; }));
  shelf.add("signature-wrong-beside-good", bad, "a second line of the log is wrong",
            good.bytes + ledger::format_signature_line([&] {
              auto second = line;
              second.signature[0] = static_cast<char>(second.signature[0] ^ 1);
              return second;
            }()));
  auto stranger = signer_of("dataspace.example/ledger", 7);
  shelf.add("signature-of-a-stranger", "note.unknown_signers", "another key of the same name",
            format_receipt(good.log.entry(6), good.proof, sign_note(good.text, stranger)));
  shelf.add("signature-as-cosignature", "note.unknown_signers", "the log's key signs as a witness",
            good.bent(good.signature,
                      ledger::format_signature_line(ledger::cosign(
                          good.text,
                          ledger::NoteSigner("dataspace.example/ledger", good.log.signer().key(),
                                             ledger::SignatureType::cosignature),
                          1'700'000'000))));
}

// The log signed these texts itself.
void add_checkpoints_within(Cases& cases, const Good& good) {
  Shelf shelf(cases, "proof");
  const char* code = "checkpoint.malformed";
  auto text = [&](std::string_view from, std::string_view to) {
    return good.under(with(good.text, from, to));
  };
  shelf.add("size-leading-zero", code, "signed so", text("\n10\n", "\n010\n"));
  shelf.add("size-plus", code, "signed so", text("\n10\n", "\n+10\n"));
  shelf.add("size-blank", code, "signed so", text("\n10\n", "\n10 \n"));
  shelf.add("size-2-to-63", code, "signed so", text("\n10\n", "\n9223372036854775808\n"));
  shelf.add("root-31-bytes", code, "signed so",
            text(good.root, core::to_base64(good.log.head().root.view().substr(1)) + "\n"));
  shelf.add("root-loose-base64", code, "signed so", text(good.root, loose(good.root)));
  shelf.add("root-missing", code, "signed so", text(good.root, ""));
  shelf.add("extension-empty", code, "an empty line within the text, signed so",
            text(good.root, good.root + "\nextension\n"));
  shelf.add("size-0", "proof.not_included", "an empty tree, signed so",
            good.under("dataspace.example/ledger\n0\n" +
                       core::to_base64(ledger::empty_root().view()) + "\n"));
  shelf.add("size-other", "proof.not_included", "the root of 10 under the size 7, signed so",
            text("\n10\n", "\n7\n"));
  shelf.add("origin-other", "checkpoint.wrong_origin", "another log's, signed by this key",
            text("dataspace.example/ledger", "dataspace.example/leger"));
  shelf.add("origin-upper-case", "checkpoint.wrong_origin", "another spelling of the origin",
            text("dataspace", "Dataspace"));
}

}  // namespace

void add_receipts(Cases& cases) {
  Good good;
  add_frames(cases, good);
  add_numbers_and_paths(cases, good);
  add_entries(cases, good);
  add_notes(cases, good);
  add_checkpoints_within(cases, good);
}

}  // namespace tally::corpus
