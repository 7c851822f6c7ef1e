// `scripts/bench audit`: the structural audit against a bare loop that hashes the same leaves and
// nodes.
//
// The bare loop has every input in memory, as it is hashed, and does nothing else: OpenSSL's EVP with a
// fetched digest and one context, and once more with the project's own hash function, which spares
// EVP's allocation. The audit reads a database from the page cache and checks all that it checks, on
// one thread. They are run in turn; the median of five rounds counts.
//
// Then the same audit in a process of its own, on this ledger and on one of a tenth: the most memory
// that it held beside the database's mapped pages, looked up every millisecond, should not have grown.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <stop_token>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <openssl/evp.h>

#include "api/conduct.h"
#include "bench/conduct_ledger.h"
#include "bench/machine.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "core/sql/writer.h"
#include "ledger/auditor.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"
#include "ledger/source_database.h"
#include "ledger/store.h"
#include "ledger/tile.h"

using namespace tally;
using namespace tally::ledger;

namespace {

constexpr std::size_t entry_bytes_min = 400;
constexpr int rounds = 5;
constexpr int conduct_rounds = 3;
constexpr std::uint64_t command_entries = 1000;

struct Options {
  std::uint64_t entries = 0;
  std::string dir = "build/bench";
  unsigned threads = 1;
  std::string peak_of;
  bool quick = false;
  bool json = false;
};

NoteSigner signer() {
  return {"bench.example/log", core::SigningKey::from_seed(core::sha256("b"))};
}

// Bodies as a metered use has them: ids, digests, counts.
std::string body(std::uint64_t number) {
  std::string text = R"({"contract":"ctr_01JDBENCH0000000000000000","contract_prev":")";
  text += core::to_hex(core::sha256(std::to_string(number)));
  text += R"(","contract_seq":)" + std::to_string(number) + R"(,"request":")";
  text += core::to_hex(core::sha256("request " + std::to_string(number)));
  text += R"(","salt":"00112233445566778899aabbccddeeff"})";
  return text;
}

void make_ledger(const std::string& path, std::uint64_t entries) {
  core::SeededRandom random(1);
  Ledger ledger(signer(), core::system_clock(), random);
  auto connection = core::sql::sqlite::open_writer(path);
  core::sql::migrate(connection, schema_files());
  {
    core::sql::Session session(connection);
    ledger.open(session);
  }
  core::sql::Writer writer(std::move(connection), ledger, {});
  for (std::uint64_t made = 0; made < entries;) {
    std::uint64_t until = std::min(entries, made + command_entries);
    auto done = writer.run([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      for (; made < until; ++made) {
        ledger.append(tx, "use.recorded/1", "act_01JDBENCH0000000000000000", body(made));
      }
      return core::Done{};
    });
    if (!done) throw core::Broken(done.error().message);
  }
}

// The inputs of every leaf hash, one behind the other.
struct Leaves {
  std::string bytes;
  std::vector<std::size_t> ends;
};

Leaves read_leaves(const std::string& path) {
  auto connection = core::sql::sqlite::open_reader(path);
  core::sql::Session session(connection);
  Leaves leaves;
  for (std::uint64_t n = 0; auto bundle = read_bundle(session, n); ++n) {
    auto entries = parse_bundle(*bundle);
    if (!entries) throw core::Broken("the bench's ledger holds a malformed bundle");
    for (std::string_view entry : *entries) {
      if (entry.size() < entry_bytes_min) throw core::Broken("the bench's entries are too short");
      leaves.bytes += '\0';
      leaves.bytes += entry;
      leaves.ends.push_back(leaves.bytes.size());
    }
  }
  return leaves;
}

// The root over the leaves, by whatever hashes one input.
template <class HashInput>
Hash bare_root(const Leaves& leaves, std::vector<Hash>& row, HashInput hash) {
  row.resize(leaves.ends.size());
  std::size_t begin = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = hash(std::string_view(leaves.bytes.data() + begin, leaves.ends[i] - begin));
    begin = leaves.ends[i];
  }
  char node[65] = {1};
  for (std::size_t width = row.size(); width > 1; width = (width + 1) / 2) {
    for (std::size_t i = 0; i + 1 < width; i += 2) {
      std::memcpy(node + 1, row[i].bytes.data(), 64);
      row[i / 2] = hash(std::string_view(node, sizeof(node)));
    }
    if (width % 2 == 1) row[width / 2] = row[width - 1];
  }
  return row[0];
}

// OpenSSL's EVP with a fetched digest and one context: what the ratio is measured against.
class FetchedDigest {
 public:
  FetchedDigest() = default;
  FetchedDigest(const FetchedDigest&) = delete;
  FetchedDigest& operator=(const FetchedDigest&) = delete;
  ~FetchedDigest() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(digest_);
  }

  Hash hash(std::string_view bytes) {
    Hash out;
    EVP_DigestInit_ex2(context_, digest_, nullptr);
    EVP_DigestUpdate(context_, bytes.data(), bytes.size());
    EVP_DigestFinal_ex(context_, out.bytes.data(), nullptr);
    return out;
  }

 private:
  EVP_MD* digest_ = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context_ = EVP_MD_CTX_new();
};

template <class F>
double seconds(F&& work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

AuditReport run_audit(const std::string& path, unsigned threads) {
  auto connection = core::sql::sqlite::open_scanner(path);
  core::sql::Session session(connection);
  DatabaseSource source(session);
  return audit(source, signer().verifier(), {.threads = threads});
}

// The most anonymous memory that this process holds while it lives.
class Peak {
 public:
  std::uint64_t bytes() const { return bytes_; }

 private:
  void look() { bytes_ = std::max<std::uint64_t>(bytes_, bench::anonymous_bytes()); }

  std::atomic<std::uint64_t> bytes_ = 0;
  std::jthread thread_{[this](const std::stop_token& stop) {
    for (; !stop.stop_requested(); std::this_thread::sleep_for(std::chrono::milliseconds(1)))
      look();
  }};
};

int print_peak(const Options& options) {
  Peak peak;
  if (!run_audit(options.peak_of, options.threads).passed()) return 1;
  fmt::print("{}\n", peak.bytes());
  return 0;
}

// In a process of its own, which has held nothing else.
std::uint64_t peak_of_audit(const std::string& path, unsigned threads) {
  int ends[2];
  if (::pipe(ends) != 0) throw core::Broken("no pipe");
  pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    std::string count = std::to_string(threads);
    ::execl("/proc/self/exe", "audit", "--peak-of", path.c_str(), "--threads", count.c_str(),
            nullptr);
    std::_Exit(127);
  }
  ::close(ends[1]);
  std::FILE* output = ::fdopen(ends[0], "r");
  unsigned long long bytes = 0;
  int read = std::fscanf(output, "%llu", &bytes);
  std::fclose(output);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (read != 1 || status != 0) throw core::Broken("the audit in a process of its own failed");
  return bytes;
}

struct Memory {
  std::uint64_t entries_small = 0;
  std::uint64_t bytes_small = 0;
  std::uint64_t bytes = 0;
};

// Entries per second of the conduct audit, its comparison of tables included.
double measure_conduct(const std::string& path, std::uint64_t entries) {
  bench::make_conduct_ledger(path, signer(), entries);
  std::vector<double> times;
  for (int round = 0; round < conduct_rounds; ++round) {
    times.push_back(seconds([&] {
      api::ConductAudit conduct(signer().verifier());
      conduct.run(path, {});
      if (conduct.findings_count() + conduct.unchecked_count() > 0)
        throw core::Broken("the conduct audit failed: " + conduct.findings()[0].words);
      entries = conduct.entries();
    }));
  }
  return static_cast<double>(entries) / bench::median(times);
}

// Medians, in seconds.
struct Measured {
  double audit_s = 0;
  double bare_s = 0;      // by a fetched digest
  double bare_own_s = 0;  // by the function that the audit hashes with
  AuditReport report;
};

Measured measure(const std::string& path, unsigned threads) {
  Leaves leaves = read_leaves(path);
  FetchedDigest digest;
  std::vector<Hash> row;
  auto bare = [&] {
    return bare_root(leaves, row, [&](std::string_view bytes) { return digest.hash(bytes); });
  };
  auto bare_own = [&] {
    return bare_root(leaves, row, [](std::string_view bytes) { return core::sha256(bytes); });
  };
  Measured measured;
  measured.report = run_audit(path, threads);
  if (!measured.report.passed()) throw core::Broken("the audit of the bench's ledger failed");
  const Hash& root = measured.report.head.root;
  if (bare() != root || bare_own() != root) throw core::Broken("the roots differ");
  std::vector<double> audit_times, bare_times, own_times;
  for (int round = 0; round < rounds; ++round) {
    audit_times.push_back(seconds([&] { run_audit(path, threads); }));
    bare_times.push_back(seconds(bare));
    own_times.push_back(seconds(bare_own));
    fmt::print(stderr, "round {}: audit {:.0f} ms, bare loops {:.0f} and {:.0f} ms\n", round + 1,
               audit_times.back() * 1000, bare_times.back() * 1000, own_times.back() * 1000);
  }
  measured.audit_s = bench::median(audit_times);
  measured.bare_s = bench::median(bare_times);
  measured.bare_own_s = bench::median(own_times);
  return measured;
}

void print(const Options& options,
           const Measured& measured,
           const Memory& memory,
           double conduct_entries_per_s) {
  bench::Machine machine = bench::this_machine();
  auto entries = static_cast<double>(measured.report.entries);
  auto bytes = static_cast<double>(measured.report.entry_bytes);
  double ratio = measured.bare_s / measured.audit_s / options.threads;
  double ratio_own = measured.bare_own_s / measured.audit_s / options.threads;
  fmt::print("machine              {}, {} cores\n", machine.cpu, machine.cores);
  fmt::print("ledger               {} entries of {:.0f} bytes\n", measured.report.entries,
             bytes / entries);
  fmt::print("audit, {} thread(s)   {:.0f} entries/s, {:.0f} MB/s\n", options.threads,
             entries / measured.audit_s, bytes / measured.audit_s / 1e6);
  fmt::print("bare loop, EVP       {:.0f} entries/s, {:.0f} MB/s; ratio per core {:.3f}\n",
             entries / measured.bare_s, bytes / measured.bare_s / 1e6, ratio);
  fmt::print("bare loop, our hash  {:.0f} entries/s, {:.0f} MB/s; ratio per core {:.3f}\n",
             entries / measured.bare_own_s, bytes / measured.bare_own_s / 1e6, ratio_own);
  fmt::print("peak memory          {:.1f} MB at {} entries, {:.1f} MB at {}\n",
             static_cast<double>(memory.bytes) / 1e6, measured.report.entries,
             static_cast<double>(memory.bytes_small) / 1e6, memory.entries_small);
  fmt::print("conduct audit        {:.0f} entries/s, one thread, tables compared\n",
             conduct_entries_per_s);
  if (!options.json) return;
  fmt::print(
      R"({{"bench":"audit","cores":{},"cpu":"{}","entries":{},"entry_bytes_mean":{:.0f},)"
      R"("threads":{},"entries_per_s":{:.0f},"bytes_per_s":{:.0f},"bare_entries_per_s":{:.0f},)"
      R"("peak_anonymous_bytes":{},"small_entries":{},"small_peak_anonymous_bytes":{},)"
      R"("conduct_entries_per_s":{:.0f},)"
      R"("rounds":{},"ratio_to_own_hash":{:.3f},"ratio_to_bare_hash":{:.3f}}})"
      "\n",
      machine.cores, machine.cpu, measured.report.entries, bytes / entries, options.threads,
      entries / measured.audit_s, bytes / measured.audit_s, entries / measured.bare_s, memory.bytes,
      memory.entries_small, memory.bytes_small, conduct_entries_per_s, rounds, ratio_own, ratio);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("The structural audit against a bare hashing loop.", "audit");
  app.add_option("--entries", options.entries, "Entries of the ledger (2000000; quick: 40000)");
  app.add_option("--dir", options.dir, "Where the ledger is made: on a disk");
  app.add_option("--threads", options.threads, "Threads of the audit");
  app.add_option("--peak-of", options.peak_of, "Audit this database, print its memory")->group("");
  app.add_flag("--quick", options.quick, "Ends within 60 seconds");
  app.add_flag("--json", options.json, "One JSON object, printed last");
  CLI11_PARSE(app, argc, argv);
  if (options.entries == 0) options.entries = options.quick ? 40'000 : 2'000'000;
  try {
    if (!options.peak_of.empty()) return print_peak(options);
    bench::DataDirectory directory(options.dir);
    std::string ledger = directory.file("ledger.db"), small = directory.file("small.db");
    Memory memory{.entries_small = std::max<std::uint64_t>(options.entries / 10, 1)};
    make_ledger(small, memory.entries_small);
    make_ledger(ledger, options.entries);
    memory.bytes_small = peak_of_audit(small, options.threads);
    memory.bytes = peak_of_audit(ledger, options.threads);
    std::uint64_t conduct_entries = options.quick ? options.entries / 10 : options.entries;
    double conduct = measure_conduct(directory.file("conduct.db"), conduct_entries);
    print(options, measure(ledger, options.threads), memory, conduct);
    return 0;
  } catch (const std::exception& broken) {
    std::cerr << "bench audit: " << broken.what() << "\n";
    return 2;
  }
}
