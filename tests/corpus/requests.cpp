#include "core/bytes.h"
#include "corpus/corpus.h"
#include "ledger/add_checkpoint.h"
#include "ledger/note.h"

namespace tally::corpus {
namespace {

void add_notes(Cases& cases) {
  Shelf shelf(cases, "note");
  const char* code = "note.malformed";
  const std::string line =
      "\xe2\x80\x94 PeterNeumann "
      "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
      "otpRZb6KE6RyyBwJnAM=\n";
  const std::string good =
      "If you think cryptography is the answer to your problem,\n"
      "then you don't know what your problem is.\n\n" +
      line;
  shelf.add("good", "", "nothing", good);
  shelf.add("good-twice", "", "nothing: the same line again", good + line);
  shelf.add("good-blank-lines", "", "nothing: the text holds empty lines", "a\n\nb\n\n" + line);
  shelf.add("text-alone", code, "no signature", "text\n");
  shelf.add("text-and-blank", code, "no signature", "text\n\n");
  shelf.add("line-behind", code, "a line that is no signature", good + "Unexpected line.\n");
  shelf.add("name-of-two-words", code, "a blank in the name", with(good, "Neumann ", " Neumann "));
  shelf.add("control-first", code, "a control character", "\x01" + good);
  shelf.add("not-utf8", code, "no UTF-8", "\xff" + good);
  shelf.add("no-newline", code, "the last line does not end", good.substr(0, good.size() - 1));
  shelf.add("base64-inserted", code, "a letter too many", with(good, "ZJkuBS9UG", "ZJkuBS9UGA"));
  shelf.add("id-alone", code, "a signature shorter than its id", "text\n\n\xe2\x80\x94 a AAA=\n");
}

void add_requests_to_witnesses(Cases& cases) {
  Shelf shelf(cases, "add_checkpoint");
  const char* code = "add_checkpoint.malformed";
  SmallLog log;
  std::string note = ledger::sign_note(log.checkpoint_text(), log.signer());
  // From 4 to 10.
  const std::string first = "MfKXOrY+GTdd/g0WWpLr2aE9KLXm/HgHLEBovXu/vDc=\n";
  const std::string good =
      "old 4\n" + first + "CD8my2Lpgr8t7kBK2Uc2wCsP5Owvw9MoH0wPQQ10BGI=\n\n" + note;
  shelf.add("good", "", "nothing", good);
  shelf.add("good-from-0", "", "nothing", "old 0\n\n" + note);
  shelf.add("empty", code, "nothing at all", "");
  shelf.add("old-missing", code, "no size", with(good, "old 4\n", ""));
  shelf.add("old-leading-zero", code, "a size with a leading zero", with(good, "old 4", "old 04"));
  shelf.add("old-plus", code, "a size with a plus", with(good, "old 4", "old +4"));
  shelf.add("old-minus", code, "a size below zero", with(good, "old 4", "old -4"));
  shelf.add("old-2-to-63", code, "beyond all logs", with(good, "old 4", "old 9223372036854775808"));
  shelf.add("old-upper-case", code, "another word", with(good, "old", "Old"));
  shelf.add("old-two-blanks", code, "two blanks", with(good, "old 4", "old  4"));
  shelf.add("crlf", code, "a line ends in CR LF", with(good, "old 4\n", "old 4\r\n"));
  shelf.add("hash-31-bytes", code, "a hash of 31 bytes",
            with(good, first, core::to_base64(std::string(31, 'x')) + "\n"));
  shelf.add("hash-loose-base64", code, "unused bits of base64 are set", with(good, "vDc=", "vDd="));
  std::string sixty_four;
  for (int i = 0; i < 64; ++i) sixty_four += first;
  shelf.add("hashes-64", code, "more hashes than any proof has",
            "old 4\n" + sixty_four + "\n" + note);
  shelf.add("blank-line-missing", code, "proof and checkpoint touch", with(good, "\n\n", "\n"));
  shelf.add("proof-alone", code, "no checkpoint", good.substr(0, good.find("\n\n") + 1));
}

void add_cbor(Cases& cases) {
  Shelf shelf(cases, "cbor");
  auto add = [&](std::string name, std::string words, std::string_view hex, bool is_good = false) {
    shelf.add(std::move(name), is_good ? "" : "cbor.malformed", std::move(words),
              *core::from_hex(hex));
  };
  add("good-map", "nothing", "a3010240f6626162820102", true);
  add("good-tag", "nothing", "d2841bffffffffffffffff3b7fffffffffffffff6161f5", true);
  add("number-long-1", "23 in two bytes", "1817");
  add("number-long-2", "255 in three bytes", "1900ff");
  add("number-long-4", "65,535 in five bytes", "1a0000ffff");
  add("number-long-8", "2^32 - 1 in nine bytes", "1b00000000ffffffff");
  add("number-reserved", "a reserved length", "1c");
  add("bytes-indefinite", "bytes without a length", "5f4101ff");
  add("text-indefinite", "a text without a length", "7f6161ff");
  add("array-indefinite", "an array without a length", "9f01ff");
  add("map-indefinite", "a map without a length", "bf0102ff");
  add("bytes-cut", "bytes that end early", "4201");
  add("array-huge", "an array beyond memory", "9bffffffffffffffff");
  add("map-huge", "a map beyond memory", "bbffffffffffffffff");
  add("key-twice", "a key twice", "a201000100");
  add("keys-not-sorted", "keys in another order", "a202000100");
  add("keys-by-length", "keys in the older order, shorter first", "a2200018180020");
  add("text-not-utf8", "no UTF-8", "61ff");
  add("float-half", "a float", "f93c00");
  add("float-double", "a float", "fb3ff0000000000000");
  add("undefined", "undefined", "f7");
  add("simple-long", "false in two bytes", "f814");
  add("break-alone", "a break alone", "ff");
  add("tag-alone", "a tag around nothing", "c1");
  add("byte-behind", "a byte behind", "0000");
  add("nested-17", "17 levels", "8181818181818181818181818181818100");
}

void add_contracts(Cases& cases) {
  Shelf shelf(cases, "contract");
  const char* code = "request.invalid";
  const std::string good =
      "{\"dataset\":{\"digest\":\"" + std::string(64, 'a') +
      "\",\"id\":\"dst_01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"version\":1},"
      "\"format\":\"tallystick/contract/v1\",\"nonce\":\"" +
      std::string(32, '0') +
      "\",\"parties\":{\"consumer\":\"pty_01ARZ3NDEKTSV4RRFFQ69G5FAV\","
      "\"provider\":\"pty_01ARZ3NDEKTSV4RRFFQ69G5FAW\"},"
      "\"permissions\":[{\"actions\":[\"read\"],\"constraints\":["
      "{\"operand\":\"count\",\"operator\":\"lteq\",\"value\":5},"
      "{\"operand\":\"dateTime\",\"operator\":\"lt\",\"value\":\"2027-01-01T00:00:00Z\"}],"
      "\"purpose\":[\"labeling\"]}]}";
  auto bent = [&](std::string name, std::string words, std::string_view from, std::string_view to) {
    shelf.add(std::move(name), code, std::move(words), with(good, from, to));
  };
  shelf.add("good", "", "nothing", good);
  bent("format", "another format", "contract/v1", "contract/v2");
  bent("operand", "an operand that nobody enforces", "\"dateTime\"", "\"spatial\"");
  bent("operator", "an operator that nobody enforces", "\"lteq\"", "\"eq\"");
  bent("count-0", "a count of nothing", "\"value\":5", "\"value\":0");
  bent("count-text", "a count as a text", "\"value\":5", "\"value\":\"5\"");
  bent("count-missing", "no count", "{\"operand\":\"count\",\"operator\":\"lteq\",\"value\":5},",
       "");
  bent("date-month-13", "a day that is none", "2027-01", "2027-13");
  bent("purpose", "a purpose that the tree does not know", "[\"labeling\"]", "[\"marketing\"]");
  bent("action", "an action that is none", "[\"read\"]", "[\"delete\"]");
  bent("no-action", "no action", "[\"read\"]", "[]");
  bent("duty", "a member that nobody reads", "\"purpose\"", "\"duty\":1,\"purpose\"");
  bent("nonce-short", "a nonce of 31 digits", "\"nonce\":\"0", "\"nonce\":\"");
  bent("party", "an id of another kind", "\"pty_01ARZ3NDEKTSV4RRFFQ69G5FAW",
       "\"act_01ARZ3NDEKTSV4RRFFQ69G5FAW");
}

void add_purposes(Cases& cases) {
  Shelf shelf(cases, "purpose");
  for (const char* code : {"training", "training.fine_tuning", "labeling", "research"})
    shelf.add("good-" + std::string(code), "", "nothing", code);
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "nothing at all"},
      {"Training", "upper case"},
      {"training.", "a point behind"},
      {".training", "a point before"},
      {"training ", "a blank behind"},
      {"training..fine_tuning", "two points"},
      {"train", "a part of a code"},
      {"training_fine", "another joint"},
      {"training.unheard", "a code that the tree does not know"}};
  for (std::size_t i = 0; i < bad.size(); ++i)
    shelf.add("bad-" + std::to_string(i + 1), "refused", bad[i].second, bad[i].first);
}

void add_chunks(Cases& cases) {
  Shelf shelf(cases, "http_chunks");
  shelf.add("good", "", "nothing", "5\r\nhello\r\n0\r\n\r\n");
  shelf.add("good-extended", "", "nothing", "5;a=b\r\nhello\r\n0\r\nT: u\r\n\r\n");
  shelf.add("line-feed-alone", "refused", "lines end in LF", "5\nhello\n0\n\n");
  shelf.add("size-empty", "refused", "no size", "\r\nhello\r\n0\r\n\r\n");
  shelf.add("size-prefixed", "refused", "0x before the size", "0x5\r\nhello\r\n0\r\n\r\n");
  shelf.add("size-negative", "refused", "a size below zero", "-5\r\nhello\r\n0\r\n\r\n");
  shelf.add("size-huge", "refused", "a size beyond 64 bits", "fffffffffffffffff\r\nhello\r\n");
  shelf.add("data-long", "refused", "more than was said", "4\r\nhello\r\n0\r\n\r\n");
  shelf.add("cut", "refused", "it ends early", "5\r\nhello\r\n0\r\n");
}

void add_wire(Cases& cases) {
  Shelf shelf(cases, "http_head");
  const char* code = "request.malformed_head";
  const char* length = "request.ambiguous_length";
  auto post = [](const std::string& lines) {
    return "POST /v1/x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
  };
  shelf.add("good", "", "nothing", "GET /v1/a?b=c HTTP/1.1\r\nHost: a\r\n\r\n");
  shelf.add("good-chunked", "", "nothing", post("Transfer-Encoding: chunked\r\n"));
  shelf.add("line-feed-alone", "refused", "lines end in LF, so that the head never ends",
            "GET / HTTP/1.1\nHost: a\n\n");
  shelf.add("version-2", code, "another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n");
  shelf.add("no-host", code, "no host", "GET / HTTP/1.1\r\n\r\n");
  shelf.add("folded", code, "a folded header", post("A: b\r\n c\r\n"));
  shelf.add("blank-before-colon", code, "a blank before the colon", post("A : b\r\n"));
  shelf.add("nul", code, "a NUL in a header", post(std::string("A: b\0c\r\n", 8)));
  shelf.add("method-unknown", "request.unknown_method", "no method",
            "BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
  shelf.add("two-lengths", length, "two lengths",
            post("Content-Length: 1\r\nContent-Length: 2\r\n"));
  shelf.add("length-and-chunked", length, "a length, and chunks",
            post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"));
  shelf.add("length-plus", length, "a length with a plus", post("Content-Length: +1\r\n"));
  shelf.add("length-list", length, "a list of lengths", post("Content-Length: 1, 1\r\n"));
  shelf.add("encoding-unknown", length, "an encoding that is not known",
            post("Transfer-Encoding: gzip, chunked\r\n"));
  shelf.add("headers-65", "request.head_too_large", "65 headers", post([] {
              std::string lines;
              for (int i = 0; i < 64; ++i) lines += "A: b\r\n";
              return lines;
            }()));
}

}  // namespace

void add_requests(Cases& cases) {
  add_notes(cases);
  add_requests_to_witnesses(cases);
  add_cbor(cases);
  add_contracts(cases);
  add_purposes(cases);
  add_chunks(cases);
  add_wire(cases);
}

}  // namespace tally::corpus
