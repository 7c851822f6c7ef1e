// The file that holds a party's private key: one line,
//   TALLYSTICK-PRIVATE-KEY+<key id>+<base64 of the 32-byte seed>
#pragma once

#include <string>

#include "core/signature.h"
#include "space/signing.h"

namespace tally::api {

// Refusals: key_file.exists, file.unwritable.
core::Result<core::Done> write_party_key(const std::string& path, const core::SigningKey& key);

// Refusals: file.unreadable, key_file.malformed.
core::Result<core::SigningKey> read_party_key(const std::string& path);

}  // namespace tally::api
