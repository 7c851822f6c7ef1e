#include "ledger/note.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "core/result.h"
#include "core/signature.h"

using namespace tally::ledger;
using tally::core::Hash;
using tally::core::SigningKey;

namespace {

// The examples of golang.org/x/mod/sumdb/note.
const std::string peter_vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const std::string peter_skey =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const std::string enoch_vkey = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const std::string text =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
const std::string peter_line =
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngot"
    "pRZb6KE6RyyBwJnAM=\n";
const std::string enoch_line =
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33W"
    "Wd1RvMc+QQ=\n";

VerifierKey key(std::string_view vkey) { return *parse_vkey(vkey); }

// The names of the verified signers, or the code of the refusal.
std::vector<std::string> signers(std::string_view bytes, const std::vector<VerifierKey>& keys) {
  auto note = parse_note(bytes);
  if (!note) return {note.error().code};
  auto signatures = verify_note(*note, keys);
  if (!signatures) return {signatures.error().code};
  std::vector<std::string> names;
  for (const auto& signature : *signatures) names.push_back(signature.key.name);
  return names;
}

using Names = std::vector<std::string>;
const Names malformed = {"note.malformed"};

// Every text that differs from `text` in one character, which becomes one of `letters`.
std::vector<std::string> one_character_off(const std::string& original, std::string_view letters) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < original.size(); ++i) {
    for (char letter : letters) {
      if (original[i] == letter) continue;
      texts.push_back(original);
      texts.back()[i] = letter;
    }
  }
  return texts;
}

}  // namespace

TEST_CASE("vkey: the examples of C2SP and Go are read and written back") {
  for (const std::string& vkey :
       {std::string("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
        peter_vkey, enoch_vkey,
        std::string("witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X")}) {
    CAPTURE(vkey);
    auto parsed = parse_vkey(vkey);
    REQUIRE(parsed);
    CHECK(format_vkey(*parsed) == vkey);
    CHECK(parsed->id == key_id(parsed->name, parsed->type, parsed->public_key));
  }
  CHECK(key(peter_vkey).name == "PeterNeumann");
  CHECK(key(peter_vkey).id == 0xc74f20a3);
}

TEST_CASE(
    "vkey: other lengths and types, every truncation and every changed character are refused") {
  for (const char* bad :
       {"PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+0c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n", "", "+", "++",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(parse_vkey(bad));
    CHECK(parse_vkey(bad).error().code == "vkey.malformed");
  }
  for (std::size_t length = 0; length < peter_vkey.size(); ++length)
    CHECK_FALSE(parse_vkey(peter_vkey.substr(0, length)));
  for (const auto& bad : one_character_off(peter_vkey, "Aa0+/= \n\xff\x01Zz9"))
    CHECK_FALSE(parse_vkey(bad));
}

TEST_CASE("signing key: Go's text of it makes the vkey's key, and only whole") {
  auto signer = parse_signing_key(peter_skey);
  REQUIRE(signer);
  CHECK(format_vkey(signer->verifier()) == peter_vkey);
  CHECK(format_signing_key(*signer) == peter_skey);
  for (std::size_t length = 0; length < peter_skey.size(); ++length)
    CHECK_FALSE(parse_signing_key(peter_skey.substr(0, length)));
  for (const auto& bad : one_character_off(peter_skey, "A0+")) {
    REQUIRE_FALSE(parse_signing_key(bad));
    CHECK(parse_signing_key(bad).error().code == "signing_key.malformed");
  }
}

TEST_CASE("key name: no white space, no control character, no plus sign, not empty") {
  for (const char* good : {"a", "example.com/log", "caf\xc3\xa9", "a\xe2\x80\x94z"})
    CHECK(is_key_name(good));
  for (const char* bad : {"", "a b", " a", "a\t", "a\n", "a\x01", "a+b", "\xff", "a\xc2\xa0z",
                          "a\xe2\x80\xa8z", "a\xe3\x80\x80z", "a\xc2\x85z"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_key_name(bad));
  }
}

TEST_CASE("note: the published signatures verify, and signing makes the same bytes") {
  std::string c2sp =
      "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2"
      "ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
  CHECK(signers(c2sp, {key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2"
                           "k")}) == Names{"example.com/foo"});
  std::string by_peter = text + "\n" + peter_line;
  CHECK(signers(by_peter, {key(peter_vkey)}) == Names{"PeterNeumann"});
  CHECK(sign_note(text, *parse_signing_key(peter_skey)) == by_peter);
  std::string by_both = text + "\n" + peter_line + enoch_line;
  CHECK(signers(by_both, {key(peter_vkey), key(enoch_vkey)}) == Names{"PeterNeumann", "EnochRoot"});
  CHECK(signers(by_both, {key(enoch_vkey)}) == Names{"EnochRoot"});
  CHECK(format_note(*parse_note(by_both)) == by_both);
}

TEST_CASE("note: the last empty line ends the text") {
  std::string paragraphs = "first\n\n— second\n\nthird\n";
  auto signed_note = sign_note(paragraphs, *parse_signing_key(peter_skey));
  REQUIRE(parse_note(signed_note));
  CHECK(parse_note(signed_note)->text == paragraphs);
  CHECK(signers(signed_note, {key(peter_vkey)}) == Names{"PeterNeumann"});
}

TEST_CASE("note: what is no note is malformed") {
  std::string good = text + "\n" + peter_line;
  std::vector<std::string> bad = {"",
                                  "\n",
                                  "\n\n",
                                  text,
                                  text + "\n",
                                  text + peter_line,
                                  good.substr(0, good.size() - 1),
                                  "\x01" + good,
                                  "\xff" + good,
                                  "\r" + good,
                                  std::string(1, '\0') + good,
                                  good + "\n",
                                  good + "Unexpected line.\n",
                                  good + "Unexpected line.\n" + enoch_line,
                                  text + "\n— Bad Name x08go/ZJkuBS9UG/SffcvIAQ\n",
                                  text + "\n—  x08go/ZJkuBS9UG/SffcvIAQ\n",
                                  text + "\n— PeterNeumann\n",
                                  text + "\n— PeterNeumann \n",
                                  text + "\n— PeterNeumann x08gow==\n",
                                  text + "\n— Peter+Neumann x08go/ZJkuBS9UG/\n",
                                  text + "\n- PeterNeumann x08go/ZJkuBS9UG/\n",
                                  text + "\n—PeterNeumann x08go/ZJkuBS9UG/\n",
                                  text + "\n— PeterNeumann x08go/ZJkuBS9UG/ \n",
                                  text + "\n— PeterNeumann x08go/ZJku?S9UG/\n",
                                  text + "\n— PeterNeumann x08go/ZJ9B==\n"};
  for (const auto& bytes : bad) {
    CAPTURE(bytes);
    CHECK(signers(bytes, {key(peter_vkey)}) == malformed);
  }
  CHECK(signers(std::string(note_bytes_max, 'x') + good, {key(peter_vkey)}) == malformed);
  for (std::size_t length = 0; length < good.size(); ++length)
    CHECK(signers(good.substr(0, length), {key(peter_vkey)}) == malformed);
}

TEST_CASE("note: a hundred signatures are read, one more is malformed") {
  std::string many = text + "\n" + peter_line;
  for (int i = 1; i < 100; ++i) many += "— other" + std::to_string(i) + " x08go/ZJkuBS9UG/\n";
  CHECK(signers(many, {key(peter_vkey)}) == Names{"PeterNeumann"});
  CHECK(signers(many + enoch_line, {key(peter_vkey)}) == malformed);
}

TEST_CASE("note: signatures by others are ignored, but one of ours has to be there") {
  std::string by_enoch = text + "\n" + enoch_line;
  CHECK(signers(by_enoch, {key(peter_vkey)}) == Names{"note.unknown_signers"});
  CHECK(signers(by_enoch, {}) == Names{"note.unknown_signers"});
  std::string same_name = text + "\n— PeterNeumann AAAAAAAAAAAAAAAA\n";
  CHECK(signers(same_name, {key(peter_vkey)}) == Names{"note.unknown_signers"});
  CHECK(signers(same_name + peter_line, {key(peter_vkey)}) == Names{"PeterNeumann"});
}

TEST_CASE("note: a signature under a known name and id that fails refuses the whole note") {
  std::string bent = peter_line;
  bent[bent.size() - 10] = 'A';
  const std::vector<VerifierKey> both = {key(peter_vkey), key(enoch_vkey)};
  const Names refused = {"note.bad_signature"};
  CHECK(signers(text + "\n" + bent, both) == refused);
  CHECK(signers(text + "\n" + enoch_line + bent, both) == refused);
  CHECK(signers(text + "\n" + peter_line + bent, both) == refused);
  CHECK(signers("Another text.\n\n" + peter_line, both) == refused);
  CHECK(signers(text + "\n— PeterNeumann x08go/ZJkuBS9UG/\n", both) == refused);
}

TEST_CASE("note: no letter of text or signature can change") {
  std::string good = text + "\n" + peter_line;
  for (const auto& bad : one_character_off(good, "Aq \n")) {
    auto names = signers(bad, {key(peter_vkey)});
    REQUIRE(names.size() == 1);
    CHECK(names[0].starts_with("note."));
  }
}

TEST_CASE("note: a repeated signature counts once, one altered within its base64 stays another's") {
  std::string twice = text + "\n" + peter_line + enoch_line + peter_line;
  CHECK(signers(twice, {key(peter_vkey), key(peter_vkey)}) == Names{"PeterNeumann"});
  std::string altered = enoch_line;
  altered.insert(altered.find("Za0SO3Nb"), "ABCD");
  auto note = parse_note(text + "\n" + peter_line + enoch_line + altered);
  REQUIRE(note);
  CHECK(note->signatures.size() == 3);
  CHECK(note->signatures[1] != note->signatures[2]);
  CHECK(verify_note(*note, std::vector{key(peter_vkey)})->size() == 1);
}

TEST_CASE("note: two keys of one name and id are told apart by their signatures") {
  // An id has 32 bits: who wants the same one finds a key for it.
  VerifierKey forged = key(peter_vkey);
  forged.public_key = key(enoch_vkey).public_key;
  std::string by_peter = text + "\n" + peter_line;
  CHECK(signers(by_peter, {forged}) == Names{"note.bad_signature"});
  CHECK(signers(by_peter, {forged, key(peter_vkey)}) == Names{"PeterNeumann"});
}

TEST_CASE("cosignature: covers text and time, and only under a key of its type") {
  auto signing_key = SigningKey::from_seed(Hash{});
  NoteSigner witness("w", signing_key, SignatureType::cosignature);
  auto line = cosign(text, witness, 1'700'000'000);
  CHECK(line.signature.size() == 72);
  Note note{text, {line}};
  auto verified = verify_note(note, std::vector{witness.verifier()});
  REQUIRE(verified);
  CHECK(verified->at(0).time == 1'700'000'000U);
  CHECK(verified->at(0).line == line);

  for (std::size_t i = 0; i < line.signature.size(); ++i) {
    Note bent = note;
    bent.signatures[0].signature[i] = static_cast<char>(line.signature[i] ^ 1);
    CHECK_FALSE(verify_note(bent, std::vector{witness.verifier()}));
    bent.signatures[0].signature = line.signature.substr(0, i);
    CHECK_FALSE(verify_note(bent, std::vector{witness.verifier()}));
  }
  // The other type under the same name and key has another id, and another message.
  NoteSigner log("w", signing_key);
  CHECK(log.verifier().id != witness.verifier().id);
  CHECK(verify_note(note, std::vector{log.verifier()}).error().code == "note.unknown_signers");
  Note swapped{text, {{"w", log.verifier().id, line.signature.substr(8)}}};
  CHECK(verify_note(swapped, std::vector{log.verifier()}).error().code == "note.bad_signature");
}

TEST_CASE("cosignature: a time beyond 2^63 - 1 is refused though signed") {
  NoteSigner witness("w", SigningKey::from_seed(Hash{}), SignatureType::cosignature);
  std::uint64_t time = std::uint64_t{1} << 63;
  std::string signature =
      std::string("\x80") + std::string(7, '\0') + witness.key().sign(cosigned_bytes(text, time));
  Note note{text, {{"w", witness.verifier().id, signature}}};
  CHECK(verify_note(note, std::vector{witness.verifier()}).error().code == "note.bad_signature");
}
