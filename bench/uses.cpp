// Metered uses against empty GETs on the same server, and these against plain cpp-httplib.
//
// One use: token, purpose and meter checks, a durable ledger entry, 4 KiB of sealed content opened
// and released, a receipt with its inclusion proof under a signed checkpoint. Every use has a fresh
// Idempotency-Key. The load generator runs beside the server, on one thread.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "bench/load.h"
#include "bench/machine.h"
#include "core/file.h"
#include "ledger/proof.h"
#include "support/live/party.h"
#include "support/live/server_process.h"

namespace {

using namespace tally;
using core::Json;

constexpr int server_workers = 128;

std::string request_text(const std::string& method,
                         const std::string& target,
                         const std::string& headers,
                         const std::string& body) {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers;
  if (!body.empty())
    text +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

class PlainServer {
 public:
  explicit PlainServer(const std::string& program) {
    child_ = ::fork();
    if (child_ == 0) {
      std::string port = std::to_string(port_), threads = std::to_string(server_workers);
      ::execl(program.c_str(), program.c_str(), port.c_str(), threads.c_str(), nullptr);
      ::_exit(127);
    }
    ::usleep(300'000);
  }
  ~PlainServer() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  PlainServer(const PlainServer&) = delete;
  PlainServer& operator=(const PlainServer&) = delete;
  int port() const { return port_; }

 private:
  int port_ = 20'000 + (::getpid() % 20'000);
  pid_t child_ = -1;
};

struct Series {
  std::vector<double> per_second, p50_ms, p99_ms;
  std::vector<double> server_cpu_us;  // for each answer; of our server alone

  void add(const std::string& name, const bench::LoadResult& result, double cpu_seconds) {
    if (result.failures > 0) {
      throw std::runtime_error(std::to_string(result.failures) + " requests of " + name +
                               " failed; the first: " + result.first_failure);
    }
    server_cpu_us.push_back(cpu_seconds * 1e6 / static_cast<double>(result.answered));
    per_second.push_back(result.per_second);
    p50_ms.push_back(result.p50_ms);
    p99_ms.push_back(result.p99_ms);
  }
};

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

class Bench {
 public:
  Bench(const std::string& program,
        const std::string& plain,
        const bench::DataDirectory& dir,
        bool quick)
      : rounds_(quick ? 1 : 5),
        seconds_(quick ? 2.0 : 4.0),
        server_(program, dir.file("space"), {"--workers", std::to_string(server_workers)}),
        plain_(plain) {
    live::run_program({program, "init", dir.file("space"), "--origin", origin_});
    server_.start();
    std::string token = *core::read_file(dir.file("space/operator.token"));
    while (token.ends_with('\n')) token.pop_back();
    live::Party provider(server_.url(), origin_, token, "provider", {"provider"});
    live::Party consumer(server_.url(), origin_, token, "consumer", {"consumer"});
    auto dataset = live::publish_dataset(provider, server_.url(), 64, 1024);
    contract_ = live::agree(provider, consumer, dataset, "training", 1'000'000'000);
    headers_ = "Authorization: Bearer " + consumer.token() + "\r\n";
    vkey_ = *core::read_file(dir.file("space/log.vkey"));
  }

  void measure() {
    for (int round = 0; round < rounds_; ++round) {
      std::fprintf(stderr, "round %d of %d\n", round + 1, rounds_);
      add("plain_get", [&] { return get(plain_.port()); });
      add("empty_get", [&] { return get(port()); });
      for (std::size_t connections : {1U, 16U, 64U})
        add("uses_" + std::to_string(connections), [&] { return use(connections); });
    }
    if (server_.stop() != 0) throw std::runtime_error("the server did not stop in order");
    verify_samples();
  }

  const std::map<std::string, Series>& series() const { return series_; }
  std::size_t samples() const { return samples_.size(); }

 private:
  template <class F>
  void add(const std::string& name, F&& run) {
    double before = cpu_seconds();
    bench::LoadResult result = run();
    series_[name].add(name, result, cpu_seconds() - before);
  }
  double cpu_seconds() const { return bench::cpu_seconds_of(server_.pid()); }
  int port() const { return std::stoi(server_.url().substr(server_.url().rfind(':') + 1)); }

  bench::LoadResult get(int port) {
    std::string text = request_text("GET", "/healthz", "", "");
    return bench::run_load({.port = port,
                            .connections = 64,
                            .seconds = seconds_,
                            .request = [&](std::size_t, std::uint64_t) { return text; },
                            .sample = {}});
  }

  bench::LoadResult use(std::size_t connections) {
    std::string start = headers_ + "Idempotency-Key: " + core::system_random().salt() + "-";
    std::string target = "/v1/contracts/" + contract_ + "/uses";
    auto request = [&](std::size_t connection, std::uint64_t n) {
      std::string key = start + std::to_string(connection) + "-" + std::to_string(n) + "\r\n";
      return request_text("POST", target, key, R"({"from":0,"limit":4,"purpose":"training"})");
    };
    std::uint64_t seen = 0;
    auto sample = [&](const std::string& body) {
      if (seen++ % 500 == 0) samples_.push_back(body);
    };
    return bench::run_load({.port = port(),
                            .connections = connections,
                            .seconds = seconds_,
                            .request = request,
                            .sample = sample});
  }

  // Outside the timed windows: what was handed out must be what it claims.
  void verify_samples() {
    auto key = ledger::parse_vkey(std::string_view(vkey_).substr(0, vkey_.find('\n')));
    for (const auto& body : samples_) {
      auto json = core::parse_json(body);
      auto receipt =
          ledger::verify_receipt(json->find("receipt")->find("proof")->as_string(), *key);
      if (!receipt || json->find("records")->as_array().size() != 4)
        throw std::runtime_error("a receipt does not verify: " + body);
    }
  }

  int rounds_;
  double seconds_;
  std::string origin_ = "bench.example/ledger";
  live::ServerProcess server_;
  PlainServer plain_;
  std::string contract_;
  std::string headers_;
  std::string vkey_;
  std::map<std::string, Series> series_;
  std::vector<std::string> samples_;
};

struct Options {
  bool quick = false;
  bool json = false;
  std::string dir = "build/bench";
};

void print(const Options& options, const Bench& bench, const std::string& machine) {
  auto rate = [&](const std::string& name) {
    return bench::median(bench.series().at(name).per_second);
  };
  double ratio = rate("uses_64") / rate("empty_get");
  double floor_ratio = rate("empty_get") / rate("plain_get");
  if (!options.json) {
    std::printf("%-12s %12s %10s %10s %14s\n", "", "per second", "p50 ms", "p99 ms",
                "server cpu us");
    for (const auto& [name, series] : bench.series()) {
      std::printf("%-12s %12.0f %10.3f %10.3f %14.1f\n", name.c_str(), rate(name),
                  bench::median(series.p50_ms), bench::median(series.p99_ms),
                  bench::median(series.server_cpu_us));
    }
    std::printf("\nuses at 64 connections / empty GET        %.3f  (aim: 0.4)\n", ratio);
    std::printf("empty GET / plain cpp-httplib             %.3f  (aim: 0.9)\n", floor_ratio);
    std::printf("receipts verified after the window        %zu\n", bench.samples());
    std::printf("machine: %s\n", machine.c_str());
    return;
  }
  std::string text = "{\"bench\":\"uses\",\"machine\":" + machine +
                     ",\"quick\":" + (options.quick ? "true" : "false");
  for (const auto& [name, series] : bench.series()) {
    text += ",\"" + name + "_per_s\":" + fixed(rate(name), 0) + ",\"" + name +
            "_p50_ms\":" + fixed(bench::median(series.p50_ms), 3) + ",\"" + name +
            "_p99_ms\":" + fixed(bench::median(series.p99_ms), 3) + ",\"" + name +
            "_server_cpu_us\":" + fixed(bench::median(series.server_cpu_us), 1);
  }
  std::printf("%s,\"ratio_64\":%s,\"ratio_get_to_plain\":%s,\"receipts_verified\":%zu}\n",
              text.c_str(), fixed(ratio, 3).c_str(), fixed(floor_ratio, 3).c_str(),
              bench.samples());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Metered uses against empty GETs, and these against plain cpp-httplib.", "uses");
  app.add_option("--dir", options.dir, "Where the space is made: on a disk");
  app.add_flag("--quick", options.quick, "Ends within 60 seconds");
  app.add_flag("--json", options.json, "One JSON object, printed last");
  CLI11_PARSE(app, argc, argv);
  auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  try {
    bench::DataDirectory directory(options.dir);
    Bench bench(here.parent_path() / "api" / "tallystick", here / "plain_httplib", directory,
                options.quick);
    bench.measure();
    print(options, bench, "{" + bench::machine_members(directory) + "}");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench uses: %s\n", error.what());
    return 2;
  }
  return 0;
}
