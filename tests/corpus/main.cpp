// Makes the corpus, or holds the program to it.
//
//   corpus --write DIR   writes each case to DIR/<kind>/<name>, and DIR/MANIFEST
//   corpus --check DIR   DIR holds these files and no others, and each is judged as it should be:
//                        receipts and evidence by `tallystick verify`, in process, with its exit code
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "api/cli/cli.h"
#include "core/file.h"
#include "core/json.h"
#include "corpus/corpus.h"

namespace fs = std::filesystem;
using namespace tally;
using corpus::Case;
using corpus::Cases;

namespace {

constexpr std::size_t refusals_min = 50;

// What the command line knows by its first bytes, under the log's key.
bool is_verified(const Case& item) {
  bool is_evidence = item.kind == "evidence" && item.bytes.starts_with("{\"checkpoint\":\"");
  return item.kind == "proof" || item.kind == "cose" || is_evidence;
}

std::string manifest_of(const Cases& cases) {
  std::string text =
      "# kind/name, the code that it is refused with (- : accepted; partly: not all of it is "
      "known),\n"
      "# and what is wrong with it.\n"
      "# Written by `corpus --write`; the log's key is in tests/corpus/small_log.cpp.\n";
  for (const Case& item : cases)
    text += item.kind + "/" + item.name + "\t" + (item.code.empty() ? "-" : item.code) + "\t" +
            item.words + "\n";
  return text;
}

bool write(const Cases& cases, const fs::path& directory) {
  for (const Case& item : cases) {
    fs::create_directories(directory / item.kind);
    if (!core::write_file(directory / item.kind / item.name, item.bytes)) return false;
  }
  return bool(core::write_file(directory / "MANIFEST", manifest_of(cases)));
}

// What `tallystick verify` says to a file: "", a code, or "partly"; "exit <n>" where the two do not fit.
std::string verify(const fs::path& file, const std::string& vkey) {
  std::string path = file.string();
  const char* words[] = {"tallystick", "verify", path.c_str(), "--key", vkey.c_str(), "--json"};
  std::ostringstream out, err;
  api::Terminal terminal{out, err};
  int code = api::run_command_line(std::size(words), words, terminal);
  auto said = core::parse_json(out.str().substr(0, out.str().find('\n')));
  const core::Json* reason = said ? said->find("code") : nullptr;
  const core::Json* verdict = said ? said->find("verify") : nullptr;
  bool is_partly = verdict != nullptr && *verdict == core::Json("partly");
  int due = reason ? api::exit_refused : is_partly ? api::exit_partly : api::exit_done;
  if (!said || code != due) return "exit " + std::to_string(code);
  if (is_partly) return "partly";
  return reason ? reason->as_string() : "";
}

class Check {
 public:
  explicit Check(fs::path directory) : directory_(std::move(directory)) {}

  int run(const Cases& cases) {
    std::set<std::string> names;
    for (const Case& item : cases) {
      std::string name = item.kind + "/" + item.name;
      if (!names.insert(name).second) complain(name + " stands twice");
      judge(item, directory_ / item.kind / item.name, name);
    }
    auto manifest = core::read_file((directory_ / "MANIFEST").string(), 1U << 20);
    if (!manifest || *manifest != manifest_of(cases)) complain("MANIFEST is another");
    for (const auto& file : fs::recursive_directory_iterator(directory_)) {
      std::string name = fs::relative(file.path(), directory_).string();
      if (file.is_regular_file() && name != "MANIFEST" && !names.contains(name))
        complain(name + " is made by no case");
    }
    for (const auto& [kind, count] : refused_) std::cout << kind << ": " << count << " refused\n";
    if (total_ < refusals_min) complain("too few");
    std::cout << "corpus: " << names.size() << " files, " << total_
              << " refused as they should be\n";
    return is_good_ ? 0 : 1;
  }

 private:
  void judge(const Case& item, const fs::path& path, const std::string& name) {
    auto stored = core::read_file(path.string(), 4U << 20);
    if (!stored || *stored != item.bytes) return complain(name + " is not what its case makes");
    std::string code = is_verified(item) ? verify(path, vkey_) : corpus::judge(item);
    if (code != item.code) return complain(name + ": \"" + code + "\", not \"" + item.code + "\"");
    if (code.empty()) return;
    ++refused_[item.kind];
    ++total_;
  }
  void complain(const std::string& words) {
    std::cout << words << "\n";
    is_good_ = false;
  }

  fs::path directory_;
  std::string vkey_ = ledger::format_vkey(corpus::SmallLog().signer().verifier());
  std::map<std::string, std::size_t> refused_;
  std::size_t total_ = 0;
  bool is_good_ = true;
};

}  // namespace

int main(int count, char** words) {
  std::string verb = count == 3 ? words[1] : "";
  if (verb == "--write") return write(corpus::all_cases(), words[2]) ? 0 : 2;
  if (verb == "--check") return Check(words[2]).run(corpus::all_cases());
  std::cerr << "corpus --write|--check DIR\n";
  return 2;
}
