#include "core/bytes.h"
#include "corpus/corpus.h"

namespace tally::corpus {
namespace {

// RFC 8259 and RFC 7493, numbers whole; the negative cases that RFC 8785's own suite lacks.
void add_json(Cases& cases) {
  Shelf shelf(cases, "json");
  const char* code = "json.malformed";
  const char* number = "json.not_an_integer";
  auto hex = [](std::string_view digits) { return *core::from_hex(digits); };
  shelf.add("good-order", "", "nothing: keys in the order of UTF-16",
            "{\"\\r\":1,\"1\":2,\"\xc2\x80\":3,\"\xc3\xb6\":4,\"\xe2\x82\xac\":5,"
            "\"\xf0\x9f\x98\x80\":6,\"\xef\xac\xb3\":7}");
  shelf.add("good-bounds", "", "nothing: the largest numbers",
            "[-9007199254740991,9007199254740991]");
  shelf.add("good-minus-zero", "", "nothing: another spelling of 0, though not the canonical one",
            "[-0]");
  shelf.add("surrogates-reversed", code, "a low surrogate before a high one",
            hex("5b225c75646530305c7564383364225d"));
  shelf.add("surrogate-high", code, "a high surrogate alone", "[\"\\ud83d\"]");
  shelf.add("surrogate-low", code, "a low surrogate alone", "[\"\\ude00\"]");
  shelf.add("surrogate-in-key", code, "a surrogate alone in a key", "{\"\\ud83d\":1}");
  shelf.add("surrogate-in-utf8", code, "a surrogate in UTF-8", hex("5b22eda080225d"));
  shelf.add("not-utf8", code, "no UTF-8", hex("5b22ff225d"));
  shelf.add("overlong", code, "a slash in two bytes", hex("5b22c0af225d"));
  shelf.add("beyond-10ffff", code, "a code point beyond Unicode", hex("5b22f4908080225d"));
  shelf.add("key-twice", code, "a key twice", "{\"a\":1,\"a\":2}");
  shelf.add("key-twice-escaped", code, "a key twice, in two spellings", "{\"a\":1,\"\\u0061\":2}");
  shelf.add("key-twice-deep", code, "a key twice, further in", "[{\"b\":{\"a\":1,\"a\":1}}]");
  shelf.add("byte-order-mark", code, "a byte order mark", "\xef\xbb\xbf{}");
  shelf.add("comma-behind", code, "a comma behind the last element", "[1,]");
  shelf.add("comma-behind-member", code, "a comma behind the last member", "{\"a\":1,}");
  shelf.add("comma-alone", code, "a comma alone", "[,]");
  shelf.add("control-character", code, "a control character in a text", "[\"\x01\"]");
  shelf.add("tab-in-text", code, "a tab in a text", "[\"\t\"]");
  shelf.add("delete-escaped", code, "an escape that is none", "[\"\\x7f\"]");
  shelf.add("quote-single", code, "single quotes", "['a']");
  shelf.add("key-bare", code, "a key without quotes", "{a:1}");
  shelf.add("comment", code, "a comment", "[1/*2*/]");
  shelf.add("two-values", code, "two values", "{}{}");
  shelf.add("nothing", code, "nothing at all", "");
  shelf.add("cut", code, "it ends early", "{\"a\":[1");
  shelf.add("minus-alone", code, "a minus alone", "[-]");
  shelf.add("leading-zero", code, "a number with a leading zero", "[01]");
  shelf.add("plus", code, "a number with a plus", "[+1]");
  shelf.add("point-first", code, "a number without its whole part", "[.5]");
  shelf.add("point-last", code, "a number without its fraction", "[1.]");
  shelf.add("nan", code, "no number", "[NaN]");
  shelf.add("true-upper-case", code, "True", "[True]");
  shelf.add("nul-behind", code, "a NUL behind", std::string("[1]\0", 4));
  shelf.add("nested-33", code, "33 levels", std::string(33, '[') + std::string(33, ']'));
  shelf.add("nested-10000", code, "10,000 levels", std::string(10'000, '['));
  shelf.add("fraction", number, "a fraction", "[1.5]");
  shelf.add("fraction-zero", number, "a fraction of zero", "[1.0]");
  shelf.add("exponent", number, "an exponent", "[1e2]");
  shelf.add("exponent-400", number, "beyond all doubles", "[1e400]");
  shelf.add("2-to-53", number, "beyond what all readers agree on", "[9007199254740992]");
  shelf.add("minus-2-to-53", number, "the same below zero", "[-9007199254740992]");
  shelf.add("2-to-64", number, "beyond 64 bits", "[18446744073709551616]");
}

void add_entry_envelopes(Cases& cases) {
  Shelf shelf(cases, "entry");
  SmallLog log;
  const std::string& good = log.entry(3);
  shelf.add("good", "", "nothing", good);
  auto bent = [&](std::string name, std::string words, std::string_view from, std::string_view to) {
    shelf.add(std::move(name), "refused", std::move(words), with(good, from, to));
  };
  bent("blank", "a blank", "{\"at\":", "{ \"at\":");
  bent("order", "members change places", "\"by\":\"act_1\",\"kind\":\"test.noted/1\"",
       "\"kind\":\"test.noted/1\",\"by\":\"act_1\"");
  bent("at-leading-zero", "a time with a leading zero", "\"at\":1", "\"at\":01");
  bent("at-negative", "a time below zero", "\"at\":1", "\"at\":-1");
  bent("at-text", "a time as a text", "\"at\":1700000000003", "\"at\":\"1700000000003\"");
  bent("at-fraction", "a time with a fraction", "\"at\":1700000000003", "\"at\":1700000000003.0");
  bent("body-array", "a body that is no object", "\"body\":{\"number\":3,",
       "\"body\":[\"number\",3,");
  bent("by-quote", "a quote within", "act_1", "act\"1");
  bent("by-escape", "an escape within", "act_1", "act\\u005f1");
  bent("by-empty", "nobody", "act_1", "");
  bent("kind-not-ascii", "a kind beyond ASCII", "noted", "not\xc3\xa9");
  bent("prev-upper-case", "hex in upper case", "\"prev\":\"", "\"prev\":\"A");
  bent("prev-short", "63 digits", "\",\"seq\"", "\",\"seq\"");
  cases.back().bytes.erase(good.find("\",\"seq\"") - 1, 1);
  bent("seq-leading-zero", "a number with a leading zero", "\"seq\":3", "\"seq\":03");
  bent("seq-2-to-63", "beyond all entries", "\"seq\":3", "\"seq\":9223372036854775808");
  bent("member-more", "a member more", "\"seq\":3", "\"seq\":3,\"x\":1");
  bent("newline", "a newline behind", "\"seq\":3}", "\"seq\":3}\n");
  bent("cut", "the last byte is missing", "\"seq\":3}", "\"seq\":3");
}

void add_keys(Cases& cases) {
  Shelf shelf(cases, "vkey");
  const char* code = "vkey.malformed";
  const std::string good = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
  shelf.add("good", "", "nothing", good);
  shelf.add("length", code, "three bytes too many",
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==");
  shelf.add("type", code, "a type that is none",
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  shelf.add("id-upper-case", code, "the id in upper case", with(good, "c74f20a3", "C74F20A3"));
  shelf.add("id-short", code, "an id of six digits", with(good, "c74f20a3", "c74f20"));
  shelf.add("id-other", code, "the id of another key", with(good, "c74f20a3", "c74f20a4"));
  shelf.add("name-other", code, "another name", with(good, "Peter", "Pater"));
  shelf.add("name-empty", code, "no name", with(good, "PeterNeumann", ""));
  shelf.add("name-blank", code, "a blank in the name", with(good, "PeterN", "Peter N"));
  shelf.add("newline", code, "a newline behind", good + "\n");
  shelf.add("loose-base64", code, "unused bits of base64 are set",
            "dataspace.example/ledger+133997fb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG5=");
}

void add_policies(Cases& cases) {
  Shelf shelf(cases, "policy");
  const char* code = "policy.malformed";
  const std::string log =
      "log dataspace.example/ledger+133997fb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n";
  const std::string key =
      "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
  const std::string witness = "witness w1 " + key + " https://witness.example/\n";
  const std::string good = log + witness + "quorum w1\n";
  shelf.add("good", "", "nothing", good);
  shelf.add("good-group", "", "nothing",
            "# a comment\n" + log + witness + "group g any w1\nquorum g\n");
  shelf.add("good-none", "", "nothing: no witness is needed", log + "quorum none\n");
  shelf.add("empty", code, "nothing at all", "");
  shelf.add("quorum-none-named", code, "no quorum", log + witness);
  shelf.add("quorum-twice", code, "two quorums", good + "quorum none\n");
  shelf.add("quorum-unknown", code, "a quorum of nobody", log + witness + "quorum w2\n");
  shelf.add("member-below", code, "a member that stands below",
            log + "group g any w1\n" + witness + "quorum g\n");
  shelf.add("member-twice", code, "a member of two groups",
            log + witness + "group g any w1\ngroup h any w1\nquorum g\n");
  shelf.add("key-twice", code, "one key under two names",
            log + witness + "witness w2 " + key + "\nquorum w1\n");
  shelf.add("threshold-0", code, "none of one", log + witness + "group g 0 w1\nquorum g\n");
  shelf.add("threshold-2", code, "two of one", log + witness + "group g 2 w1\nquorum g\n");
  shelf.add("threshold-leading-zero", code, "01 of one",
            log + witness + "group g 01 w1\nquorum g\n");
  shelf.add("witness-key-as-log", code, "a witness's key for a log",
            "log " + key + "\nquorum none\n");
  shelf.add("carriage-return", code, "a line ends in CR LF", with(good, "\n", "\r\n"));
  shelf.add("form-feed", code, "another white space", with(good, "quorum w1", "quorum\fw1"));
  shelf.add("word-unknown", code, "a line of no kind", good + "mirror m1\n");
}

}  // namespace

void add_texts(Cases& cases) {
  add_json(cases);
  add_entry_envelopes(cases);
  add_keys(cases);
  add_policies(cases);
}

}  // namespace tally::corpus
