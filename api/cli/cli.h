// The command line: one program, a command for each thing that it does.
//
// A command is a pair of files in this folder. Its `add_<name>_command` declares the subcommand, its
// options and its help, and says what runs when it is chosen; cli.cpp lists them all.
//
// Exit codes are stable:
//   0  done; for audit and verify: all is right
//   1  refused, or there are findings
//   2  could not: wrong usage, no key, nothing to read, broken machinery
//   3  partly
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "core/json.h"
#include "core/result.h"

namespace CLI {
class App;
}

namespace tally::api {

inline constexpr int exit_done = 0;
inline constexpr int exit_refused = 1;
inline constexpr int exit_could_not = 2;
inline constexpr int exit_partly = 3;

struct Terminal {
  std::ostream& out;  // answers
  std::ostream& err;  // progress, refusals, help after wrong usage
};

// What runs once the command line has been read. The exit code is its answer. core::Broken may pass.
using Command = std::function<int(Terminal&)>;
// Where a chosen subcommand leaves what it runs.
using Chosen = Command;

// Reads the command line and runs the command.
int run_command_line(int argc, const char* const* argv, Terminal& terminal);

// "tallystick audit: <message>" on err, and one line for each detail; returns `code`.
int report(Terminal& terminal,
           const std::string& command,
           const core::Error& error,
           int code = exit_could_not);

// The value of an option that may be given as @FILE: then what the file holds, without the newline at
// its end. Refusals: those of core::read_file.
core::Result<std::string> text_or_file(const std::string& value);

// A count that a stranger wrote: beyond 2^53 - 1, which JSON here does not hold, its digits as text.
core::Json count_json(std::uint64_t count);

}  // namespace tally::api
