// `tallystick restore`: a backup into a data directory, verified first.
#pragma once

#include "api/cli/cli.h"

namespace tally::api {

void add_restore_command(CLI::App& app, Chosen& chosen);

}  // namespace tally::api
