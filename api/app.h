// The server: everything that serve() needs, built in one place and in one order.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "api/config.h"
#include "api/data_dir.h"

namespace tally::api {

class App {
 public:
  // Opens the database and builds the services and routes. Throws Broken when it cannot.
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
