// Tokens: "tally_" and 32 random bytes in base64url. Kept as their hash alone.
#pragma once

#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/random.h"

namespace tally::space {

std::string draw_token(core::Random& random);
bool is_token(std::string_view text);
core::Hash token_hash(std::string_view token);

}  // namespace tally::space
