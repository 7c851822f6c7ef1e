// One function for each parser of bytes that come from strangers.
//
// A target takes any bytes. It returns when the parser kept its promises and stops the process when it
// did not: what was accepted is written again as the bytes that came, or as bytes that are read as the
// same value; what was refused has a code.
#pragma once

#include <span>
#include <string_view>

namespace tally::fuzz {

struct Target {
  std::string_view name;  // and the folder of the corpus that it begins with
  void (*run)(std::string_view bytes);
};

std::span<const Target> targets();
const Target* find_target(std::string_view name);

void note(std::string_view bytes);
void checkpoint(std::string_view bytes);
void proof(std::string_view bytes);
void vkey(std::string_view bytes);
void policy(std::string_view bytes);
void add_checkpoint(std::string_view bytes);
void tile_path(std::string_view bytes);
void bundle(std::string_view bytes);
void entry(std::string_view bytes);
void cbor(std::string_view bytes);
void cose(std::string_view bytes);
void json(std::string_view bytes);
void evidence(std::string_view bytes);
void contract(std::string_view bytes);
void purpose(std::string_view bytes);
void http_head(std::string_view bytes);
void http_chunks(std::string_view bytes);

}  // namespace tally::fuzz
