// tallystick schemas: the JSON Schema of each message of the API, from the member lists in the sources.
#pragma once

#include "api/cli/cli.h"

namespace tally::api {

void add_schemas_command(CLI::App& app, Chosen& chosen);

}  // namespace tally::api
