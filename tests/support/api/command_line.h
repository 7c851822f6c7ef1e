// The program's command line, run within the test.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "api/cli/cli.h"
#include "core/json.h"

namespace tally::test {

struct Run {
  int code = 0;
  std::string out;
  std::string err;
  core::Json json() const {
    return *core::parse_json(std::string_view(out).substr(0, out.find('\n')));
  }
};

inline Run run(std::vector<std::string> words) {
  words.insert(words.begin(), "tallystick");
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  std::ostringstream out, err;
  api::Terminal terminal{out, err};
  int code = api::run_command_line(static_cast<int>(argv.size()), argv.data(), terminal);
  return {code, out.str(), err.str()};
}

}  // namespace tally::test
