#include "api/cli/token_file.h"

#include "core/file.h"
#include "space/parties/token.h"

namespace tally::api {

core::Result<std::string> read_token_file(const std::string& path) {
  auto text = core::read_file(path, 64 * 1024);
  if (!text) return text.error();
  while (text->ends_with('\n') || text->ends_with('\r') || text->ends_with(' ')) text->pop_back();
  if (space::is_token(*text)) return text;
  return core::Error{core::Refusal::malformed, "token_file.malformed",
                     path + " does not hold a token (tally_ and 43 digits); nothing was sent"};
}

}  // namespace tally::api
