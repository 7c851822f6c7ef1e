// The configuration of a server: TOML file, then environment TALLYSTICK_*, then flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.h"

namespace tally::api {

struct Config {
  std::string host = "127.0.0.1";
  std::int64_t port = 8461;
  std::int64_t workers = 128;  // requests at once; each may wait for the disk
  std::int64_t connections_max = 1024;
  std::string tls_certificate;  // PEM files; both or none
  std::string tls_key;
  bool insecure = false;           // permits another address than loopback without TLS
  std::string log_level = "info";  // trace debug info warn error
  std::int64_t lease_reaper_seconds = 5;
  bool retire_missing_keys =
      false;  // a flag alone: keys in force, of log and operator, that are not there
  bool shred_missing_keys = false;  // a flag alone: what is sealed under missing keys is given up

  // [witnesses]: see docs/witnesses.md
  std::string witness_policy;  // file in tlog-policy syntax, from the data directory; empty: none
  std::int64_t witness_interval_ms = 1'000;
  std::int64_t witness_timeout_ms = 5'000;
  std::string require_witness_at_start = "quorum";  // quorum, any, none
  std::int64_t witness_start_wait_s = 10;

  // [replica]: see docs/durability.md
  std::string replica_directory;  // from the data directory; empty: none
  std::int64_t replica_wait_ms = 2'000;
  std::string replica_when_away = "refuse";  // refuse, go_on
};

// A template with every setting and its default, for `init`.
std::string config_template();

// Reads the file, then the environment. Refusals: config.unreadable, config.malformed (with line),
// config.unknown_setting, config.out_of_range.
core::Result<Config> read_config(const std::string& path);

// Refusals: config.insecure_address (another address than loopback without TLS), config.tls_incomplete,
// config.out_of_range.
core::Result<core::Done> check_config(const Config& config);

}  // namespace tally::api
