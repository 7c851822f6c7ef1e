#include <iostream>

#include "api/cli/cli.h"

int main(int argc, char** argv) {
  tally::api::Terminal terminal{std::cout, std::cerr};
  return tally::api::run_command_line(argc, argv, terminal);
}
