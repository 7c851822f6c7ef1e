// `tallystick verify`: checks one receipt, offline, and prints what its entry says.
#pragma once

#include "api/cli/cli.h"

namespace tally::api {

void add_verify_command(CLI::App& app, Chosen& chosen);

}  // namespace tally::api
