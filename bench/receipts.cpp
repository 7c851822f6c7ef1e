// `scripts/bench receipts`: durable appends whose answer carries a complete proof, against empty GETs
// on the same server.
//
// The server is a small one of this benchmark's own, on the product's HttpServer, Writer and Ledger:
// `POST /entries` appends an entry that holds the digest of what was sent, waits until it is durable,
// and answers with its receipt: entry, inclusion proof, checkpoint signed by the log. No token, no
// contract, no meter and no content: `scripts/bench uses` measures these. A second server does the same
// with a replica that does not lag (api/replicator.h): each batch is synced twice before its answers.
//
// The load generator runs beside the server, on one thread. Every receipt is kept; after the timed
// window each is verified, each distinct checkpoint's signature once, and matched with what was sent.
#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unordered_map>
#include <unordered_set>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "api/http_server.h"
#include "api/replicator.h"
#include "bench/load.h"
#include "bench/machine.h"
#include "core/hash.h"
#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "core/sql/writer.h"
#include "ledger/envelope.h"
#include "ledger/ledger.h"
#include "ledger/proof.h"
#include "ledger/schema.h"

namespace {

using namespace tally;
using ledger::Hash;

constexpr std::size_t server_workers = 128;

ledger::NoteSigner signer() {
  return {"bench.example/ledger", core::SigningKey::from_seed(core::sha256("receipts"))};
}

// --- the server, a process of its own -----------------------------------------------------------

class Appender {
 public:
  Appender(const std::string& path, const std::string& replica)
      : ledger_(signer(), core::system_clock(), core::system_random()),
        writer_(open(path, replica), ledger_, {}) {
    router_.add("GET", "/healthz", {},
                [](const api::Request&) { return api::json_reply(200, R"({"status":"ok"})"); });
    router_.add("POST", "/entries", {.body = api::BodyKind::json},
                [this](const api::Request& request) { return append(request.body_text); });
  }

  [[noreturn]] void serve() {
    fmt::print("{}\n", server_.bind());
    std::fflush(stdout);
    server_.serve();
    std::_Exit(0);
  }

 private:
  core::sql::Connection open(const std::string& path, const std::string& replica) {
    auto connection = core::sql::sqlite::open_writer(path);
    core::sql::migrate(connection, ledger::schema_files());
    core::sql::Session session(connection);
    ledger_.open(session);
    if (replica.empty()) return connection;
    replicator_.emplace(path, api::Replicator::Options{.directory = replica});
    if (auto started = replicator_->start(ledger_.signed_head(), signer().verifier()); !started)
      throw core::Broken(started.error().message);
    ledger_.follow_with(*replicator_);
    return connection;
  }

  core::Result<api::Reply> append(std::string_view sent) {
    std::string body = R"({"digest":")" + core::to_hex(core::sha256(sent)) + R"(","salt":")" +
                       ledger_.draw_salt() + "\"}";
    auto receipt = writer_.run([&](core::sql::Tx& tx) -> core::Result<ledger::ReceiptPtr> {
      return ledger::ReceiptPtr(
          ledger_.append(tx, "bench.noted/1", "act_01JDBENCH0000000000000000", body));
    });
    if (!receipt) return receipt.error();
    api::Reply reply;
    reply.content_type = "text/plain; charset=utf-8";
    reply.body = (*receipt)->file();
    return reply;
  }

  std::optional<api::Replicator> replicator_;
  ledger::Ledger ledger_;
  core::sql::Writer writer_;
  api::Router router_{nullptr};
  api::HttpServer server_{router_, {.workers = server_workers}};
};

class AppenderProcess {
 public:
  explicit AppenderProcess(const std::string& database, const std::string& replica = "") {
    int ends[2];
    if (::pipe(ends) != 0) throw core::Broken("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(ends[1], STDOUT_FILENO);
      ::execl("/proc/self/exe", "receipts", "--serve", database.c_str(), "--replica",
              replica.c_str(), nullptr);
      std::_Exit(127);
    }
    ::close(ends[1]);
    std::FILE* output = ::fdopen(ends[0], "r");
    if (std::fscanf(output, "%d", &port_) != 1) throw core::Broken("the server did not start");
    std::fclose(output);
  }
  ~AppenderProcess() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  AppenderProcess(const AppenderProcess&) = delete;
  AppenderProcess& operator=(const AppenderProcess&) = delete;
  int port() const { return port_; }
  double cpu_seconds() const { return bench::cpu_seconds_of(child_); }

 private:
  int port_ = 0;
  pid_t child_ = -1;
};

// --- what is sent, and what came back -----------------------------------------------------------

std::string message(int window, std::size_t connection, std::uint64_t n) {
  return fmt::format(R"({{"connection":{},"number":{},"window":{}}})", connection, n, window);
}

// The receipts of one window, until they have been verified.
class Window {
 public:
  Window(int number, std::size_t connections) : number_(number), sent_(connections, 0) {}

  std::string request(std::size_t connection, std::uint64_t n) {
    sent_[connection] = n + 1;
    std::string body = message(number_, connection, n);
    return "POST /entries HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
           "Content-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  void keep(const std::string& receipt) { receipts_.push_back(receipt); }

  // Throws unless each receipt proves another entry, for something that was sent.
  void verify() {
    std::unordered_set<std::string> digests;
    for (std::size_t connection = 0; connection < sent_.size(); ++connection) {
      for (std::uint64_t n = 0; n < sent_[connection]; ++n)
        digests.insert(core::to_hex(core::sha256(message(number_, connection, n))));
    }
    for (const std::string& receipt : receipts_) {
      if (digests.erase(digest_in(receipt)) != 1)
        throw core::Broken("a receipt is for nothing that was sent: " + receipt);
    }
  }
  std::size_t receipts() const { return receipts_.size(); }
  std::size_t checkpoints() const { return checkpoints_.size(); }

 private:
  const ledger::Checkpoint& open(const std::string& note) {
    auto known = checkpoints_.find(note);
    if (known != checkpoints_.end()) return known->second;
    static const ledger::VerifierKey key = signer().verifier();
    auto opened = ledger::open_checkpoint(note, key.name, key);
    if (!opened) throw core::Broken("a checkpoint is not the log's: " + note);
    return checkpoints_.emplace(note, *std::move(opened)).first->second;
  }

  std::string digest_in(const std::string& receipt) {
    auto proof = ledger::parse_proof(receipt);
    if (!proof || !proof->extra) throw core::Broken("an answer is no receipt: " + receipt);
    const ledger::Checkpoint& checkpoint = open(proof->checkpoint_note);
    ledger::InclusionProof inclusion{
        .index = proof->index, .size = checkpoint.head.size, .path = proof->path};
    if (!verifies(inclusion, ledger::hash_leaf(*proof->extra), checkpoint.head.root))
      throw core::Broken("a receipt does not prove its entry: " + receipt);
    auto envelope = ledger::read_envelope(*proof->extra);
    constexpr std::string_view begin = R"({"digest":")";
    if (!envelope || envelope->seq != proof->index || !envelope->body.starts_with(begin))
      throw core::Broken("a receipt holds another entry: " + receipt);
    return std::string(envelope->body.substr(begin.size(), 64));
  }

  int number_;
  std::vector<std::uint64_t> sent_;
  std::vector<std::string> receipts_;
  std::unordered_map<std::string, ledger::Checkpoint> checkpoints_;
};

// --- the measurement ----------------------------------------------------------------------------

struct Series {
  std::vector<double> per_second, p50_ms, p99_ms;
  std::vector<double> server_cpu_us;  // for each answer

  void add(const std::string& name, const bench::LoadResult& result, double cpu_seconds) {
    if (result.failures > 0)
      throw core::Broken(fmt::format("{} requests of {} failed; the first: {}", result.failures,
                                     name, result.first_failure));
    server_cpu_us.push_back(cpu_seconds * 1e6 / static_cast<double>(result.answered));
    per_second.push_back(result.per_second);
    p50_ms.push_back(result.p50_ms);
    p99_ms.push_back(result.p99_ms);
  }
};

constexpr std::size_t connection_counts[] = {1, 16, 64};

struct Measured {
  std::map<std::string, Series> series;
  std::size_t receipts = 0;
  std::size_t checkpoints = 0;
};

Measured measure(const AppenderProcess& server, const AppenderProcess& replicated, bool quick) {
  int rounds = quick ? 1 : 5;
  double seconds = quick ? 2 : 4;
  Measured measured;
  auto add = [&](const std::string& name, const AppenderProcess& to, const bench::Load& load) {
    double before = to.cpu_seconds();
    auto result = bench::run_load(load);
    measured.series[name].add(name, result, to.cpu_seconds() - before);
  };
  auto get = [](std::size_t, std::uint64_t) {
    return std::string("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  };
  int windows = 0;
  auto add_window = [&](const std::string& name, const AppenderProcess& to,
                        std::size_t connections) {
    Window window(++windows, connections);
    add(name, to,
        {.port = to.port(),
         .connections = connections,
         .seconds = seconds,
         .request = [&](std::size_t c, std::uint64_t n) { return window.request(c, n); },
         .sample = [&](const std::string& body) { window.keep(body); }});
    window.verify();
    measured.receipts += window.receipts();
    measured.checkpoints += window.checkpoints();
  };
  for (int round = 0; round < rounds; ++round) {
    fmt::print(stderr, "round {} of {}\n", round + 1, rounds);
    add("empty_get", server,
        {.port = server.port(),
         .connections = 64,
         .seconds = seconds,
         .request = get,
         .sample = {}});
    for (std::size_t connections : connection_counts)
      add_window("appends_" + std::to_string(connections), server, connections);
    add_window("replicated_64", replicated, 64);
  }
  return measured;
}

struct Options {
  std::string dir = "build/bench";
  std::string serve;
  std::string replica;
  bool quick = false;
  bool json = false;
};

void print(const Options& options, const Measured& measured, const std::string& machine) {
  auto median = [&](const std::string& name, auto member) {
    return bench::median(measured.series.at(name).*member);
  };
  double get_rate = median("empty_get", &Series::per_second);
  double append_rate = median("appends_64", &Series::per_second);
  double ratio = append_rate / get_rate;
  double replica_ratio = median("replicated_64", &Series::per_second) / append_rate;
  fmt::print("{:13} {:>12} {:>10} {:>10} {:>14}\n", "", "per second", "p50 ms", "p99 ms",
             "server cpu us");
  for (const auto& [name, series] : measured.series) {
    fmt::print("{:13} {:12.0f} {:10.3f} {:10.3f} {:14.1f}\n", name,
               bench::median(series.per_second), bench::median(series.p50_ms),
               bench::median(series.p99_ms), bench::median(series.server_cpu_us));
  }
  fmt::print(
      "\nappends at 64 connections / empty GET  {:.3f}\n"
      "with a replica / without               {:.3f}, {}\n"
      "aims at 64 connections                 10000 per second, p50 under 10 ms\n"
      "verified after the windows             {} receipts, under {} checkpoints\n"
      "server                                 the benchmark's own, on the product's HttpServer,\n"
      "                                       Writer and Ledger; no token, contract or content\n"
      "machine                                {}\n",
      ratio, replica_ratio,
      options.replica.empty() ? "both on one disk" : "the replica in " + options.replica,
      measured.receipts, measured.checkpoints, machine);
  if (!options.json) return;
  std::string text =
      fmt::format(R"({{"bench":"receipts","machine":{{{}}},"quick":{},"server":"of the benchmark")",
                  machine, options.quick);
  for (std::size_t connections : connection_counts) {
    std::string name = "appends_" + std::to_string(connections);
    text +=
        fmt::format(R"(,"appends_per_s_{0}":{1:.0f},"p50_ms_{0}":{2:.3f},"p99_ms_{0}":{3:.3f},)"
                    R"("server_cpu_us_{0}":{4:.1f})",
                    connections, median(name, &Series::per_second), median(name, &Series::p50_ms),
                    median(name, &Series::p99_ms), median(name, &Series::server_cpu_us));
  }
  fmt::print(R"({},"empty_get_per_s":{:.0f},"ratio_64":{:.3f},"replicated_per_s_64":{:.0f},)"
             R"("replica_ratio_64":{:.3f},"replica_p50_ms_64":{:.3f},"receipts_verified":{},)"
             R"("checkpoints_verified":{}}})"
             "\n",
             text, get_rate, ratio, median("replicated_64", &Series::per_second), replica_ratio,
             median("replicated_64", &Series::p50_ms), measured.receipts, measured.checkpoints);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Durable appends with a complete proof in the answer, against empty GETs.",
               "receipts");
  app.add_option("--dir", options.dir, "Where the ledger is made: on a disk");
  app.add_option("--replica", options.replica,
                 "Where the replica is made: on another disk (default: beside the ledger)");
  app.add_option("--serve", options.serve, "Be the server, on this database")->group("");
  app.add_flag("--quick", options.quick, "Ends within 60 seconds");
  app.add_flag("--json", options.json, "One JSON object, printed last");
  CLI11_PARSE(app, argc, argv);
  try {
    if (!options.serve.empty()) Appender(options.serve, options.replica).serve();
    bench::DataDirectory directory(options.dir);
    AppenderProcess server(directory.file("ledger.db"));
    bench::DataDirectory elsewhere(options.replica.empty() ? options.dir : options.replica);
    AppenderProcess replicated(directory.file("replicated.db"), elsewhere.file("replica"));
    print(options, measure(server, replicated, options.quick), bench::machine_members(directory));
    return 0;
  } catch (const std::exception& broken) {
    std::cerr << "bench receipts: " << broken.what() << "\n";
    return 2;
  }
}
