#include "core/bytes.h"
#include "corpus/corpus.h"
#include "ledger/checkpoint.h"
#include "ledger/tile.h"

namespace tally::corpus {

void add_checkpoints(Cases& cases) {
  Shelf shelf(cases, "checkpoint");
  SmallLog log;
  std::string text = log.checkpoint_text();
  auto sign = [&](const std::string& other) { return ledger::sign_note(other, log.signer()); };
  std::string good = sign(text);
  std::string root = core::to_base64(log.head().root.view());
  auto witness = ledger::NoteSigner("witness.example/w1", signer_of("x", 0x20).key(),
                                    ledger::SignatureType::cosignature);
  std::string cosignature =
      ledger::format_signature_line(ledger::cosign(text, witness, 1'700'000'000));
  shelf.add("good", "", "nothing", good);
  shelf.add("good-cosigned", "", "nothing: a witness stands beside the log", good + cosignature);
  shelf.add("good-extended", "", "nothing: a line more that the log signed", sign(text + "more\n"));
  shelf.add("good-grease", "", "nothing: a line of a signer whom nobody knows",
            good + ledger::format_signature_line({"grease.invalid", 7, "random bytes"}));
  shelf.add("witness-alone", "note.unknown_signers", "only a witness signed",
            text + "\n" + cosignature);
  shelf.add("good-behind-blank-lines", "checkpoint.malformed", "empty lines within, signed so",
            sign(text + "\n\nmore\n"));
  shelf.add("two-lines", "checkpoint.malformed", "no root, signed so",
            sign("dataspace.example/ledger\n10\n"));
  shelf.add("size-first", "checkpoint.malformed", "size and origin change places",
            sign("10\ndataspace.example/ledger\n" + root + "\n"));
  shelf.add("origin-cosignature", "checkpoint.malformed", "the first line of what witnesses sign",
            sign("cosignature/v1\n10\n" + root + "\n"));
  shelf.add("origin-empty", "checkpoint.malformed", "no origin, signed so",
            sign("\n10\n" + root + "\n"));
  shelf.add("root-hex", "checkpoint.malformed", "the root in hex, signed so",
            sign("dataspace.example/ledger\n10\n" + core::to_hex(log.head().root) + "\n"));
  shelf.add("root-url-safe", "checkpoint.malformed", "letters of another alphabet, signed so",
            sign("dataspace.example/ledger\n10\n" + with(root, root.substr(3, 1), "-") + "\n"));
  shelf.add("text-ends-early", "note.malformed", "text and signatures touch",
            with(good, "\n\n", "\n"));
  shelf.add("signature-first", "note.malformed", "the signature stands before the text",
            good.substr(text.size() + 1) + "\n" + text);
  shelf.add("crlf", "note.malformed", "a line ends in CR LF", with(good, "\n10\n", "\r\n10\n"));
  shelf.add("nul", "note.malformed", "a NUL behind", good + std::string(1, '\0'));
}

namespace {

void add_paths(Cases& cases) {
  Shelf shelf(cases, "tile_path");
  const std::vector<std::string> good = {"tile/0/000", "tile/63/000", "tile/0/x001/x234/067.p/255",
                                         "tile/entries/000.p/1", "tile/entries/x001/000"};
  for (std::size_t i = 0; i < good.size(); ++i)
    shelf.add("good-" + std::to_string(i + 1), "", "nothing", good[i]);
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "nothing at all"},
      {"tile", "no level"},
      {"tile/0", "no index"},
      {"tile/0/", "no index"},
      {"tile/0/0", "an index of one digit"},
      {"tile/0/00", "an index of two digits"},
      {"tile/0/0000", "an index of four digits"},
      {"tile/00/000", "a level with a leading zero"},
      {"tile/+1/000", "a level with a plus"},
      {"tile/-1/000", "a level below zero"},
      {"tile/64/000", "a level beyond 63"},
      {"tile/0/1000", "four digits in one element"},
      {"tile/0/001/000", "the x is missing"},
      {"tile/0/x000/001", "a leading element of zeros"},
      {"tile/0/x001", "the last element bears an x"},
      {"tile/0/x001/x000", "the last element bears an x"},
      {"tile/0/X001/000", "an upper-case X"},
      {"tile/0/x001//000", "an empty element"},
      {"tile/0/000/", "a slash behind"},
      {"/tile/0/000", "a slash before"},
      {"tile/0/000.p", "no width"},
      {"tile/0/000.p/", "no width"},
      {"tile/0/000.p/0", "the width 0"},
      {"tile/0/000.p/01", "a width with a leading zero"},
      {"tile/0/000.p/256", "a full width, spelled as a part"},
      {"tile/0/000.p/1/", "a slash behind the width"},
      {"tile/0/000.p/1.p/1", "two widths"},
      {"tile/0/000.P/1", "an upper-case P"},
      {"tile/0/x999/x999/x999/x999/x999/x999/999", "an index beyond 2^63 leaves"},
      {"tile/entries/x999/x999/x999/x999/x999/x999/x999/x999/999", "an index beyond 64 bits"},
      {"tile/data/000", "what other logs call entries"},
      {"tile/8/0/000", "the height, as other logs have it"},
      {"tile/0/000\n", "a newline behind"},
      {"tile/0/%30%30%30", "digits in another spelling"}};
  for (std::size_t i = 0; i < bad.size(); ++i)
    shelf.add("bad-" + std::to_string(i + 1), "refused", bad[i].second, bad[i].first);
}

void add_bundles(Cases& cases) {
  Shelf shelf(cases, "bundle");
  auto of = [](unsigned count, const std::string& entry) {
    std::string bytes;
    for (unsigned i = 0; i < count; ++i) ledger::append_to_bundle(bytes, entry);
    return bytes;
  };
  shelf.add("good-empty", "", "nothing", "");
  shelf.add("good-three", "", "nothing: two of the entries are empty",
            *core::from_hex("00000001610000"));
  shelf.add("good-full", "", "nothing", of(256, "entry"));
  shelf.add("one-byte", "refused", "half a length", std::string(1, '\1'));
  shelf.add("cut", "refused", "an entry that ends early", *core::from_hex("000261"));
  shelf.add("length-alone", "refused", "a length without its entry", *core::from_hex("0001"));
  shelf.add("length-ffff", "refused", "a length beyond the end", *core::from_hex("ffff6161"));
  shelf.add("little-endian", "refused", "the length's bytes change places",
            *core::from_hex("0300616263"));
  shelf.add("byte-behind", "refused", "a byte behind the last entry", of(3, "entry") + "x");
  shelf.add("257-entries", "refused", "an entry more than a tile is wide", of(257, "entry"));
}

}  // namespace

void add_tiles(Cases& cases) {
  add_paths(cases);
  add_bundles(cases);
}

}  // namespace tally::corpus
