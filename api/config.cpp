#include "api/config.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sstream>
#include <vector>

#include <fmt/format.h>

// Errors as values: the packaged library throws, the header alone need not.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "core/bytes.h"

namespace tally::api {
namespace {

using core::Error;
using core::Refusal;
using core::Result;

// One line for each setting: the file, the environment and the template walk this list.
struct Setting {
  const char* name;
  const char* words;
  std::string Config::*text = nullptr;
  std::int64_t Config::*number = nullptr;
  bool Config::*flag = nullptr;
  std::int64_t min = 0;
  std::int64_t max = 0;
};

const std::array<Setting, 17>& settings() {
  static const std::array<Setting, 17> all{{
      {.name = "host", .words = "address to listen on", .text = &Config::host},
      {.name = "port", .words = "0 takes any free port", .number = &Config::port, .max = 65535},
      {.name = "workers",
       .words = "requests served at once",
       .number = &Config::workers,
       .min = 1,
       .max = 1024},
      {.name = "connections_max",
       .words = "clients connected at once",
       .number = &Config::connections_max,
       .min = 1,
       .max = 100'000},
      {.name = "tls_certificate",
       .words = "PEM file; with tls_key",
       .text = &Config::tls_certificate},
      {.name = "tls_key", .words = "PEM file", .text = &Config::tls_key},
      {.name = "insecure",
       .words = "allow another address than loopback without TLS",
       .flag = &Config::insecure},
      {.name = "log_level",
       .words = "trace, debug, info, warn or error",
       .text = &Config::log_level},
      {.name = "lease_reaper_seconds",
       .words = "how often run-out leases are taken back",
       .number = &Config::lease_reaper_seconds,
       .min = 1,
       .max = 3600},
      {.name = "witnesses.policy",
       .words = "file that names the witnesses of this ledger (tlog-policy)",
       .text = &Config::witness_policy},
      {.name = "witnesses.interval_ms",
       .words = "how often the newest checkpoint is cosigned and published",
       .number = &Config::witness_interval_ms,
       .min = 50,
       .max = 3'600'000},
      {.name = "witnesses.timeout_ms",
       .words = "how long a witness may take to answer",
       .number = &Config::witness_timeout_ms,
       .min = 100,
       .max = 60'000},
      {.name = "witnesses.require_at_start",
       .words = "how many must hold no more than this ledger: quorum, any or none",
       .text = &Config::require_witness_at_start},
      {.name = "witnesses.start_wait_s",
       .words = "how long a start waits for these answers",
       .number = &Config::witness_start_wait_s,
       .max = 3600},
      {.name = "replica.directory",
       .words = "on another disk: holds every entry before its answer goes out",
       .text = &Config::replica_directory},
      {.name = "replica.wait_ms",
       .words = "how long a batch waits for the replica before that is away",
       .number = &Config::replica_wait_ms,
       .min = 10,
       .max = 60'000},
      {.name = "replica.when_away",
       .words = "refuse (nothing is changed or answered) or go_on (the replica follows later)",
       .text = &Config::replica_when_away},
  }};
  return all;
}

Error wrong(const Setting& setting, const std::string& where, const std::string& want) {
  return {Refusal::invalid, "config.out_of_range", where + ": " + setting.name + " is " + want};
}

std::string range_of(const Setting& setting) {
  return "a whole number from " + std::to_string(setting.min) + " to " +
         std::to_string(setting.max);
}

Result<core::Done> put_number(Config& config,
                              const Setting& setting,
                              std::int64_t value,
                              const std::string& where) {
  if (value < setting.min || value > setting.max) return wrong(setting, where, range_of(setting));
  config.*setting.number = value;
  return core::Done{};
}

Result<core::Done> put_node(Config& config,
                            const Setting& setting,
                            const toml::node& node,
                            const std::string& where) {
  if (setting.text != nullptr) {
    auto value = node.value_exact<std::string>();
    if (!value) return wrong(setting, where, "a text in quotes");
    config.*setting.text = *value;
  } else if (setting.flag != nullptr) {
    auto value = node.value_exact<bool>();
    if (!value) return wrong(setting, where, "true or false");
    config.*setting.flag = *value;
  } else {
    auto value = node.value_exact<std::int64_t>();
    if (!value) return wrong(setting, where, range_of(setting));
    return put_number(config, setting, *value, where);
  }
  return core::Done{};
}

Result<core::Done> put_text(Config& config,
                            const Setting& setting,
                            const std::string& text,
                            const std::string& where) {
  if (setting.text != nullptr) {
    config.*setting.text = text;
  } else if (setting.flag != nullptr) {
    if (text != "true" && text != "false") return wrong(setting, where, "true or false");
    config.*setting.flag = text == "true";
  } else {
    auto value = core::parse_decimal(text);
    if (!value) return wrong(setting, where, range_of(setting));
    return put_number(config, setting, static_cast<std::int64_t>(*value), where);
  }
  return core::Done{};
}

// Settings of a table are named after it: `policy` of [witnesses] is witnesses.policy.
Result<core::Done> put_table(Config& config,
                             const toml::table& table,
                             const std::string& prefix,
                             const std::string& where) {
  for (const auto& [key, node] : table) {
    std::string name = prefix + std::string(key.str());
    if (const toml::table* inner = node.as_table(); inner != nullptr && prefix.empty()) {
      if (auto put = put_table(config, *inner, name + ".", where); !put) return put;
      continue;
    }
    const Setting* known = nullptr;
    for (const Setting& setting : settings()) {
      if (name == setting.name) known = &setting;
    }
    if (known == nullptr) {
      return Error{Refusal::invalid, "config.unknown_setting",
                   fmt::format("{}: there is no setting {}", where, name)};
    }
    if (auto put = put_node(config, *known, node, where); !put) return put;
  }
  return core::Done{};
}

Result<core::Done> read_environment(Config& config) {
  for (const Setting& setting : settings()) {
    std::string name = std::string("TALLYSTICK_") + setting.name;
    for (char& c : name) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      if (c == '.') c = '_';
    }
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) continue;
    if (auto put = put_text(config, setting, value, name); !put) return put;
  }
  return core::Done{};
}

}  // namespace

std::string config_template() {
  Config defaults;
  std::string text =
      "# Tallystick. The environment (TALLYSTICK_PORT=..) and flags go before this file.\n\n";
  for (const Setting& setting : settings()) {
    text += "# " + std::string(setting.words) + "\n# " + setting.name + " = ";
    if (setting.text != nullptr) text += "\"" + defaults.*setting.text + "\"";
    if (setting.flag != nullptr) text += defaults.*setting.flag ? "true" : "false";
    if (setting.number != nullptr) text += std::to_string(defaults.*setting.number);
    text += "\n";
  }
  return text;
}

Result<Config> read_config(const std::string& path) {
  Config config;
  if (std::error_code failure; !std::filesystem::exists(path, failure)) {
    return Error{Refusal::not_found, "config.unreadable",
                 path + " is missing: put its copy back, or an empty file for the defaults"};
  }
  auto parsed = toml::parse_file(path);
  if (!parsed) {
    std::ostringstream where;
    where << parsed.error().source().begin;
    return Error{
        Refusal::malformed, "config.malformed",
        path + ": " + std::string(parsed.error().description()) + " (" + where.str() + ")"};
  }
  if (auto put = put_table(config, parsed.table(), "", path); !put) return put.error();
  if (auto read = read_environment(config); !read) return read.error();
  return config;
}

Result<core::Done> check_config(const Config& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return Error{Refusal::invalid, "config.tls_incomplete",
                 "tls_certificate and tls_key go together"};
  }
  bool is_loopback =
      config.host == "localhost" || config.host == "::1" || config.host.starts_with("127.");
  if (!is_loopback && config.tls_certificate.empty() && !config.insecure) {
    return Error{Refusal::invalid, "config.insecure_address",
                 "listening on " + config.host +
                     " needs TLS (tls_certificate, tls_key) or --insecure: "
                     "tokens would travel in clear"};
  }
  if (config.require_witness_at_start != "quorum" && config.require_witness_at_start != "any" &&
      config.require_witness_at_start != "none") {
    return Error{Refusal::invalid, "config.out_of_range",
                 "witnesses.require_at_start is quorum, any or none"};
  }
  if (config.replica_when_away != "refuse" && config.replica_when_away != "go_on") {
    return Error{Refusal::invalid, "config.out_of_range", "replica.when_away is refuse or go_on"};
  }
  return core::Done{};
}

}  // namespace tally::api
