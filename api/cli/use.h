#pragma once

#include "api/cli/cli.h"

namespace tally::api {

void add_use_command(CLI::App& program, Chosen& chosen);

}  // namespace tally::api
