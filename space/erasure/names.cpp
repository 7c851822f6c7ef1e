#include "space/erasure/names.h"

#include "core/bytes.h"
#include "core/result.h"

namespace tally::space {
namespace {

constexpr std::string_view sealed_prefix = "sealed:";

}  // namespace

std::string seal_name(core::ShredKeys& keys,
                      core::Random& random,
                      const std::string& subject,
                      std::string_view name) {
  return std::string(sealed_prefix) +
         core::to_base64(core::seal(keys.draw(subject), name, subject, random));
}

bool is_sealed_name(std::string_view stored) { return stored.starts_with(sealed_prefix); }

std::string reveal_name(core::ShredKeys& keys,
                        const std::string& subject,
                        std::string_view stored) {
  if (!is_sealed_name(stored)) return std::string(stored);
  auto key = keys.find(subject);
  if (!key) {
    if (keys.is_shredded(subject)) return {};
    throw core::Broken("the key of " + subject +
                       " is missing; put the newest copy of keys/subjects.db back");
  }
  auto sealed = core::from_base64(stored.substr(sealed_prefix.size()));
  std::string name;
  if (!sealed || !core::unseal(*key, *sealed, subject, name))
    throw core::Broken("the stored name of " + subject + " was changed");
  return name;
}

}  // namespace tally::space
