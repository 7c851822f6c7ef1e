// `tallystick rotate`: the keys of a server are exchanged.
#pragma once

#include "api/cli/cli.h"

namespace tally::api {

void add_rotate_command(CLI::App& program, Chosen& chosen);

}  // namespace tally::api
