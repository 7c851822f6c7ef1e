// Every target over its part of the corpus, and over deterministic mutations of it; no other tool is
// needed.
//
//   fuzz_replay DIR [TARGET [FILE ..]]   DIR/<target>/* for each target, or only the one that is named,
//                                        or only its files that are named
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "core/file.h"
#include "fuzz/targets.h"

namespace fs = std::filesystem;
using namespace tally;

namespace {

constexpr int mutations_per_file = 300;
constexpr std::size_t bytes_max = 64 * 1024;

// SplitMix64: the same sequence on every machine.
struct Dice {
  std::uint64_t state;
  std::uint64_t roll(std::uint64_t bound) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % bound;
  }
};

std::string mutated(std::string bytes, const std::vector<std::string>& others, Dice& dice) {
  for (auto times = 1 + dice.roll(4); times > 0; --times) {
    std::size_t at = dice.roll(bytes.size() + 1);
    std::size_t length = dice.roll(std::min<std::size_t>(bytes.size() - at, 64) + 1);
    switch (dice.roll(7)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(dice.roll(256));
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << dice.roll(8)));
        break;
      case 2:
        bytes.erase(at, length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 4:
        bytes.insert(at, 1, static_cast<char>(dice.roll(256)));
        break;
      case 5:
        bytes.resize(at);
        break;
      default: {  // the end of another file
        const std::string& other = others[dice.roll(others.size())];
        bytes = bytes.substr(0, at) + other.substr(std::min(at, other.size()));
      }
    }
  }
  return bytes;
}

std::vector<std::string> files_of(const fs::path& directory) {
  std::vector<fs::path> names;
  if (fs::exists(directory)) {
    for (const auto& file : fs::directory_iterator(directory)) names.push_back(file.path());
  }
  std::sort(names.begin(), names.end());
  std::vector<std::string> files;
  for (const auto& name : names) files.push_back(*core::read_file(name.string(), 4U << 20));
  return files;
}

std::size_t replay(const fuzz::Target& target, const std::vector<std::string>& files) {
  Dice dice{1};
  std::size_t runs = 0;
  for (const std::string& file : files) {
    target.run(file);
    ++runs;
    if (file.size() > bytes_max) continue;
    for (int i = 0; i < mutations_per_file; ++i, ++runs) target.run(mutated(file, files, dice));
  }
  return runs;
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::cerr << "fuzz_replay DIR [TARGET [FILE ..]]\n";
    return 2;
  }
  for (const fuzz::Target& target : fuzz::targets()) {
    if (count > 2 && target.name != words[2]) continue;
    std::vector<std::string> files;
    for (int i = 3; i < count; ++i) files.push_back(*core::read_file(words[i], 64U << 20));
    if (files.empty()) files = files_of(fs::path(words[1]) / std::string(target.name));
    if (files.empty()) {
      std::cout << target.name << ": it has no corpus\n";
      return 1;
    }
    std::cout << target.name << ": " << files.size() << " files, " << std::flush;
    std::cout << replay(target, files) << " runs\n";
  }
  return 0;
}
