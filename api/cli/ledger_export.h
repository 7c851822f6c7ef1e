// `tallystick ledger export DIR --from LEDGER`: the ledger as static files.
#pragma once

#include "api/cli/cli.h"

namespace tally::api {

void add_ledger_commands(CLI::App& app, Chosen& chosen);

}  // namespace tally::api
