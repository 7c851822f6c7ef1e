#include "fuzz/targets.h"

#include <algorithm>
#include <array>

namespace tally::fuzz {
namespace {

constexpr std::array all{
    Target{"note", note},
    Target{"checkpoint", checkpoint},
    Target{"proof", proof},
    Target{"vkey", vkey},
    Target{"policy", policy},
    Target{"add_checkpoint", add_checkpoint},
    Target{"tile_path", tile_path},
    Target{"bundle", bundle},
    Target{"entry", entry},
    Target{"cbor", cbor},
    Target{"cose", cose},
    Target{"json", json},
    Target{"evidence", evidence},
    Target{"contract", contract},
    Target{"purpose", purpose},
    Target{"http_head", http_head},
    Target{"http_chunks", http_chunks},
};

}  // namespace

std::span<const Target> targets() { return all; }

const Target* find_target(std::string_view name) {
  auto found = std::find_if(all.begin(), all.end(), [&](const auto& t) { return t.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace tally::fuzz
