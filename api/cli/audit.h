// `tallystick audit`: reads a ledger again and reports the first thing in it that is wrong.
#pragma once

#include "api/cli/cli.h"

namespace tally::api {

void add_audit_command(CLI::App& app, Chosen& chosen);

}  // namespace tally::api
