#pragma once

#include "api/cli/cli.h"

namespace tally::api {

void add_sign_command(CLI::App& program, Chosen& chosen);

}  // namespace tally::api
