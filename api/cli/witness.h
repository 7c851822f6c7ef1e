// `tallystick witness init DIR --name NAME` and `tallystick witness serve DIR`.
#pragma once

#include "api/cli/cli.h"

namespace tally::api {

void add_witness_command(CLI::App& app, Chosen& chosen);

}  // namespace tally::api
