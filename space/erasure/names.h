// Names at rest: sealed under the key of whom they name, so that shredding the key erases them.
//
// The sealed form is "sealed:" and base64, in place of the name in tables and kept answers. Names of
// ledgers from before are in clear and stay readable.
#pragma once

#include <string>
#include <string_view>

#include "core/random.h"
#include "core/shred_keys.h"

namespace tally::space {

// Draws the subject's key when it has none; throws Broken when it was shredded.
std::string seal_name(core::ShredKeys& keys,
                      core::Random& random,
                      const std::string& subject,
                      std::string_view name);

bool is_sealed_name(std::string_view stored);

// Empty when the key was shredded. Throws Broken when it is missing, or what is stored was changed.
std::string reveal_name(core::ShredKeys& keys, const std::string& subject, std::string_view stored);

}  // namespace tally::space
