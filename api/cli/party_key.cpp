#include "api/cli/party_key.h"

#include "core/file.h"
#include "core/named_file.h"

namespace tally::api {
namespace {

constexpr std::string_view prefix = "TALLYSTICK-PRIVATE-KEY+";

core::Error malformed(const std::string& path) {
  return {core::Refusal::malformed, "key_file.malformed",
          path + " is not a key that `tallystick keygen` made"};
}

}  // namespace

core::Result<core::Done> write_party_key(const std::string& path, const core::SigningKey& key) {
  auto file = core::NamedFile::open(path, core::Existing::kept, core::FileMode::secret);
  if (!file && file.error().kind == core::Refusal::conflict) {
    return core::Error{core::Refusal::conflict, "key_file.exists",
                       path + " exists; a key is never overwritten"};
  }
  if (!file) return file.error();
  std::string line(prefix);
  line +=
      space::KeyId::of(key.public_key()).text() + "+" + core::to_base64(key.seed().view()) + "\n";
  return file->write(line);
}

core::Result<core::SigningKey> read_party_key(const std::string& path) {
  auto text = core::read_file(path, 4096);
  if (!text) return text.error();
  std::string_view line = *text;
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (!line.starts_with(prefix)) return malformed(path);
  line.remove_prefix(prefix.size());
  auto plus = line.find('+');
  if (plus == std::string_view::npos) return malformed(path);
  auto bytes = core::from_base64(line.substr(plus + 1));
  auto seed = bytes ? core::Hash::from_bytes(*bytes) : std::nullopt;
  if (!seed) return malformed(path);
  auto key = core::SigningKey::from_seed(*seed);
  if (space::KeyId::of(key.public_key()).text() != line.substr(0, plus)) return malformed(path);
  return key;
}

}  // namespace tally::api
