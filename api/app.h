// The server: everything that serve() needs, built in one place and in one order.
#pragma once

#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>

#include "api/config.h"
#include "api/data_dir.h"
#include "core/result.h"

namespace tally::api {

// The server must not start, though nothing is broken: the witnesses hold another ledger, or too few
// of them say anything, or their policy cannot be used.
class StartRefused : public std::runtime_error {
 public:
  explicit StartRefused(core::Error why) : std::runtime_error(why.message), error(std::move(why)) {}
  core::Error error;
};

class App {
 public:
  // Opens the database and builds the services and routes. Throws Broken when it cannot, and
  // StartRefused.
  App(const DataDir& dir, const ServerKeys& keys, const Config& config);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Listens; the port. Throws Broken when the address is taken.
  int bind();
  // Answers requests until stop(), from any thread.
  void serve();
  void stop() noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tally::api
