// Who is asking, once a token has been checked.
#pragma once

#include "space/parties/principal.h"

namespace tally::api {

using Principal = space::Principal;

}  // namespace tally::api
