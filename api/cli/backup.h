// `tallystick backup`: a verified copy of the database, beside the running server.
#pragma once

#include "api/cli/cli.h"

namespace tally::api {

void add_backup_command(CLI::App& app, Chosen& chosen);

}  // namespace tally::api
