// Judges what a crash left: opens it with the real product and compares it with what was said.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "disk/script.h"

namespace tally::test {

// What is wrong; nothing, when the ledger passes its audit, the tables are what the entries say, and
// every receipt and checkpoint that was said before the operation `until` still holds.
std::vector<std::string> judge(Site& site, const std::vector<Said>& said, std::size_t until);

// What is wrong when the script was run to its end.
std::vector<std::string> judge_end(Site& site, const Script& script);

}  // namespace tally::test
