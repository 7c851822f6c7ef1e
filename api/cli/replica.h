// `tallystick replica`: a copy of a ledger that follows it, and refuses to follow it back.
#pragma once

#include "api/cli/cli.h"

namespace tally::api {

void add_replica_command(CLI::App& app, Chosen& chosen);

}  // namespace tally::api
